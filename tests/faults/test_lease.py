"""The lease: one run at a time behind a pooler too, and none after a takeover."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import pathlib
import signal
import socket
import time
import typing as t
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.ext.asyncio import create_async_engine

from flask_migrate import Migrate
from flask_migrate import upgrade
from flask_migrate.databases.dialects import get_dialect
from flask_migrate.databases.dialects.lease import LeaseRow
from flask_migrate.databases.dialects.locks import SessionLock
from flask_migrate.errors import LockLost
from tests.support.apps import make_table
from tests.support.apps import three_tables
from tests.support.apps import write_repository
from tests.support.forks import Child
from tests.support.forks import start_flask
from tests.support.projects import Project

FORK = multiprocessing.get_context("fork")
PROCESSES = 8
REVISIONS = 20
SHORT = 0.6
"""Seconds of a lease that a test waits for."""
KEPT = 2.5
"""Seconds of a lease that its holder has to renew in time, on a busy machine too."""

servers = pytest.mark.backends("postgresql", "mariadb")
postgresql = pytest.mark.backends("postgresql")


def make_engine(url: str) -> sa.Engine:
    """Return an engine that works through a pooler, and keeps no connection."""
    is_psycopg = url.startswith("postgresql+psycopg:")
    arguments = {"prepare_threshold": None} if is_psycopg else {}
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args=arguments)


def open_project(
    folder: pathlib.Path, url: str, *, engine: t.Any = None, **settings: t.Any
) -> Project:
    """Return an application on a database; its repository is there already."""
    app = Flask("shop")
    app.config.update({f"MIGRATE_{key.upper()}": one for key, one in settings.items()})
    migrate = Migrate(
        app,
        directory=folder / "migrations",
        engines=engine or make_engine(url),
        metadatas=sa.MetaData(),
    )
    return Project(app=app, migrate=migrate, folder=folder / "migrations")


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with a repository of three revisions, each of which makes a table."""
    write_repository(tmp_path / "migrations", *three_tables())
    return tmp_path


def read(url: str, query: str) -> list[t.Any]:
    """Return the first column of a query's rows."""
    engine = make_engine(url)
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(query)))


def write_history(folder: pathlib.Path) -> None:
    """Write revisions that insert a row before their DDL: run twice, it shows."""
    first = make_table(0, upgrade="op.create_table('log', sa.Column('r', sa.Integer))")
    others = [
        make_table(
            number,
            down=f"a{number - 1}",
            upgrade=f"""
                op.execute("INSERT INTO log VALUES ({number})")
                op.create_table('t{number}', sa.Column('x', sa.Integer))
            """,
        )
        for number in range(1, REVISIONS)
    ]
    write_repository(folder / "migrations", first, *others)


def run_one(
    folder: pathlib.Path, url: str, kind: str, barrier: t.Any, results: t.Any
) -> None:
    """Upgrade in a process of its own, when all are ready."""
    project = open_project(folder, url, lock=kind)
    barrier.wait()

    try:
        with project.app.app_context():
            upgrade()
    except BaseException as error:
        results.put(f"{type(error).__name__}: {error}")
    else:
        results.put("")


@postgresql
def test_many_upgrades_through_a_pooler(
    database_url: str, pooled_url: str, tmp_path: pathlib.Path
) -> None:
    """Behind PgBouncer eight of eight succeed, and each revision runs once."""
    write_history(tmp_path)
    # Two of them do not go through the pooler, and take a session's lock.
    ways = [(pooled_url, "auto")] * (PROCESSES - 2) + [(database_url, "auto")] * 2
    run_many(tmp_path, ways)
    assert_each_ran_once(database_url)


@servers
def test_many_upgrades_with_leases(database_url: str, tmp_path: pathlib.Path) -> None:
    """Without a pooler the same holds, and beside runs that hold a session's lock."""
    write_history(tmp_path)
    ways = [(database_url, "lease")] * (PROCESSES - 2) + [(database_url, "session")] * 2
    run_many(tmp_path, ways)
    assert_each_ran_once(database_url)


