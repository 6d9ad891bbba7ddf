"""How much a command asks of the database, by counting."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_migrate import Migrate
from tests.support.projects import make_project
from tests.support.projects import Project

OLD = pathlib.Path(__file__).parents[1] / "compat" / "repositories"


@contextlib.contextmanager
def counting() -> t.Iterator[dict[str | None, list[str]]]:
    """Note every statement, by the database that it is sent to."""
    found: dict[str | None, list[str]] = {}

    def note(connection: sa.Connection, cursor: t.Any, text: str, *rest: t.Any) -> None:
        found.setdefault(connection.engine.url.database, []).append(text)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def check_counts(project: Project, databases: int) -> None:
    """Upgrade where there is nothing to do: two statements a database, no lock."""
    # A first connection of an engine asks what the server can do.
    project.run_well("upgrade")
    with counting() as found:
        project.run_well("upgrade")

    assert len(found) == databases
    for statements in found.values():
        assert len(statements) <= 2, statements
        assert "lock" not in " ".join(statements).lower()


def make_bound(
    folder: pathlib.Path, default: str, other: str | None = None
) -> tuple[Project, SQLAlchemy]:
    """Make an application of Flask-SQLAlchemy with one or two databases."""
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = default
    app.config["SQLALCHEMY_BINDS"] = {"other": other} if other else {}
    db = SQLAlchemy(app)
    migrate = Migrate(app, db, directory=folder / "migrations")
    return Project(app=app, migrate=migrate, folder=folder / "migrations"), db


def close(project: Project, db: SQLAlchemy) -> None:
    """Close the connections that the application keeps."""
    with project.app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def test_upgrade_with_nothing_to_do(database_url: str, tmp_path: pathlib.Path) -> None:
    """At the head, an upgrade makes two statements at most and takes no lock."""
    engine = sa.create_engine(database_url)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1")
    project.run_well("upgrade")
    assert "alembic_version_history" in sa.inspect(engine).get_table_names()
    check_counts(project, 1)
    engine.dispose()


def test_several_databases(
    make_database: t.Callable[[], str], tmp_path: pathlib.Path
) -> None:
    """With two databases, two statements on each."""
    project, db = make_bound(tmp_path, make_database(), make_database())
    project.run_well("init", "--multidb")
    project.run_well("revision", "--rev-id", "a1")
    check_counts(project, 2)
    close(project, db)


# Flask-SQLAlchemy 3.1 says that its `get_engine` goes; the files try it first.
@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", ["2.7.0-flask", "4.1.0-flask"])
def test_old_repository(database_url: str, tmp_path: pathlib.Path, name: str) -> None:
    """A repository that Flask-Migrate wrote asks no more."""
    project, db = make_bound(tmp_path, database_url)
    shutil.copytree(OLD / name / "migrations", project.folder)
    shutil.rmtree(project.versions)
    project.write_revision("a1")
    check_counts(project, 1)
    close(project, db)
