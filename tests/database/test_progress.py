"""What a run tells while it goes on: events, signals, a log, and a line."""

from __future__ import annotations

import logging
import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate import signals
from flask_migrate import upgrade
from flask_migrate.errors import StepFailed
from flask_migrate.events import Event
from flask_migrate.events import EventKind
from flask_migrate.plan import Direction
from flask_migrate.plan import Step
from flask_migrate.report.running import format_running
from flask_migrate.report.running import format_step
from flask_migrate.run import watching
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.servers import Backend

SLEEPS = {
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n"
    " WHERE x < 1500000) SELECT max(x) FROM n",
    "postgresql": "SELECT pg_sleep(0.3)",
    "mariadb": "SELECT SLEEP(0.3)",
}


def test_events(database_url: str, tmp_path: pathlib.Path) -> None:
    """A listener hears of the run and of each step, in order."""
    shop = make_shop(tmp_path, database_url)
    heard: list[Event] = []
    with shop.app.app_context():
        shop.migrate.upgrade(on_event=heard.append)
        assert [one.kind.value for one in heard] == [
            "run_started",
            *["step_started", "step_finished"] * 3,
            "run_finished",
        ]
        assert heard[0].steps == 3
        assert [one.step.revision for one in heard if one.step] == (
            ["a1", "a1", "a2", "a2", "a3", "a3"]
        )
        assert len({one.run for one in heard}) == 1
        # Nothing to do is no run.
        heard.clear()
        shop.migrate.upgrade(on_event=heard.append)
        assert heard == []


def test_signals(tmp_path: pathlib.Path) -> None:
    """An application may listen with Flask's signals, a failure included."""
    broken = RevisionFile(revision="a2", down="a1", upgrade="op.execute('nonsense')")
    shop = make_shop(tmp_path, None, make_table(1), broken)
    heard: list[tuple[str, str | None]] = []

    def note(sender: t.Any, event: Event) -> None:
        assert sender is shop.app
        heard.append((event.kind.value, event.step.revision if event.step else None))

    every = (
        signals.run_started,
        signals.step_started,
        signals.step_finished,
        signals.step_failed,
        signals.run_failed,
    )
    for signal in every:
        signal.connect(note)

    with shop.app.app_context(), pytest.raises(StepFailed):
        upgrade()

    for signal in every:
        signal.disconnect(note)

    assert heard == [
        ("run_started", None),
        ("step_started", "a1"),
        ("step_finished", "a1"),
        ("step_started", "a2"),
        ("step_failed", "a2"),
        ("run_failed", None),
    ]


def test_structured_log(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each event is a log record with flat attributes, at DEBUG."""
    shop = make_shop(tmp_path)
    caplog.set_level(logging.DEBUG, "flask_migrate.events")
    shop.run_well("upgrade", "a1")
    records = [one for one in caplog.records if one.name == "flask_migrate.events"]
    finished = next(one for one in records if one.message == "step_finished")
    assert vars(finished)["migrate_revision"] == "a1"
    assert vars(finished)["migrate_seconds"] >= 0


def test_long_statement(
    database_url: str,
    tmp_path: pathlib.Path,
    backend: Backend,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A statement that takes its time is told of while it runs."""
    monkeypatch.setattr(watching, "TELL_SECONDS", 0.05)
    monkeypatch.setattr(watching, "ASK_SECONDS", 0.05)
    slow = RevisionFile(revision="a1", upgrade=f"op.execute({SLEEPS[backend.name]!r})")
    shop = make_shop(tmp_path, database_url, slow)
    heard: list[Event] = []
    with shop.app.app_context():
        shop.migrate.upgrade(on_event=heard.append)

    told = [one for one in heard if one.kind is EventKind.STATEMENT_RUNNING]
    assert told
    assert "SELECT" in told[-1].text
    assert told[-1].step is not None
    assert told[-1].step.revision == "a1"
    if backend.name == "mariadb":
        assert told[-1].phase == "User sleep"


@pytest.mark.backends("postgresql")
def test_who_is_waited_for(
    database_url: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A concurrent build that waits says for which session."""
    monkeypatch.setattr(watching, "TELL_SECONDS", 0.05)
    monkeypatch.setattr(watching, "ASK_SECONDS", 0.05)
    build = RevisionFile(
        revision="a2",
        down="a1",
        upgrade="""
            with op.get_context().autocommit_block():
                op.create_index('ix', 't1', ['id'], postgresql_concurrently=True)
        """,
    )
    shop = make_shop(tmp_path, database_url, make_table(1), build)
    shop.run_well("upgrade", "a1")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    heard: list[Event] = []
    with engine.connect() as holder:
        holder.exec_driver_sql("INSERT INTO t1 VALUES (1)")
        pid = holder.scalar(sa.text("SELECT pg_backend_pid()"))

        def listen(event: Event) -> None:
            heard.append(event)
            if event.phase is not None:
                holder.rollback()

        with shop.app.app_context():
            shop.migrate.upgrade(on_event=listen)

    phases = [one.phase for one in heard if one.phase]
    assert phases[0].startswith("waiting for writers") or str(pid) in phases[0]
    assert shop.run_well("current").stdout == "a2 (head)\n"


def test_lines() -> None:
    """The line of a statement fits a terminal, and keeps what matters."""
    event = Event(
        kind=EventKind.STATEMENT_RUNNING,
        run="r",
        step=Step(revision="a1", message="index", direction=Direction.UPGRADE),
        seconds=61.2,
        text="CREATE INDEX ix ON orders (email) " * 5,
        phase="building index",
        done=0.41,
    )
    line = format_running(event, width=70)
    assert len(line) <= 70
    assert line.startswith("still running: a1  CREATE INDEX")
    assert line.endswith("...  building index, 41%, 61 s")
    assert format_step(event) == '  [X] a1 "index"  61.2 s'
