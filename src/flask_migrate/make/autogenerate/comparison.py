"""One comparison of the models with a database: what it may assume, ask and say."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import typing as t

import sqlalchemy as sa

from ...errors import BadOption
from ...plan import COUNT_LIMIT
from . import plugins

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.migration import MigrationContext

    from ...questions import RenameQuestion
    from .fill_question import AskFill
    from .fill_question import FillQuestion
    from .renames.names import Names

AskRename = cabc.Callable[[tuple["RenameQuestion", ...]], cabc.Mapping[str, str]]
"""Asks a person: by the old name of each question the new one, or nothing where it is
really dropped."""

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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Askers:
    """Who can be asked; ``None`` where nobody is there.

    :param rename: which probable renames are some.
    :param fill: what rows get that need a value.
    """

    rename: AskRename | None = None
    fill: AskFill | None = None


@dataclasses.dataclass(slots=True, kw_only=True)
class Comparison:
    """What the comparators of one database share.

    :param answers: given beforehand.
    :param live: the application's own database, only to be read: rows are counted
        there. What is compared may be a scratch database without any.
    :param askers: who answers the rest.
    :param notes: what the user should be told, in words, in order.
    :param unanswered: the questions that nobody has answered.
    :param used_fills: the keys of ``answers.fills`` that were an answer.
    :param unmatched: declared renames that fit nothing here, and why.
    :param names: what is renamed, once that is decided.
    :param reads_only: what is compared is the application's own database.
    :param stack: undoes what was only done for the comparison.
    """

    answers: Answers = dataclasses.field(default_factory=Answers)
    live: sa.Connection | None = None
    askers: Askers = dataclasses.field(default_factory=Askers)
    notes: list[str] = dataclasses.field(default_factory=list)
    unanswered: list[FillQuestion] = dataclasses.field(default_factory=list)
    used_fills: set[str] = dataclasses.field(default_factory=set)
    unmatched: dict[str, str] = dataclasses.field(default_factory=dict)
    names: Names | None = None
    reads_only: bool = False
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
        plugins.prepare(context.dialect.name)

    def close(self) -> None:
        """Undo what was only done for the comparison; a second time does nothing."""
        self.stack.close()

    def count_rows(
        self,
        table: str,
        schema: str | None = None,
        *,
        column: str | None = None,
        is_null: bool = False,
    ) -> int | None:
        """Count the rows of a table of the live database.

        :param column: only the rows with a value in this column.
        :param is_null: only those without one there.
        :return: ``None`` where it cannot be known; one more than ``COUNT_LIMIT``
            stands for any number.
        """
        if self.live is None:
            return None

        was_idle = not self.live.in_transaction()

        try:
            # A query that fails would end a transaction of PostgreSQL.
            place = self._find_live((schema, table), column)

            if place is None:
                return None

            name, value = place
            rows = sa.select(sa.literal(1).label("one"))
            rows = rows.select_from(sa.table(name, schema=schema))

            if value is not None:
                rows = rows.where(value.is_(None) if is_null else value.is_not(None))

            some = rows.limit(COUNT_LIMIT + 1).subquery()
            return self.live.scalar(sa.select(sa.func.count()).select_from(some))
        except sa.exc.DBAPIError:
            return None
        finally:
            if was_idle:
                self.live.rollback()

    def _find_live(
        self, key: tuple[str | None, str], column: str | None
    ) -> tuple[str, sa.ColumnClause[t.Any] | None] | None:
        """Return what a table and a column are called there, before a rename."""
        inspector = sa.inspect(self.live)
        assert inspector is not None  # there is a connection
        schema, table = key if self.names is None else self.names.old_table(key)

        if not table or not inspector.has_table(table, schema=schema):
            return None

        if column is None:
            return table, None

        renamed = (
            {} if self.names is None else self.names.columns.get((schema, table), {})
        )
        old = next((one for one, new in renamed.items() if new == column), column)
        columns = {one["name"] for one in inspector.get_columns(table, schema=schema)}
        return (table, sa.column(old)) if old in columns else None


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
