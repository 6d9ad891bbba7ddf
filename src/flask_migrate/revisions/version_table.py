"""The version table of one database: its ids, and how long they may be."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa

from ..errors import BadOption
from ..errors import HistoryError
from . import files

if t.TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from ..plan import Step


def read_ids(context: MigrationContext) -> tuple[str, ...]:
    """Read the ids in one statement; where that fails, ask Alembic.

    Outside of a transaction.
    """
    connection = _connection(context)

    try:
        return tuple(connection.scalars(sa.select(context._version.c.version_num)))
    except sa.exc.DBAPIError:
        connection.rollback()
        return context.get_current_heads()


def refuse_twins(ids: tuple[str, ...]) -> None:
    """Refuse an id that stands in the table twice.

    :raises HistoryError: with the command that sets it right.
    """
    for one in set(ids):
        if ids.count(one) > 1:
            raise HistoryError(
                f"The version table holds {one} twice: it has no primary key.",
                hint=f"`flask db stamp --purge {one}` sets it right.",
            )


def refuse_long(steps: cabc.Iterable[Step], context: MigrationContext) -> None:
    """Refuse ids that the table cannot hold.

    :raises BadOption: naming the revision.
    """
    longest = _read_length(context)

    for step in steps:
        if len(step.revision) > longest:
            raise BadOption(
                f"The id of {step.path} has {len(step.revision)} characters; the"
                f" version table of this database holds {longest}.",
                hint="Give the revision a shorter id, or widen the column"
                f" {context.version_table}.version_num.",
            )


def _read_length(context: MigrationContext) -> int:
    if context.as_sql:
        return files.VERSION_LENGTH

    connection = _connection(context)
    inspector = sa.inspect(connection)
    table, schema = context.version_table, context.version_table_schema
    was_idle = not connection.in_transaction()

    try:
        if not inspector.has_table(table, schema=schema):
            return files.VERSION_LENGTH

        columns = inspector.get_columns(table, schema=schema)
    finally:
        if was_idle:
            connection.rollback()

    kind = next(one["type"] for one in columns if one["name"] == "version_num")
    return getattr(kind, "length", None) or 10**6


def _connection(context: MigrationContext) -> sa.Connection:
    assert context.connection is not None  # online
    return context.connection
