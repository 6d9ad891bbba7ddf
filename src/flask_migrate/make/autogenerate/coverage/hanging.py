"""What hangs on a column and falls with it: indexes and unique constraints."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from alembic.operations import ops

Hanging = sa.Index | sa.UniqueConstraint

CREATES = (ops.CreateIndexOp, ops.AddConstraintOp)
"""The operations that may speak of a column which a table has not yet."""


def find_fallen(
    found: cabc.Sequence[ops.MigrateOperation],
    live: sa.Column[t.Any],
    model: sa.Column[t.Any],
) -> cabc.Iterator[tuple[Hanging, Hanging]]:
    """Find what falls with a column, and is to stand after it too.

    :param found: the changes of the table; what they drop is not found again.
    :return: each as it is in the database, and as it is in the models.
    """
    there, wanted = _list_hanging(live.table), _list_hanging(model.table)
    changed = {
        getattr(one, "index_name", None) or getattr(one, "constraint_name", None)
        for one in found
        if isinstance(one, (ops.DropIndexOp, ops.DropConstraintOp))
    }

    for name in sorted((there.keys() & wanted.keys()) - changed):
        old = there[name]
        parts = old.expressions if isinstance(old, sa.Index) else old.columns

        if live.name in {getattr(one, "name", None) for one in parts}:
            yield old, wanted[name]


def _list_hanging(table: sa.Table) -> dict[str, Hanging]:
    # By name: Alembic's own comparison enters reflected indexes a second time, and
    # those of unique constraints too.
    unique = (one for one in table.constraints if isinstance(one, sa.UniqueConstraint))
    found: dict[str, Hanging] = {str(one.name): one for one in table.indexes}
    return found | {str(one.name): one for one in unique if one.name}


def drop_hanging(one: Hanging) -> ops.MigrateOperation:
    """Return the operation that drops one."""
    if isinstance(one, sa.Index):
        return ops.DropIndexOp.from_index(one)

    return ops.DropConstraintOp.from_constraint(one)


def create_hanging(one: Hanging) -> ops.MigrateOperation:
    """Return the operation that makes one."""
    if isinstance(one, sa.Index):
        return ops.CreateIndexOp.from_index(one)

    return ops.AddConstraintOp.from_constraint(one)


def restate(one: Hanging) -> sa.schema.BaseDDLElement:
    """Return the statement that makes one."""
    if isinstance(one, sa.Index):
        return sa.schema.CreateIndex(one)

    return sa.schema.AddConstraint(one)
