"""MySQL and MariaDB: the index that a foreign key needs comes and goes with it.

The server makes one under the key's name where there is none, and leaves it when the
key is dropped. Written down, it is also taken back.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult
from sqlalchemy.sql.elements import conv

from ....databases.dialects import get_dialect


class GoneIndexOp(ops.DropIndexOp):
    """An index that goes with its table: before that, a foreign key may need it."""


@renderers.dispatch_for(GoneIndexOp)
def _render(context: AutogenContext, operation: GoneIndexOp) -> list[str]:
    return []


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

    upgrade.ops[:] = _leave_indexes(upgrade.ops)
    groups: dict[t.Any, list[ops.ModifyTableOps]] = {}

    for changes in upgrade.ops:
        if isinstance(changes, ops.ModifyTableOps):
            groups.setdefault(_place(changes), []).append(changes)

    for changes in upgrade.ops:
        if not isinstance(changes, ops.ModifyTableOps):
            continue

        # The index of a new table goes with it.
        if changes.table_name in context.inspector.get_table_names(changes.schema):
            every = [one for other in groups[_place(changes)] for one in other.ops]
            changes.ops[:] = _complete_table(changes, every, context)

    return PriorityDispatchResult.CONTINUE


def _leave_indexes(
    operations: list[ops.MigrateOperation],
) -> list[ops.MigrateOperation]:
    """Let the indexes of a table that is dropped go with it."""
    drops = (one for one in operations if isinstance(one, ops.DropTableOp))
    dropped = {(one.schema, str(one.table_name)) for one in drops}
    found: list[ops.MigrateOperation] = []

    for operation in operations:
        is_change = isinstance(operation, ops.ModifyTableOps)

        if is_change and _place(t.cast("t.Any", operation)) in dropped:
            found += map(_leave, t.cast("t.Any", operation).ops)
        else:
            found.append(operation)

    return found


def _leave(operation: t.Any) -> ops.MigrateOperation:
    if not isinstance(operation, ops.DropIndexOp):
        schema = operation.schema
        return ops.ModifyTableOps(operation.table_name, [operation], schema=schema)

    return GoneIndexOp(
        operation.index_name,
        operation.table_name,
        schema=operation.schema,
        _reverse=operation._reverse,
        **operation.kw,
    )


def _place(changes: ops.ModifyTableOps) -> tuple[str | None, str]:
    return (changes.schema, str(changes.table_name))


def _complete_table(
    changes: ops.ModifyTableOps,
    every: list[ops.MigrateOperation],
    context: AutogenContext,
) -> list[ops.MigrateOperation]:
    """Drop foreign keys first and add them last, each with its index.

    :param every: all operations of the table; the order has parted some of them.
    """
    added = [one for one in changes.ops if isinstance(one, ops.CreateForeignKeyOp)]
    removed = [one for one in changes.ops if _find_removed(one) is not None]
    drops = (ops.DropIndexOp, ops.DropConstraintOp)

    if not added and not any(isinstance(one, drops) for one in changes.ops):
        return list(changes.ops)

    live = _Indexes(changes, every, context)
    kept = {
        (one.constraint_name, tuple(one.local_cols))
        for one in every
        if isinstance(one, ops.CreateForeignKeyOp)
    }
    gone = [key for one in removed if (key := _find_removed(one)) is not None]
    found: list[ops.MigrateOperation] = list(removed)

    for key in gone:
        if (key.constraint_name, tuple(key.local_cols)) not in kept:
            indexes = (one.to_index() for one in live.take(key))
            found += [ops.DropIndexOp.from_index(one) for one in indexes]

    # Before the index goes that they have used until now.
    found += live.replace()
    found += [one for one in changes.ops if one not in removed and one not in added]

    for new in added:
        if not live.covers(new.local_cols):
            found.append(_make_index(new))

        found.append(new)

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

    def __init__(
        self,
        changes: ops.ModifyTableOps,
        every: list[ops.MigrateOperation],
        context: AutogenContext,
    ) -> None:
        self._changes = changes
        place: dict[str, t.Any] = {"schema": changes.schema}
        name = changes.table_name
        self._live = context.inspector.get_indexes(name, **place)
        self._keys = context.inspector.get_foreign_keys(name, **place)
        primary = context.inspector.get_pk_constraint(name, **place)
        self._primary = primary["constrained_columns"]
        gone = (_find_removed(one) for one in every)
        self._gone = {str(one.constraint_name) for one in gone if one is not None}
        self._dropped = {_find_dropped(one) for one in every}
        self._new = [
            [str(getattr(column, "name", column)) for column in one.columns]
            for one in every
            if isinstance(one, (ops.CreateIndexOp, ops.CreateUniqueConstraintOp))
        ]

    def covers(self, columns: cabc.Sequence[str], *, with_new: bool = True) -> bool:
        """Tell whether some index that stays begins with columns.

        :param with_new: those that are made now count too.
        """
        live = [
            list(one["column_names"])
            for one in self._live
            if one["name"] not in self._dropped
        ]
        new = self._new if with_new else []
        known: list[list[t.Any]] = [self._primary, *live, *new]
        return any(one[: len(columns)] == list(columns) for one in known)

    def replace(self) -> cabc.Iterator[ops.CreateIndexOp]:
        """Yield indexes for the foreign keys that stay and lose theirs."""
        for key in self._keys:
            columns, name = key["constrained_columns"], str(key["name"])

            if name not in self._gone and not self.covers(columns, with_new=False):
                yield ops.CreateIndexOp(
                    conv(name),
                    self._changes.table_name,
                    columns,
                    schema=self._changes.schema,
                )

    def take(self, key: ops.CreateForeignKeyOp) -> cabc.Iterator[ops.CreateIndexOp]:
        """Yield the index that a foreign key was given by the server, if it was.

        It counts as dropped then.
        """
        columns = list(key.local_cols)
        others = [one for one in self._keys if one["name"] not in self._gone]

        if any(one["constrained_columns"][:1] == columns[:1] for one in others):
            return

        for one in self._live:
            is_its = one["name"] in {key.constraint_name, columns[0]} - self._dropped

            if is_its and not one["unique"] and one["column_names"] == columns:
                self._dropped.add(one["name"])
                yield ops.CreateIndexOp(
                    conv(str(one["name"])),
                    key.source_table,
                    columns,
                    schema=self._changes.schema,
                )


def _find_dropped(operation: ops.MigrateOperation) -> str | None:
    """Return the name of an index that goes, a unique one included."""
    if isinstance(operation, ops.DropIndexOp):
        return str(operation.index_name)

    is_unique = isinstance(operation, ops.DropConstraintOp) and (
        operation.constraint_type == "unique"
    )
    return str(t.cast("t.Any", operation).constraint_name) if is_unique else None
