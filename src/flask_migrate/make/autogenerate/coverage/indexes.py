"""Indexes, unique and exclusion constraints, in everything that the server knows."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.sql.elements import conv

from ....databases.dialects import get_dialect
from ....databases.dialects.definitions import Definition
from .editor import Editor
from .inventory import Inventory
from .removal import escape
from .removal import find_unique
from .removal import make_exclude


def setup(plugin: Plugin) -> None:
    """Compare them where the server tells all, in the place of Alembic's comparator."""
    plugin.add_autogenerate_comparator(
        _compare,
        "table",
        "indexes",
        priority=DispatchPriority.FIRST,
    )
    plugin.add_autogenerate_comparator(
        _compare_order, "table", "indexes", priority=DispatchPriority.LAST
    )


def _compare(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    live: sa.Table | None,
    model: sa.Table | None,
) -> PriorityDispatchResult:
    assert context.dialect is not None  # a comparison has one

    if not get_dialect(context.dialect.name).tells_indexes:
        return PriorityDispatchResult.CONTINUE

    if live is None:
        changes.ops += _create(context, model)
        return PriorityDispatchResult.STOP

    _complete(live, context)
    # What else a table has comes and goes with it.
    kinds = ("index",) if model is None else ("unique", "exclude", "index")
    is_done = Editor(context=context, changes=changes, live=live).compare(*kinds)
    return PriorityDispatchResult.STOP if is_done else PriorityDispatchResult.CONTINUE


def _create(
    context: AutogenContext, model: sa.Table | None
) -> list[ops.MigrateOperation]:
    """Return the indexes of a new table; Alembic leaves some out on SQLite."""
    found = (
        [] if model is None else sorted(model.indexes, key=lambda one: str(one.name))
    )
    return [
        ops.CreateIndexOp.from_index(one)
        for one in found
        if context.run_object_filters(one, one.name, "index", False, None)
    ]


def _compare_order(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    live: sa.Table | None,
    model: sa.Table | None,
) -> PriorityDispatchResult:
    """Compare the order of the columns, where Alembic's comparator was asked.

    It sorts the columns of a unique constraint.
    """
    if live is None or model is None:
        return PriorityDispatchResult.CONTINUE

    drops = (one for one in changes.ops if isinstance(one, ops.DropConstraintOp))
    dropped = {one.constraint_name for one in drops}
    known = {one.name: one for one in _list_uniques(live) if one.name not in dropped}
    title: t.Any = "unique_constraint"

    for new in _list_uniques(model):
        old = known.get(new.name)

        if old is None or sorted(old.columns.keys()) != sorted(new.columns.keys()):
            continue

        if old.columns.keys() != new.columns.keys() and context.run_object_filters(
            new, new.name, title, False, old
        ):
            changes.ops.insert(0, ops.DropConstraintOp.from_constraint(old))
            changes.ops.append(ops.AddConstraintOp.from_constraint(new))

    return PriorityDispatchResult.CONTINUE


def _list_uniques(table: sa.Table) -> list[sa.UniqueConstraint]:
    found = (one for one in table.constraints if isinstance(one, sa.UniqueConstraint))
    return sorted(found, key=lambda one: str(one.name))


def _complete(live: sa.Table, context: AutogenContext) -> None:
    """Give a reflected table what reflection forgets: it may have to come back."""
    stock = Inventory.find(context).find_stock(live.schema, live.name)

    for found in stock.live if stock is not None else ():
        if found.kind == "check":
            check = _find_check(found, live)

            if check is not None:
                check.sqltext = escape(found.where)
        elif found.kind == "exclude":
            live.append_constraint(_make_exclude(found))
        elif found.kind == "unique" and found.is_deferrable:
            unique = find_unique(found, live)

            if unique is not None:
                unique.deferrable = True
                unique.initially = "DEFERRED" if found.is_deferred else None


def _find_check(found: Definition, live: sa.Table) -> sa.CheckConstraint | None:
    checks = (one for one in live.constraints if isinstance(one, sa.CheckConstraint))
    return next((one for one in checks if found.name and one.name == found.name), None)


def _make_exclude(found: Definition) -> sa.Constraint:
    parts = make_exclude(found)
    return ExcludeConstraint(
        *parts.pop("elements"), name=conv(found.name or ""), **parts
    )
