"""What Alembic does not see of a type: arguments, collations and brackets.

It compares the arguments of two types only where both have the same number of them, and
takes ``FLOAT(24)`` for another type than ``REAL``. Here the server is asked what it
would make of the model's type, and all of it counts.
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
from ....databases.rereading import reread_column
from ..database import get_connection
from ..database import remember
from ..database import write_type

_DETAILS = re.compile(r"\([^)]*\)|\[[^]]*\]|COLLATE +\S+|CHARACTER SET +\S+")
"""What may stand behind the name of a type."""


def setup(plugin: Plugin) -> None:
    """Compare the types that Alembic has found equal."""
    plugin.add_autogenerate_comparator(
        _compare, "column", "types", priority=DispatchPriority.LAST
    )
    # Alembic stops its own comparison where it has found something.
    plugin.add_autogenerate_comparator(
        _doubt, "column", "doubted types", priority=DispatchPriority.LAST
    )


def _doubt(
    context: AutogenContext,
    change: ops.AlterColumnOp,
    schema: str | None,
    table: str,
    name: str,
    live: sa.Column[t.Any],
    model: sa.Column[t.Any],
) -> PriorityDispatchResult:
    """Take back a change that is none for the server; the user's own word counts."""
    is_ours = context.opts.get("compare_type", True) is True

    if is_ours and change.modify_type is not None:
        there = write_type(context, _find_type(context, live))

        if there == _ask(context, model):
            change.modify_type = None

    return PriorityDispatchResult.CONTINUE


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

    there = _find_type(context, live)

    if not _is_same(context, there, live, model):
        wanted = _collate(model.type, _find_default(context))
        is_collated = _find_collation(there) != _find_collation(wanted)
        # A file speaks of a hidden collation only where it changes; then both ways do.
        change.existing_type = there if is_collated else live.type
        change.modify_type = wanted if is_collated else model.type

    return PriorityDispatchResult.CONTINUE


def _is_same(
    context: AutogenContext,
    live_type: sa.types.TypeEngine[t.Any],
    live: sa.Column[t.Any],
    model: sa.Column[t.Any],
) -> bool:
    there = write_type(context, live_type)
    wanted = write_type(context, _collate(model.type, _find_default(context)))

    if _DETAILS.findall(there) == _DETAILS.findall(wanted):
        return True

    # What differs in all columns of a kind is asked once.
    known = remember(context, "types")
    key = (there, wanted, repr(sorted(live.table.kwargs.items())))

    if key not in known:
        known[key] = _ask(context, model)

    # What cannot be made is a type that is not there yet: Alembic has seen that.
    return known[key] in (there, None)


def _ask(context: AutogenContext, model: sa.Column[t.Any]) -> str | None:
    """Return the model's type as reflection would show it."""
    connection = get_connection(context)
    found = reread_column(connection, sa.Column(model.name, model.type))

    if found is None:
        return None

    collation = _find_collation(model.type.dialect_impl(connection.dialect))
    default = _find_default(context)
    return write_type(
        context, _collate(found["type"], default and (collation or default))
    )


def _collate(
    type_: sa.types.TypeEngine[t.Any], collation: str | None
) -> sa.types.TypeEngine[t.Any]:
    """Return a type with a collation, unless it has one or can have none."""
    if collation and isinstance(type_, sa.String) and not _find_collation(type_):
        is_enum = isinstance(type_, sa.Enum)
        return type_ if is_enum else type_.adapt(type(type_), collation=collation)

    return type_


def _find_collation(type_: sa.types.TypeEngine[t.Any]) -> str | None:
    return getattr(type_, "collation", None)


def _find_default(context: AutogenContext) -> str | None:
    return get_dialect(get_connection(context).dialect.name).default_collation


def _find_type(
    context: AutogenContext, column: sa.Column[t.Any]
) -> sa.types.TypeEngine[t.Any]:
    """Return a column's type, with the collation that reflection may not show."""
    default = _find_default(context)

    if default is None:
        return column.type

    known = remember(context, "collations")
    table = column.table

    if table.schema not in known:
        from ....databases.dialects.sqlite_schema import read_collations

        known[table.schema] = read_collations(get_connection(context), table.schema)

    found = known[table.schema].get((table.name, column.name), default)
    return _collate(column.type, found)
