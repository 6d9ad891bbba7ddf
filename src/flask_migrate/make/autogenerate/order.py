"""The order of the operations: every one finds what it needs, there and back.

New tables come first, and what a foreign key points to before it; then the tables that
stay; then the foreign keys that had to wait; dropped tables last. The downgrade, being
the reverse of it, finds everything too.
"""

from __future__ import annotations

import dataclasses
import typing as t
import warnings

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ...databases.dialects import get_dialect
from .graph import arrange
from .graph import Link
from .pieces import split_changes
from .statements import Statements

Operations = list[ops.MigrateOperation]


def setup(plugin: Plugin) -> None:
    """Order the operations when all are known."""
    plugin.add_autogenerate_comparator(
        _sort_quietly, "autogenerate", "sorting", priority=DispatchPriority.FIRST
    )
    plugin.add_autogenerate_comparator(
        _order, "autogenerate", "order", priority=DispatchPriority.LAST
    )


def _sort_quietly(
    context: AutogenContext, upgrade: ops.UpgradeOps
) -> PriorityDispatchResult:
    with warnings.catch_warnings():
        # About circles of foreign keys, which are seen to below.
        warnings.filterwarnings("ignore", message="Cannot correctly sort tables")
        # Sorted once; the context keeps the result.
        _ = context.sorted_tables

    return PriorityDispatchResult.CONTINUE


def _order(context: AutogenContext, upgrade: ops.UpgradeOps) -> PriorityDispatchResult:
    assert context.dialect is not None  # a comparison has one
    backend = get_dialect(context.dialect.name)
    parts = _Parts(
        default=context.dialect.default_schema_name,
        rebuilds=not backend.alters_constraints,
    )
    parts.sort_out(upgrade.ops)
    upgrade.ops[:] = parts.join(may_cut=backend.alters_constraints)
    return PriorityDispatchResult.CONTINUE


@dataclasses.dataclass(slots=True, kw_only=True)
class _Parts:
    """The operations by what they are about.

    :param default: the schema that need not be named.
    :param rebuilds: a batch may make its table again, from what reflection sees.
    :param created: what belongs to each new table, by its name.
    :param dropped: what belongs to each table that goes.
    :param others: everything else, in its order.
    :param first: how many of the others come before the new tables.
    :param last: how many come before the dropped ones.
    """

    default: str | None
    rebuilds: bool
    created: dict[str, Operations] = dataclasses.field(default_factory=dict)
    dropped: dict[str, Operations] = dataclasses.field(default_factory=dict)
    others: Operations = dataclasses.field(default_factory=list)
    first: int | None = None
    last: int = 0

    def sort_out(self, operations: Operations) -> None:
        """Note each operation."""
        going = {
            self._name(one) for one in operations if isinstance(one, ops.DropTableOp)
        }

        for operation in operations:
            name = self._name(operation)

            if isinstance(operation, ops.CreateTableOp):
                self.created[name] = [operation]
                self.first = len(self.others) if self.first is None else self.first
            elif name in self.created:
                self.created[name].append(operation)
            elif name in going:
                self.dropped.setdefault(name, []).append(operation)
                self.last = len(self.others)
            elif isinstance(operation, ops.ModifyTableOps):
                parts = split_changes(operation, (Statements,))
                self.others += _part_indexes(parts) if self.rebuilds else parts
                self.last = len(self.others)
            else:
                self.others.append(operation)

    def join(self, *, may_cut: bool) -> Operations:
        """Return all of them in order.

        :param may_cut: foreign keys can be made apart from their tables.
        """
        created, new_keys = self._arrange(self.created, may_cut=may_cut)
        dropped, old_keys = self._arrange(self.dropped, may_cut=may_cut)
        added = [_wrap(_make_key(one.key)) for one in new_keys]
        cut = [_wrap(_make_key(one.key).reverse()) for one in old_keys]
        first = self.first or 0
        last = max(first, self.last)
        staying = self.others[first:last]
        staying = self._move_keys(staying) if may_cut else staying
        return [
            *self.others[:first],
            *(one for name in created for one in self.created[name]),
            *staying,
            *added,
            *cut,
            *(one for name in reversed(dropped) for one in self.dropped[name]),
            *self.others[last:],
        ]

    def _arrange(
        self, tables: dict[str, Operations], *, may_cut: bool
    ) -> tuple[list[str], list[Link]]:
        links = [
            Link(table=name, target=self._find_target(key), key=key)
            for name, operations in tables.items()
            for key in _list_keys(operations)
        ]
        order, cut = arrange(tables, links, may_cut=may_cut)

        if may_cut and tables is self.created:
            cut += [one for one in links if self._must_wait(one) and one not in cut]

        for link in cut:
            _take_out(link.key, tables[link.table])

        return order, cut

    def _must_wait(self, link: Link) -> bool:
        """Tell whether a foreign key points to what is not there yet."""
        ends = (one.target_fullname for one in link.key.elements)
        columns = {one.rpartition(".")[2] for one in ends}
        return self._changes(link.target, columns)

    def _changes(self, table: str, columns: set[str]) -> bool:
        """Tell whether a key of a table that stays comes or goes."""
        return any(
            self._name(one) == table and _has_key(one, columns) for one in self.others
        )

    def _move_keys(self, operations: Operations) -> Operations:
        """Let foreign keys go first and come last where their target changes."""
        before: Operations = []
        between: Operations = []
        after: Operations = []

        for operation in operations:
            if not isinstance(operation, ops.ModifyTableOps):
                between.append(operation)
                continue

            far = [one for one in operation.ops if self._is_far(one)]
            before += [
                _wrap(one) for one in far if isinstance(one, ops.DropConstraintOp)
            ]
            after += [_wrap(one) for one in far if isinstance(one, ops.AddConstraintOp)]
            operation.ops[:] = [one for one in operation.ops if one not in far]

            if operation.ops:
                between.append(operation)

        return [*before, *between, *after]

    def _is_far(self, operation: ops.MigrateOperation) -> bool:
        """Tell whether a foreign key points to what changes in another table."""
        if isinstance(operation, ops.DropConstraintOp):
            operation = operation._reverse or operation

        if not isinstance(operation, ops.CreateForeignKeyOp):
            return False

        own = self._join(operation.kw.get("source_schema"), str(operation.source_table))
        schema = operation.kw.get("referent_schema")
        target = self._join(schema, str(operation.referent_table))
        return target != own and self._changes(target, set(operation.remote_cols))

    def _find_target(self, key: sa.ForeignKeyConstraint) -> str:
        table = key.elements[0].target_fullname.rpartition(".")[0]
        schema, _, name = table.rpartition(".")
        return self._join(schema, name)

    def _name(self, operation: t.Any) -> str:
        name = getattr(operation, "table_name", None)
        schema = getattr(operation, "schema", None)
        return "" if name is None else self._join(schema, str(name))

    def _join(self, schema: str | None, name: str) -> str:
        return f"{schema}.{name}" if schema and schema != self.default else name


