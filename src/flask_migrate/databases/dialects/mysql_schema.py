"""What a MySQL or MariaDB database consists of, in the words of SHOW CREATE."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from .mysql_ddl import quote_name
from .mysql_statements import run
from .mysql_statements import show_each
from .schemas import Schema
from .schemas import SchemaObject


def read_mysql(connection: sa.Connection, schemas: tuple[str, ...]) -> Schema:
    """Read what SHOW CREATE says, without the numbers that count rows.

    :param schemas: the names of other databases on the server.
    """
    for schema in (connection.dialect.default_schema_name or "", *schemas):
        is_default = schema == connection.dialect.default_schema_name

        for kind, name, sql in show_created(connection, schema):
            place = name if is_default else f"{schema}.{name}"
            yield from _describe_created(
                kind.lower(), place, without_owner(sql, schema)
            )


def list_mysql(connection: sa.Connection, schemas: tuple[str, ...]) -> set[str]:
    """Return the names of the tables that :func:`read_mysql` reads."""
    default = connection.dialect.default_schema_name or ""
    return {
        name if schema == default else f"{schema}.{name}"
        for schema in (default, *schemas)
        for kind, name in _list_created(connection, schema)
        if kind == "TABLE"
    }


def _list_created(connection: sa.Connection, schema: str) -> list[tuple[str, str]]:
    """Return the kind and name of what is no trigger."""
    found = run(connection, f"SHOW FULL TABLES FROM {quote_name(schema)}")
    return [(_KINDS.get(row[1], "TABLE"), str(row[0])) for row in found]


def show_created(
    connection: sa.Connection, schema: str
) -> cabc.Iterator[tuple[str, str, str]]:
    """Yield each object of a MySQL database: its kind, its name and its SQL.

    The kinds are ``TABLE``, ``SEQUENCE`` (of MariaDB), ``VIEW`` and ``TRIGGER``, in
    this order. The SQL of a view may be empty: it is not for everybody.
    """
    found = _list_created(connection, schema)
    triggers = run(connection, f"SHOW TRIGGERS FROM {quote_name(schema)}")
    names = {kind: [one for of, one in found if of == kind] for kind in _ORDER}
    names["TRIGGER"] = [str(row[0]) for row in triggers]

    for kind, some in names.items():
        things = [f"{kind} {quote_name(schema)}.{quote_name(name)}" for name in some]
        # A trigger's row has its SQL mode in between.
        at = 2 if kind == "TRIGGER" else 1
        rows = _show_views if kind == "VIEW" else show_each

        for name, row in zip(some, rows(connection, things), strict=True):
            yield kind, name, str(row[at])


def _show_views(
    connection: sa.Connection, things: cabc.Iterable[str]
) -> cabc.Iterator[cabc.Sequence[t.Any]]:
    for one in things:
        try:
            yield from show_each(connection, [one])
        except exc.DBAPIError:
            # The text is a secret to whoever has no right to SHOW VIEW.
            yield one, ""


_ORDER = ("TABLE", "SEQUENCE", "VIEW")
_KINDS = {"VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}
_COUNTED = re.compile(r" AUTO_INCREMENT=\d+")
_DEFINER = re.compile(r" DEFINER=`(?:[^`]|``)*`@`(?:[^`]|``)*`")


def without_owner(sql: str, schema: str) -> str:
    """Return a view's or a trigger's SQL without who made it, and in which database."""
    name = schema.replace("`", "``")
    return _DEFINER.sub("", sql).replace(f"`{name}`.", "")


def _describe_created(kind: str, place: str, sql: str) -> Schema:
    """Yield a table and each line of it; anything else as a whole."""
    first, *lines = sql.splitlines() or [""]
    last = _COUNTED.sub("", lines.pop()) if lines else ""

    # The order of the lines says in which order columns and keys were added.
    if kind == "table":
        yield SchemaObject(kind=kind, table=place, definition=f"{first} {last}")

        for line in lines:
            text = line.strip().rstrip(",")
            named = _NAMED.search(text)
            yield SchemaObject(
                kind=_KINDS_OF_LINES.get(text.partition(" ")[0], "column"),
                table=place,
                name=named["name"].replace("``", "`") if named else "",
                definition=text,
            )
    else:
        text = "\n".join([first, *(line.strip() for line in lines), last])
        yield SchemaObject(kind=kind, table=place, definition=text)


_NAMED = re.compile(r"`(?P<name>(?:[^`]|``)*)`")
_KINDS_OF_LINES = {
    "PRIMARY": "constraint",
    "CONSTRAINT": "constraint",
    "UNIQUE": "index",
    "KEY": "index",
    "FULLTEXT": "index",
    "SPATIAL": "index",
    "PERIOD": "constraint",
}


def make_all(connection: sa.Connection, statements: list[str]) -> None:
    """Make objects in any order: a view may read from one that comes later.

    :raises sqlalchemy.exc.DBAPIError: one of them cannot be made at all.
    """
    left = statements

    while left:
        failed = [sql for sql in left if not _is_made(connection, sql)]

        if len(failed) == len(left):
            run(connection, failed[0])

        left = failed


def _is_made(connection: sa.Connection, sql: str) -> bool:
    try:
        run(connection, sql)
    except exc.DBAPIError:
        return False

    return True