def run_many(folder: pathlib.Path, ways: list[tuple[str, str]]) -> None:
    """Upgrade in several processes at once, each by its URL and its kind of lock."""
    barrier, results = FORK.Barrier(PROCESSES), FORK.Queue()
    workers = [
        FORK.Process(target=run_one, args=(folder, *way, barrier, results))
        for way in ways
    ]

    for worker in workers:
        worker.start()

    answers = [results.get(timeout=60) for _ in workers]

    for worker in workers:
        worker.join()

    assert answers == [""] * PROCESSES


def assert_each_ran_once(url: str) -> None:
    """The row of each revision is there once, and the version is the last one."""
    rows = read(url, "SELECT r FROM log ORDER BY r")
    assert rows == list(range(1, REVISIONS))
    assert read(url, "SELECT * FROM alembic_version") == [f"a{REVISIONS - 1}"]


@postgresql
def test_a_pooler_is_noticed(
    database_url: str,
    pooled_url: str,
    folder: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A pooler means a lease, and one line that says so; without one there is none."""
    caplog.set_level(logging.INFO, "flask_migrate")
    open_project(folder, database_url).run_well("upgrade", "a1")
    assert "A pooler stands before" not in caplog.text
    assert "alembic_version_lease" not in read_tables(database_url)

    open_project(folder, pooled_url).run_well("upgrade", "a2")
    assert caplog.text.count("A pooler stands before") == 1
    assert "MIGRATE_DATABASE_URI" in caplog.text
    assert read(database_url, "SELECT fence FROM alembic_version_lease") == [1]

    open_project(folder, pooled_url, lock="session").run_well("upgrade", "a3")
    assert caplog.text.count("A pooler stands before") == 1


@postgresql
def test_asynchronous_driver(
    database_url: str, pooled_url: str, folder: pathlib.Path
) -> None:
    """asyncpg is asked too, and its heart beats in an event loop of its own."""
    for url, command in ((pooled_url, "upgrade"), (database_url, "downgrade")):
        asynchronous = sa.make_url(url).set(drivername="postgresql+asyncpg")
        engine = create_async_engine(
            asynchronous,
            poolclass=sa.NullPool,
            connect_args={
                "statement_cache_size": 0,
                "prepared_statement_cache_size": 0,
                "prepared_statement_name_func": lambda: f"q{uuid.uuid4().hex}",
            },
        )
        project = open_project(folder, url, engine=engine, lock_lease=SHORT)
        project.write_revision(
            "a4", down="a3", upgrade=f"op.execute('SELECT pg_sleep({2 * SHORT})')"
        )
        project.run_well(command)

    # Only the pooled run took a lease, and it gave it back.
    query = "SELECT fence FROM alembic_version_lease WHERE owner IS NULL"
    assert read(database_url, query) == [1]


def read_tables(url: str) -> list[str]:
    """Return the names of the tables."""
    return sa.inspect(make_engine(url)).get_table_names()


class Holder:
    """A process that holds the migration lock until it is told to leave."""

    def __init__(self, folder: pathlib.Path, url: str, **settings: t.Any) -> None:
        self._is_ready, self._may_leave = FORK.Event(), FORK.Event()
        self._work = (folder, url, settings)
        self.process = Child(self._hold)
        assert self._is_ready.wait(10)

    def _hold(self) -> None:
        folder, url, settings = self._work
        project = open_project(folder, url, **settings)

        with project.app.app_context(), project.migrate.lock():
            self._is_ready.set()
            self._may_leave.wait(30)

    def leave(self) -> None:
        """Give the lock back."""
        self._may_leave.set()
        assert self.process.wait().exit_code == 0

    def kill(self) -> None:
        """End without giving anything back."""
        self.process.send(signal.SIGKILL)
        self.process.wait()


@servers
@pytest.mark.parametrize("held", ["session", "lease"])
@pytest.mark.parametrize("wanted", ["session", "lease"])
def test_sessions_and_leases_keep_each_other_out(
    database_url: str, folder: pathlib.Path, held: str, wanted: str
) -> None:
    """Whichever kind two runs take, the second waits; a lease is renewed meanwhile."""
    holder = Holder(folder, database_url, lock=held, lock_lease=KEPT)
    project = open_project(folder, database_url, lock=wanted, lock_lease=KEPT)
    longer_than_the_lease = KEPT + SHORT if held == "lease" else SHORT

    try:
        result = project.run("upgrade", "--lock-timeout", str(longer_than_the_lease))
        assert result.exit_code == 4
        if held == "lease":
            who = f"pid {holder.process.pid} on {socket.gethostname()}, since"
            assert who in result.stderr
    finally:
        holder.leave()

    project.run_well("upgrade", "--lock-timeout", "0")


@servers
@pytest.mark.parametrize("wanted", ["session", "lease"])
def test_a_killed_holder_is_waited_for_until_its_lease_ends(
    database_url: str, folder: pathlib.Path, wanted: str
) -> None:
    """Nobody waits for ever for a run that is gone."""
    Holder(folder, database_url, lock="lease", lock_lease=SHORT).kill()
    project = open_project(folder, database_url, lock=wanted)
    began = time.monotonic()
    project.run_well("upgrade", "--lock-timeout", "5")
    assert time.monotonic() - began < SHORT + 2
    assert read(database_url, "SELECT fence FROM alembic_version_lease") >= [2]


STOP = """
    import os, pathlib, signal
    flag = pathlib.Path({flag!r})
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGSTOP)

    op.execute("INSERT INTO t1 VALUES (2)")
