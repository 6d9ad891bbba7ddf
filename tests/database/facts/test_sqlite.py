"""What the plan says of SQLite's statements is what it does."""

from __future__ import annotations

import collections.abc as cabc
import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import pool

from flask_migrate.databases.dialects import get_dialect
from flask_migrate.databases.dialects.facts import Facts
from flask_migrate.plan import Impact
from flask_migrate.plan import LockLevel
from flask_migrate.plan import Loss

from .cases import Case
from .sqlite import CASES
from .sqlite import ENFORCED
from .sqlite import FAILURES
from .sqlite import measure
from .sqlite import NATIVE
from .sqlite import REFUSALS
from .sqlite import ROWS
from .sqlite import SCHEMA


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables of the corpus, which no test changes."""
    path = tmp_path_factory.mktemp("facts") / "original.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(SCHEMA)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    """A copy of that file."""
    return Path(shutil.copy(original, tmp_path / "shop.db"))


@pytest.fixture
def facts(path: Path) -> cabc.Iterator[Facts]:
    """The facts of that copy."""
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=pool.NullPool)

    with engine.connect() as connection:
        yield get_dialect("sqlite").make_facts(connection)


def test_size_of_the_corpus() -> None:
    """The corpus has at least 60 different operations."""
    texts = {(*case.render("sqlite"), *case.settings) for case in CASES}
    assert len(texts) == len(CASES) >= 60


@pytest.mark.parametrize("case", [*CASES, *NATIVE], ids=str)
def test_case(case: Case, facts: Facts, path: Path) -> None:
    """Locks, work and impact of one operation are as they were measured."""
    if case.server > sqlite3.sqlite_version_info:
        effect = facts.describe(case.render("sqlite")[0])
        assert effect.impact is Impact.FAILS
        with pytest.raises(sqlite3.OperationalError):
            measure(path, case, case.render("sqlite"))
        return

    for setting in case.settings:
        facts.describe(setting)

    statements = case.render("sqlite")
    effects = [facts.describe(sql) for sql in statements]
    facts.connection.rollback()
    truth = measure(path, case, statements)
    levels = {lock.level for effect in effects for lock in effect.locks}
    (effect,) = effects
    assert effect.source
    # That a live table is empty is not known before it is read.
    work = (
        set()
        if " empty" in statements[0] and "select" not in statements[0]
        else set(effect.work)
    )
    assert work == truth.work
    assert levels == ({LockLevel.WRITER} if truth.stops_writers else set())
    assert not truth.stops_readers
    long = Impact.LONG_WRITES if effect.work else Impact.BRIEF_WRITES
    assert effect.impact is (long if truth.stops_writers else Impact.FREE)


@pytest.mark.parametrize(("sql", "reason"), FAILURES.items())
def test_failure(sql: str, reason: str, facts: Facts, path: Path) -> None:
    """What SQLite always refuses is foretold, with the reason."""
    effect = facts.describe(sql)
    assert (effect.impact, effect.may_fail[0]) == (Impact.FAILS, reason)
    facts.connection.rollback()

    with pytest.raises(sqlite3.Error):
        measure(path, Case(name="", change=sql), [sql])


@pytest.mark.parametrize(("sql", "reason"), REFUSALS.items())
def test_refusal(sql: str, reason: str, facts: Facts, path: Path) -> None:
    """What rows would stop a statement is foretold, without looking for them."""
    facts.describe(ENFORCED[0])
    effect = facts.describe(sql)
    assert effect.impact not in {Impact.FAILS, Impact.UNKNOWN}
    assert reason in effect.may_fail
    facts.connection.rollback()
    connection = sqlite3.connect(path)
    connection.execute(ENFORCED[0])

    with pytest.raises(sqlite3.Error):
        connection.execute(sql)

    connection.close()


def test_long_write_without_a_log(facts: Facts, path: Path) -> None:
    """Without a write-ahead log a write that fills the cache stops the readers."""
    facts.connection.exec_driver_sql("PRAGMA journal_mode = DELETE").all()
    facts.connection.exec_driver_sql("PRAGMA cache_size = 10")
    sql = "UPDATE t SET name = 'x'"
    assert facts.describe(sql).impact is Impact.LONG
    facts.connection.rollback()
    case = Case(name="", change=sql, settings=("PRAGMA cache_size = 10",))
    assert measure(path, case, [sql]).stops_readers


def test_statistics(facts: Facts) -> None:
    """Rows come from ``sqlite_stat1``; the size is that of the file."""
    whole, table = facts.describe("ALTER TABLE t ADD n INT").locks
    assert (whole.table, table.table, table.rows) == ("main", "t", ROWS)
    assert whole.size is not None
    assert whole.size > 100_000


def test_no_statistics(facts: Facts) -> None:
    """Without ANALYZE nobody knows how many rows there are."""
    facts.connection.exec_driver_sql("DROP TABLE sqlite_stat1")
    facts.connection.commit()
    (loss,) = facts.describe("DROP TABLE k").losses
    assert loss.rows is None
    assert facts.count_loss(loss) == ROWS


def test_rebuild(facts: Facts) -> None:
    """A rebuild loses the columns that it does not copy, and no table."""
    for sql in (
        "CREATE TABLE tmp (id INTEGER PRIMARY KEY, a INTEGER)",
        "INSERT INTO tmp (id, a) SELECT plain.id, plain.a FROM plain",
    ):
        assert facts.describe(sql).losses == ()

    dropped = facts.describe("DROP TABLE plain")
    assert dropped.losses == (Loss(table="plain", column="b", rows=ROWS),)
    assert facts.count_loss(dropped.losses[0]) == ROWS
    facts.describe("ALTER TABLE tmp RENAME TO plain")
    built = facts.describe("CREATE INDEX i ON plain (a)")
    assert built.work == ("index build",)


def test_enforced_drop(facts: Facts) -> None:
    """With foreign keys enforced, the rows of others go with a table."""
    facts.describe(ENFORCED[0])
    losses = facts.describe("DROP TABLE c").losses
    assert [loss.table for loss in losses] == ["c", "k"]
    assert facts.count_loss(losses[1]) is None


def test_part_of_a_table(facts: Facts) -> None:
    """How many rows a condition means is not known; there are no more than all."""
    (loss,) = facts.describe("DELETE FROM plain WHERE id > 5").losses
    assert facts.count_loss(loss) is None
    assert facts.count_loss(loss, at_most=True) == ROWS


def test_attached_database(facts: Facts) -> None:
    """A table of an attached database is another one than its namesake."""
    connection = facts.connection
    connection.exec_driver_sql("ATTACH ':memory:' AS \":other\"")
    connection.exec_driver_sql('CREATE TABLE ":other".plain (id INTEGER)')
    connection.exec_driver_sql('INSERT INTO ":other".plain VALUES (1)')
    facts.describe('ALTER TABLE ":other".plain RENAME TO plainer')
    (loss,) = facts.describe('DROP TABLE ":Other".plainer').losses
    assert (loss.table, facts.count_loss(loss)) == (":other.plainer", 1)
    (loss,) = facts.describe("DROP TABLE main.plain").losses
    assert (loss.table, facts.count_loss(loss)) == ("plain", ROWS)
    assert facts.describe("DROP TABLE nowhere.plain").impact is Impact.UNKNOWN


def test_count_gives_up(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that takes too long says nothing."""
    monkeypatch.setattr(facts, "count_seconds", -1)
    sql = "CREATE TABLE big AS SELECT a.id FROM plain a, (SELECT 1 FROM plain LIMIT 9)"
    facts.connection.exec_driver_sql(sql)
    facts.connection.exec_driver_sql("ALTER TABLE big ADD x INT")
    assert facts.count_loss(Loss(table="big", column="x")) is None


@pytest.mark.parametrize(
    "sql", ["TRUNCATE t", "PRAGMA user_version = 3", "ALTER TABLE no ADD a INT", "'"]
)
def test_unknown(sql: str, facts: Facts) -> None:
    """What is not known is said to be unknown, and why."""
    effect = facts.describe(sql)
    assert effect.impact is Impact.UNKNOWN
    assert effect.source


@pytest.mark.parametrize("sql", ["VACUUM", "PRAGMA foreign_keys = OFF"])
def test_apart(sql: str, facts: Facts) -> None:
    """What means nothing inside a transaction says so."""
    assert not facts.describe(sql).transactional


def test_loss_after_a_rebuild(facts: Facts) -> None:
    """What replaces a table holds its rows: to drop that loses them."""
    for sql in (
        "CREATE TABLE tmp (id INTEGER PRIMARY KEY, a INTEGER)",
        "INSERT INTO tmp (id, a) SELECT plain.id, plain.a FROM plain",
        "DROP TABLE plain",
        "ALTER TABLE tmp RENAME TO plain",
    ):
        facts.describe(sql)

    (loss,) = facts.describe("DROP TABLE plain").losses
    assert (loss.table, facts.count_loss(loss)) == ("plain", ROWS)
