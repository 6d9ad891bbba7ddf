"""Statements of MySQL and MariaDB as texts; several of MariaDB's in one message."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

_MOST = 100
"""Statements of one message that only read."""


def run(connection: sa.Connection, sql: str) -> t.Any:
    """Run a text as it stands: a percent sign in it is no parameter."""
    return connection.exec_driver_sql(sql.replace("%", "%%"))


def can_join(dialect: sa.Dialect) -> bool:
    """Tell whether a server and its driver take several statements as one.

    MySQL has no such statement; and other drivers may want to be told that an answer
    has several parts.

    :param dialect: connected.
    """
    return getattr(dialect, "is_mariadb", False) and dialect.driver == "pymysql"


def join(statements: cabc.Iterable[str]) -> str:
    """Return one statement that does what several do."""
    return f"BEGIN NOT ATOMIC {'; '.join(statements)}; END"


def show_each(
    connection: sa.Connection, things: cabc.Sequence[str]
) -> cabc.Iterator[cabc.Sequence[t.Any]]:
    """Yield the row that ``SHOW CREATE`` gives for each thing.

    :param things: the kind of each and its name in quotes: ``TABLE `orders```.
    :raises sqlalchemy.exc.DBAPIError: at one that is not there, or not for everybody.
    """
    statements = [f"SHOW CREATE {one}" for one in things]

    for at in range(0, len(statements), _MOST):
        some = statements[at : at + _MOST]
        is_worth_it = len(some) > 1 and can_join(connection.dialect)
        rows = _run_together(connection, some) if is_worth_it else None
        yield from rows or (run(connection, one).one() for one in some)


def _run_together(
    connection: sa.Connection, statements: cabc.Sequence[str]
) -> list[cabc.Sequence[t.Any]] | None:
    """Run queries that have one row each.

    :return: ``None`` where one is refused: it is not said which.
    """
    rows: list[cabc.Sequence[t.Any]] = []

    try:
        result = run(connection, join(statements))
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise

        return None

    # SQLAlchemy gives the first of several answers only.
    try:
        while len(rows) < len(statements):
            rows.append(result.cursor.fetchone())
            result.cursor.nextset()
    except connection.dialect.loaded_dbapi.Error:
        return None
    finally:
        result.close()

    return rows
