"""Computed columns: their expression, and whether their values are stored.

No backend changes an expression in place (PostgreSQL does since 17), so the column is
dropped and added again, with what hangs on it. Its values come from the others, so that
nothing is lost; where there were values of its own before, or will be, a note says so.
A computed column of PostgreSQL that becomes a plain one keeps its values.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects import get_dialect
from ....databases.rereading import reread_column
from ..columns import leave_alone
from ..comparison import Comparison
from ..database import get_connection
from ..database import quote
from ..database import write_ddl
from ..database import write_expression
from ..statements import Script
from ..statements import Statements
from .expressions import simplify
from .hanging import create_hanging
from .hanging import CREATES
from .hanging import drop_hanging
from .hanging import find_fallen
from .hanging import restate

_BACKENDS = ("postgresql", "sqlite", "mysql", "mariadb")


def setup(plugin: Plugin) -> None:
    """Compare computed columns."""
    for backend in _BACKENDS:
        # Before Alembic's own comparator, which warns that it can do nothing.
        plugin.add_autogenerate_comparator(
            leave_alone("computed"),
            "column",
            "server_default",
            qualifier=backend,
            priority=DispatchPriority.FIRST,
        )

    plugin.add_autogenerate_comparator(
        _compare, "table", "computed", priority=DispatchPriority.LAST
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

    for column in model.columns:
        old = live.columns.get(column.name)

        if old is None or _is_same(context, old, column):
            continue

        if not _keep(context, changes, old, column):
            _replace(changes, old, column)
            _note(Comparison.find(context), old, column)

    return PriorityDispatchResult.CONTINUE


def _is_same(
    context: AutogenContext, live: sa.Column[t.Any], model: sa.Column[t.Any]
) -> bool:
    if live.computed is None or model.computed is None:
        return live.computed is model.computed

    there = (simplify(str(live.computed.sqltext)), live.computed.persisted)
    written = write_expression(context, model.computed.sqltext)

    if (simplify(written), model.computed.persisted) == there:
        return True

    def ask(column: sa.Column[t.Any]) -> object:
        connection = get_connection(context)
        found = reread_column(connection, column, type_=live.type, beside=live.table)
        computed = found and found.get("computed")
        return computed and (simplify(computed["sqltext"]), computed.get("persisted"))

    # Where not even the live one can be asked about, nobody knows.
    return ask(model) == there or ask(live) is None


def _keep(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    live: sa.Column[t.Any],
    model: sa.Column[t.Any],
) -> bool:
    """Make a plain column of a computed one, with its values, if the server can."""
    template = get_dialect(get_connection(context).dialect.name).drop_expression
    computed = live.computed
    is_other = any(_is_change_of(one, live.name) for one in changes.ops)

    if computed is None or model.server_default is not None or is_other:
        return False

    if not template or not computed.persisted:
        return False

    table = quote(context, changes.schema, changes.table_name)
    column = quote(context, live.name)
    fallen = find_fallen(changes.ops, live, model)
    back = (
        f"ALTER TABLE {table} DROP COLUMN {column}",
        f"ALTER TABLE {table} ADD COLUMN"
        f" {write_ddl(context, sa.schema.CreateColumn(live))}",
        *(write_ddl(context, restate(old)) for old, _ in fallen),
    )
    there = (template.format(table=table, column=column),)
    name = f"{model.table.name}.{model.name}"
    changes.ops.append(
        Statements("remove_expression", name, up=Script(there), down=Script(back))
    )
    return True


def _replace(
    changes: ops.ModifyTableOps, live: sa.Column[t.Any], model: sa.Column[t.Any]
) -> None:
    """Drop a column and add it, in the place of other changes of it."""
    place = (changes.schema, changes.table_name)
    drop = ops.DropColumnOp.from_column_and_tablename(*place, live)
    add = ops.AddColumnOp.from_column_and_tablename(*place, model)
    kept = [one for one in changes.ops if not _is_change_of(one, live.name)]
    later = [one for one in kept if isinstance(one, CREATES)]
    fallen = list(find_fallen(kept, live, model))
    changes.ops = [
        *(one for one in kept if not isinstance(one, CREATES)),
        *(drop_hanging(old) for old, _ in fallen),
        drop,
        add,
        *later,
        *(create_hanging(new) for _, new in fallen),
    ]


def _is_change_of(one: ops.MigrateOperation, column: str) -> bool:
    return isinstance(one, ops.AlterColumnOp) and one.column_name == column


def _note(
    comparison: Comparison, live: sa.Column[t.Any], model: sa.Column[t.Any]
) -> None:
    place = f"{model.table.fullname}.{model.name}"

    if live.computed is None:
        fate = "becomes a computed column: the values that are stored in it are gone."
    elif model.computed is None:
        fate = "is not computed any more: it begins empty, without the old values."
    else:
        fate = "is computed in another way: it is dropped and added, and filled anew."

    comparison.notes.append(f"{place} {fate}")
