"""Comments in a written file, each above the operation that it is about."""

from __future__ import annotations

import collections.abc as cabc

from alembic import util
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops

from .counting import clean

KEY = "flask_migrate"
"""Where the remarks stand in the ``info`` of an operation."""


class RemarkedOp(ops.MigrateOperation):
    """An operation with comments above it; made when nothing else will change it.

    :param operation: what it is about.
    :param remarks: one line each.
    """

    def __init__(
        self, operation: ops.MigrateOperation, remarks: tuple[str, ...]
    ) -> None:
        self.operation = operation
        self.remarks = remarks


def add_remark(operation: ops.MigrateOperation, remark: str) -> None:
    """Have a line written above an operation."""
    operation.info.setdefault(KEY, []).append(remark)


def remark(
    tree: ops.OpContainer,
    find: cabc.Callable[[ops.MigrateOperation], cabc.Iterable[str]],
) -> None:
    """Put the remarks of every operation of a tree above it.

    :param find: returns those that were not added before.
    """
    tree.ops[:] = [_wrap(one, find) for one in tree.ops]


def _wrap(
    one: ops.MigrateOperation,
    find: cabc.Callable[[ops.MigrateOperation], cabc.Iterable[str]],
) -> ops.MigrateOperation:
    if isinstance(one, ops.OpContainer):
        remark(one, find)
        return one

    # The info of an operation that drops a table is that of the table, or None.
    added = (one.info or {}).get(KEY, ())
    remarks = (*added, *find(one))
    return RemarkedOp(one, remarks) if remarks else one


@renderers.dispatch_for(RemarkedOp)
def _render(context: AutogenContext, one: RemarkedOp) -> list[str]:
    lines = util.to_list(renderers.dispatch(one.operation)(context, one.operation))
    return [*(f"# {clean(each)}" for each in one.remarks), *lines] if lines else []
