"""How the connections of one command are made, and what their errors mean."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc

from ..errors import ConnectionFailed
from ..errors import DatabaseNotFound
from ..errors import MigrationError
from ..errors import NotConfigured
from .dialects import get_dialect
from .dialects.base import first_line
from .dialects.base import hide_secrets
from .server import run_coroutine
from .sources import AnyEngine
from .sources import Database


@contextlib.contextmanager
def prepared(
    databases: cabc.Iterable[Database], *, writes: bool, timeout: float
) -> cabc.Iterator[None]:
    """Make the connections of these databases in our way, for the time of a command.

    A server that does not answer is given up after a while. A command that only reads
    never makes an SQLite file; one that writes makes its folder too.

    :param writes: the command may change the databases.
    :param timeout: seconds until a connection attempt is given up.
    """
    with contextlib.ExitStack() as stack:
        for database in databases:
            stack.enter_context(_prepared(database, writes=writes, timeout=timeout))

        yield


@contextlib.contextmanager
def _prepared(
    database: Database, *, writes: bool, timeout: float
) -> cabc.Iterator[None]:
    replaced: list[t.Any] = []

    def connect(
        dialect: sa.Dialect,
        record: t.Any,
        arguments: list[t.Any],
        parameters: dict[str, t.Any],
    ) -> t.Any | None:
        connection = database.dialect.prepare_connect(
            dialect, arguments, parameters, writes=writes, timeout=timeout
        )

        if connection is not None:
            replaced.append(connection)

        return connection

    event.listen(database.sync_engine, "do_connect", connect)

    try:
        yield
    finally:
        event.remove(database.sync_engine, "do_connect", connect)

        if replaced:
            # What stands in for a file must not stay in the application's pool.
            dispose(database.engine)


def dispose(engine: AnyEngine) -> None:
    """Close the connections that an engine's pool keeps."""
    if isinstance(engine, sa.Engine):
        engine.dispose()
    else:
        run_coroutine(engine.dispose())


def explain(error: BaseException, url: sa.URL | None = None) -> MigrationError | None:
    """Say in words what SQLAlchemy, a driver or a server raised.

    :param error: any exception.
    :param url: where the connection went, if that is known.
    :return: ``None`` where the error is not about a database.
    """
    if isinstance(error, exc.NoSuchModuleError):
        return _explain_dialect(error)

    if isinstance(error, exc.ArgumentError):
        return _explain_url(error)

    if isinstance(error, ModuleNotFoundError):
        return _explain_driver(error)

    if isinstance(error, (exc.DBAPIError, exc.TimeoutError)):
        name = url.get_backend_name() if url is not None else _guess_backend(error)
        return get_dialect(name).explain(error, url)

    if isinstance(error, exc.SQLAlchemyError):
        return MigrationError(f"SQLAlchemy stopped: {first_line(error)}")

    return None


def explain_any(
    error: BaseException, databases: cabc.Iterable[Database]
) -> MigrationError | None:
    """Say what an error means where several databases may have raised it."""
    known = tuple(databases)
    url = known[0].url if len(known) == 1 else _matching_url(error, known)
    return explain(error, url)


def _matching_url(
    error: BaseException, databases: tuple[Database, ...]
) -> sa.URL | None:
    """Return the URL of the one database that this driver could belong to."""
    backend = _guess_backend(error)
    urls = [one.url for one in databases if one.url.get_backend_name() == backend]
    return urls[0] if len(urls) == 1 else None


def _guess_backend(error: BaseException) -> str:
    module = type(getattr(error, "orig", error)).__module__.partition(".")[0]
    return {
        "sqlite3": "sqlite",
        "aiosqlite": "sqlite",
        "psycopg": "postgresql",
        "psycopg2": "postgresql",
        "asyncpg": "postgresql",
        "pg8000": "postgresql",
        "pymysql": "mysql",
        "MySQLdb": "mysql",
        "asyncmy": "mysql",
        "aiomysql": "mysql",
    }.get(module, "")


def _explain_dialect(error: exc.NoSuchModuleError) -> MigrationError:
    name = str(error).rpartition(":")[2].strip()

    if name == "postgres":
        return NotConfigured(
            "The database URL begins with postgres://, which SQLAlchemy does not know.",
            hint="Write postgresql:// instead.",
        )

    return NotConfigured(
        f"The database URL begins with {name}://, and no installed package knows it.",
        hint="Correct the URL, or install the package that brings this dialect.",
    )


def _explain_url(error: exc.ArgumentError) -> MigrationError | None:
    if "URL" not in str(error):
        return None

    return NotConfigured(
        "The database URL cannot be understood:"
        f" {hide_secrets(str(error).splitlines()[0])}",
        hint="It looks like dialect+driver://user:password@host:port/database; a"
        " `@ / : # %` in a password must be percent-encoded.",
    )


_DRIVERS = {
    "psycopg": 'pip install "psycopg[binary]"',
    "psycopg2": "pip install psycopg2-binary",
    "asyncpg": "pip install asyncpg",
    "pg8000": "pip install pg8000",
    "MySQLdb": "pip install mysqlclient, or write mysql+pymysql://",
    "pymysql": "pip install pymysql",
    "aiosqlite": "pip install aiosqlite",
    "asyncmy": "pip install asyncmy",
    "aiomysql": "pip install aiomysql",
    "greenlet": 'pip install "sqlalchemy[asyncio]"',
}


def _explain_driver(error: ModuleNotFoundError) -> MigrationError | None:
    name = error.name or ""

    if name not in _DRIVERS:
        return None

    # SQLAlchemy 2.1 took psycopg for postgresql://, where 2.0 had psycopg2.
    hint = f"{_DRIVERS[name]}, or name an installed driver in the URL"
    return NotConfigured(
        f"The database driver {name} is not installed, and the URL asks for it.",
        hint=f"{hint} (postgresql+psycopg2://)."
        if name == "psycopg"
        else f"{_DRIVERS[name]}.",
    )


def is_unreachable(error: BaseException) -> bool:
    """Tell whether an error says that there is no database to talk to."""
    return isinstance(error, (ConnectionFailed, DatabaseNotFound))
