"""Look at a live database, and be unable to change it."""

from __future__ import annotations

import collections.abc as cabc
import contextlib

import sqlalchemy as sa

from .dialects import get_dialect


@contextlib.contextmanager
def read_only(connection: sa.Connection) -> cabc.Iterator[None]:
    """Let the server refuse every change on a connection.

    Inside a transaction that somebody else has begun, too.
    """
    begin, end = get_dialect(connection.dialect.name).read_only
    # PostgreSQL takes it back where a savepoint is rolled back.
    is_foreign = connection.in_transaction()
    transaction = connection.begin_nested() if is_foreign else connection.begin()

    try:
        if begin:
            connection.exec_driver_sql(begin)

        yield
    finally:
        if end:
            connection.exec_driver_sql(end)

        transaction.rollback()
