"""CHECK constraints, by their name and by what they say."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from .editor import Editor


def setup(plugin: Plugin) -> None:
    """Compare checks, in the place of Alembic's own comparator by name."""
    plugin.add_autogenerate_comparator(
        _compare,
        "table",
        "checkconstraints",
        priority=DispatchPriority.FIRST,
    )


def _compare(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    live: sa.Table | None,
    model: sa.Table | None,
) -> PriorityDispatchResult:
    if live is None or model is None:
        return PriorityDispatchResult.CONTINUE

    editor = Editor(context=context, changes=changes, live=live)

    if not editor.compare("check"):
        return PriorityDispatchResult.CONTINUE

    for operation in changes.ops:
        if isinstance(operation, ops.AddColumnOp) and _has_check(operation.column.type):
            # A copy: the column is the model's own.
            operation.column = operation.column._copy()
            _leave_check(operation.column.type)
        elif isinstance(operation, ops.AlterColumnOp) and _has_check(
            operation.modify_type
        ):
            kind: t.Any = operation.modify_type
            operation.modify_type = kind.copy()
            _leave_check(operation.modify_type)

    return PriorityDispatchResult.STOP


def _has_check(kind: object) -> bool:
    return bool(getattr(kind, "create_constraint", False))


def _leave_check(kind: t.Any) -> None:
    """Keep the type of a column from making a check that is an operation of its own."""
    kind.create_constraint = False