"""


@servers
@pytest.mark.parametrize("wanted", ["session", "lease"])
def test_a_paused_holder_does_not_go_on_after_a_takeover(
    database_url: str, tmp_path: pathlib.Path, wanted: str
) -> None:
    """A process that sleeps through its lease commits nothing when it wakes up."""
    stop = STOP.format(flag=str(tmp_path / "flag"))
    write_repository(
        tmp_path / "migrations", make_table(1), make_table(2, upgrade=stop)
    )
    paused = open_project(tmp_path, database_url, lock="lease", lock_lease=SHORT)
    child = start_flask("db", "upgrade", app=paused.app)
    stopped = os.waitpid(child.pid, os.WUNTRACED)[1]
    assert os.WIFSTOPPED(stopped), child.wait().output

    open_project(tmp_path, database_url, lock=wanted).run_well("upgrade")
    child.send(signal.SIGCONT)
    outcome = child.wait()
    assert outcome.exit_code == 4, outcome.output
    assert "Another run has taken the migration lock over" in outcome.stderr
    assert "Revision a2" in outcome.stderr
    assert read(database_url, "SELECT id FROM t1") == [2]
    assert read(database_url, "SELECT * FROM alembic_version") == ["a2"]


@servers
def test_a_lost_lease_is_noticed_before_a_step(
    database_url: str, folder: pathlib.Path
) -> None:
    """Where DDL commits by itself, a step must not even begin."""
    project = open_project(folder, database_url, lock="lease")

    with project.app.app_context():
        upgrade(revision="a1")

        with project.migrate.lock():
            with make_engine(database_url).begin() as connection:
                statement = "UPDATE alembic_version_lease SET fence = fence + 1"
                connection.exec_driver_sql(statement)

            with pytest.raises(LockLost) as caught:
                upgrade()

    assert caught.value.exit_code == 4
    assert "t2" not in read_tables(database_url)


@postgresql
@pytest.mark.parametrize("level", ["REPEATABLE READ", "AUTOCOMMIT"])
def test_isolation_level_of_the_engine(
    database_url: str, folder: pathlib.Path, level: str
) -> None:
    """A heartbeat during a step is no conflict, whatever the application's level."""
    engine = sa.create_engine(
        database_url, poolclass=sa.NullPool, isolation_level=level
    )
    project = open_project(
        folder, database_url, engine=engine, lock="lease", lock_lease=SHORT
    )
    project.write_revision(
        "a4",
        down="a3",
        upgrade=f"op.execute('SELECT 1 FROM t1, pg_sleep({2 * SHORT})')",
    )
    project.run_well("upgrade")
    assert read(database_url, "SELECT * FROM alembic_version") == ["a4"]


