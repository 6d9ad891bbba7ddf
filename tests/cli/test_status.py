"""status and wait: where every database stands, for people and for programs."""

from __future__ import annotations

import json
import pathlib
import threading
import time

import sqlalchemy as sa

from flask_migrate.results import State
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
    assert "  [?] a2  its file is not in this checkout" in result.stdout
    engine.dispose()


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
