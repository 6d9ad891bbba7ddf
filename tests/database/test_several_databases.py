"""Repositories of several databases: binds, odd names, late binds, two phases."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_migrate import Migrate
from tests.support.projects import make_project
from tests.support.projects import Project
from tests.support.projects import read_schema

MakeDatabase = t.Callable[[], str]


def make_bound_project(
    folder: pathlib.Path, binds: dict[str, str], default: str | None
) -> Project:
    """Make a Flask-SQLAlchemy application with one table in each database."""
    app = Flask("shop")
    app.config["SQLALCHEMY_BINDS"] = binds

    if default is not None:
        app.config["SQLALCHEMY_DATABASE_URI"] = default

    db = SQLAlchemy(app)

    if default is not None:
        db.Table("main", sa.Column("id", sa.Integer, primary_key=True))

    for number, key in enumerate(binds):
        column = sa.Column("id", sa.Integer, primary_key=True)
        db.Table(f"bound{number}", column, bind_key=key)

    directory = folder / "migrations"
    return Project(
        app=app, migrate=Migrate(app, db, directory=directory), folder=directory
    )


def close(project: Project) -> None:
    """Close the connections that the application keeps."""
    with project.app.app_context():
        for engine in project.app.extensions["sqlalchemy"].engines.values():
            engine.dispose()


def test_binds(make_database: MakeDatabase, tmp_path: pathlib.Path) -> None:
    """Each database gets its own tables and its own version, whatever its key is."""
    urls = {
        "users": make_database(),
        "my-db": make_database(),
        "my.db": make_database(),
    }
    default = make_database()
    project = make_bound_project(tmp_path, urls, default)
    project.run_well("init", "--multidb")
    project.run_well("migrate", "-m", "first")
    project.run_well("upgrade")

    assert set(read_schema(default)) == {"main"}
    assert [set(read_schema(url)) for url in urls.values()] == [
        {"bound0"},
        {"bound1"},
        {"bound2"},
    ]

    project.run_well("check")
    assert project.run_well("current").stdout.count("(head)") == 4
    project.run_well("migrate")
    assert len(list(project.versions.glob("*.py"))) == 1

    project.run_well("downgrade", "base")
    assert all(read_schema(url) == {} for url in (default, *urls.values()))
    close(project)


def test_no_default_database(
    make_database: MakeDatabase, tmp_path: pathlib.Path
) -> None:
    """An application may have bind keys only."""
    urls = {"one": make_database(), "two": make_database()}
    project = make_bound_project(tmp_path, urls, None)
    project.run_well("init", "--multidb")
    project.run_well("migrate")
    project.run_well("upgrade")
    assert set(read_schema(urls["one"])) == {"bound0"}
    assert set(read_schema(urls["two"])) == {"bound1"}
    close(project)


def test_several_databases_in_a_single_repository(tmp_path: pathlib.Path) -> None:
    """A repository for one database says which command makes one for several."""
    urls = {"one": f"sqlite:///{tmp_path}/1.db", "two": f"sqlite:///{tmp_path}/2.db"}
    project = make_bound_project(tmp_path, urls, None)
    project.run_well("init")
    result = project.run("upgrade")
    assert result.exit_code == 2
    assert "no default database, only one, two" in result.stderr
    assert "flask db init --multidb" in result.stderr


def test_bind_added_later(make_database: MakeDatabase, tmp_path: pathlib.Path) -> None:
    """Old revisions have nothing to do for a new database; it comes to the head."""
    first, second = make_database(), make_database()
    default = make_database()
    project = make_bound_project(tmp_path, {"one": first}, default)
    project.run_well("init", "--multidb")
    project.run_well("migrate", "-m", "first")
    project.run_well("upgrade")
    close(project)

    later = make_bound_project(tmp_path, {"one": first, "two": second}, default)
    later.run_well("upgrade")
    assert later.run_well("current").stdout.count("(head)") == 3
    later.run_well("migrate", "-m", "second")
    later.run_well("upgrade")
    assert set(read_schema(second)) == {"bound1"}
    close(later)


def test_revision_of_flask_migrate_without_the_function(
    make_database: MakeDatabase, tmp_path: pathlib.Path
) -> None:
    """Flask-Migrate's dispatcher has no function for a late bind: nothing is done."""
    default, late = make_database(), make_database()
    project = make_bound_project(tmp_path, {"late": late}, default)
    project.run_well("init", "--multidb")
    project.versions.joinpath("a1.py").write_text(
        "from alembic import op\n"
        "import sqlalchemy as sa\n"
        "revision = 'a1'\n"
        "down_revision = None\n"
        "def upgrade(engine_name):\n"
        "    globals()['upgrade_%s' % engine_name]()\n"
        "def downgrade(engine_name):\n"
        "    globals()['downgrade_%s' % engine_name]()\n"
        "def upgrade_():\n"
        "    op.create_table('main', sa.Column('id', sa.Integer))\n"
        "def downgrade_():\n"
        "    op.drop_table('main')\n"
    )
    project.run_well("upgrade")
    assert set(read_schema(default)) == {"main"}
    assert read_schema(late) == {}
    project.run_well("downgrade", "base")
    assert read_schema(default) == {}
    close(project)


