"""rollback, log, tag and leave where there are several databases."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from tests.database.test_several_databases import close
from tests.database.test_several_databases import make_bound_project
from tests.support.projects import Project

MakeDatabase = t.Callable[[], str]


@pytest.fixture
def bound(
    make_database: MakeDatabase, tmp_path: pathlib.Path
) -> t.Iterator[tuple[Project, dict[str | None, str]]]:
    """A project with a default database and one that is called `audit`."""
    urls: dict[str | None, str] = {None: make_database(), "audit": make_database()}
    project = make_bound_project(tmp_path, {"audit": urls["audit"]}, urls[None])
    project.run_well("init", "--multidb")
    project.run_well("migrate", "-m", "first")
    project.run_well("upgrade")
    yield project, urls
    close(project)


def read_heads(project: Project) -> list[int]:
    """Return at how many revisions each database stands."""
    with project.app.app_context():
        return [len(state.heads) for state in project.migrate.current()]


def fill(urls: dict[str | None, str]) -> list[str]:
    """Write a row into each database, and return their names."""
    names = []

    for url, table in ((urls[None], "main"), (urls["audit"], "bound0")):
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        names.append(str(engine.url.database))

        with engine.begin() as connection:
            connection.execute(sa.text(f"INSERT INTO {table} (id) VALUES (1)"))

    return names


def test_consent_for_each(bound: tuple[Project, dict[str | None, str]]) -> None:
    """Each database that loses rows is named, and nothing is done before all are."""
    project, urls = bound
    names = fill(urls)
    result = project.run("rollback", "--confirm", names[0])
    assert result.exit_code == 2
    assert "loses bound0: 1 row" in result.stderr
    assert "loses main" not in result.stderr
    assert read_heads(project) == [1, 1]
    project.run_well("rollback", "--confirm", names[0], "--confirm", names[1])
    assert read_heads(project) == [0, 0]


def test_bind(bound: tuple[Project, dict[str | None, str]]) -> None:
    """--bind leaves the others where they are."""
    project, _ = bound
    project.run_well("rollback", "--bind", "audit")
    assert read_heads(project) == [1, 0]
    assert project.run("rollback", "--bind", "nosuch").exit_code == 2
    project.run_well("rollback", "--run", "last")
    assert read_heads(project) == [0, 0]


def test_books(bound: tuple[Project, dict[str | None, str]]) -> None:
    """Each database has books of its own, with one run for both."""
    project, _ = bound
    project.run_well("tag", "v1")

    with project.app.app_context():
        logs = project.migrate.log()
        assert [log.database for log in logs] == [None, "audit"]
        assert [len(log.entries) for log in logs] == [2, 2]
        assert len({log.entries[-1].run for log in logs}) == 1
        assert [one.ok for one in project.migrate.health().databases] == [True, True]

    result = project.run("leave")
    assert result.stderr.count("--confirm") == 2
