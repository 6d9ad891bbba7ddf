"""Upgrading from inside a program: open sessions, threads, foreign keys, logging."""

from __future__ import annotations

import concurrent.futures
import logging
import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate import upgrade
from flask_migrate.errors import DataAtRisk
from flask_migrate.errors import LockNotAcquired
from flask_migrate.errors import StepFailed
from tests.support.projects import make_project
from tests.support.tables import list_tables

CREATE_A = "op.create_table('a', sa.Column('x', sa.Integer))"


@pytest.mark.server
def test_own_open_session_cannot_block_for_ever(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """A session left open in the same process ends the wait with a clear error."""
    engine = sa.create_engine(database_url)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1", upgrade=CREATE_A)
    project.write_revision(
        "a2", down="a1", upgrade="op.add_column('a', sa.Column('y', sa.Integer))"
    )
    project.app.config["MIGRATE_DDL_DEADLINE"] = 1

    with project.app.app_context(), engine.connect() as session:
        upgrade(revision="a1")
        session.execute(sa.text("SELECT count(*) FROM a")).all()

        with pytest.raises(LockNotAcquired, match=r"db\.session|lock") as caught:
            upgrade()

        assert "db.session" in str(caught.value.hint)
        session.rollback()
        upgrade()

    assert "a2 (head)" in project.run_well("current").stdout
    engine.dispose()


def test_lock_timeout_does_not_stay_in_the_pool(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """The application's connections are as they were after an upgrade."""
    engine = sa.create_engine(database_url, pool_size=1, max_overflow=0)
    queries = {
        "postgresql": "SHOW lock_timeout",
        "mysql": "SELECT @@session.lock_wait_timeout",
        "sqlite": "PRAGMA foreign_keys",
    }
    query = sa.text(queries[engine.dialect.name])
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1", upgrade=CREATE_A)

    with engine.connect() as connection:
        before = connection.scalar(query)

    project.run_well("upgrade")

    with engine.connect() as connection:
        assert connection.scalar(query) == before

    engine.dispose()


def test_threads(make_database: t.Callable[[], str], tmp_path: pathlib.Path) -> None:
    """Four threads upgrade four databases: each gets its own tables, none another's."""
    projects = []

    for number in range(4):
        engine = sa.create_engine(make_database())
        folder = tmp_path / str(number)
        folder.mkdir()
        project = make_project(folder, engines=engine, metadatas=sa.MetaData())
        project.write_revision("a1", upgrade=CREATE_A.replace("'a'", f"'t{number}'"))
        projects.append((project, engine))

    def work(number: int) -> None:
        with projects[number][0].app.app_context():
            upgrade()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    for number, (_, engine) in enumerate(projects):
        tables = list_tables(engine)
        assert tables == {"alembic_version", f"t{number}"}
        engine.dispose()


REBUILD = """
    with op.batch_alter_table('parent') as batch:
        batch.alter_column('name', existing_type=sa.String(10), nullable=False)
"""


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "SET DEFAULT", "NO ACTION"])
@pytest.mark.parametrize("is_hidden", [False, True])
def test_rebuild_fires_no_foreign_key(
    database_url: str, tmp_path: pathlib.Path, action: str, is_hidden: bool
) -> None:
    """A rebuilt parent keeps all its children, also when a helper does the rebuild."""
    engine = sa.create_engine(database_url)

    @sa.event.listens_for(engine, "connect")
    def enforce(connection: t.Any, record: t.Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE parent (id INTEGER PRIMARY KEY, name VARCHAR(10))",
            "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER DEFAULT 1"
            f" REFERENCES parent (id) ON DELETE {action})",
            "INSERT INTO parent VALUES (1, 'a'), (2, 'b')",
            "INSERT INTO child VALUES (1, 1), (2, 2), (3, 2)",
        ):
            connection.exec_driver_sql(statement)

    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    hidden = REBUILD.replace(
        "op.batch_alter_table", "getattr(op, 'batch_alter' '_table')"
    )
    project.write_revision("a1", upgrade=hidden if is_hidden else REBUILD)
    project.run_well("upgrade")

    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT parent_id FROM child ORDER BY id")
        assert rows.scalars().all() == [1, 2, 2]
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert not list(connection.exec_driver_sql("PRAGMA foreign_key_check"))

    engine.dispose()


@pytest.mark.backends("sqlite")
def test_rebuild_that_leaves_orphans_is_refused(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """While foreign keys are off, the check before the commit takes their place."""
    engine = sa.create_engine(database_url)

    @sa.event.listens_for(engine, "connect")
    def enforce(connection: t.Any, record: t.Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE parent (id INTEGER PRIMARY KEY, name VARCHAR(10))",
            "CREATE TABLE child (parent_id INTEGER REFERENCES parent (id))",
            "INSERT INTO parent VALUES (1, 'a'), (2, 'b')",
            "INSERT INTO child VALUES (1), (2)",
        ):
            connection.exec_driver_sql(statement)

    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision(
        "a1", upgrade=f"{REBUILD}\n    op.execute('DELETE FROM parent WHERE id = 2')"
    )

    with project.app.app_context(), pytest.raises((StepFailed, DataAtRisk)) as caught:
        upgrade()

    assert "1 rows of child would point to rows that are gone" in str(caught.value)

    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM parent").scalar() == 2
        assert list_tables(connection) == {"alembic_version", "child", "parent"}

    engine.dispose()


def test_application_logging_is_left_alone(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """No logger is disabled, no handler replaced, no level changed by an upgrade."""
    engine = sa.create_engine(database_url)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    env = project.folder / "env.py"
    env.write_text(
        "import logging\n"
        "from logging.config import fileConfig, dictConfig\n"
        "import logging.config\n"
        "from alembic import context\n"
        "fileConfig(context.config.config_file_name)\n"
        "logging.config.fileConfig(context.config.config_file_name)\n" + env.read_text()
    )
    project.write_revision("a1", upgrade=CREATE_A)
    names = ["", "shop", "alembic", "flask_migrate", "sqlalchemy.engine", "mine"]

    def look() -> list[t.Any]:
        return [
            (logger.disabled, logger.level, list(logger.handlers), logger.propagate)
            for logger in map(logging.getLogger, names)
        ]

    project.app.logger.warning("make the handler")
    before = look()

    with project.app.app_context():
        upgrade()

    assert look() == before
    project.run_well("downgrade")
    assert look() == before
    engine.dispose()
