"""CHECK constraints, by their name and by what they say."""

from __future__ import annotations

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
    is_done = editor.compare("check")
    return PriorityDispatchResult.STOP if is_done else PriorityDispatchResult.CONTINUE
