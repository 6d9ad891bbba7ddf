"""kill -9 in the middle of an upgrade: the next one goes on, and runs nothing twice."""

from __future__ import annotations

import pathlib
import random
import signal
import typing as t

import sqlalchemy as sa

from tests.support.apps import make_shop
from tests.support.audits import Audit
from tests.support.audits import audit
from tests.support.audits import empty
from tests.support.forks import run_flask
from tests.support.kills import count_sent
from tests.support.kills import kill_at
from tests.support.long_histories import make_mixed
from tests.support.long_histories import make_small
from tests.support.projects import Project
from tests.support.servers import Backend

ROUNDS = 6
REVISIONS = 6
STRIDE = 13
"""`python -m benchmarks kills` makes more rounds, and `moments` takes each of them."""


def kill_upgrade(project: Project, moment: int, **options: t.Any) -> None:
    """Upgrade in a process that is killed at a moment of its life."""
    killed = run_flask(
        "db", "upgrade", app=project.app, prepare=kill_at(moment, **options)
    )
    assert killed.exit_code == -signal.SIGKILL, (moment, options, killed.output)


def check_continued(project: Project, url: str, expected: Audit) -> None:
    """Upgrade once more, and expect what an undisturbed run leaves."""
    result = project.run("upgrade")
    assert result.exit_code == 0, result.output
    assert audit(url) == expected, result.output


def test_random_moments(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """Killed anywhere, an upgrade goes on to the head with each effect there once."""
    history = make_mixed(REVISIONS, backend=backend.name)
    project = make_shop(tmp_path, database_url, *history)
    # SQLAlchemy asks more on the first connection of an engine.
    project.run_well("upgrade")
    empty(database_url)
    sent = count_sent(lambda: project.run_well("upgrade"))
    expected = audit(database_url)
    assert expected.done == [one.revision for one in history]
    dice = random.Random(3)
    for number in range(ROUNDS):
        empty(database_url)
        kill_upgrade(
            project,
            # A delay must not come after the end.
            dice.randint(5, sent - 20),
            after_sending=bool(number % 2),
            delay=dice.choice([0, dice.random() * 0.003]),
        )
        check_continued(project, database_url, expected)


def test_every_moment(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """A revision is killed at each word that it sends, and always goes on."""
    project = make_shop(tmp_path, database_url, *make_small(backend.name))
    project.run_well("upgrade")
    empty(database_url)
    stand_at_r1(database_url)
    sent = count_sent(lambda: project.run_well("upgrade"))
    expected = audit(database_url)
    moments = [
        (number, sent) for number in range(1, sent + 1) for sent in (False, True)
    ]
    for moment, after_sending in moments[::STRIDE]:
        empty(database_url)
        stand_at_r1(database_url)
        kill_upgrade(project, moment, after_sending=after_sending)
        check_continued(project, database_url, expected)


def list_moments(sent: int) -> list[tuple[int, bool]]:
    """Return each moment before and after a word, but the last: it may say goodbye."""
    return [(moment, after) for moment in range(1, sent - 2) for after in (False, True)]


def stand_at_r1(url: str) -> None:
    """Do what `upgrade r1` does, in less time."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in (
            "CREATE TABLE log (r INTEGER)",
            "INSERT INTO log VALUES (0)",
            "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
            "INSERT INTO alembic_version VALUES ('r1')",
        ):
            connection.exec_driver_sql(statement)
