"""The changes of one table in pieces: a batch runs only when it ends."""

from __future__ import annotations

import collections.abc as cabc
import copy

from alembic.operations import ops


def split_changes(
    changes: ops.ModifyTableOps, apart: tuple[type[ops.MigrateOperation], ...]
) -> list[ops.MigrateOperation]:
    """Return the changes of a table with some operations between them, not among them.

    :param apart: what stands on its own.
    """
    found: list[ops.MigrateOperation] = []

    for operation in changes.ops:
        if isinstance(operation, apart):
            found.append(operation)
        elif found and isinstance(found[-1], ops.ModifyTableOps):
            found[-1].ops.append(operation)
        else:
            found.append(with_operations(changes, [operation]))

    return found


def with_operations(
    changes: ops.ModifyTableOps, operations: cabc.Iterable[ops.MigrateOperation]
) -> ops.ModifyTableOps:
    """Return changes of the same table and kind that consist of other operations."""
    piece = copy.copy(changes)
    piece.ops = list(operations)
    return piece
