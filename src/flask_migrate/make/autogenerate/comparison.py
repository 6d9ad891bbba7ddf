"""One comparison of the models with a database: what it may assume, ask and say."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa

from ...views import COUNT_LIMIT
from . import plugins

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.migration import MigrationContext

    from .fill_question import AskFill
    from .fill_question import FillQuestion

KEY = "flask_migrate"
"""Where the comparison stands among the options of Alembic's context."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was said beforehand about what a comparison may ask.

    :param renames: what happens to a probable rename: ``ask``, ``auto`` (take what is
        sure) or ``never`` (drop and add, as Flask-Migrate).
    :param renamed: renames that are declared: ``users.name:full_name``,
        ``posts:articles``.
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

    :param fill: what rows get that need a value.
    """

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
    """

    answers: Answers = dataclasses.field(default_factory=Answers)
    live: sa.Connection | None = None
    askers: Askers = dataclasses.field(default_factory=Askers)
    notes: list[str] = dataclasses.field(default_factory=list)
    unanswered: list[FillQuestion] = dataclasses.field(default_factory=list)
    used_fills: set[str] = dataclasses.field(default_factory=set)

    @classmethod
    def find(cls, context: AutogenContext) -> Comparison:
        """Return the comparison that a comparator is called for."""
        found = context.opts.get(KEY)
        return found if isinstance(found, cls) else cls()

    def begin(self, context: MigrationContext) -> None:
        """Let Alembic's next comparison on a context be this one, with our plugins."""
        context.opts[KEY] = self
        chosen = context.opts.get("autogenerate_plugins")
        context.opts["autogenerate_plugins"] = plugins.choose(chosen)

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
        rows = sa.select(sa.literal(1).label("one"))
        rows = rows.select_from(sa.table(table, schema=schema))

        if column is not None:
            value: sa.ColumnClause[t.Any] = sa.column(column)
            rows = rows.where(value.is_(None) if is_null else value.is_not(None))

        some = rows.limit(COUNT_LIMIT + 1).subquery()

        try:
            # A query that fails would end a transaction of PostgreSQL.
            if not self._has(table, column, schema=schema):
                return None

            return self.live.scalar(sa.select(sa.func.count()).select_from(some))
        except sa.exc.DBAPIError:
            return None
        finally:
            if was_idle:
                self.live.rollback()

    def _has(self, table: str, column: str | None, *, schema: str | None) -> bool:
        inspector = sa.inspect(self.live)
        assert inspector is not None  # there is a connection

        if not inspector.has_table(table, schema=schema):
            return False

        found = inspector.get_columns(table, schema=schema) if column else ()
        return column is None or column in {one["name"] for one in found}
