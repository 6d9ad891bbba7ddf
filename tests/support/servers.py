"""The private servers of one test run, and what each kind of database can do.

A server starts when the first test asks for one, together with the others that the
collected tests will want. `server_process` says how it always ends.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support import server_process


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One kind of database, by what it can do.

    :param name: what a test calls it, and what its parametrised id says.
    :param capabilities: names out of `CAPABILITIES`.
    :param driver: the SQLAlchemy dialect and driver of its URLs.
    :param home: the database that an administrator connects to.
    :param server: which private server it lives on; nothing for SQLite.
    """

    name: str
    capabilities: frozenset[str]
    driver: str
    home: str | None = None
    server: str | None = None


CAPABILITIES = {
    "comments": "tables and columns carry comments",
    "enum_types": "an enum is a type of its own (CREATE TYPE)",
    "native_enum": "an enum is more than a VARCHAR with a CHECK",
    "schemas": "one database holds several schemas",
    "server": "databases live on a server, behind a user and a password",
    "transactional_ddl": "CREATE and ALTER can be rolled back",
    "two_phase": "a transaction can be prepared first and committed later",
}

BACKENDS = {
    backend.name: backend
    for backend in (
        Backend(
            name="sqlite",
            driver="sqlite",
            capabilities=frozenset({"transactional_ddl"}),
        ),
        Backend(
            name="postgresql",
            driver="postgresql+psycopg",
            home="postgres",
            server="postgresql",
            capabilities=frozenset(CAPABILITIES),
        ),
        Backend(
            name="mariadb",
            driver="mysql+pymysql",
            server="mariadb",
            capabilities=frozenset({"comments", "native_enum", "server", "two_phase"}),
        ),
    )
}


class ServerMissing(Exception):
    """The programs of a server are not on this machine.

    :param kind: which server.
    """

    def __init__(self, kind: type[server_process.Server]) -> None:
        super().__init__(
            f"{kind.__name__} is not installed here; on Debian:"
            f" apt-get install {kind.packages}"
        )


