"""The index that MySQL and MariaDB make for a foreign key, and leave behind.

A foreign key that finds no index gets one, of its own name. Dropped, it leaves that
behind: the next comparison would drop it, and a downgrade would not restore the schema.
So the index is made and dropped by name, beside its foreign key.
"""

from __future__ import annotations

import typing as t

from alembic.operations import ops
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from .mysql_tables import find_pair
from .mysql_tables import list_columns
from .mysql_tables import QUALIFIERS

if t.TYPE_CHECKING:
    import sqlalchemy as sa
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin

Columns = tuple[str, ...]


def setup(plugin: Plugin) -> None:
    """Register the comparators."""
    for dialect in QUALIFIERS:
        plugin.add_autogenerate_comparator(
            _compare,
            "table",
            "mysql_links",
            qualifier=dialect,
            priority=DispatchPriority.LAST,
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
    dropped, added = _find_dropped(changes, live), _find_added(changes)

    if pair is not None and (dropped or added):
        keys = {name: list_columns(one) for name, one in pair.wanted.keys.items()}
        wanted_keys = [*keys.values(), tuple(wanted.primary_key.columns.keys())]

        for columns in added.keys() - dropped.keys():
            if not any(one[: len(columns)] == columns for one in wanted_keys):
                _make_index(changes, added[columns])

        for index in live.indexes:
            columns = tuple(one.name for one in index.columns)

            if columns in dropped.keys() - added.keys() and index.name not in keys:
                _drop_index(changes, index)

        changes.ops.sort(key=lambda one: not _is_drop(one))

    return PriorityDispatchResult.CONTINUE


def _find_dropped(
    changes: ops.ModifyTableOps, live: sa.Table
) -> dict[Columns, ops.DropConstraintOp]:
    """Return the foreign keys that go, by their columns."""
    links = {one.name: tuple(one.column_keys) for one in live.foreign_key_constraints}
    found = [one for one in changes.ops if isinstance(one, ops.DropConstraintOp)]
    return {
        links[one.constraint_name]: one
        for one in found
        if _is_drop(one) and one.constraint_name in links
    }


def _find_added(
    changes: ops.ModifyTableOps,
) -> dict[Columns, ops.CreateForeignKeyOp]:
    """Return the foreign keys that come, by their columns."""
    found = [one for one in changes.ops if isinstance(one, ops.CreateForeignKeyOp)]
    return {tuple(one.local_cols): one for one in found}


def _make_index(changes: ops.ModifyTableOps, link: ops.CreateForeignKeyOp) -> None:
    """Put the index in front of a new foreign key, under the name of the server's."""
    index = ops.CreateIndexOp(
        str(link.constraint_name or link.local_cols[0]),
        link.source_table,
        list(link.local_cols),
        schema=changes.schema,
    )
    changes.ops.insert(changes.ops.index(link), index)


def _drop_index(changes: ops.ModifyTableOps, index: sa.Index) -> None:
    """Drop what the server has made for a foreign key that goes."""
    known = {one.index_name for one in changes.ops if isinstance(one, ops.DropIndexOp)}

    if index.name not in known:
        changes.ops.append(ops.DropIndexOp.from_index(index))


def _is_drop(op: ops.MigrateOperation) -> bool:
    """Tell whether a foreign key goes: only then the server lets its index go."""
    return isinstance(op, ops.DropConstraintOp) and op.constraint_type == "foreignkey"
