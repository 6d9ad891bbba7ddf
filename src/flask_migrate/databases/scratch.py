"""The scratch database: made like a live one, without rows, and always dropped."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import logging
import secrets

import sqlalchemy as sa
from sqlalchemy import exc

from ..errors import DatabaseError
from ..errors import MigrationError
from ..errors import UsageError
from .connections import explain
from .dialects import get_dialect
from .server import make_server_engine
from .server import OURS

_log = logging.getLogger("flask_migrate")

PREFIX = "whimbrel_scratch_"
"""How the name of each scratch database on a server begins."""

ABANDONED_SECONDS = 600
"""How old one is, with nobody connected, when the next run drops it."""


@contextlib.contextmanager
def scratch_database(
    source: sa.Connection, *, is_empty: bool = False
) -> cabc.Iterator[sa.Engine]:
    """Make a scratch database of the kind of a live one, and drop it in the end.

    It has the schema of the live one and no rows; on PostgreSQL it is empty. On a
    server it stands beside the live one. A run that was killed leaves it; the next one
    sweeps it up.

    :param source: connected to the live database, which is only read. With an
        asynchronous driver, inside of its greenlet.
    :param is_empty: without the schema too.
    :return: an engine whose connections commit by themselves.
    :raises DatabaseError: the user may not make one; says which right is missing.
    """
    dialect = get_dialect(source.dialect.name)

    make = _in_memory if dialect.captures_live else _on_server

    if not dialect.captures_live and not dialect.scratch_right:
        raise UsageError(f"{dialect.title} has no scratch databases.")

    with make(source) as engine:
        if not is_empty:
            with engine.connect() as target, _explaining(source):
                dialect.copy_schema(source, target)

        yield engine


@contextlib.contextmanager
def _in_memory(source: sa.Connection) -> cabc.Iterator[sa.Engine]:
    engine = sa.create_engine(
        "sqlite://",
        poolclass=sa.StaticPool,
        isolation_level="AUTOCOMMIT",
        execution_options=OURS,
        # What is not prepared again does not say again which tables it reads.
        connect_args={"cached_statements": 0},
    )

    try:
        yield engine
    finally:
        engine.dispose()


@contextlib.contextmanager
def _on_server(source: sa.Connection) -> cabc.Iterator[sa.Engine]:
    dialect = get_dialect(source.dialect.name)
    url = source.engine.url

    with contextlib.ExitStack() as stack:
        admin = stack.enter_context(_connected(dialect.maintenance_url(url)))

        with _explaining(source):
            now = dialect.read_clock(admin)
            name = name_scratch(now)
            dialect.make_scratch(source, admin, name=name)

        stack.callback(_drop, admin, name)
        sweep_scratches(admin, now)
        engine = _sync(make_server_engine(url.set(database=name)))
        stack.callback(engine.dispose)
        yield engine


@contextlib.contextmanager
def _connected(url: sa.URL) -> cabc.Iterator[sa.Connection]:
    engine = _sync(make_server_engine(url))

    with engine.connect() as connection:
        yield connection


def _sync(engine: object) -> sa.Engine:
    if isinstance(engine, sa.Engine):
        return engine

    # Inside of the greenlet of an asynchronous run its synchronous half works.
    return engine.sync_engine  # type: ignore[attr-defined,no-any-return]


def _drop(admin: sa.Connection, name: str) -> None:
    quoted = admin.dialect.identifier_preparer.quote_identifier(name)

    try:
        admin.exec_driver_sql(f"DROP DATABASE IF EXISTS {quoted}")
    except exc.SQLAlchemyError:
        _log.warning("The scratch database %s could not be dropped.", name)


def name_scratch(now: int) -> str:
    """Return a new name for a scratch database.

    :param now: seconds since 1970, on the clock of the server.
    """
    return f"{PREFIX}{now}_{secrets.token_hex(4)}"


def sweep_scratches(admin: sa.Connection, now: int) -> None:
    """Drop what killed runs have left.

    :param admin: connected to the maintenance database of the server.
    :param now: as for :func:`name_scratch`.
    """
    dialect = get_dialect(admin.dialect.name)

    with contextlib.suppress(exc.SQLAlchemyError):
        for name in dialect.list_idle_databases(admin):
            made = name.removeprefix(PREFIX).partition("_")[0]
            is_ours = name.startswith(PREFIX) and made.isdigit()

            if is_ours and now - int(made) > ABANDONED_SECONDS:
                _drop(admin, name)


@contextlib.contextmanager
def _explaining(source: sa.Connection) -> cabc.Iterator[None]:
    try:
        yield
    except exc.DBAPIError as error:
        raise _explain(error, source) from error


def _explain(error: exc.DBAPIError, source: sa.Connection) -> MigrationError:
    dialect = get_dialect(source.dialect.name)
    user = source.engine.url.username or ""
    known = explain(error, dialect.name_server(source))
    reason = known.message if known else str(error.orig)
    return DatabaseError(
        "A scratch database beside this one is needed, and it could not be made:"
        f" {reason}",
        hint=f"Let the user make one: {dialect.scratch_right.format(user=user)}",
    )