def _part_indexes(parts: Operations) -> Operations:
    """Take indexes on expressions out of a batch.

    Alembic reads the table back for a rebuild, and does not see them then.
    """
    found: Operations = []

    for part in parts:
        if not isinstance(part, ops.ModifyTableOps):
            found.append(part)
            continue

        rich = [one for one in part.ops if _is_rich_index(one)]
        part.ops[:] = [one for one in part.ops if one not in rich]
        drops = [one for one in rich if isinstance(one, ops.DropIndexOp)]
        creates = [one for one in rich if one not in drops]
        found += [
            *map(_wrap, drops),
            *([part] if part.ops else []),
            *map(_wrap, creates),
        ]

    return found


def _is_rich_index(operation: ops.MigrateOperation) -> bool:
    if isinstance(operation, ops.DropIndexOp):
        operation = operation._reverse or operation

    is_index = isinstance(operation, ops.CreateIndexOp)
    columns: t.Any = (
        operation.columns if isinstance(operation, ops.CreateIndexOp) else ()
    )
    return is_index and any(not isinstance(one, (str, sa.Column)) for one in columns)


def _list_keys(operations: Operations) -> list[sa.ForeignKeyConstraint]:
    tables = (_find_table(one) for one in operations)
    parts = (part for table in tables if table is not None for part in table.columns)
    return [one for one in parts if isinstance(one, sa.ForeignKeyConstraint)]


def _find_table(operation: ops.MigrateOperation) -> ops.CreateTableOp | None:
    if isinstance(operation, ops.DropTableOp):
        return operation._reverse

    return operation if isinstance(operation, ops.CreateTableOp) else None


def _take_out(key: sa.ForeignKeyConstraint, operations: Operations) -> None:
    for operation in operations:
        table = _find_table(operation)

        if table is not None:
            table.columns = [one for one in table.columns if one is not key]


def _make_key(key: sa.ForeignKeyConstraint) -> ops.CreateForeignKeyOp:
    operation = ops.CreateForeignKeyOp.from_constraint(key)
    # It stands alone now.
    operation.kw.pop("use_alter", None)
    return operation


def _has_key(operation: ops.MigrateOperation, columns: set[str]) -> bool:
    """Tell whether a key or unique index of some columns comes or goes."""
    if not isinstance(operation, ops.ModifyTableOps):
        return False

    return any(_list_unique(one) == columns for one in operation.ops)


def _list_unique(operation: ops.MigrateOperation) -> set[str]:
    if isinstance(operation, ops.DropConstraintOp):
        operation = operation._reverse or operation

    if isinstance(operation, (ops.CreateIndexOp, ops.DropIndexOp)):
        index = operation.to_index()
        return set(index.columns.keys()) if index.unique else set()

    keys = (ops.CreateUniqueConstraintOp, ops.CreatePrimaryKeyOp)
    columns: t.Any = operation.columns if isinstance(operation, keys) else ()
    return {str(getattr(one, "name", one)) for one in columns}


def _wrap(operation: t.Any) -> ops.ModifyTableOps:
    """Return the operations of a table with one of them."""
    is_key = isinstance(operation, ops.CreateForeignKeyOp)
    table = operation.source_table if is_key else operation.table_name
    schema = operation.kw.get("source_schema") if is_key else operation.schema
    return ops.ModifyTableOps(str(table), [operation], schema=schema)
