"""What Alembic does not see of a type: arguments and collations that come or go, arrays.

It compares the arguments of two types only where both have the same number of them. Here
the server is asked what it would make of the model's type, and all of it counts.
"""

from __future__ import annotations

import re
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects import get_dialect
from ....databases.dialects.sqlite_schema import read_collations
from ....databases.rereading import reread_column

_DETAILS = re.compile(r"\([^)]*\)|\[[^]]*\]|COLLATE +\S+|CHARACTER SET +\S+")
"""What may stand behind the name of a type."""


def setup(plugin: Plugin) -> None:
    """Compare the types that Alembic has found equal."""
    plugin.add_autogenerate_comparator(
        _compare, "column", "types", priority=DispatchPriority.LAST
    )


def _compare(
    context: AutogenContext,
    change: ops.AlterColumnOp,
    schema: str | None,
    table: str,
    name: str,
    live: sa.Column[t.Any],
    model: sa.Column[t.Any],
) -> PriorityDispatchResult:
    nothing = sa.types.NullType

    if nothing in (live.type._type_affinity, model.type._type_affinity):
        return PriorityDispatchResult.CONTINUE

    hidden = _list_hidden(context, live.table).get(name)

    if hidden is not None:
        # The way back needs it too.
        change.existing_type = _collate(live.type, hidden)

    if not _is_same(context, live, model, hidden=hidden):
        change.modify_type = model.type

    return PriorityDispatchResult.CONTINUE


def _is_same(
    context: AutogenContext,
    live: sa.Column[t.Any],
    model: sa.Column[t.Any],
    *,
    hidden: str | None,
) -> bool:
    there = _write(context, _collate(live.type, hidden))
    wanted = _write(context, model.type)

    if _DETAILS.findall(there) == _DETAILS.findall(wanted):
        return True

    # What differs in all columns of a kind is asked once.
    known = context.inspector.info_cache.setdefault("flask_migrate_types", {})
    key = (there, wanted, repr(sorted(live.table.kwargs.items())))

    if key not in known:
        known[key] = _ask(context, model)

    # What cannot be made is a type that is not there yet: Alembic has seen that.
    return known[key] in (there, None)


def _ask(context: AutogenContext, model: sa.Column[t.Any]) -> str | None:
    """Return the model's type as reflection would show it."""
    assert context.connection is not None  # autogenerate never works offline
    found = reread_column(context.connection, sa.Column(model.name, model.type))

    if found is None:
        return None

    type_ = found["type"]

    if _hides_collations(context):
        impl = model.type.dialect_impl(context.connection.dialect)
        type_ = _collate(type_, getattr(impl, "collation", None))

    return _write(context, type_)


def _write(context: AutogenContext, type_: sa.types.TypeEngine[t.Any]) -> str:
    return type_.compile(dialect=context.dialect)


def _collate(
    type_: sa.types.TypeEngine[t.Any], collation: str | None
) -> sa.types.TypeEngine[t.Any]:
    is_text = isinstance(type_, sa.String)
    return type_.copy(collation=collation) if is_text and collation else type_


def _hides_collations(context: AutogenContext) -> bool:
    assert context.connection is not None  # as above
    return get_dialect(context.connection.dialect.name).hides_collations


def _list_hidden(context: AutogenContext, table: sa.Table) -> t.Mapping[str, str]:
    """Return the collations of columns that reflection does not show."""
    if not _hides_collations(context):
        return {}

    known = context.inspector.info_cache.setdefault("flask_migrate_collations", {})
    key = (table.schema, table.name)

    if key not in known:
        known[key] = read_collations(context.connection, table.name, table.schema)

    return t.cast("t.Mapping[str, str]", known[key])
