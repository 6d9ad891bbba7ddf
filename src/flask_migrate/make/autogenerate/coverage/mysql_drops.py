"""Tables of MySQL and MariaDB that go: with their indexes, and back as they were.

Alembic 1.20 drops the indexes of a table first, which the server refuses as long as a
foreign key stands on them. The table takes them along; only the way back makes them.
"""

from __future__ import annotations

import re
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from .mysql_tables import QUALIFIERS

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin

GIVEN = re.compile(r"_ibfk_\d+$")
"""The end of the name that the server gives to a foreign key without one."""


class DroppedIndexesOp(ops.MigrateOperation):
    """The indexes of a table that is dropped: nothing to do, but to bring back.

    :param changes: what would drop them one by one.
    """

    def __init__(self, changes: ops.ModifyTableOps) -> None:
        self.table_name: str = changes.table_name
        self.schema: str | None = changes.schema
        self.ops: list[ops.MigrateOperation] = list(changes.ops)

    def reverse(self) -> ops.ModifyTableOps:
        """Return what makes the indexes."""
        changes = ops.ModifyTableOps(self.table_name, self.ops, schema=self.schema)
        return changes.reverse()


@renderers.dispatch_for(DroppedIndexesOp)
def _render(context: AutogenContext, op: DroppedIndexesOp) -> list[str]:
    return []


def setup(plugin: Plugin) -> None:
    """Register the comparators."""
    for dialect in QUALIFIERS:
        plugin.add_autogenerate_comparator(
            _correct,
            "autogenerate",
            "mysql_drops",
            qualifier=dialect,
            priority=DispatchPriority.LAST,
        )


def _correct(
    context: AutogenContext, upgrade: ops.UpgradeOps
) -> PriorityDispatchResult:
    dropped = {
        (one.schema, one.table_name): one
        for one in upgrade.ops
        if isinstance(one, ops.DropTableOp)
    }

    for place, changes in enumerate(upgrade.ops):
        if isinstance(changes, ops.ModifyTableOps):
            drop = dropped.get((changes.schema, changes.table_name))

            if drop is not None:
                upgrade.ops[place] = _take_along(changes, drop)

    names = {name for _, name in dropped}

    for drop in dropped.values():
        _forget_given_names(drop, names)

    return PriorityDispatchResult.CONTINUE


def _take_along(changes: ops.ModifyTableOps, drop: ops.DropTableOp) -> DroppedIndexesOp:
    """Return the indexes that the table does not bring back by itself."""
    own = {
        one.name for one in _list_parts(drop) if isinstance(one, sa.UniqueConstraint)
    }
    kept = [
        one
        for one in changes.ops
        if not (isinstance(one, ops.DropIndexOp) and one.index_name in own)
    ]
    changes.ops[:] = kept
    return DroppedIndexesOp(changes)


def _forget_given_names(drop: ops.DropTableOp, dropped: set[str]) -> None:
    """Let the server name again what it has named, and the index below it.

    Not where both tables go: one of them may have to do it without this foreign key.
    """
    for one in _list_parts(drop):
        if isinstance(one, sa.ForeignKeyConstraint):
            target = one.elements[0].target_fullname.split(".")[-2]
            is_alone = target == drop.table_name or target not in dropped

            if is_alone and GIVEN.search(str(one.name)):
                one.name = None


def _list_parts(drop: ops.DropTableOp) -> list[t.Any]:
    """Return what the table consists of."""
    return list(drop._reverse.columns) if drop._reverse is not None else []
