"""status and wait: where every database stands, for people and for programs."""

from __future__ import annotations

import json
import pathlib
import threading
import time

import pytest
import sqlalchemy as sa

from flask_migrate.databases.recorder import name_host
from flask_migrate.databases.recorder import name_user
from flask_migrate.plan import Direction
from flask_migrate.results import State
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.projects import make_project


def test_status(database_url: str, tmp_path: pathlib.Path) -> None:
    """Applied, pending and missing revisions are told apart, with the next step."""
    engine = sa.create_engine(database_url)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    assert "no revisions yet" in project.run_well("status").stdout
    project.write_revision("a1")
    project.write_revision("a2", down="a1")
    project.run_well("upgrade", "a1")

    result = project.run("status", "--check")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert "  [X] a1  a1" in lines
    assert "  [ ] a2  a2" in lines
    assert lines[-2:] == ["1 applied, 1 pending", "next: flask db upgrade"]
    assert str(engine.url.password or "***") not in result.stdout or (
        engine.url.password is None
    )

    project.run_well("upgrade")
    project.run_well("status", "--check")
    (project.versions / "a2.py").unlink()
    result = project.run("status", "--check")
    assert result.exit_code == 1
    assert "  [?] a2  a2\n      its file is not in this checkout\n" in result.stdout
    assert result.stdout.count(f"by {name_user()}@{name_host()}\n") == 2
    engine.dispose()


def test_status_without_history(tmp_path: pathlib.Path) -> None:
    """A database that plain Alembic has migrated is shown by its version table."""
    shop = make_shop(tmp_path, config={"MIGRATE_HISTORY": False})
    shop.run_well("upgrade", "a2")
    lines = shop.run_well("status").stdout.splitlines()
    assert lines[1:4] == ["  [X] a1  a1", "  [X] a2  a2", "  [ ] a3  a3"]
    (shop.versions / "a3_.py").unlink()
    (shop.versions / "a2_.py").unlink()
    shown = shop.run("status").stdout
    assert "  [?] a2  its file is not in this checkout\n" in shown


def test_changed_script(database_url: str, tmp_path: pathlib.Path) -> None:
    """An applied file that was edited has its own mark, and is no reason to fail."""
    shop = make_shop(tmp_path, database_url)
    shop.run_well("upgrade")
    path = shop.versions / "a2_.py"
    path.write_text(path.read_text() + "\n# edited\n")
    result = shop.run_well("status", "--check")
    assert "  [~] a2  a2\n" in result.stdout
    assert "      its script has changed since it was applied\n" in result.stdout
    assert "2 applied, 0 pending, 1 changed\n" in result.stdout


def test_failed_revision(database_url: str, tmp_path: pathlib.Path) -> None:
    """A revision that has failed says why, by whom, and that nothing of it stays."""
    bad = make_table(2, upgrade="op.execute('INSERT INTO nowhere VALUES (1)')")
    shop = make_shop(tmp_path, database_url, make_table(1), bad)
    shop.run("upgrade")
    result = shop.run("status", "--check")
    assert result.exit_code == 1
    assert "  [!] a2  a2\n      failed 20" in result.stdout
    assert "nowhere" in result.stdout
    assert "      failed, nothing of it stays\n" in result.stdout
    assert result.stdout.endswith(
        "1 applied, 0 pending, 1 failed\nnext: flask db upgrade\n"
    )
    assert all(len(line) <= 80 for line in result.stdout.splitlines()[1:])


