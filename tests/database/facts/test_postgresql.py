"""What the plan says of PostgreSQL's statements is what its server does."""

from __future__ import annotations

import collections.abc as cabc
import threading
import time

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from flask_migrate.databases.dialects import get_dialect
from flask_migrate.databases.dialects.facts import Facts
from flask_migrate.plan import Effect
from flask_migrate.plan import Impact
from flask_migrate.plan import LockLevel
from flask_migrate.plan import Loss
from tests.support.servers import BACKENDS
from tests.support.servers import Databases

from .cases import Case
from .postgresql import APART
from .postgresql import CASES
from .postgresql import FAILURES
from .postgresql import judge
from .postgresql import Measured
from .postgresql import Meter
from .postgresql import REFUSALS
from .postgresql import SCHEMA


@pytest.fixture(scope="module")
def url(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> cabc.Iterator[str]:
    """The URL of a database with the tables of the corpus, which no test changes."""
    backend = BACKENDS["postgresql"]
    url = databases.create(backend, folder=tmp_path_factory.mktemp("facts"))
    engine = sa.create_engine(url)

    with engine.begin() as connection:
        connection.exec_driver_sql(SCHEMA)

    engine.dispose()
    yield url
    databases.drop(backend, url)


@pytest.fixture(scope="module")
def engine(url: str) -> cabc.Iterator[sa.Engine]:
    """A way into that database."""
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: sa.Engine) -> cabc.Iterator[sa.Connection]:
    """A connection in a transaction that is rolled back."""
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def facts(connection: sa.Connection) -> Facts:
    """The facts of that database."""
    return get_dialect("postgresql").make_facts(connection)


def test_size_of_the_corpus() -> None:
    """The corpus has at least 60 different operations."""
    texts = {tuple(case.render("postgresql") + list(case.settings)) for case in CASES}
    assert len(texts) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, facts: Facts, engine: sa.Engine) -> None:
    """Locks, work and impact of one operation are as they were measured."""
    for setting in case.settings:
        facts.describe(setting)

    statements = case.render("postgresql")
    effects = [facts.describe(sql) for sql in statements]

    with engine.connect() as connection:
        measured = Meter(connection).measure(case, statements)

    for sql, effect, truth in zip(statements, effects, measured, strict=True):
        check(sql, effect, truth)


def check(sql: str, effect: Effect, truth: Measured) -> None:
    """Compare what was said of a statement with what it did."""
    # Within a transaction the server counts all that is held.
    said = {lock.table: lock.level for lock in (*effect.locks, *effect.held)}
    assert effect.source, sql
    assert effect.transactional, sql
    assert said == truth.locks, sql
    assert set(effect.work) == truth.work, sql

    if not sql.startswith("reindex"):
        assert effect.impact is judge(truth), sql


@pytest.mark.parametrize(("sql", "reason"), FAILURES.values(), ids=FAILURES)
def test_failure(sql: str, reason: str, facts: Facts, engine: sa.Engine) -> None:
    """What the server always refuses is foretold, with the reason."""
    effect = facts.describe(sql)
    assert (effect.impact, effect.may_fail[0]) == (Impact.FAILS, reason)

    with engine.connect() as connection, pytest.raises(exc.DBAPIError):
        connection.exec_driver_sql(sql)


