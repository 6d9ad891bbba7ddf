"""A run was killed, and the server works on: the next run waits for it, and says so."""

from __future__ import annotations

import pathlib
import signal
import time

import pytest
import sqlalchemy as sa

from tests.support.apps import make_shop
from tests.support.apps import RevisionFile
from tests.support.audits import audit
from tests.support.forks import Child
from tests.support.forks import start_flask
from tests.support.servers import Backend

FIRST = RevisionFile(
    revision="r1",
    upgrade="""
        op.create_table('t', sa.Column('x', sa.Integer))
        op.create_table('log', sa.Column('r', sa.Integer))
    """,
)
SLOW = {
    "mariadb": """
        op.execute('INSERT INTO log VALUES (1)')
        op.execute('CREATE TABLE u AS SELECT SLEEP(1) AS x')
        op.execute('INSERT INTO log VALUES (2)')
    """,
    # It waits for each transaction that began before it.
    "postgresql": """
        with op.get_context().autocommit_block():
            op.execute('INSERT INTO log VALUES (1)')
            op.create_index('ix', 't', ['x'], postgresql_concurrently=True)
            op.execute('INSERT INTO log VALUES (2)')
    """,
}
IS_AT_WORK = {
    "mariadb": "SELECT count(*) FROM information_schema.processlist"
    " WHERE info LIKE 'CREATE TABLE u%%' AND db = DATABASE()",
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
    " AND query LIKE 'CREATE INDEX%%' AND datname = current_database()",
}


@pytest.mark.server
def test_killed_while_the_server_works(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """What the server has finished after the kill is not begun again."""
    second = RevisionFile(revision="r2", down="r1", upgrade=SLOW[backend.name])
    project = make_shop(tmp_path, database_url, FIRST, second)
    project.run_well("upgrade", "r1")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.connect() as holder, engine.connect() as watcher:
        holder.exec_driver_sql("INSERT INTO t VALUES (1)")
        killed = start_flask("db", "upgrade", app=project.app)
        wait_until(watcher, IS_AT_WORK[backend.name], killed)
        killed.send(signal.SIGKILL)
        assert killed.wait().exit_code == -signal.SIGKILL
        following = start_flask("db", "upgrade", app=project.app)
        wait_for_lock(watcher, backend, following)
        holder.rollback()
        outcome = following.wait()

    assert outcome.exit_code == 0, outcome.output
    found = audit(database_url)
    assert found.rows["log"] == ["(1,)", "(2,)"]
    assert found.done == ["r1", "r2"]
    assert not found.journal
    assert "Waiting for the server, which still works at a statement" in outcome.stderr


def wait_until(watcher: sa.Connection, query: str, child: Child) -> None:
    """Wait until the server says so."""
    deadline = time.monotonic() + 10
    while not watcher.exec_driver_sql(query).scalar():
        watcher.rollback()
        assert time.monotonic() < deadline, child.wait()
        time.sleep(0.01)

    watcher.rollback()


def wait_for_lock(watcher: sa.Connection, backend: Backend, child: Child) -> None:
    """Wait until the next run has the migration lock, and a moment more."""
    query = {
        "mariadb": "SELECT count(*) FROM information_schema.processlist"
        " WHERE info IS NULL AND db = DATABASE() AND id <> CONNECTION_ID()"
        " HAVING count(*) >= 3",
        "postgresql": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    }
    wait_until(watcher, query[backend.name], child)
    time.sleep(0.2)
