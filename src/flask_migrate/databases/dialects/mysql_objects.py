"""MySQL and MariaDB: the part of a schema that one statement can change."""

from __future__ import annotations

import hashlib
import re
import typing as t

import sqlalchemy as sa

from .durability import find_names
from .durability import strip_comments

_KNOWN = re.compile(
    r"(?i)(?:CREATE|ALTER|DROP|RENAME|TRUNCATE|ANALYZE|OPTIMIZE|REPAIR|GRANT|REVOKE)\b"
    r"(?!\s+(?:OR\s+REPLACE\s+)?(?:USER|ROLE|SERVER)\b)"
)
_SWAPS = re.compile(r"(?i)\bEXCHANGE\s+PARTITION\b")
"""Done twice, it is undone; and the schema looks the same."""
_TABLE = re.compile(r"(?i)\w+\s+(?:(?:UNIQUE|FULLTEXT|SPATIAL)\s+)?(?:TABLE|INDEX)\b")
_NAME = r"(?:`[^`]+`|(?!IF\b)[^\W\d][\w$]*)"
_TARGET = re.compile(
    rf"(?i)(?:(?:CREATE|ALTER|DROP)\s+TABLE|"
    rf"(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+)INDEX\s+{_NAME}\s+ON)"
    rf"\s+(?P<target>{_NAME})(?=[\s(]|\Z)(?!\s*[.,])"
)
"""The one table that a statement changes, in this database; it may name others.

For several names the server looks at every table (MariaDB 10.11: 0.9 ms where there are
a thousand).
"""
_NO_TABLE = 1146
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")

_NAMES: sa.BindParameter[str] = sa.bindparam("names", expanding=True)
_HERE = sa.text(
    "SELECT table_schema, table_name FROM information_schema.tables"
    " WHERE table_schema = DATABASE() AND table_name IN :names ORDER BY 1, 2"
).bindparams(_NAMES)
_ANYWHERE = sa.text(
    "SELECT table_schema, table_name FROM information_schema.tables"
    " WHERE (table_schema = DATABASE() OR table_schema IN :names)"
    " AND table_name IN :names ORDER BY 1, 2"
).bindparams(_NAMES)
"""Looks into every database of the server, and takes its time."""
_OTHERS = sa.text(
    """
    SELECT trigger_schema, trigger_name, action_statement
    FROM information_schema.triggers
    WHERE trigger_schema = DATABASE() AND trigger_name IN :names
    UNION ALL
    SELECT routine_schema, routine_name, routine_definition
    FROM information_schema.routines
    WHERE routine_schema = DATABASE() AND routine_name IN :names
    UNION ALL
    SELECT event_schema, event_name, event_definition
    FROM information_schema.events
    WHERE event_schema = DATABASE() AND event_name IN :names
    UNION ALL
    SELECT schema_name, default_collation_name, ''
    FROM information_schema.schemata WHERE schema_name IN :names
    ORDER BY 1, 2, 3
    """
).bindparams(_NAMES)


def read_objects(connection: sa.Connection, sql: str) -> str | None:
    """Return a hash of everything that a statement names.

    Each statement of DDL is atomic on these servers (MySQL 8.0, MariaDB 10.6): if
    nothing of this has changed, it was not done.

    :return: ``None`` for a statement that may change something else.
    """
    if not _KNOWN.match(strip_comments(sql)) or _SWAPS.search(sql):
        return None

    target = _TARGET.match(strip_comments(sql))
    rows = _read_table(connection, target["target"].strip("`")) if target else None

    if rows is None:
        rows = _read_rows(connection, sql, target)

    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _read_table(connection: sa.Connection, name: str) -> list[t.Any] | None:
    """Read one table of this database, with one word to the server.

    :return: ``None`` where something is in the way, and somebody else has to say what.
    """
    place = connection.dialect.identifier_preparer.quote_identifier(name)
    cursor: t.Any = connection.connection.cursor()

    # Below SQLAlchemy, for which a table that is not there is an error to be told of.
    try:
        # With parameters, as quoting has doubled the percent signs of the name.
        cursor.execute(f"SHOW CREATE TABLE {place}", ())
        _, created, *_ = cursor.fetchone()
    except connection.dialect.loaded_dbapi.Error as error:
        return [] if error.args[:1] == (_NO_TABLE,) else None
    finally:
        cursor.close()

    # It stands in front of a table that has its name, and will be gone.
    if created.startswith("CREATE TEMPORARY"):
        return None

    return [_make_row(connection.dialect.default_schema_name, name, created)]


def _make_row(schema: str | None, name: str, created: t.Any) -> tuple[t.Any, ...]:
    return schema, name, _COUNTER.sub("", str(created))


def _read_rows(
    connection: sa.Connection, sql: str, target: re.Match[str] | None
) -> list[t.Any]:
    names = {"names": [target["target"].strip("`")] if target else find_names(sql)}
    tables = _ANYWHERE if "." in sql and not target else _HERE
    rows: list[t.Any] = []

    for schema, table in connection.execute(tables, names).all():
        quote = connection.dialect.identifier_preparer.quote_identifier
        place = f"{quote(schema)}.{quote(table)}"
        created = connection.exec_driver_sql(f"SHOW CREATE TABLE {place}").one()
        rows.append(_make_row(schema, table, created[1]))

    if not _TABLE.match(strip_comments(sql)):
        rows += map(tuple, connection.execute(_OTHERS, names))

    return rows