@postgresql
def test_another_search_path(database_url: str, folder: pathlib.Path) -> None:
    """The lease is found where an env.py has moved its own connection elsewhere."""
    with make_engine(database_url).begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA tenant")

    (folder / "migrations" / "env.py").write_text(
        """
from alembic import context
from flask import current_app

(database,) = current_app.extensions["migrate"].find_databases()
with database.engine.connect() as connection:
    connection.exec_driver_sql("SET search_path TO tenant")
    connection.commit()
    connection.dialect.default_schema_name = "tenant"
    mapped = connection.execution_options(schema_translate_map={"public": "nowhere"})
    context.configure(connection=mapped)
    with context.begin_transaction():
        context.run_migrations()
"""
    )
    open_project(folder, database_url, lock="lease").run_well("upgrade")
    assert read_tables(database_url) == ["alembic_version_lease"]
    assert read(database_url, "SELECT * FROM tenant.alembic_version") == ["a3"]


def test_lock_says_who_holds_it(database_url: str, folder: pathlib.Path) -> None:
    """`flask db lock` names the holder, takes nothing, and makes no table."""
    project = open_project(folder, database_url)
    assert project.run_well("lock").stdout == "<default>: free\n"
    holder = Holder(folder, database_url)

    try:
        assert "<default>: held by " in project.run_well("lock").stdout
        found = json.loads(project.run_well("lock", "--format", "json").stdout)
        kind = found["databases"][0]["holder"]["kind"]
        assert kind == ("file" if database_url.startswith("sqlite") else "session")
    finally:
        holder.leave()

    assert project.run_well("lock").stdout == "<default>: free\n"
    assert not read_tables(database_url)


@servers
def test_release(database_url: str, folder: pathlib.Path) -> None:
    """Only a lease that has expired is released, and only by its token."""
    holder = Holder(folder, database_url, lock="lease", lock_lease=KEPT)
    project = open_project(folder, database_url)
    (state,) = json.loads(project.run_well("lock", "--format", "json").stdout)[
        "databases"
    ]
    lease = state["holder"]
    assert lease["pid"] == holder.process.pid
    assert 0 < lease["expires_in"] <= KEPT
    token = f"(lease {lease['token']}, expire"
    assert token in project.run_well("lock").stdout

    confirm = ("lock", "--release", "--confirm", lease["token"])
    alive = project.run(*confirm)
    assert alive.exit_code == 2
    assert "stop that one first" in alive.stderr
    assert project.run("lock", "--release").exit_code == 2

    holder.kill()
    deadline = time.monotonic() + 5
    while project.run(*confirm).exit_code and time.monotonic() < deadline:
        pass

    assert project.run_well("lock").stdout == "<default>: free\n"


def test_unknown_kind(folder: pathlib.Path) -> None:
    """A kind of lock that does not exist is refused."""
    project = open_project(folder, "sqlite://", lock="table")
    result = project.run("upgrade")
    assert result.exit_code == 2
    assert "MIGRATE_LOCK must be one of auto, session, lease" in result.stderr


@servers
def test_no_takeover_between_the_check_and_the_commit(database_url: str) -> None:
    """A lease that has expired is not taken while its holder is about to commit."""
    kind = get_dialect(make_engine(database_url).dialect.name).migration_lock
    assert issubclass(kind, SessionLock)
    row = LeaseRow(table="alembic_version", schema=None, clock=kind.clock)
    engine = make_engine(database_url)

    with engine.begin() as connection:
        row.ensure(connection)
        assert row.take(connection, owner="first", seconds=0) == 1

    with engine.begin() as holder:
        assert row.is_held(holder, fence=1, owner="first")

        with engine.begin() as other:
            assert row.take(other, owner="second", seconds=0) is None

    with engine.begin() as other:
        assert row.take(other, owner="second", seconds=0) == 2
        assert not row.renew(other, fence=1, owner="first", seconds=9)
