"""How the connections of one command are made, and what their errors mean."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import re
import time
import traceback
import typing as t

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc

from ..errors import ConnectionFailed
from ..errors import DatabaseNotFound
from ..errors import MigrationError
from ..errors import NotConfigured
from .dialects import get_dialect
from .dialects.base import describe_url
from .dialects.base import explain_torn
from .dialects.base import first_line
from .dialects.base import hide_secrets
from .dialects.base import is_torn
from .dialects.explanations import explain_unreachable
from .server import make_server_engine
from .server import run_connected
from .server import run_coroutine
from .sources import AnyEngine
from .sources import Database

T = t.TypeVar("T")

_NO_URL = "SQLALCHEMY_DATABASE_URI"
_TIMED_OUT = re.compile(r"(?i)timed out|timeout expired")


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
            stack.enter_context(
                _prepared(database.engine, writes=writes, timeout=timeout)
            )

        yield


@contextlib.contextmanager
def _prepared(
    engine: AnyEngine, *, writes: bool, timeout: float
) -> cabc.Iterator[None]:
    sync_engine = engine if isinstance(engine, sa.Engine) else engine.sync_engine
    known = get_dialect(engine.dialect.name)
    replaced: list[t.Any] = []

    def connect(
        dialect: sa.Dialect,
        record: t.Any,
        arguments: list[t.Any],
        parameters: dict[str, t.Any],
    ) -> t.Any:
        stand_in = known.prepare_connect(
            dialect, arguments, parameters, writes=writes, timeout=timeout
        )

        if stand_in is not None:
            replaced.append(stand_in)
            return stand_in

        began = time.monotonic()

        try:
            return known.connect(dialect, arguments, parameters)
        except Exception as error:
            waited = time.monotonic() - began
            explained = explain_attempt(error, engine.url, waited=waited)
            # The driver repeats the host, which is then a part of the password.
            raise explained from (None if is_torn(engine.url) else error)

    event.listen(sync_engine, "do_connect", connect)

    try:
        yield
    finally:
        event.remove(sync_engine, "do_connect", connect)

        if replaced:
            # What stands in for a file must not stay in the application's pool.
            dispose(engine)


def run_on_server(
    url: sa.URL, work: cabc.Callable[[sa.Connection], T], *, timeout: float
) -> T:
    """Run some work on a connection of its own that commits by itself.

    :param url: with a synchronous or an asynchronous driver.
    :param work: is given the connection.
    :param timeout: seconds until the connection attempt is given up.
    """
    engine = make_server_engine(url)

    with _prepared(engine, writes=True, timeout=timeout):
        return run_connected(engine, work)


def dispose(engine: AnyEngine) -> None:
    """Close the connections that an engine's pool keeps."""
    if isinstance(engine, sa.Engine):
        engine.dispose()
    else:
        run_coroutine(engine.dispose())


def explain_attempt(error: Exception, url: sa.URL, *, waited: float) -> MigrationError:
    """Say why no connection could be made, whatever the driver has raised.

    :param error: what the driver's ``connect`` raised: asynchronous drivers raise
        what SQLAlchemy does not know, ``OSError`` among it.
    :param url: where the connection should have gone.
    :param waited: the seconds that the attempt took.
    """
    if is_torn(url):
        return explain_torn()

    where = describe_url(url)

    if isinstance(error, TimeoutError) or _TIMED_OUT.search(str(error)):
        return ConnectionFailed(
            f"The database server at {where} cannot be reached: no answer after"
            f" {waited:.0f} s.",
            hint="Check that it runs and that the host and port in the URL are right;"
            " MIGRATE_CONNECT_TIMEOUT says how long to wait.",
        )

    if isinstance(error, (TypeError, ValueError)):
        return NotConfigured(
            "The database driver does not understand a parameter of the URL (or of"
            f" connect_args): {hide_secrets(str(error))}",
            hint="Correct what stands behind the `?` in the URL.",
        )

    if isinstance(error, OSError):
        # asyncio says "Connect call failed", whatever the system has said.
        number = error.errno if isinstance(error, ConnectionError) else None
        why = os.strerror(number) if number else error.strerror or str(error)
        kind, message, hint = explain_unreachable(where, why)
        return kind(message, hint=hint)

    wrapped = exc.OperationalError(None, None, error)
    return get_dialect(url.get_backend_name()).explain(wrapped, url)


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

    if isinstance(error, ValueError) and _comes_from_url(error):
        return NotConfigured(
            "The database URL cannot be understood: its port is no number.",
            hint=_URL_HINT,
        )

    if isinstance(error, (exc.DBAPIError, exc.TimeoutError)):
        name = url.get_backend_name() if url is not None else _guess_backend(error)
        return get_dialect(name).explain(error, url)

    if isinstance(error, exc.NoReferenceError):
        return MigrationError(
            f"The models do not fit together: {first_line(error)}",
            hint="Correct the foreign key, or import the module with the model that it"
            " names.",
        )

    if isinstance(error, RuntimeError) and _NO_URL in str(error):
        # Flask-SQLAlchemy's own words.
        return NotConfigured(
            f"No database URL is set: {error}",
            hint=f"Set app.config[{_NO_URL!r}] before db.init_app(app).",
        )

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
    # SQLAlchemy 2 knows a dialect with a driver as "postgresql.psycopg".
    name = str(error).rpartition(":")[2].strip().replace(".", "+")
    scheme, plus, driver = name.partition("+")

    if scheme == "postgres":
        return NotConfigured(
            f"The database URL begins with {name}://, which SQLAlchemy does not know.",
            hint=f"Write postgresql{plus}{driver}:// instead.",
        )

    return NotConfigured(
        f"The database URL begins with {name}://, and no installed package knows it.",
        hint="Correct the URL, or install the package that brings this dialect.",
    )


def _explain_url(error: exc.ArgumentError) -> MigrationError | None:
    text = str(error)

    if "URL" not in text:
        return None

    # SQLAlchemy 2.0 repeats the whole URL here, its password included.
    is_none = text.endswith("got None")
    return NotConfigured(
        "The database URL is not set: it is None."
        if is_none
        else "The database URL cannot be understood: it is empty, or no URL.",
        hint=_URL_HINT,
    )


_URL_HINT = (
    "It looks like dialect+driver://user:password@host:port/database; a `@ / : # %` in"
    " a password must be percent-encoded (`@` is %40)."
)


def _comes_from_url(error: ValueError) -> bool:
    """Tell whether SQLAlchemy raised an error while it read a URL."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].name == "_parse_url"


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
