"""Columns of MySQL and MariaDB that begin or stop to number the rows."""

from __future__ import annotations

import typing as t

from alembic.operations import ops
from alembic.util import PriorityDispatchResult

from .mysql_tables import find_pair
from .mysql_tables import QUALIFIERS

if t.TYPE_CHECKING:
    import sqlalchemy as sa
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin


class NumberedColumnOp(ops.AlterColumnOp):
    """A change of a column that also begins or stops to number its rows.

    Alembic 1.20 has ``autoincrement`` as an argument, but not what it was before: its
    downgrade would say the same as its upgrade.
    """

    @classmethod
    def make(cls, change: ops.AlterColumnOp, *, numbered: bool) -> NumberedColumnOp:
        """Return a change that says whether the rows are numbered.

        :param change: everything else.
        """
        found = cls(change.table_name, change.column_name)
        found.__dict__.update(change.__dict__)
        found.kw = {**change.kw, "autoincrement": numbered}
        return found

    def has_changes(self) -> bool:
        """Return that it has: the numbers."""
        return True

    def reverse(self) -> NumberedColumnOp:
        """Return the way back."""
        numbered = not self.kw["autoincrement"]
        return self.make(super().reverse(), numbered=numbered)

    def to_diff_tuple(self) -> t.Any:
        """Return what Alembic would, and the numbers."""
        now = self.kw["autoincrement"]
        place = (self.schema, self.table_name, self.column_name)
        change: t.Any = ("modify_autoincrement", *place, {}, not now, now)
        return [*super().to_diff_tuple(), change]


def setup(plugin: Plugin) -> None:
    """Register the comparators."""
    for dialect in QUALIFIERS:
        plugin.add_autogenerate_comparator(
            _compare, "table", "mysql_numbers", qualifier=dialect
        )


def _compare(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    live: sa.Table | None,
    wanted: sa.Table | None,
) -> PriorityDispatchResult:
    if live is None or wanted is None:
        return PriorityDispatchResult.CONTINUE

    pair = find_pair(context, wanted, schema=schema)

    for column in wanted.columns:
        # SQLAlchemy does not read a column with a line break in its name.
        if (
            pair is None
            or not pair.has_column(column.name)
            or column.name not in live.columns
        ):
            continue

        before, after = (
            "AUTO_INCREMENT" in one.columns[column.name].attributes
            for one in (pair.live, pair.wanted)
        )
        there = live.columns[column.name]

        if before == after and after:
            _keep_numbers(changes, column.name)
        elif before != after and context.run_object_filters(
            column, column.name, "column", False, there
        ):
            _number(changes, there, numbered=after)

    return PriorityDispatchResult.CONTINUE


def _keep_numbers(changes: ops.ModifyTableOps, name: str) -> None:
    """Let a change of anything else say that the rows are still numbered.

    MySQL states the whole column again, and Alembic only what it is told.
    """
    for one in changes.ops:
        if isinstance(one, ops.AlterColumnOp) and one.column_name == name:
            one.kw["autoincrement"] = True


def _number(
    changes: ops.ModifyTableOps, column: sa.Column[t.Any], *, numbered: bool
) -> None:
    """Add the numbers to what changes of the column, or as a change of its own."""
    change = ops.AlterColumnOp(
        changes.table_name,
        column.name,
        schema=changes.schema,
        existing_type=column.type,
        existing_nullable=column.nullable,
        existing_server_default=column.server_default or False,
        existing_comment=column.comment,
    )

    for place, one in enumerate(changes.ops):
        if isinstance(one, ops.AlterColumnOp) and one.column_name == column.name:
            changes.ops[place] = NumberedColumnOp.make(one, numbered=numbered)
            return

    changes.ops.append(NumberedColumnOp.make(change, numbered=numbered))
