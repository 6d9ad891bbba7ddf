"""One comparison of the models with a database: what it may assume, ask and say."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import typing as t

import sqlalchemy as sa

from ...errors import BadOption
from . import plugins

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.migration import MigrationContext

    from ...questions import RenameQuestion
    from .renames.names import Names

Asker = cabc.Callable[[tuple["RenameQuestion", ...]], cabc.Mapping[str, str]]
"""Asks a person, and returns the answers by the ``old`` of each question."""

KEY = "flask_migrate"
"""Where the comparison stands among the options of Alembic's context."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was said beforehand about what a comparison may ask.

    :param renames: what happens to a probable rename: ``ask``, ``auto`` (take what is
        sure) or ``never`` (drop and add, as Flask-Migrate).
    :param renamed: renames that are declared: ``users.name:full_name``,
        ``posts:articles``; without a new name it is really dropped.
    :param fills: for a new column that may not be NULL, by ``table.column``: what the
        rows that stand get, as SQL.
    :param allow_mass_drop: most of the tables may be dropped.
    """

    renames: t.Literal["ask", "auto", "never"] = "ask"
    renamed: tuple[str, ...] = ()
    fills: cabc.Mapping[str, str] = dataclasses.field(default_factory=dict)
    allow_mass_drop: bool = False


@dataclasses.dataclass(slots=True, kw_only=True)
class Comparison:
    """What the comparators of one database share.

    :param answers: given beforehand.
    :param live: the application's own database, only to be read: rows are counted
        there. What is compared may be a scratch database without any.
    :param notes: what the user should be told, in words, in order.
    :param ask: is asked which probable renames are some; returns by the old name of
        each question the new one, or nothing where it is really dropped.
    :param unmatched: declared renames that fit nothing here, and why.
    :param names: what is renamed, once that is decided.
    :param stack: undoes what was only done for the comparison.
    """

    answers: Answers = dataclasses.field(default_factory=Answers)
    live: sa.Connection | None = None
    notes: list[str] = dataclasses.field(default_factory=list)
    ask: Asker | None = None
    unmatched: dict[str, str] = dataclasses.field(default_factory=dict)
    names: Names | None = None
    stack: contextlib.ExitStack = dataclasses.field(
        default_factory=contextlib.ExitStack
    )

    @classmethod
    def find(cls, context: AutogenContext) -> Comparison:
        """Return the comparison that a comparator is called for."""
        found = context.opts.get(KEY)
        known = found if isinstance(found, cls) else cls()
        context.opts[KEY] = known
        return known

    def begin(self, context: MigrationContext) -> None:
        """Let Alembic's next comparison on a context be this one, with our plugins."""
        context.opts[KEY] = self
        chosen = context.opts.get("autogenerate_plugins")
        context.opts["autogenerate_plugins"] = plugins.choose(chosen)

    def close(self) -> None:
        """Undo what was only done for the comparison; a second time does nothing."""
        self.stack.close()

    def count_rows(self, table: str, schema: str | None = None) -> int | None:
        """Count the rows of a table of the live database.

        :return: ``None`` where it cannot be known.
        """
        if self.live is None:
            return None

        was_idle = not self.live.in_transaction()

        try:
            name = self._find_live_name(self.live, (schema, table))

            if name is None:
                return None

            named = sa.table(name, schema=schema)
            return self.live.scalar(sa.select(sa.func.count()).select_from(named))
        except sa.exc.DBAPIError:
            return None
        finally:
            if was_idle:
                self.live.rollback()

    def _find_live_name(
        self, live: sa.Connection, key: tuple[str | None, str]
    ) -> str | None:
        """Return what a table is called there: its old name, if it is to be renamed."""
        keys = [key] if self.names is None else [key, self.names.old_table(key)]
        found = (
            name
            for schema, name in keys
            if name and sa.inspect(live).has_table(name, schema=schema)
        )
        return next(found, None)


def require_matched(comparisons: cabc.Sequence[Comparison]) -> None:
    """Refuse a declared rename that fits none of the databases.

    :raises BadOption: saying what there is instead.
    """
    first = comparisons[0].unmatched if comparisons else {}

    for flag, reason in first.items():
        if all(flag in one.unmatched for one in comparisons):
            raise BadOption(
                f"--rename {flag} fits nothing: {reason}.",
                hint="Write OLD:NEW with the names as they are: users.name:full_name,"
                " posts:articles.",
            )
