"""Fixtures: a database for the test that asks for one.

- ``database_url``: a new, empty database; the test runs once per backend;
- ``make_database``: more of them, on the same backend;
- ``backend``: which one it is, with its capabilities;
- ``pooled_url``: the same database through a PgBouncer in transaction mode;
- ``postgresql_url`` and ``mariadb_url``: the superuser's way into one server.

``@pytest.mark.backends("postgresql", "mariadb")`` chooses by name,
``@pytest.mark.transactional_ddl`` (or any other of `servers.CAPABILITIES`) by what
the database can do, and ``@pytest.mark.without("transactional_ddl")`` by what it
cannot.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tests.support.server_process import KINDS
from tests.support.servers import Backend
from tests.support.servers import BACKENDS
from tests.support.servers import CAPABILITIES
from tests.support.servers import Databases
from tests.support.servers import select_backends
from tests.support.servers import ServerMissing

DATABASES = pytest.StashKey[Databases]()


def pytest_configure(config: pytest.Config) -> None:
    """Explain the marks, and make the one object that knows the servers."""
    config.stash[DATABASES] = Databases()
    mark = "markers"
    config.addinivalue_line(mark, "backends(*names): run on these backends only")
    config.addinivalue_line(mark, "without(*names): run where these are not known")
    for name, meaning in CAPABILITIES.items():
        config.addinivalue_line(mark, f"{name}: run only where {meaning}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a database once per backend that its marks allow."""
    if "backend" not in metafunc.fixturenames:
        return

    backends = select_backends(metafunc.definition.iter_markers())
    ids = [backend.name for backend in backends]
    metafunc.parametrize("backend", backends, ids=ids)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note which servers the tests will want, so that they start side by side."""
    databases = session.config.stash[DATABASES]
    for item in session.items:
        names: t.Sequence[str] = getattr(item, "fixturenames", ())
        wanted = {name for name in BACKENDS if f"{name}_url" in names}
        callspec = getattr(item, "callspec", None)
        if callspec is not None and "backend" in callspec.params:
            wanted.add(callspec.params["backend"].name)

        databases.wanted |= wanted & set(databases.servers)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers, after the last test and after Ctrl-C."""
    if DATABASES in config.stash:
        config.stash[DATABASES].close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which server was missing, for how many tests, and how to get it."""
    results = terminalreporter.stats
    reports = [*results.get("skipped", []), *results.get("error", [])]
    for kind in KINDS.values():
        message = str(ServerMissing(kind))
        count = sum(message in str(report.longrepr) for report in reports)
        if count:
            terminalreporter.write_line(f"{count} tests went without: {message}")


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Databases:
    """The private servers of this run, and the way to make a database."""
    return pytestconfig.stash[DATABASES]


@pytest.fixture(scope="session")
def postgresql_url(databases: Databases) -> str:
    """The superuser's URL of a private PostgreSQL, on its ``postgres`` database."""
    return databases.server_url(BACKENDS["postgresql"])


@pytest.fixture(scope="session")
def mariadb_url(databases: Databases) -> str:
    """The superuser's URL of a private MariaDB, with no database chosen."""
    return databases.server_url(BACKENDS["mariadb"])


@pytest.fixture
def make_database(
    backend: Backend, databases: Databases, tmp_path: Path
) -> t.Iterator[t.Callable[[], str]]:
    """A function that makes one more empty database and returns its URL."""
    urls: list[str] = []

    def make() -> str:
        urls.append(databases.create(backend, folder=tmp_path))
        return urls[-1]

    yield make
    for url in urls:
        databases.drop(backend, url)


@pytest.fixture
def database_url(make_database: t.Callable[[], str]) -> str:
    """The URL of a new, empty database; a SQLite file is not there yet."""
    return make_database()


@pytest.fixture
def pooled_url(database_url: str, databases: Databases) -> str:
    """The way to the database of the test through a pooler; for PostgreSQL only."""
    return databases.pooled_url(database_url)
