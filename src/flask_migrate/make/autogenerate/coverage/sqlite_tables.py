"""The tables of a comparison on SQLite, live and wanted, as definitions."""

from __future__ import annotations

import dataclasses
import typing as t

from ....databases.dialects.sqlite_tables import make_definition
from ....databases.dialects.sqlite_tables import read_definition
from ....databases.dialects.sqlite_tables import read_texts
from ..database import remember

if t.TYPE_CHECKING:
    import sqlalchemy as sa
    from alembic.autogenerate.api import AutogenContext

    from ....databases.dialects.sqlite_ddl import TableDefinition


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One table twice.

    :param live: as the database keeps it.
    :param wanted: as the models would make it.
    """

    live: TableDefinition
    wanted: TableDefinition


def find_pair(
    context: AutogenContext, table: sa.Table, *, schema: str | None
) -> Pair | None:
    """Return both definitions of a table that exists, and read them only once.

    :param schema: of the live table.
    :return: ``None`` where one of them is not understood.
    """
    # What was read lives as long as the inspector: one comparison.
    cache: dict[object, Pair | None] = context.inspector.info_cache
    key = ("flask_migrate.sqlite_tables", schema, table.name)

    if key not in cache:
        cache[key] = _read_pair(context, table, schema)

    return cache[key]


def _read_pair(
    context: AutogenContext, table: sa.Table, schema: str | None
) -> Pair | None:
    assert context.connection is not None  # a comparison always has one
    texts = remember(context, "texts")

    if schema not in texts:
        texts[schema] = read_texts(context.connection, schema)

    live = read_definition(texts[schema].get(table.name, ""))
    wanted = make_definition(context.connection.dialect, table)
    return Pair(live=live, wanted=wanted) if live and wanted else None
