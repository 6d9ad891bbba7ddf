"""What one step of many costs: words, connections and compilations, by counting."""

from __future__ import annotations

import pathlib
import typing as t
from unittest import mock

import pytest
import sqlalchemy as sa

from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.kills import count_sent
from tests.support.projects import make_project
from tests.support.servers import Backend

WORDS = {"sqlite": 4, "postgresql": 4, "mariadb": 5}
"""The change, the version, the history and the commit.

Servers take the version and the history in one word. PostgreSQL begins with the limit
for locks in another; where DDL commits by itself, one word looks at what it changes,
and one says that it begins.
"""


@pytest.fixture
def connections() -> t.Iterator[list[object]]:
    """Note each connection that is made, of whatever engine."""
    made: list[object] = []

    def note(connection: object, record: object) -> None:
        made.append(connection)

    sa.event.listen(sa.Pool, "connect", note)
    yield made
    sa.event.remove(sa.Pool, "connect", note)


def test_words_of_a_step(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """Each further revision of one statement sends the same few words, either way."""
    project = make_shop(tmp_path, database_url, *map(make_table, range(1, 24)))
    project.run_well("upgrade", "a3")
    few, many, many_back, few_back = (
        count_sent(lambda words=words: project.run_well(*words.split()))
        for words in ("upgrade a6", "upgrade a23", "downgrade a6", "downgrade a3")
    )
    assert many - few == WORDS[backend.name] * (17 - 3)
    assert many_back - few_back == WORDS[backend.name] * (17 - 3)


def test_connections_of_an_upgrade(
    database_url: str,
    tmp_path: pathlib.Path,
    backend: Backend,
    connections: list[object],
) -> None:
    """One connection, and one for the lock that a server keeps; then none."""
    engine = sa.create_engine(database_url)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1")
    project.run_well("upgrade")
    assert len(connections) == (2 if "server" in backend.capabilities else 1)
    connections.clear()
    # The application keeps its own in the pool.
    project.run_well("upgrade")
    assert not connections
    engine.dispose()


@pytest.mark.backends("sqlite")
def test_statements_that_are_compiled(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """Of a thousand versions and histories, SQLAlchemy compiles one statement each."""
    project = make_shop(tmp_path, database_url, *map(make_table, range(1, 10)))
    project.run_well("upgrade", "a2")
    compiled: list[str] = []
    original = sa.sql.compiler.SQLCompiler.__init__

    def note(compiler: t.Any, *args: t.Any, **options: t.Any) -> None:
        compiled.append(type(args[1]).__name__)
        original(compiler, *args, **options)

    with mock.patch.object(sa.sql.compiler.SQLCompiler, "__init__", note):
        project.run_well("upgrade")

    assert compiled.count("Update") == 1
    assert compiled.count("Insert") == 1
