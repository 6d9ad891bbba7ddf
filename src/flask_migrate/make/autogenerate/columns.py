"""The columns that a tree of operations makes, drops and changes."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from alembic.operations import ops
from alembic.util import PriorityDispatchResult

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

Place = tuple[str | None, str, str]
"""A column: its schema, its table, its name."""


def leave_alone(attribute: str) -> cabc.Callable[..., PriorityDispatchResult]:
    """Return a comparator that keeps Alembic's own off the defaults of some columns.

    :param attribute: what such a column has, in the database or in the models:
        ``computed``, ``identity``.
    """

    def compare(
        context: AutogenContext,
        change: ops.AlterColumnOp,
        schema: str | None,
        table: str,
        name: str,
        *sides: sa.Column[t.Any],
    ) -> PriorityDispatchResult:
        is_ours = any(getattr(one, attribute) is not None for one in sides)
        return (
            PriorityDispatchResult.STOP if is_ours else PriorityDispatchResult.CONTINUE
        )

    return compare


def walk(tree: ops.OpContainer) -> cabc.Iterator[ops.MigrateOperation]:
    """Yield the operations of a tree, those inside of a table's changes too."""
    for one in tree.ops:
        if isinstance(one, ops.OpContainer):
            yield from walk(one)
        else:
            yield one


def prune(tree: ops.OpContainer) -> None:
    """Take out the changes that change nothing any more."""
    kept = []

    for one in tree.ops:
        if isinstance(one, ops.OpContainer):
            prune(one)

        is_empty = isinstance(one, ops.OpContainer) and not one.ops
        is_idle = isinstance(one, ops.AlterColumnOp) and not one.has_changes()

        if not is_empty and not is_idle:
            kept.append(one)

    tree.ops = kept


def place_of(one: ops.AlterColumnOp | ops.DropColumnOp) -> Place:
    """Return which column an operation is about."""
    return (one.schema, one.table_name, one.column_name)


def map_columns(
    tree: ops.OpContainer,
    edit: cabc.Callable[[sa.Column[t.Any]], sa.Column[t.Any]],
) -> None:
    """Let the columns that a tree makes be others, on the way back too.

    :param edit: returns a new column, or the same; those of the models stay as is.
    """
    for one in walk(tree):
        if isinstance(one, ops.AddColumnOp):
            one.column = edit(one.column)
        elif isinstance(one, ops.DropColumnOp) and one._reverse is not None:
            one._reverse.column = edit(one._reverse.column)
        elif isinstance(one, ops.CreateTableOp):
            one.columns = _map_items(one.columns, edit)
        elif isinstance(one, ops.DropTableOp) and one._reverse is not None:
            one._reverse.columns = _map_items(one._reverse.columns, edit)


def _map_items(
    items: cabc.Iterable[t.Any],
    edit: cabc.Callable[[sa.Column[t.Any]], sa.Column[t.Any]],
) -> list[t.Any]:
    return [edit(one) if isinstance(one, sa.Column) else one for one in items]
