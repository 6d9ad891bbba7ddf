"""Primary keys: their columns, the order of these, and their name."""

from __future__ import annotations

import logging
import typing as t

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import PriorityDispatchResult
from sqlalchemy.sql.elements import conv

from ....databases.dialects import get_dialect
from ..statements import make_rename
from ..statements import make_statement
from ..statements import Statements

_log = logging.getLogger("alembic.autogenerate.flask_migrate")


def setup(plugin: Plugin) -> None:
    """Compare primary keys, which Alembic does not."""
    plugin.add_autogenerate_comparator(_compare, "table", "primarykeys")


# Alembic 1.20 has a renderer for it that only raises NotImplementedError.
@renderers.dispatch_for(ops.CreatePrimaryKeyOp, replace=True)
def _render(context: AutogenContext, operation: ops.CreatePrimaryKeyOp) -> str:
    name = operation.constraint_name
    is_batch = context._has_batch
    prefix = "batch_op." if is_batch else "op."
    shown = f"{prefix}f({str(name)!r})" if isinstance(name, conv) else repr(name)
    columns = [str(one) for one in operation.columns]
    parts = [shown, repr(columns)]

    if not is_batch:
        parts.insert(1, repr(str(operation.table_name)))

        if operation.schema:
            parts.append(f"schema={str(operation.schema)!r}")

    return f"{prefix}create_primary_key({', '.join(parts)})"


def _compare(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    live: sa.Table | None,
    model: sa.Table | None,
) -> PriorityDispatchResult:
    if live is None or model is None or _is_same(live, model):
        return PriorityDispatchResult.CONTINUE

    _log.info("Detected changed primary key on %r", name)
    assert context.dialect is not None  # a comparison has one

    renaming = _make_renaming(live, model, context.dialect)

    if renaming is not None:
        changes.ops.append(renaming)
    elif get_dialect(context.dialect.name).names_primary_keys:
        changes.ops += _exchange(live, model)
    else:
        changes.ops.append(_state(live, model, context.dialect))

    return PriorityDispatchResult.CONTINUE


def _is_same(live: sa.Table, model: sa.Table) -> bool:
    names = [_find_name(live), _find_name(model)]
    is_renamed = None not in names and names[0] != names[1]
    return _list_columns(live) == _list_columns(model) and not is_renamed


def _make_renaming(
    live: sa.Table, model: sa.Table, dialect: sa.Dialect
) -> Statements | None:
    if _list_columns(live) != _list_columns(model):
        return None

    names = (_find_name(live) or "", _find_name(model) or "")
    return make_rename("primary", live, names, dialect)


def _exchange(live: sa.Table, model: sa.Table) -> list[ops.MigrateOperation]:
    old, new = _list_columns(live), _list_columns(model)
    found: list[ops.MigrateOperation] = []

    if old:
        name = _find_name(live)
        way_back = _make_key(name, old, live)
        found.append(
            ops.DropConstraintOp(
                None if name is None else conv(name),
                live.name,
                schema=live.schema,
                type_="primary",
                _reverse=way_back,
            )
        )

    if new:
        # The old name is free again.
        found.append(_make_key(_find_name(model) or _find_name(live), new, live))

    return found


def _make_key(
    name: str | None, columns: list[str], live: sa.Table
) -> ops.CreatePrimaryKeyOp:
    shown: t.Any = None if name is None else conv(name)
    return ops.CreatePrimaryKeyOp(shown, live.name, columns, schema=live.schema)


def _state(live: sa.Table, model: sa.Table, dialect: sa.Dialect) -> Statements:
    """Exchange the key at once: a column that counts must always be in one."""
    table = dialect.identifier_preparer.format_table(live)
    old, new = _list_columns(live), _list_columns(model)

    def change(before: list[str], after: list[str]) -> str:
        quote = dialect.identifier_preparer.quote
        names = ", ".join(quote(one) for one in after)
        drop = ["DROP PRIMARY KEY"] if before else []
        add = [f"ADD PRIMARY KEY ({names})"] if after else []
        return f"ALTER TABLE {table} {', '.join(drop + add)}"

    return make_statement(change(old, new), back=change(new, old))


def _list_columns(table: sa.Table) -> list[str]:
    return [str(one.name) for one in table.primary_key.columns]


def _find_name(table: sa.Table) -> str | None:
    name = table.primary_key.name
    return str(name) if isinstance(name, str) else None
