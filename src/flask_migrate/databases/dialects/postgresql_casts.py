"""Which casts PostgreSQL has: asked of the server, on an empty temporary table."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import exc

from . import get_dialect


def find_using(
    connection: sa.Connection, old: str, new: str, *, column: str
) -> str | None:
    """Return the ``USING`` expression that turns one type into another.

    :param column: the name that the expression speaks of, quoted.
    :return: empty where the server needs none, or does not know the types; ``None``
        where it has no cast.
    """
    made = f"CREATE TEMPORARY TABLE whimbrel_comparison ({column} {old}, other {new})"

    if not _works(connection, made):
        return ""

    change = f"ALTER TABLE whimbrel_comparison ALTER COLUMN {column} TYPE {new}"
    explicit = f"{column}::{new}"

    if _works(connection, made, change):
        return ""

    return explicit if _works(connection, made, f"{change} USING {explicit}") else None


def _works(connection: sa.Connection, *statements: str) -> bool:
    try:
        with get_dialect(connection.dialect.name).try_aside(connection):
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))
    except exc.DBAPIError:
        return False

    return True
