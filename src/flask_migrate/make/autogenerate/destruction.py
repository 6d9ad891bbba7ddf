"""Operations that lose rows or values: said in the file, and counted for the output."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

from alembic.operations import ops
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from .columns import walk
from .comparison import Comparison
from .counting import clean
from .counting import describe_name
from .counting import describe_rows
from .narrowing import is_narrowing

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """What one operation may lose.

    :param table: whose rows or values.
    :param column: whose values; ``None`` for whole rows.
    :param schema: of the table, where it has one of its own.
    :param change: the types, where it is only a change of type: ``TEXT to INTEGER``.
    """

    table: str
    column: str | None = None
    schema: str | None = None
    change: str = ""

    @property
    def name(self) -> str:
        """The table, or ``table.column``."""
        return describe_name(self.table, self.column, schema=self.schema)

    def describe(self) -> str:
        """Return what is done, and to what."""
        if self.change:
            return f"changes {self.name} from {self.change}, which not every value fits"

        return f"drops {self.name} and its {'values' if self.column else 'rows'}"

    def describe_count(self, rows: int | None) -> str:
        """Return it with the number of rows that have something to lose."""
        if rows is None:
            return f"Destructive: {self.describe()}."

        have = "has a value" if rows == 1 else "have a value"
        end = f"{describe_rows(rows)}{f' {have}' if self.column else ''}"
        what = self.describe() if self.change else f"drops {self.name}"
        return f"Destructive: {what}: {end}."


def setup(plugin: Plugin) -> None:
    """Register the pass."""
    plugin.add_autogenerate_comparator(
        count, "autogenerate", "destruction", priority=DispatchPriority.LAST
    )


def count(
    context: AutogenContext, upgrade_ops: ops.UpgradeOps
) -> PriorityDispatchResult:
    """Say what the upgrade would lose, with the rows of the live database."""
    comparison = Comparison.find(context)

    for one in list_destructive(upgrade_ops):
        rows = comparison.count_rows(one.table, one.schema, column=one.column)
        comparison.notes.append(one.describe_count(rows))

    return PriorityDispatchResult.CONTINUE


def list_destructive(tree: ops.OpContainer) -> list[Destruction]:
    """Return what the operations of a tree may lose, in order."""
    return [one for operation in walk(tree) for one in judge(operation)]


def judge(operation: ops.MigrateOperation) -> cabc.Iterator[Destruction]:
    """Return what one operation may lose, if anything."""
    match operation:
        case ops.DropTableOp(table_name=table, schema=schema):
            yield Destruction(table=table, schema=schema)
        case ops.DropColumnOp(table_name=table, column_name=column, schema=schema):
            yield Destruction(table=table, column=column, schema=schema)
        case ops.AlterColumnOp(existing_type=before, modify_type=after) if (
            before is not None and after is not None and is_narrowing(before, after)
        ):
            yield Destruction(
                table=operation.table_name,
                column=operation.column_name,
                schema=operation.schema,
                change=clean(f"{before!r} to {after!r}"),
            )


def write_remarks(operation: ops.MigrateOperation) -> list[str]:
    """Return the comment to stand above an operation in the file, if it needs one."""
    return [f"destructive: {one.describe()}" for one in judge(operation)]