@pytest.mark.without("transactional_ddl")
def test_half_done(database_url: str, tmp_path: pathlib.Path) -> None:
    """A revision of which a part stays says which way the next run continues."""
    two = """
        op.create_table('t2', sa.Column('id', sa.Integer))
        op.execute('INSERT INTO nowhere VALUES (1)')
        """
    shop = make_shop(tmp_path, database_url, make_table(1), make_table(2, upgrade=two))
    shop.run("upgrade")

    with shop.app.app_context():
        (status,) = shop.migrate.status()

    assert status.revisions[1].state is State.FAILED
    assert status.revisions[1].stopped is Direction.UPGRADE
    assert not status.is_at_head
    shown = shop.run("status").stdout
    assert "      stopped half-way: the next upgrade continues\n" in shown

    # Neither a way back nor a farewell may forget what is half done.
    for words in (("rollback",), ("leave",)):
        result = shop.run(*words)
        assert result.exit_code == 3
        assert "half done" in result.stderr
        assert "flask db upgrade" in result.stderr


@pytest.mark.without("transactional_ddl")
def test_half_reverted(database_url: str, tmp_path: pathlib.Path) -> None:
    """A downgrade that stopped half-way is shown on a revision that is applied."""
    back = """
        op.drop_table('t2')
        op.execute('INSERT INTO nowhere VALUES (1)')
        """
    shop = make_shop(
        tmp_path, database_url, make_table(1), make_table(2, downgrade=back)
    )
    shop.run_well("upgrade")
    assert shop.run("downgrade").exit_code != 0
    shown = shop.run("status").stdout
    assert "  [!] a2  a2\n" in shown
    assert "stopped half-way: the next downgrade continues\n" in shown
    assert shown.endswith("next: flask db downgrade\n")


def test_stamps(tmp_path: pathlib.Path) -> None:
    """A stamp is shown as one; going back by it forgets nothing that stays."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade", "a2")
    shop.run_well("stamp", "a3")
    assert "  [X] a3  a3\n      stamped 20" in shop.run_well("status").stdout
    shop.run_well("stamp", "a1")

    with shop.app.app_context():
        (status,) = shop.migrate.status()

    first, second, _ = status.revisions
    assert first.entry is not None
    assert first.entry.kind == "upgrade"
    assert second.state is State.PENDING


def test_missing_files_behind_the_head(tmp_path: pathlib.Path) -> None:
    """Files that are missing below a missing head are known to the history."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade")
    (shop.versions / "a3_.py").unlink()
    (shop.versions / "a2_.py").unlink()

    with shop.app.app_context():
        (status,) = shop.migrate.status()

    states = {one.revision.revision: one.state for one in status.revisions}
    assert states == {"a1": State.APPLIED, "a2": State.MISSING, "a3": State.MISSING}
    assert [one.revision.message for one in status.revisions] == ["a1", "a2", "a3"]


def test_status_as_values(tmp_path: pathlib.Path) -> None:
    """JSON and Python say the same."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/x.db", poolclass=sa.NullPool)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1")
    found = json.loads(project.run_well("status", "--format", "json").stdout)

    with project.app.app_context():
        (status,) = project.migrate.status()

    assert found["databases"] == [json.loads(json.dumps(status.to_dict()))]
    assert status.count(State.PENDING) == 1
    assert not status.is_at_head
    # Looking has made no file.
    assert not (tmp_path / "x.db").exists()


def test_wait_for_head(database_url: str, tmp_path: pathlib.Path) -> None:
    """wait ends when another run has brought the database to the head."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1")
    result = project.run("wait", "--timeout", "0.1")
    assert result.exit_code == 1
    assert "not on all head revisions" in result.stderr

    timer = threading.Timer(0.2, project.run_well, ["upgrade"])
    timer.start()
    began = time.monotonic()
    project.run_well("wait", "--timeout", "10")
    timer.join()
    assert time.monotonic() - began < 8


def test_wait_for_connection(tmp_path: pathlib.Path) -> None:
    """A server that never answers ends the wait with its own error."""
    engine = sa.create_engine("postgresql+psycopg://u:sekret@127.0.0.1:1/x")
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    result = project.run("wait", "--for", "connection", "--timeout", "0.1")
    assert result.exit_code == 3
    assert "cannot be reached" in result.stderr
    assert "sekret" not in result.output
