"""What a template of MySQL or MariaDB is made of, written down in a table of it."""

from __future__ import annotations

import json
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from .mysql_ddl import quote_name
from .mysql_schema import show_created
from .mysql_schema import without_owner
from .mysql_statements import run

PARTS = "whimbrel_template"
"""In a template: what it is made of, and one row more when it is whole."""

_WHOLE = "FINGERPRINT"
"""The kind of the row of a whole template; its text is the fingerprint."""

_PARTS_TABLE = sa.Table(
    PARTS,
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("text", sa.Text(2**24 - 1), nullable=False),
    sa.Column("columns", sa.Text(2**24 - 1), nullable=False),
    sa.Column("has_rows", sa.Boolean, nullable=False),
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mariadb_engine="InnoDB",
    mariadb_charset="utf8mb4",
)


def read_kept(home: sa.Connection, name: str) -> str | None:
    """Return the fingerprint that a template was kept with; none where it is not."""
    query = f"SELECT text FROM {quote_name(name)}.{PARTS} WHERE kind = '{_WHOLE}'"

    try:
        found: str | None = run(home, query).scalar()
    except exc.DBAPIError:
        # There is no such table, or no such database any more.
        return None

    return found


def write_parts(connection: sa.Connection, fingerprint: str) -> None:
    """Write down what makes each object, in the order in which a copy makes them."""
    schema = connection.dialect.default_schema_name or ""
    columns = _read_columns(connection, schema)
    parts = [
        {
            "kind": kind,
            "name": name,
            "text": without_owner(sql, schema),
            "columns": json.dumps(columns[name]) if kind == "TABLE" else "",
            "has_rows": kind == "TABLE" and _has_rows(connection, name),
        }
        for kind, name, sql in show_created(connection, schema)
    ]
    whole = {"kind": _WHOLE, "name": "", "text": fingerprint, "columns": ""}
    _PARTS_TABLE.create(connection)

    if parts:
        connection.execute(_PARTS_TABLE.insert(), parts)

    connection.execute(_PARTS_TABLE.insert(), {**whole, "has_rows": False})


def _read_columns(connection: sa.Connection, schema: str) -> dict[str, list[str]]:
    """Return the columns whose values are stored, by table; `*` has no hidden ones."""
    query = sa.text(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = :schema AND COALESCE(generation_expression, '') = ''"
        " ORDER BY table_name, ordinal_position"
    )
    found: dict[str, list[str]] = {}

    for table, column in connection.execute(query, {"schema": schema}):
        found.setdefault(table, []).append(column)

    return found


def _has_rows(connection: sa.Connection, table: str) -> bool:
    query = f"SELECT 1 FROM {quote_name(table)} LIMIT 1"
    return run(connection, query).first() is not None


def read_parts(connection: sa.Connection, place: str) -> list[t.Any]:
    """Return the rows of a template, in the order in which a copy makes them.

    :param place: the name of its database.
    """
    table = _PARTS_TABLE.to_metadata(sa.MetaData(), schema=place)
    query = sa.select(table).where(table.c.kind != _WHOLE).order_by(table.c.id)
    return [*connection.execute(query)]
