"""Runs that are stopped in the middle: by Ctrl-C, by signals, by a lost connection."""

from __future__ import annotations

import pathlib
import signal
import time
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from tests.faults.rows import check_answer
from tests.faults.rows import read_database
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.forks import Child
from tests.support.forks import Outcome
from tests.support.forks import start_flask
from tests.support.projects import Project
from tests.support.servers import Backend

SIGNALS = {signal.SIGINT: (130, "Ctrl-C"), signal.SIGTERM: (143, "SIGTERM")}
PYTHON = "import time; time.sleep(30)"
SLEEPS = {
    "sqlite": 'op.execute("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1'
    ' FROM n WHERE x < 3000000) SELECT max(x) FROM n")',
    "postgresql": "op.execute('SELECT pg_sleep(30)')",
    "mariadb": "op.execute('SELECT SLEEP(1)')",
}


def make_slow_shop(folder: pathlib.Path, url: str, sleep: str) -> Project:
    """Make a shop whose a3 makes a table and a row, and then takes its time."""
    step = RevisionFile(
        revision="a3",
        down="a2",
        upgrade=f"""
            op.create_table('half', sa.Column('x', sa.Integer))
            op.execute('INSERT INTO t1 VALUES (7)')
            open({str(folder / "begun")!r}, 'w').close()
            {sleep}
        """,
        downgrade="op.drop_table('half')",
    )
    return make_shop(folder, url, make_table(1), make_table(2), step, make_table(4))


def stop_in_the_middle(child: Child, folder: pathlib.Path, number: int) -> Outcome:
    """Send a signal when a3 has begun."""
    deadline = time.monotonic() + 15
    while not (folder / "begun").exists():
        assert time.monotonic() < deadline, child.wait()
        time.sleep(0.01)

    # Into the statement, not in front of it.
    time.sleep(0.05)
    child.send(number)
    return child.wait()


def expect_whole(url: str, backend: Backend) -> None:
    """Expect a database at a2, with nothing of a3 where that can be."""
    tables = read_database(url)
    assert tables["alembic_version"] == [("a2",)]
    assert tables["t1"] == []
    assert ("half" in tables) is ("transactional_ddl" not in backend.capabilities)


@pytest.mark.row(120, 121, 122)
@pytest.mark.parametrize("number", list(SIGNALS), ids=lambda one: one.name)
@pytest.mark.parametrize("where", ["in a statement", "in Python"])
def test_signal(
    database_url: str,
    tmp_path: pathlib.Path,
    backend: Backend,
    number: signal.Signals,
    where: str,
) -> None:
    """Ctrl-C and SIGTERM undo the revision at work, say what stays, and go."""
    sleep = PYTHON if where == "in Python" else SLEEPS[backend.name]
    shop = make_slow_shop(tmp_path, database_url, sleep)
    child = start_flask("db", "upgrade", app=shop.app)
    outcome = stop_in_the_middle(child, tmp_path, number)
    code, word = SIGNALS[number]
    keeps = "transactional_ddl" not in backend.capabilities
    check_answer(
        outcome,
        exit_code=code,
        says=(
            f'Stopped by {word} in revision a3 "a3"',
            "applied 2 of 4; the database is at a2",
            "a part of a3 is done and stays" if keeps else "nothing of a3 stays",
            "flask db upgrade",
        ),
        hides=("Aborted!", "Exception ignored"),
    )
    expect_whole(database_url, backend)


@pytest.mark.parametrize("number", list(SIGNALS), ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("driver", "sleep"),
    [
        ("sqlite+aiosqlite", PYTHON),
        ("postgresql+asyncpg", PYTHON),
        ("postgresql+asyncpg", SLEEPS["postgresql"]),
    ],
)
@pytest.mark.backends("sqlite", "postgresql")
def test_signal_with_an_asynchronous_engine(
    database_url: str,
    tmp_path: pathlib.Path,
    backend: Backend,
    number: signal.Signals,
    driver: str,
    sleep: str,
) -> None:
    """A revision that runs in an event loop is stopped in the same words."""
    if not driver.startswith(backend.name):
        return

    shop = make_slow_shop(tmp_path, database_url, sleep)
    url = sa.make_url(database_url).set(drivername=driver)
    shop.migrate.init_app(
        shop.app,
        directory=shop.folder,
        engines=create_async_engine(url, poolclass=sa.NullPool),
        metadatas=sa.MetaData(),
    )
    child = start_flask("db", "upgrade", app=shop.app)
    outcome = stop_in_the_middle(child, tmp_path, number)
    code, word = SIGNALS[number]
    check_answer(
        outcome,
        exit_code=code,
        says=(f'Stopped by {word} in revision a3 "a3"', "nothing of a3 stays"),
        hides=("Exception ignored", "never awaited", "never retrieved"),
    )
    expect_whole(database_url, backend)


