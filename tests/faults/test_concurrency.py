"""Several processes run upgrade at once: all succeed, each revision runs once."""

from __future__ import annotations

import logging
import multiprocessing
import pathlib
import time
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate import upgrade
from tests.support.projects import make_project
from tests.support.projects import Project

PROCESSES = 8
REVISIONS = 20
FORK = multiprocessing.get_context("fork")


def write_history(project: Project) -> None:
    """Write revisions that insert a row before their DDL: run twice, it shows."""
    project.write_revision(
        "r00", upgrade="op.create_table('log', sa.Column('r', sa.String(5)))"
    )

    for number in range(1, REVISIONS):
        project.write_revision(
            f"r{number:02}",
            down=f"r{number - 1:02}",
            upgrade=f"""
                op.execute("INSERT INTO log VALUES ('r{number:02}')")
                op.create_table('t{number}', sa.Column('x', sa.Integer))
            """,
        )


def run_one(folder: pathlib.Path, url: str, barrier: t.Any, results: t.Any) -> None:
    """Upgrade in a process of its own, when all are ready."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    project = make_project(folder, init=False, engines=engine, metadatas=sa.MetaData())
    barrier.wait()

    try:
        with project.app.app_context():
            upgrade()
    except BaseException as error:
        results.put(f"{type(error).__name__}: {error}")
    else:
        results.put("")


def test_many_upgrades_at_once(
    make_database: t.Callable[[], str], tmp_path: pathlib.Path
) -> None:
    """On a fresh database, eight of eight succeed and every row is there once."""
    url = make_database()
    project = make_project(
        tmp_path, engines=sa.create_engine(url), metadatas=sa.MetaData()
    )
    write_history(project)
    barrier, results = FORK.Barrier(PROCESSES), FORK.Queue()
    arguments = (tmp_path, url, barrier, results)
    workers = [FORK.Process(target=run_one, args=arguments) for _ in range(PROCESSES)]

    for worker in workers:
        worker.start()

    answers = [results.get(timeout=60) for _ in workers]

    for worker in workers:
        worker.join()

    assert answers == [""] * PROCESSES
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    with engine.connect() as connection:
        rows = connection.scalars(sa.text("SELECT r FROM log ORDER BY r")).all()
        version = connection.scalars(sa.text("SELECT * FROM alembic_version")).all()

    assert rows == [f"r{number:02}" for number in range(1, REVISIONS)]
    assert version == [f"r{REVISIONS - 1:02}"]


def hold(folder: pathlib.Path, url: str, ready: t.Any, leave: t.Any) -> None:
    """Hold the migration lock until told to leave."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    project = make_project(folder, init=False, engines=engine, metadatas=sa.MetaData())

    with project.app.app_context(), project.migrate.lock():
        ready.set()
        leave.wait(30)


def test_waiting_says_for_whom(
    database_url: str, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A run that waits names the holder, and gives up with exit code 4."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1")
    ready, leave = FORK.Event(), FORK.Event()
    holder = FORK.Process(target=hold, args=(tmp_path, database_url, ready, leave))
    holder.start()
    assert ready.wait(10)
    caplog.set_level(logging.INFO, "flask_migrate")

    try:
        result = project.run("upgrade", "--lock-timeout", "0.5")
        assert result.exit_code == 4
        assert "Another run still holds the migration lock" in result.stderr
        held = str(holder.pid) if engine.dialect.name != "mysql" else "connection"
        assert held in result.stderr
        assert "Waiting for the migration lock" in caplog.text

        # Without the lock, and where there is nothing to do, nobody waits.
        project.run_well("upgrade", "--no-lock")
        project.run_well("upgrade", "--lock-timeout", "0")
    finally:
        leave.set()
        holder.join()


def test_lock_survives_the_death_of_its_holder(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """A holder that is killed frees the lock at once."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1")
    ready, leave = FORK.Event(), FORK.Event()
    holder = FORK.Process(target=hold, args=(tmp_path, database_url, ready, leave))
    holder.start()
    assert ready.wait(10)
    holder.kill()
    holder.join()
    began = time.monotonic()
    project.run_well("upgrade", "--lock-timeout", "5")
    assert time.monotonic() - began < 3


def test_own_lock_is_not_waited_for(database_url: str, tmp_path: pathlib.Path) -> None:
    """A program that holds the lock may upgrade inside it."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1")

    with project.app.app_context(), project.migrate.lock():
        upgrade(lock_timeout=0.1)

        # And inside that, once more.
        with project.migrate.lock(timeout=0.1):
            pass

    # It is free again.
    with project.app.app_context(), project.migrate.lock(timeout=0.1):
        pass
