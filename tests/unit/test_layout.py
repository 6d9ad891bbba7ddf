"""Texts of at most 80 columns, in which no id, name or command is cut."""

from __future__ import annotations

import dataclasses
import datetime

from flask_migrate.plan import Direction
from flask_migrate.plan import Loss
from flask_migrate.plan import Revision
from flask_migrate.plan import Step
from flask_migrate.report.layout import pack
from flask_migrate.report.layout import wrap
from flask_migrate.report.log import format_logs
from flask_migrate.report.rollback import format_rollbacks
from flask_migrate.report.status import format_statuses
from flask_migrate.results import DatabaseStatus
from flask_migrate.results import HistoryEntry
from flask_migrate.results import RevisionStatus
from flask_migrate.results import State
from flask_migrate.views import DatabaseLog
from flask_migrate.views import Rollback
from flask_migrate.views import RollbackStep

LONG_ID = "f" * 32
MESSAGE = "a message of many words " * 6
ENTRY = HistoryEntry(
    run="0" * 32,
    revision=LONG_ID,
    direction="upgrade",
    kind="upgrade",
    message=MESSAGE,
    started=datetime.datetime(2026, 11, 20, 9, 41, 7, tzinfo=datetime.UTC),
    seconds=125.4,
    username="somebody-with-a-long-name",
    host="a-machine-with-a-long-name.example.com",
    app_version="1.4.2",
)


def make_status(state: State, entry: HistoryEntry | None = ENTRY) -> str:
    """Return how one revision is shown."""
    revision = Revision(revision=LONG_ID, message=MESSAGE)
    one = RevisionStatus(revision=revision, state=state, entry=entry)
    return format_statuses([DatabaseStatus(url="sqlite://", revisions=(one,))])


def test_width() -> None:
    """Every state of a long revision fits, and its id and its author stay whole."""
    failed = dataclasses.replace(ENTRY, outcome="failed", error="no such table: " * 9)
    shown = [make_status(state) for state in State]
    shown += [make_status(State.FAILED, failed), make_status(State.PENDING, None)]
    shown.append(format_logs([DatabaseLog(url="sqlite://", entries=(ENTRY, failed))]))

    for text in shown:
        assert LONG_ID in text
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= 80

    for text in shown[:-2]:
        assert f"by {ENTRY.author}" in text


def test_long_words_stay_whole() -> None:
    """What is longer than a line is not cut."""
    word = "x" * 100
    assert wrap(f"a {word} b", first="  ") == ["  a", f"  {word}", "  b"]
    assert pack([word, "b"], first="  ") == [f"  {word},", "b"]
    assert wrap("", first="  ") == []


def test_losses() -> None:
    """Rows are counted in words."""
    step = Step(revision="a1", direction=Direction.DOWNGRADE, opaque="runs CALL ...")
    losses = (
        Loss(table="t", rows=1),
        Loss(table="t", column="c", rows=1000001),
        Loss(table="u"),
    )
    steps = (RollbackStep(step=step, losses=losses),)
    found = Rollback(name="shop", target="-1", steps=steps)
    assert format_rollbacks([found]).splitlines()[1:] == [
        "  [-] a1",
        "      loses t: 1 row",
        "      loses t.c: 1000001 rows",
        "      loses u, whose rows take too long to count",
        "      may lose rows: it runs CALL ...",
        "  needs --confirm shop",
    ]
    assert found.is_certain
