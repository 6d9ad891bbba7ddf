"""A table of SQLite as a definition: what the database keeps, and what models say."""

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
"""The options by SQLAlchemy's names, and what a table is where nothing is said."""


def read_texts(connection: sa.Connection, schema: str | None) -> dict[str, str]:
    """Return the text of each table of a database file, by its name."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    rows = connection.exec_driver_sql(
        f"SELECT name, sql FROM {quote(schema or 'main')}.sqlite_master"
        " WHERE type = 'table'"
    )
    return {name: sql for name, sql in rows if sql}


def read_definition(sql: str) -> TableDefinition | None:
    """Return a table, from the statement that makes it.

    :return: ``None`` if it is not understood.
    """
    try:
        return parse_table(sql)
    except DefinitionError:
        return None


def make_definition(dialect: sa.Dialect, table: sa.Table) -> TableDefinition | None:
    """Return a table of the models, as it would be made.

    :return: ``None`` if it cannot be made on SQLite.
    """
    try:
        return read_definition(str(CreateTable(table).compile(dialect=dialect)))
    except exc.CompileError:
        return None


def list_options(table: TableDefinition) -> dict[str, bool]:
    """Return the options of a table, each of ``DEFAULTS``."""
    return {
        "sqlite_autoincrement": table.is_autoincrement,
        "sqlite_strict": table.is_strict,
        "sqlite_with_rowid": table.has_rowid,
    }


def spell_type(table: TableDefinition, column: str) -> tuple[str, ...] | None:
    """Return the declared type and collation of a column, in small letters."""
    found = table.column(column)

    if found is None:
        return None

    collation = found.find("COLLATE")
    tokens = [*found.type, *(collation.body if collation else ())]
    return tuple(token.name.lower() for token in tokens)