class PrivateServer:
    """One server that belongs to this process, as a caller in Python sees it.

    :param name: a key of `server_process.KINDS`.
    :param arguments: for a pooler, the port of its server.
    """

    def __init__(self, name: str, *arguments: str) -> None:
        self.name = name
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self._facts: dict[str, t.Any] = {}

    @property
    def supervisor_pid(self) -> int:
        """The process that watches over the server."""
        assert self._process is not None
        return self._process.pid

    @property
    def facts(self) -> dict[str, t.Any]:
        """What the server says of itself; waits for its first answer.

        :returns: ``folder``, ``host``, ``password``, ``pid``, ``port``, ``user``.
        :raises ServerMissing: it is not installed.
        :raises server_process.ServerFailed: it did not start.
        """
        self.launch()
        if not self._facts:
            self._facts = self._read_facts()

        if "error" in self._facts:
            raise server_process.ServerFailed(self._facts["error"])

        return self._facts

    def launch(self) -> None:
        """Begin to start the server, once; do not wait for it.

        :raises ServerMissing: it is not installed.
        """
        if self._process is not None:
            return

        kind = server_process.KINDS[self.name]
        if kind.find_program() is None:
            raise ServerMissing(kind)

        # A session of its own, because Ctrl-C goes to all processes of a session.
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-I", server_process.__file__),
                *("run", self.name, *self._arguments),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )

    def stop(self) -> None:
        """Stop the server, if it was launched, and wait until all of it is gone."""
        if self._process is None:
            return

        # Closing the pipe would do, had not a fork of ours kept it open.
        self._process.communicate("stop\n")
        self._process = None
        self._facts = {}

    def _read_facts(self) -> dict[str, t.Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line.startswith("{"):
            return t.cast("dict[str, t.Any]", json.loads(line))

        # Neither facts nor an explanation: the program itself went wrong.
        return {"error": line + self._process.stdout.read()}


class Databases:
    """Makes the databases of the tests, on servers that start when they are needed."""

    def __init__(self) -> None:
        self.servers = {name: PrivateServer(name) for name in server_process.SERVERS}
        self.wanted: set[str] = set()
        self._pooler: PrivateServer | None = None
        self._engines: dict[str, sa.Engine] = {}
        self._numbers = itertools.count(1)

    def server_url(self, backend: Backend) -> str:
        """Return the URL of the superuser, for the server and no database of ours.

        A missing server skips the test; with ``CI=true`` it fails it.
        """
        assert backend.server is not None
        try:
            for name in self.wanted:
                self._launch(name)

            facts = self.servers[backend.server].facts
        except ServerMissing as error:
            self._do_without(error)

        return sa.URL.create(
            backend.driver,
            username=facts["user"],
            password=facts["password"],
            host=facts["host"],
            port=facts["port"],
            database=backend.home,
        ).render_as_string(hide_password=False)

    def pooled_url(self, url: str) -> str:
        """Return a PostgreSQL's URL through a PgBouncer in transaction mode.

        A missing PgBouncer skips the test; with ``CI=true`` it fails it.
        """
        if self._pooler is None:
            port = self.servers["postgresql"].facts["port"]
            self._pooler = PrivateServer("pgbouncer", str(port))

        try:
            facts = self._pooler.facts
        except ServerMissing as error:
            self._do_without(error)

        pooled = sa.make_url(url).set(port=facts["port"])
        return pooled.render_as_string(hide_password=False)

    def create(self, backend: Backend, *, folder: Path) -> str:
        """Return the URL of a new, empty database.

        :param folder: where a SQLite file will be; it is not made yet.
        """
        name = f"shop_{next(self._numbers)}"
        if backend.server is None:
            return f"sqlite:///{folder / name}.db"

        server = self.server_url(backend)
        with self._connect(server) as connection:
            options = _creation_options(connection.dialect)
            connection.exec_driver_sql(f"CREATE DATABASE {name}{options}")

        url = sa.make_url(server).set(database=name)
        return url.render_as_string(hide_password=False)

    def drop(self, backend: Backend, url: str) -> None:
        """Drop what `create` made, whoever is still connected to it."""
        if backend.server is None:
            return

        name = sa.make_url(url).database
        force = " WITH (FORCE)" if backend.name == "postgresql" else ""
        with self._connect(self.server_url(backend)) as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}{force}")

    def close(self) -> None:
        """Disconnect, and stop every server."""
        for engine in self._engines.values():
            engine.dispose()

        if self._pooler is not None:
            self._pooler.stop()

        for server in self.servers.values():
            server.stop()

    def _launch(self, name: str) -> None:
        try:
            self.servers[name].launch()
        except ServerMissing:
            return  # Only the test that needs it says so.

    def _do_without(self, error: ServerMissing) -> t.NoReturn:
        if is_ci():
            pytest.fail(str(error), pytrace=False)

        pytest.skip(str(error))

    def _connect(self, server: str) -> sa.Connection:
        if server not in self._engines:
            engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
            self._engines[server] = engine

        return self._engines[server].connect()


def _creation_options(dialect: sa.Dialect) -> str:
    """Return the options of the quickest CREATE DATABASE that the server has."""
    if dialect.name != "postgresql":
        return ""

    # Copying the files takes half the time where nothing is synced to the disk.
    is_modern = (dialect.server_version_info or ()) >= (15,)
    return f" TEMPLATE template0{' STRATEGY FILE_COPY' if is_modern else ''}"


def is_ci() -> bool:
    """Return whether this run is a judge: what is missing is then a failure."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def select_backends(marks: t.Iterable[pytest.Mark]) -> list[Backend]:
    """Return the backends that all marks of one test allow.

    :param marks: ``backends("postgresql", ...)``, the name of a capability, or
        ``without("transactional_ddl", ...)``; others say nothing about backends.
    :raises ValueError: no backend, or a name that nobody knows.
    """
    chosen = list(BACKENDS.values())
    for mark in marks:
        known = BACKENDS if mark.name == "backends" else CAPABILITIES
        if mark.name in {"backends", "without"} and set(mark.args) - set(known):
            raise ValueError(f"{mark.name}{mark.args}: choose from {sorted(known)}")

        chosen = [backend for backend in chosen if _allows(mark, backend)]

    if not chosen:
        raise ValueError("no backend can do all that the marks ask for")

    return chosen


def _allows(mark: pytest.Mark, backend: Backend) -> bool:
    if mark.name == "backends":
        return backend.name in mark.args

    if mark.name == "without":
        return not backend.capabilities.intersection(mark.args)

    return mark.name not in CAPABILITIES or mark.name in backend.capabilities