@pytest.mark.transactional_ddl
def test_kill(database_url: str, tmp_path: pathlib.Path, backend: Backend) -> None:
    """A process that is killed leaves nothing of a3; the next run goes on from a2."""
    shop = make_slow_shop(tmp_path, database_url, PYTHON)
    child = start_flask("db", "upgrade", app=shop.app)
    outcome = stop_in_the_middle(child, tmp_path, signal.SIGKILL)
    assert outcome.exit_code == -signal.SIGKILL
    expect_whole(database_url, backend)
    path = shop.versions / "a3_.py"
    path.write_text(path.read_text().replace(PYTHON, "pass"))
    shop.run_well("upgrade")
    tables = read_database(database_url)
    assert tables["alembic_version"] == [("a4",)]
    assert tables["t1"] == [(7,)]


def test_downgrade(database_url: str, tmp_path: pathlib.Path) -> None:
    """Going back is stopped in its own words."""
    begun = tmp_path / "begun"
    step = make_table(
        2, downgrade=f"open({str(begun)!r}, 'w').close()\n{PYTHON}\nop.drop_table('t2')"
    )
    shop = make_shop(tmp_path, database_url, make_table(1), step, make_table(3))
    shop.run_well("upgrade")
    child = start_flask("db", "downgrade", "base", app=shop.app)
    outcome = stop_in_the_middle(child, tmp_path, signal.SIGINT)
    check_answer(
        outcome,
        exit_code=130,
        says=(
            "Stopped by Ctrl-C in revision a2",
            "reverted 1 of 3",
            "at a2",
            "downgrade",
        ),
    )
    tables = read_database(database_url)
    assert tables["alembic_version"] == [("a2",)]
    assert set(tables) == {"alembic_version", "t1", "t2"}


@pytest.mark.parametrize("number", list(SIGNALS), ids=lambda one: one.name)
def test_while_files_are_read(tmp_path: pathlib.Path, number: signal.Signals) -> None:
    """Before anything runs there is nothing to undo, and that is said."""
    shop = make_shop(tmp_path)
    path = shop.versions / "a3_.py"
    begun = f"open({str(tmp_path / 'begun')!r}, 'w').close()\n{PYTHON}\n"
    path.write_text(path.read_text() + begun)
    child = start_flask("db", "upgrade", app=shop.app)
    outcome = stop_in_the_middle(child, tmp_path, number)
    code, word = SIGNALS[number]
    check_answer(
        outcome, exit_code=code, says=(f"Stopped by {word}", "no revision was running")
    )
    assert not (tmp_path / "shop.db").exists()


@pytest.mark.parametrize("number", list(SIGNALS), ids=lambda one: one.name)
def test_while_another_run_holds_the_lock(
    database_url: str, tmp_path: pathlib.Path, number: signal.Signals
) -> None:
    """A run that waits for another can be stopped; the other goes on."""
    shop = make_slow_shop(tmp_path, database_url, "import time; time.sleep(0.8)")
    first = start_flask("db", "upgrade", app=shop.app)
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)

    second = start_flask("db", "upgrade", app=shop.app)
    time.sleep(0.3)
    second.send(number)
    code, word = SIGNALS[number]
    check_answer(second.wait(), exit_code=code, says=(f"Stopped by {word}",))
    assert first.wait().exit_code == 0
    assert read_database(database_url)["alembic_version"] == [("a4",)]


KILLS = {
    "postgresql": "op.execute('SELECT pg_terminate_backend(pg_backend_pid())')",
    "mariadb": "op.execute('KILL CONNECTION_ID()')",
}
KILLED_BY_ANOTHER = {
    "postgresql": (
        "pid = op.get_bind().scalar(sa.text('SELECT pg_backend_pid()'))",
        "kill = f'SELECT pg_terminate_backend({pid})'",
    ),
    "mariadb": (
        "pid = op.get_bind().scalar(sa.text('SELECT CONNECTION_ID()'))",
        "kill = f'KILL {pid}'",
    ),
}


@pytest.mark.row(118, 119)
@pytest.mark.server
@pytest.mark.parametrize("by", ["itself", "another session"])
def test_lost_connection(
    database_url: str, tmp_path: pathlib.Path, backend: Backend, by: str
) -> None:
    """A connection that the server cuts is told from a statement that it refuses."""
    if by == "itself":
        kill: t.Sequence[str] = (KILLS[backend.name],)
    else:
        kill = (
            *KILLED_BY_ANOTHER[backend.name],
            "other = sa.create_engine(op.get_bind().engine.url, poolclass=sa.NullPool)",
            "with other.connect() as session: session.exec_driver_sql(kill)",
        )

    shop = make_slow_shop(tmp_path, database_url, "; ".join(kill[:1]))
    path = shop.versions / "a3_.py"
    lines = "\n".join(f"    {line}" for line in kill)
    after = "    op.execute('INSERT INTO t1 VALUES (8)')\ndef downgrade"
    text = path.read_text().replace(f"    {kill[0]}", lines)
    path.write_text(text.replace("def downgrade", after))
    result = shop.run("upgrade")
    keeps = "transactional_ddl" not in backend.capabilities
    check_answer(
        result,
        exit_code=1,
        says=(
            'Revision a3 "a3" could not be applied',
            "The connection to the database server at 127.0.0.1:",
            "was lost",
            "applied 2 of 4; the database is at a2",
            "a part of a3 is done and stays" if keeps else "nothing of a3 stays",
            "flask db current",
        ),
    )
    expect_whole(database_url, backend)
    assert shop.run("current").stdout == "a2\n"
