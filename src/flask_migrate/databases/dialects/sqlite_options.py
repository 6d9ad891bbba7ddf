"""The options of a table on SQLite: those that stand in no column."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.schema import CreateTable

from .sqlite_ddl import TableDefinition
from .sqlite_parser import parse_table
from .tokens import DefinitionError

DEFAULTS: dict[str, bool] = {
    "sqlite_autoincrement": False,
    "sqlite_strict": False,
    "sqlite_with_rowid": True,
}
"""What SQLAlchemy calls them, and what a table is where nothing is said."""


def read_options(
    connection: sa.Connection, table: str, schema: str | None
) -> dict[str, bool] | None:
    """Return the options of a table of the database.

    :return: ``None`` if its text is not understood.
    """
    quote = connection.dialect.identifier_preparer.quote_identifier
    sql = connection.exec_driver_sql(
        f"SELECT sql FROM {quote(schema or 'main')}.sqlite_master"
        " WHERE type = 'table' AND name = ?",
        (table,),
    ).scalar()
    return None if sql is None else _parse(sql)


def find_options(dialect: sa.Dialect, table: sa.Table) -> dict[str, bool] | None:
    """Return the options that a table of the models would have.

    :return: ``None`` if it cannot be made on SQLite.
    """
    try:
        return _parse(str(CreateTable(table).compile(dialect=dialect)))
    except exc.CompileError:
        return None


def _parse(sql: str) -> dict[str, bool] | None:
    try:
        return _describe(parse_table(sql))
    except DefinitionError:
        return None


def _describe(table: TableDefinition) -> dict[str, bool]:
    return {
        "sqlite_autoincrement": table.is_autoincrement,
        "sqlite_strict": table.is_strict,
        "sqlite_with_rowid": table.has_rowid,
    }
