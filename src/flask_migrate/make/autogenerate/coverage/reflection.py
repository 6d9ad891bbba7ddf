"""Everything is read once, in few questions.

Alembic 1.20 reads all tables of one schema at once, and those of every other schema one
by one: its cache has no place for a second schema. Here the cache is filled for all,
and before the comparators that need no more than what is in it.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects import get_dialect
from ....databases.dialects.definitions import Place
from .recognition import recognise

_PARTS = (
    "columns",
    "pk_constraint",
    "foreign_keys",
    "indexes",
    "unique_constraints",
    "table_comment",
    "check_constraints",
    "table_options",
)
"""What Alembic's ``_InspectorConv`` looks for, as ``alembic_<part>`` in the cache."""


def setup(plugin: Plugin) -> None:
    """Read before Alembic does, and after the tables of others are left out."""
    plugin.add_autogenerate_comparator(
        _read, "schema", "reflection", priority=DispatchPriority.FIRST
    )


def _read(
    context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]
) -> PriorityDispatchResult:
    assert context.dialect is not None  # a comparison has one

    known = recognise(context, schemas)

    if len(schemas) > 1 or known or get_dialect(context.dialect.name).tells_tables:
        tables = {schema: _list_tables(context, schema, known) for schema in schemas}
        wanted = {schema: names for schema, names in tables.items() if names != []}

        for part in _PARTS:
            found = _read_part(context, part, wanted)
            context.inspector.info_cache[f"alembic_{part}"] = found

    return PriorityDispatchResult.CONTINUE


def _list_tables(
    context: AutogenContext, schema: str | None, known: cabc.Container[Place]
) -> list[str] | None:
    """Return the tables that are read; ``None`` for all, which is done faster.

    :param known: those that are recognised without that.
    """
    names = context.inspector.get_table_names(schema=schema)
    parents: t.Any = {"schema_name": schema}
    kept = [
        one
        for one in names
        if (schema, one) not in known
        and context.run_name_filters(one, "table", {**parents})
    ]
    return None if kept and len(kept) == len(names) else kept


def _read_part(
    context: AutogenContext,
    part: str,
    wanted: cabc.Mapping[str | None, list[str] | None],
) -> t.Any:
    read = getattr(context.inspector, f"get_multi_{part}")
    found: dict[t.Any, t.Any] = {}

    try:
        for schema, names in wanted.items():
            found.update(read(schema=schema, filter_names=names))
    except NotImplementedError:
        # So Alembic notes that a backend does not have the thing.
        return NotImplementedError

    return found
