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
from tests.support.apps import make_shop
from tests.support.audits import audit
from tests.support.audits import empty
from tests.support.forks import start_flask
from tests.support.long_histories import make_crowded
from tests.support.projects import make_project
from tests.support.servers import Backend

PROCESSES = 8
REVISIONS = 20
FORK = multiprocessing.get_context("fork")


def test_many_upgrades_at_once(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """On a fresh database, eight of eight succeed and each revision runs once.

    `python -m benchmarks crowds` makes more rounds, and compares.
    """
    history = make_crowded(REVISIONS, backend=backend.name)
    project = make_shop(tmp_path, database_url, *history)
    children = [start_flask("db", "upgrade", app=project.app) for _ in range(PROCESSES)]
    outcomes = [child.wait() for child in children]
    assert [one.exit_code for one in outcomes] == [0] * PROCESSES, outcomes
    crowd = audit(database_url)
    assert crowd.done == [one.revision for one in history]
    empty(database_url)
    project.run_well("upgrade")
    assert audit(database_url) == crowd


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
        assert project.run("rollback", "--lock-timeout", "0").exit_code == 4
        assert project.run("redo", "--lock-timeout", "0").exit_code == 4
        project.run_well("redo", "--no-lock")
        project.run_well("rollback", "--no-lock")
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
