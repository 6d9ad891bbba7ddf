"""MySQL and MariaDB: the index that a foreign key needs comes and goes with it.

The server makes one under the key's name where there is none, and leaves it when the
key is dropped. Written down, it is also taken back.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult
from sqlalchemy.sql.elements import conv

from ....databases.dialects import get_dialect


def setup(plugin: Plugin) -> None:
    """Look at every foreign key that comes or goes, when all of them have names."""
    # What is registered for one backend only would run before the names are given.
    plugin.add_autogenerate_comparator(
        _complete, "autogenerate", "foreignindexes", priority=DispatchPriority.LAST
    )


def _complete(
    context: AutogenContext, upgrade: ops.UpgradeOps
) -> PriorityDispatchResult:
    assert context.dialect is not None  # a comparison has one

    if not get_dialect(context.dialect.name).indexes_foreign_keys:
        return PriorityDispatchResult.CONTINUE

    for changes in upgrade.ops:
        if not isinstance(changes, ops.ModifyTableOps):
            continue

        # The index of a new table goes with it.
        if changes.table_name in context.inspector.get_table_names(changes.schema):
            changes.ops[:] = _complete_table(changes, context)

    return PriorityDispatchResult.CONTINUE


def _complete_table(
    changes: ops.ModifyTableOps, context: AutogenContext
) -> list[ops.MigrateOperation]:
    added = [one for one in changes.ops if isinstance(one, ops.CreateForeignKeyOp)]
    removed = [key for one in changes.ops if (key := _find_removed(one)) is not None]

    if not added and not removed:
        return list(changes.ops)

    live = _Indexes(changes, context)
    kept = {tuple(one.local_cols) for one in added}
    found: list[ops.MigrateOperation] = []

    for operation in changes.ops:
        is_new = isinstance(operation, ops.CreateForeignKeyOp)

        if is_new and not live.covers(t.cast("t.Any", operation).local_cols):
            found.append(_make_index(t.cast("t.Any", operation)))

        found.append(operation)
        key = _find_removed(operation)

        if key is not None and tuple(key.local_cols) not in kept:
            found += [
                ops.DropIndexOp.from_index(one.to_index()) for one in live.find(key)
            ]

    return found


def _find_removed(operation: ops.MigrateOperation) -> ops.CreateForeignKeyOp | None:
    back = operation._reverse if isinstance(operation, ops.DropConstraintOp) else None
    return back if isinstance(back, ops.CreateForeignKeyOp) else None


def _make_index(key: ops.CreateForeignKeyOp) -> ops.CreateIndexOp:
    schema = key.kw.get("source_schema")
    name = t.cast("str", key.constraint_name)
    return ops.CreateIndexOp(name, key.source_table, key.local_cols, schema=schema)


class _Indexes:
    """What the table of the database and its model have."""

    def __init__(self, changes: ops.ModifyTableOps, context: AutogenContext) -> None:
        self._changes = changes
        place: dict[str, t.Any] = {"schema": changes.schema}
        name = changes.table_name
        self._live = context.inspector.get_indexes(name, **place)
        self._keys = context.inspector.get_foreign_keys(name, **place)
        primary = context.inspector.get_pk_constraint(name, **place)
        self._primary = primary["constrained_columns"]
        new = (one for one in changes.ops if isinstance(one, ops.CreateIndexOp))
        self._new = [[str(column) for column in one.columns] for one in new]
        unique = (
            one for one in changes.ops if isinstance(one, ops.CreateUniqueConstraintOp)
        )
        self._new += [[str(column) for column in one.columns] for one in unique]

    def covers(self, columns: cabc.Sequence[str]) -> bool:
        """Tell whether some index begins with columns."""
        live = [list(one["column_names"]) for one in self._live]
        known: list[list[t.Any]] = [self._primary, *live, *self._new]
        return any(one[: len(columns)] == list(columns) for one in known)

    def find(self, key: ops.CreateForeignKeyOp) -> cabc.Iterator[ops.CreateIndexOp]:
        """Yield the index that a foreign key was given by the server, if it was."""
        columns = list(key.local_cols)
        others = [one for one in self._keys if one["name"] != key.constraint_name]

        if any(one["constrained_columns"][:1] == columns[:1] for one in others):
            return

        for one in self._live:
            is_its = one["name"] in {key.constraint_name, columns[0]}

            if is_its and not one["unique"] and one["column_names"] == columns:
                yield ops.CreateIndexOp(
                    conv(str(one["name"])),
                    key.source_table,
                    columns,
                    schema=self._changes.schema,
                )
