"""Engines for migrations alone: the application's databases, by other URLs."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import re
import threading
import typing as t

import sqlalchemy as sa
from sqlalchemy import event

from ..errors import BadOption
from ..errors import NotConfigured
from .connections import explain
from .dialects.base import explain_torn
from .dialects.base import is_torn
from .sources import AnyEngine
from .sources import Database
from .sources import DEFAULT_KEYS

Urls = cabc.Mapping[str | None, sa.URL]
"""URLs by bind key; ``None`` for the default database."""

_PAIR = re.compile(r"(?P<key>[^=:/]+)=(?P<url>.*)", re.DOTALL)

_PLACE = frozenset(
    {
        *("host", "hostaddr", "port", "unix_socket", "service", "dsn"),
        *("user", "username", "password", "passwd", "passfile"),
        *("database", "dbname", "db"),
    }
)
"""What drivers call the parts of a URL."""


def read_urls(value: t.Any) -> Urls:
    """Return what ``MIGRATE_DATABASE_URI`` says.

    :param value: a URL, a mapping of bind keys to URLs, or nothing.
    :raises NotConfigured: one of them is no URL.
    """
    if value is None:
        return {}

    given = value if isinstance(value, cabc.Mapping) else {None: value}
    return {
        None if key in DEFAULT_KEYS else str(key): _parse(one)
        for key, one in given.items()
        if one is not None
    }


def read_pairs(values: cabc.Iterable[str]) -> Urls:
    """Return what ``--url URL`` and ``--url KEY=URL`` say; the last of a key wins.

    :raises NotConfigured: one of them is no URL.
    """
    pairs = [_PAIR.fullmatch(value) or value for value in values]
    return read_urls(
        dict(
            (None, pair) if isinstance(pair, str) else (pair["key"], pair["url"])
            for pair in pairs
        )
    )


def _parse(value: t.Any) -> sa.URL:
    try:
        url = sa.make_url(value)
    except (sa.exc.ArgumentError, ValueError):
        # Their own sentences hold the URL, or a part of it.
        raise NotConfigured(
            "The URL for migrations cannot be understood: it is empty, or no URL.",
            hint="MIGRATE_DATABASE_URI and --url look like"
            " dialect+driver://user:password@host:port/database.",
        ) from None

    if is_torn(url):
        raise explain_torn()

    return url


def redirect(
    databases: tuple[Database, ...],
    urls: Urls,
    made: dict[tuple[str | None, sa.URL], AnyEngine],
) -> tuple[Database, ...]:
    """Return the databases with engines that lead to other URLs, where there are some.

    :param databases: of the application.
    :param urls: by bind key.
    :param made: the engines that were made for this application before.
    :raises BadOption: the application has no database of a key.
    :raises NotConfigured: there is no dialect or driver for a URL.
    """
    keys = {one.key: one for one in databases}

    for key in urls:
        if key not in keys:
            raise BadOption(
                f"There is a URL for migrations for {key or '<default>'!r}, and the"
                " application has no such database; it has"
                f" {', '.join(one.title for one in databases)}.",
                hint="Correct the key in MIGRATE_DATABASE_URI or --url KEY=URL.",
            )

    for key, url in urls.items():
        if (key, url) not in made:
            made[key, url] = _make_engine(keys[key], url)

    return tuple(
        dataclasses.replace(one, engine=made[one.key, urls[one.key]])
        if one.key in urls
        else one
        for one in databases
    )


def _make_engine(database: Database, url: sa.URL) -> AnyEngine:
    """Return an engine that keeps no connection, with the application's options."""
    options: dict[str, t.Any] = {
        "poolclass": sa.NullPool,
        "connect_args": _carry_over(database.sync_engine, url),
    }

    try:
        if url.get_dialect().is_async:
            from sqlalchemy.ext.asyncio import create_async_engine

            engine: AnyEngine = create_async_engine(url, **options)
        else:
            engine = sa.create_engine(url, **options)
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        raise explain(error) or error from error

    sync_engine = engine if isinstance(engine, sa.Engine) else engine.sync_engine
    kept = database.sync_engine.get_execution_options()
    sync_engine.update_execution_options(**kept)
    return engine


def _carry_over(engine: sa.Engine, url: sa.URL) -> dict[str, t.Any]:
    """Return the ``connect_args`` of an engine that hold at another URL too."""
    if engine.url.drivername != url.drivername:
        return {}

    said = engine.dialect.create_connect_args(engine.url)[1]
    new = engine.dialect.create_connect_args(url)[1]
    return {
        key: value
        for key, value in _read_parameters(engine).items()
        if said.get(key) != value and key not in new and key not in _PLACE
    }


class _Seen(Exception):
    """The parameters are known, and nobody has to connect."""


def _read_parameters(engine: sa.Engine) -> dict[str, t.Any]:
    """Return what an engine would give to its driver; SQLAlchemy keeps it to itself."""
    found: dict[str, t.Any] = {}
    here = threading.get_ident()

    def look(
        dialect: t.Any, record: t.Any, arguments: t.Any, parameters: dict[str, t.Any]
    ) -> None:
        if threading.get_ident() == here:
            found.update(parameters)
            raise _Seen

    event.listen(engine, "do_connect", look, insert=True)

    try:
        # An engine with a `creator` connects indeed, and has nothing to tell.
        with contextlib.suppress(Exception):
            engine.pool.recreate().connect().close()
    finally:
        event.remove(engine, "do_connect", look)

    return found


class StandIn:
    """The database object of an application, leading to the engines for migrations.

    What an ``env.py`` of Flask-Migrate asks it for is answered here, and everything
    else by the object itself.

    :param db: the application's object.
    :param databases: with the engines to give instead of its own.
    """

    def __init__(self, db: t.Any, databases: tuple[Database, ...]) -> None:
        self._db = db
        self._found = {one.key: one.engine for one in databases}

    def __getattr__(self, name: str) -> t.Any:
        """Return what the object itself has."""
        return getattr(self._db, name)

    @property
    def engine(self) -> t.Any:
        """The engine of the default database."""
        return self._find(None)

    @property
    def engines(self) -> dict[t.Any, t.Any]:
        """The engines, by the keys of the object."""
        return {key: self._find(key) for key in self._db.engines}

    def get_engine(self, *names: t.Any, **options: t.Any) -> t.Any:
        """Return the engine of a bind key: the last argument, whatever its name."""
        given = (*names, *options.values(), None)
        return self._find(next((one for one in given if isinstance(one, str)), None))

    def _find(self, key: str | None) -> t.Any:
        return self._found[None if key in DEFAULT_KEYS else key]