def test_single_database_revision_in_a_multi_database_repository(
    make_database: MakeDatabase, tmp_path: pathlib.Path
) -> None:
    """A revision written before there were several is the default database's."""
    default, late = make_database(), make_database()
    project = make_bound_project(tmp_path, {"late": late}, default)
    project.run_well("init", "--multidb")
    project.write_revision(
        "a1", upgrade="op.create_table('main', sa.Column('id', sa.Integer))"
    )
    project.run_well("upgrade")
    assert set(read_schema(default)) == {"main"}
    assert read_schema(late) == {}
    close(project)


@pytest.mark.backends("postgresql")
def test_two_phases(make_database: MakeDatabase, tmp_path: pathlib.Path) -> None:
    """With two_phase=True the databases are committed together or not at all."""
    urls = [make_database(), make_database()]
    engines = {"default": sa.create_engine(urls[0]), "two": sa.create_engine(urls[1])}
    project = make_project(
        tmp_path,
        template="flask-multidb",
        engines=engines,
        metadatas={"default": sa.MetaData(), "two": sa.MetaData()},
    )
    env = project.folder / "env.py"
    env.write_text(env.read_text().replace("two_phase=False", "two_phase=True"))
    insert = "op.execute('INSERT INTO t VALUES (1)')"
    broken = project.write_revision("a1")
    broken.write_text(
        "from alembic import op\n"
        "revision = 'a1'\n"
        "down_revision = None\n"
        "def upgrade(engine_name):\n"
        f"    {insert}\n"
        "    if engine_name == 'two':\n"
        "        op.execute('SELECT * FROM missing')\n"
    )

    for engine in engines.values():
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE t (x INTEGER)"))

    project.run_well("ensure-version")
    assert project.run("upgrade").exit_code == 1
    assert _count(engines["default"]) == 0

    broken.write_text(broken.read_text().replace("missing", "t"))
    project.run_well("upgrade")
    assert [_count(engine) for engine in engines.values()] == [1, 1]

    for engine in engines.values():
        engine.dispose()


def _count(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM t")) or 0


@pytest.mark.backends("sqlite", "mariadb")
def test_two_phases_where_the_database_has_none(
    make_database: MakeDatabase, tmp_path: pathlib.Path
) -> None:
    """Where DDL cannot be prepared, the command says so and does nothing."""
    project = make_project(
        tmp_path,
        template="flask-multidb",
        engines={None: sa.create_engine(make_database())},
        metadatas=sa.MetaData(),
    )
    env = project.folder / "env.py"
    env.write_text(env.read_text().replace("two_phase=False", "two_phase=True"))
    project.write_revision("a1")
    result = project.run("upgrade")
    assert result.exit_code == 2
    assert "cannot commit in two phases" in result.stderr


def test_sql_of_several_databases(
    make_database: MakeDatabase, tmp_path: pathlib.Path
) -> None:
    """The SQL of all databases goes to standard output, each under its name."""
    default, other = make_database(), make_database()
    project = make_bound_project(tmp_path, {"other": other}, default)
    project.run_well("init", "--multidb")
    project.run_well("migrate", "-m", "first")
    text = project.run_well("upgrade", "--sql").stdout
    head, _, tail = text.partition("-- Database other")
    assert "-- Database <default>" in head
    assert "main" in head
    assert "bound0" not in head
    assert "bound0" in tail
    assert not list(tmp_path.glob("*.sql"))
    close(project)


def test_error_says_what_was_done_before(
    make_database: MakeDatabase, tmp_path: pathlib.Path
) -> None:
    """When the second database fails, the error names the first one as done."""
    default, other = make_database(), make_database()
    project = make_bound_project(tmp_path, {"other": other}, default)
    project.run_well("init", "--multidb")
    project.write_revision("a1").write_text(
        "from alembic import op\n"
        "revision = 'a1'\n"
        "down_revision = None\n"
        "def upgrade(engine_name):\n"
        "    if engine_name:\n"
        "        op.execute('SELECT * FROM missing')\n"
    )
    result = project.run("upgrade")
    assert result.exit_code == 1
    assert "done before: <default>." in result.stderr
    close(project)
