"""Databases that do not exist yet: make them, and drop them with consent."""

from __future__ import annotations

import pathlib

import pytest
import sqlalchemy as sa

from tests.support.projects import make_project
from tests.support.projects import Project


def make_missing_project(
    database_url: str, tmp_path: pathlib.Path
) -> tuple[Project, sa.Engine, str]:
    """Make a project on a database that does not exist, and return its name."""
    url = sa.make_url(database_url)
    name = f"{url.database}_new"
    engine = sa.create_engine(url.set(database=name))
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1")
    return project, engine, name


@pytest.mark.server
def test_missing_database_is_named(database_url: str, tmp_path: pathlib.Path) -> None:
    """The error says which database is missing, where, and what makes it."""
    project, engine, name = make_missing_project(database_url, tmp_path)
    result = project.run("upgrade")
    assert result.exit_code == 1
    assert f'There is no database "{name}" on' in result.stderr
    assert "flask db create" in result.stderr
    assert "Traceback" not in result.output
    assert str(engine.url.password) not in result.output


def test_create_and_drop(database_url: str, tmp_path: pathlib.Path) -> None:
    """create makes it once; drop needs its name, exactly."""
    project, engine, name = make_missing_project(database_url, tmp_path)
    assert "created" in project.run_well("create").stderr
    assert "exists already" in project.run_well("create").stderr
    project.run_well("upgrade")
    assert "a1 (head)" in project.run_well("current").stdout

    for words in (("drop",), ("drop", "--confirm", "shop")):
        result = project.run(*words)
        assert result.exit_code == 2
        assert f"flask db drop --confirm {name}" in result.stderr

    assert "a1 (head)" in project.run_well("current").stdout
    project.run_well("drop", "--confirm", name)
    result = project.run("drop", "--confirm", name)
    assert result.exit_code == 3
    assert "nothing was dropped" in result.stderr
    engine.dispose()


def test_upgrade_create(database_url: str, tmp_path: pathlib.Path) -> None:
    """upgrade --create does both, and again nothing."""
    project, engine, name = make_missing_project(database_url, tmp_path)
    project.run_well("upgrade", "--create")
    project.run_well("upgrade", "--create")
    assert "a1 (head)" in project.run_well("current").stdout
    project.run_well("drop", "--confirm", name)
    engine.dispose()


@pytest.mark.backends("postgresql")
def test_create_options_of_postgresql(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """Encoding, owner and template reach the server, whatever the names hold."""
    project, engine, name = make_missing_project(database_url, tmp_path)
    owner = 'a"b'

    server = sa.create_engine(database_url, poolclass=sa.NullPool)

    with server.begin() as connection:
        connection.execute(sa.text('CREATE ROLE "a""b"'))

    words = ("--encoding", "SQL_ASCII", "--owner", owner, "--template", "template0")
    project.run_well("create", *words)

    with server.connect() as connection:
        found = connection.execute(
            sa.text(
                "SELECT pg_encoding_to_char(encoding), pg_get_userbyid(datdba)"
                " FROM pg_database WHERE datname = :name"
            ),
            {"name": name},
        ).one()

    assert tuple(found) == ("SQL_ASCII", owner)
    engine.dispose()
    project.run_well("drop", "--confirm", name)

    with server.begin() as connection:
        connection.execute(sa.text('DROP ROLE "a""b"'))


@pytest.mark.backends("mariadb")
def test_create_options_of_mariadb(database_url: str, tmp_path: pathlib.Path) -> None:
    """Encoding and collation reach the server; utf8mb4 is what nobody asked for."""
    project, engine, name = make_missing_project(database_url, tmp_path)
    query = sa.text("SELECT @@character_set_database, @@collation_database")
    project.run_well("create", "--encoding", "latin1", "--collation", "latin1_bin")

    with engine.connect() as connection:
        assert tuple(connection.execute(query).one()) == ("latin1", "latin1_bin")

    engine.dispose()
    project.run_well("drop", "--confirm", name)
    project.run_well("create")

    with engine.connect() as connection:
        assert connection.execute(query).one()[0] == "utf8mb4"

    engine.dispose()
    project.run_well("drop", "--confirm", name)


def test_option_of_another_backend(tmp_path: pathlib.Path) -> None:
    """An option that the backend does not have is refused, not ignored."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/x.db")
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    result = project.run("create", "--owner", "ana")
    assert result.exit_code == 2
    assert "SQLite has no --owner" in result.stderr
    assert not (tmp_path / "x.db").exists()
