"""Make a database that does not exist yet, and drop one that does."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import functools

import sqlalchemy as sa

from ..errors import BadOption
from ..errors import ConnectionFailed
from ..errors import DatabaseNotFound
from .connections import dispose
from .connections import explain
from .connections import run_on_server
from .dialects.base import explain_torn
from .dialects.base import is_torn
from .sources import Database


def name_of(database: Database) -> str:
    """Return the name of a database, as its server or its file system knows it."""
    return database.url.database or ":memory:"


def make_missing(
    database: Database, options: cabc.Mapping[str, str], *, timeout: float
) -> bool:
    """Make a database unless it exists.

    :param options: how, as its backend understands it.
    :param timeout: seconds until a connection attempt is given up.
    :return: whether it was made now.
    :raises BadOption: the backend has no such option.
    """
    dialect = database.dialect
    unknown = set(options) - set(dialect.database_options)

    if unknown:
        names = ", ".join(f"--{one}" for one in dialect.database_options) or "none"
        raise BadOption(
            f"{dialect.title} has no --{min(unknown)} for a new database.",
            hint=f"It understands: {names}.",
        )

    run = functools.partial(run_on_server, timeout=timeout)

    with explained(database):
        if dialect.database_exists(database.url, run):
            return False

        try:
            dialect.make_database(database.url, options, run)
        except sa.exc.DBAPIError:
            # Another run may have been faster.
            if not dialect.database_exists(database.url, run):
                raise

            return False

        return True


def drop_existing(database: Database, *, timeout: float) -> None:
    """Drop a database with everything in it.

    :param timeout: seconds until a connection attempt is given up.
    :raises DatabaseNotFound: there is none.
    """
    run = functools.partial(run_on_server, timeout=timeout)

    with explained(database):
        if not database.dialect.database_exists(database.url, run):
            raise DatabaseNotFound(
                f'There is no database "{name_of(database)}" on'
                f" {database.place}; nothing was dropped."
            )

        # The application's own idle connections would keep it open.
        dispose(database.engine)
        database.dialect.drop_database(database.url, run)


@contextlib.contextmanager
def explained(database: Database) -> cabc.Iterator[None]:
    """Say in words what the server of a database answers."""
    try:
        yield
    except ConnectionFailed:
        if is_torn(database.url):
            # What it would repeat as the host is a part of the password.
            raise explain_torn() from None

        raise
    except sa.exc.SQLAlchemyError as error:
        explained = explain(error, database.url)

        if explained is None:
            raise

        raise explained from error