@pytest.mark.parametrize(("sql", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_refusal(sql: str, reason: str, facts: Facts, engine: sa.Engine) -> None:
    """What rows would stop a statement is foretold, without looking for them."""
    effect = facts.describe(sql)
    assert effect.impact not in {Impact.FAILS, Impact.UNKNOWN}
    assert reason in effect.may_fail

    with engine.connect() as connection, pytest.raises(exc.DBAPIError):
        connection.exec_driver_sql(sql)


@pytest.mark.parametrize(("sql", "level"), APART.items(), ids=APART)
def test_apart(sql: str, level: LockLevel, facts: Facts, engine: sa.Engine) -> None:
    """What cannot run in a transaction says so, and asks for the lock that it says."""
    effect = facts.describe(sql)
    assert not effect.transactional
    assert {lock.table: lock.level for lock in effect.locks} == {"t": level}

    with engine.connect() as connection:
        with pytest.raises(exc.DBAPIError, match=r"cannot .* transaction block"):
            connection.exec_driver_sql(sql)

        connection.rollback()
        assert ask_for_lock(engine, connection, sql) == level.value.replace(" ", "")


def ask_for_lock(engine: sa.Engine, holder: sa.Connection, sql: str) -> str:
    """Return the lock on ``t`` that a statement waits for while we hold the table."""
    holder.exec_driver_sql("LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")
    with engine.connect() as waiter:
        waiter.execution_options(isolation_level="AUTOCOMMIT")
        pid = waiter.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        thread = threading.Thread(target=run_until_cancelled, args=(waiter, sql))
        thread.start()

        try:
            return read_request(holder, pid)
        finally:
            holder.exec_driver_sql("SELECT pg_cancel_backend(%s)", (pid,))
            thread.join()
            holder.rollback()


def run_until_cancelled(waiter: sa.Connection, sql: str) -> None:
    """Run a statement that never gets its lock."""
    with pytest.raises(exc.DBAPIError, match="cancel"):
        waiter.exec_driver_sql(sql)


def read_request(holder: sa.Connection, pid: int | None) -> str:
    """Return what a session waits for, in our words, as soon as it waits."""
    question = (
        "SELECT mode FROM pg_locks WHERE pid = %s AND NOT granted"
        " AND relation = 't'::regclass"
    )
    deadline = time.monotonic() + 10

    while time.monotonic() < deadline:
        mode = holder.exec_driver_sql(question, (pid,)).scalar()
        if mode:
            return str(mode).removesuffix("Lock").upper()

    raise AssertionError("it never asked for a lock")


def describe_all(facts: Facts, *statements: str) -> list[Effect]:
    """Return what statements of one step do."""
    return [facts.describe(sql) for sql in statements]


def test_locks_add_up(facts: Facts, engine: sa.Engine) -> None:
    """A quiet statement is loud while the transaction holds a stronger lock."""
    statements = [
        "ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0) NOT VALID",
        "ALTER TABLE t VALIDATE CONSTRAINT ck",
        "CREATE INDEX ON late (a)",
        "COMMENT ON TABLE r IS 'x'",
    ]
    first, second, third, last = describe_all(facts, *statements)
    assert first.impact is Impact.BRIEF
    assert second.impact is Impact.LONG
    assert [(one.table, one.level.value) for one in second.held] == [
        ("t", "ACCESS EXCLUSIVE")
    ]
    assert second.blocks_reads
    # An index of another table, and yet nobody reads `t` meanwhile.
    assert third.impact is Impact.LONG
    assert last.impact is Impact.FREE

    with engine.connect() as connection:
        case = Case(name="", change="")
        truths = Meter(connection).measure(case, statements)

    held = truths[1].locks
    assert held["t"] is LockLevel.ACCESS_EXCLUSIVE


def test_step_ends(facts: Facts) -> None:
    """In the next transaction nothing of it is held."""
    facts.describe("ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0) NOT VALID")
    facts.begin_step()
    effect = facts.describe("ALTER TABLE t VALIDATE CONSTRAINT ck")
    assert (effect.impact, effect.held) == (Impact.ONLINE, ())
    # A valid check is a proof for the next one.
    proof = "ALTER TABLE late ADD CONSTRAINT p CHECK (r_id IS NOT NULL)"
    facts.describe(proof)
    assert facts.describe("ALTER TABLE late ALTER r_id SET NOT NULL").work == ()


def test_new_tables_are_free(facts: Facts) -> None:
    """Nobody uses what an earlier statement made, under whatever name."""
    effects = describe_all(
        facts,
        "CREATE TABLE nt (id int PRIMARY KEY, a int)",
        "CREATE UNIQUE INDEX ON nt (a)",
        "ALTER TABLE nt RENAME TO nu",
        "ALTER TABLE nu ALTER a SET NOT NULL",
        "ALTER TABLE nu ALTER a TYPE bigint",
        "DROP TABLE nu",
    )
    assert {effect.impact for effect in effects} == {Impact.FREE}
    assert not any(one.locks or one.may_fail or one.losses for one in effects)


def test_renames_are_followed(facts: Facts) -> None:
    """A live table and its columns are known by their new names, and counted."""
    facts.describe("ALTER TABLE late RENAME TO later")
    facts.describe("ALTER TABLE later RENAME COLUMN r_id TO ref")
    effect = facts.describe("ALTER TABLE later DROP COLUMN ref")
    assert effect.losses == (Loss(table="later", column="ref", rows=20),)
    assert facts.count_loss(effect.losses[0]) == 20


def test_statistics(facts: Facts) -> None:
    """Rows and bytes come from the server's statistics."""
    (lock,) = facts.describe("ALTER TABLE late ADD COLUMN n int").locks
    assert lock.rows == 20
    assert lock.size is not None
    assert lock.size > 8192


def test_losses(facts: Facts) -> None:
    """What is gone is said, by the statistics; a count looks at the rows."""
    whole = facts.describe("DROP TABLE k")
    assert whole.losses == (Loss(table="k", rows=10),)
    assert facts.count_loss(whole.losses[0]) == 10
    column = facts.describe("ALTER TABLE t DROP COLUMN txti")
    assert column.losses == (Loss(table="t", column="txti", rows=0),)
    part = facts.describe("DELETE FROM t WHERE id > 3")
    assert part.losses == (Loss(table="t", rows=None),)
    assert facts.count_loss(part.losses[0]) is None
    rounded = facts.describe("ALTER TABLE t ALTER num TYPE numeric(10, 1)")
    assert [loss.column for loss in rounded.losses] == ["num"]


def test_count_gives_up(
    facts: Facts, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count that takes too long says nothing, and the transaction goes on."""
    monkeypatch.setattr(facts, "count_seconds", 0.05)

    with engine.connect() as holder:
        holder.exec_driver_sql("LOCK TABLE k")
        assert facts.count_loss(Loss(table="k")) is None

    assert facts.count_loss(Loss(table="k")) == 10
    limit = facts.connection.exec_driver_sql("SHOW statement_timeout").scalar()
    assert limit == "0"


def test_count_by_itself(engine: sa.Engine) -> None:
    """A connection that commits by itself counts too, and stays as it was."""
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        facts = get_dialect("postgresql").make_facts(connection)
        assert facts.count_loss(Loss(table="t", column="name")) == 20
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "0"


@pytest.mark.parametrize(
    "sql",
    [
        "DO $$ BEGIN DROP TABLE t; END $$",
        "CALL something()",
        "SELECT volf()",
        "UPDATE t SET a = volf()",
        "ALTER TABLE nowhere ADD COLUMN a int",
        "ALTER TABLE t FROBNICATE",
        "DROP TYPE st CASCADE",
        "REINDEX DATABASE shop",
        "SELECT * FROM t FOR UPDATE",
        "'",
        "a \0 b",
    ],
)
def test_unknown(sql: str, facts: Facts) -> None:
    """What is not known is said to be unknown, and why."""
    effect = facts.describe(sql)
    assert effect.impact is Impact.UNKNOWN
    assert effect.source


def test_unproven(facts: Facts) -> None:
    """A change of a type that nobody measured is taken for a rewrite, and said so."""
    effect = facts.describe("ALTER TABLE t ALTER flag TYPE text")
    assert effect.work == ("rewrite",)
    assert effect.source == "unproven: boolean to text is taken for a rewrite"


def test_several_in_one_text(facts: Facts) -> None:
    """A text of several statements is as bad as the worst of them."""
    effect = facts.describe("SET LOCAL x.y = '1'; ALTER TABLE t ADD n int; -- done")
    assert effect.impact is Impact.BRIEF
    assert [lock.table for lock in effect.locks] == ["t"]
