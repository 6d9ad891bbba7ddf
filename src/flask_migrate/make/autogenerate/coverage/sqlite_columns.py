"""Types of SQLite that are written in the same words: they have not changed.

SQLite keeps the text of a table as it was written. Reflection makes another type of
some of the words: ``BINARY(10)`` becomes a number.
"""

from __future__ import annotations

import typing as t

from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects.sqlite_tables import spell_type
from .sqlite_tables import find_pair

if t.TYPE_CHECKING:
    import sqlalchemy as sa
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations import ops
    from alembic.runtime.plugins import Plugin


def setup(plugin: Plugin) -> None:
    """Register the comparator."""
    plugin.add_autogenerate_comparator(
        _compare_type,
        "column",
        "types",
        qualifier="sqlite",
        # Behind the user's own comparison, in front of Alembic's.
        priority=DispatchPriority.LAST,
    )


def _compare_type(
    context: AutogenContext,
    change: ops.AlterColumnOp,
    schema: str | None,
    table: str,
    name: str,
    live: sa.Column[t.Any],
    wanted: sa.Column[t.Any],
) -> PriorityDispatchResult:
    pair = find_pair(context, wanted.table, schema=schema)

    if pair is None or spell_type(pair.live, name) != spell_type(pair.wanted, name):
        return PriorityDispatchResult.CONTINUE

    change.existing_type = live.type
    return PriorityDispatchResult.STOP
