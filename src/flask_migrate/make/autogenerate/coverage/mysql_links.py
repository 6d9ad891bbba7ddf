"""Foreign keys of MySQL and MariaDB that stand in the way of another type.

The server changes no type, and no characters, of a column that is part of a foreign
key, at either end. So such foreign keys are dropped first, and made again at the end.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from alembic.operations import ops
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects.mysql_ddl import quote_name
from ....databases.dialects.mysql_tables import has_escapes
from ....databases.dialects.mysql_tables import read_table
from .mysql_drops import GIVEN
from .mysql_statements import ReversibleSQLOp
from .mysql_tables import list_columns
from .mysql_tables import QUALIFIERS

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin

    from ....databases.dialects.mysql_tables import TableText

Column = tuple[str | None, str, str]
"""The schema, the table and the name."""


def setup(plugin: Plugin) -> None:
    """Register the comparators."""
    for dialect in QUALIFIERS:
        plugin.add_autogenerate_comparator(
            _lift,
            "autogenerate",
            "mysql_links",
            qualifier=dialect,
            priority=DispatchPriority.LAST,
        )


def _lift(context: AutogenContext, upgrade: ops.UpgradeOps) -> PriorityDispatchResult:
    changed = set(_find_changed(upgrade))

    if changed:
        first, last = _take_out(upgrade, changed)
        before: list[ops.MigrateOperation] = []
        after: list[ops.MigrateOperation] = []
        gone = {
            (one.schema, one.table_name, getattr(one, "constraint_name", None))
            for one in (*(part for one in first for part in one.ops), *upgrade.ops)
            if isinstance(one, (ops.DropConstraintOp, ops.DropTableOp))
        }

        for link in _find_live(context, changed):
            place = (link.kw["source_schema"], link.source_table)

            if gone.isdisjoint({(*place, None), (*place, link.constraint_name)}):
                _add_statements(context, link, before=before, after=after)

        upgrade.ops[:] = [*first, *before, *upgrade.ops, *last, *after]

    return PriorityDispatchResult.CONTINUE


def _list_changes(upgrade: ops.UpgradeOps) -> cabc.Iterator[ops.ModifyTableOps]:
    return (one for one in upgrade.ops if isinstance(one, ops.ModifyTableOps))


def _find_changed(upgrade: ops.UpgradeOps) -> cabc.Iterator[Column]:
    """Yield the columns that get another type."""
    for changes in _list_changes(upgrade):
        for one in changes.ops:
            if isinstance(one, ops.AlterColumnOp) and one.modify_type is not None:
                yield changes.schema, changes.table_name, one.column_name


def _take_out(
    upgrade: ops.UpgradeOps, changed: set[Column]
) -> tuple[list[ops.ModifyTableOps], list[ops.ModifyTableOps]]:
    """Take out what drops and what makes foreign keys on these columns anyway."""
    first: list[ops.ModifyTableOps] = []
    last: list[ops.ModifyTableOps] = []

    for changes in _list_changes(upgrade):
        for one in tuple(changes.ops):
            link = one._reverse if isinstance(one, ops.DropConstraintOp) else one

            if isinstance(link, ops.CreateForeignKeyOp) and _touches(link, changed):
                changes.ops.remove(one)
                place = ops.ModifyTableOps(
                    changes.table_name, [one], schema=changes.schema
                )
                (last if one is link else first).append(place)

    upgrade.ops[:] = [one for one in upgrade.ops if getattr(one, "ops", True)]
    return first, last


def _find_live(
    context: AutogenContext, changed: set[Column]
) -> cabc.Iterator[ops.CreateForeignKeyOp]:
    """Yield the foreign keys of the database on these columns."""
    for schema in {schema for schema, _, _ in changed}:
        for name in context.inspector.get_table_names(schema):
            for found in context.inspector.get_foreign_keys(name, schema):
                link = ops.CreateForeignKeyOp(
                    found["name"],
                    name,
                    found["referred_table"],
                    found["constrained_columns"],
                    found["referred_columns"],
                    source_schema=schema,
                    referent_schema=found["referred_schema"],
                )

                if _touches(link, changed):
                    yield link


def _touches(link: ops.CreateForeignKeyOp, changed: set[Column]) -> bool:
    """Tell whether a foreign key begins or ends at one of the columns."""
    here = link.kw.get("source_schema"), link.source_table
    there = link.kw.get("referent_schema"), link.referent_table
    columns = {(*here, one) for one in link.local_cols}
    columns |= {(*there, one) for one in link.remote_cols}
    return not columns.isdisjoint(changed)


def _add_statements(
    context: AutogenContext,
    link: ops.CreateForeignKeyOp,
    *,
    before: list[ops.MigrateOperation],
    after: list[ops.MigrateOperation],
) -> None:
    """Drop a foreign key, and make it again in the server's own words."""
    assert context.connection is not None  # a comparison always has one
    name, schema = str(link.constraint_name), link.kw["source_schema"]
    live = read_table(
        context.connection,
        link.source_table,
        schema=schema,
        escapes=has_escapes(context.connection),
    )

    if live is not None and name in live.links:
        drop = f"DROP FOREIGN KEY {quote_name(name)}{_keep_key(link, live)}"
        add = f"ADD {live.links[name]}"
        made = ReversibleSQLOp.alter_table(
            link.source_table, schema=schema, do=add, undo=drop
        )
        before.append(made.reverse())
        after.append(made)


def _keep_key(link: ops.CreateForeignKeyOp, live: TableText) -> str:
    """Return what makes an index a lasting one that the server has made.

    It would replace it by one under the name of the foreign key, which it has given,
    too, but which is then given by us.
    """
    columns = tuple(link.local_cols)
    key = live.keys.get(columns[0], "")

    if not GIVEN.search(str(link.constraint_name)) or list_columns(key) != columns:
        return ""

    return f", DROP KEY {quote_name(columns[0])}, ADD {key}"
