"""What the plan says of MariaDB's and MySQL's statements is what servers do.

MariaDB is asked here. The answers of MySQL, and of other versions, were measured
before and stand in `mysql_algorithms.json`; the same questions are asked here with
the tables of the MariaDB that runs, and the decisions of those servers.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from flask_migrate.databases.dialects import get_dialect
from flask_migrate.databases.dialects.facts.mysql.algorithms import Server
from flask_migrate.databases.dialects.facts.mysql.algorithms import Way
from flask_migrate.databases.dialects.facts.mysql.facts import MySQLFacts
from flask_migrate.plan import Effect
from flask_migrate.plan import Impact
from flask_migrate.plan import LockLevel
from flask_migrate.plan import Loss
from tests.support.servers import BACKENDS
from tests.support.servers import Databases

from .cases import Case
from .mariadb import CASES
from .mariadb import EXCLUSIVE
from .mariadb import make_tables
from .mariadb import MARKS
from .mariadb import measure
from .mariadb import Measured
from .mariadb import read_measured
from .mariadb import SERVERS

ROWS = read_measured()


@pytest.fixture(scope="module")
def engine(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> cabc.Iterator[sa.Engine]:
    """A way into a database for the corpus."""
    backend = BACKENDS["mariadb"]
    url = databases.create(backend, folder=tmp_path_factory.mktemp("facts"))
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()
    databases.drop(backend, url)


@pytest.fixture
def connection(engine: sa.Engine) -> cabc.Iterator[sa.Connection]:
    """A connection to that database."""
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def facts(connection: sa.Connection) -> MySQLFacts:
    """The facts of that database, with its tables as they begin."""
    make_tables(connection)
    found = get_dialect("mysql").make_facts(connection)
    assert isinstance(found, MySQLFacts)
    return found


def prepare(connection: sa.Connection, row: dict[str, t.Any]) -> MySQLFacts:
    """Make the tables as one of the measured rows had them."""
    connection.exec_driver_sql("SET foreign_key_checks = 1")
    setup = list(row["setup"])
    make_tables(connection, generated="GEN" in setup)

    for sql in setup:
        if sql != "GEN":
            connection.exec_driver_sql(sql)

    connection.commit()
    return MySQLFacts(connection)


def describe(facts: MySQLFacts, row: dict[str, t.Any]) -> tuple[str, Effect]:
    """Return one of the measured statements, and what is said of it."""
    for sql in row["setup"]:
        if sql.startswith("set "):
            facts.describe(sql)

    sql = f"ALTER TABLE t {row['alter']}"
    return sql, facts.describe(sql)


MEASURED_HERE = [
    name
    for name, row in ROWS.items()
    if row["servers"].split()[4] not in {"n/a", "ERR"}
]


def test_size_of_the_corpus() -> None:
    """The corpus has at least 60 different operations that this server runs."""
    texts = {(*ROWS[name]["setup"], ROWS[name]["alter"]) for name in MEASURED_HERE}
    assert len(texts) == len(MEASURED_HERE) >= 60


@pytest.mark.parametrize("name", MEASURED_HERE)
def test_statement(name: str, connection: sa.Connection) -> None:
    """Algorithm, lock, work and impact are those of the server that runs."""
    facts = prepare(connection, ROWS[name])
    sql, effect = describe(facts, ROWS[name])
    check(sql, effect, measure(connection, sql))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_operation(case: Case, facts: MySQLFacts) -> None:
    """The same for the statements of Alembic's operations."""
    for sql in case.render("mysql"):
        effect = facts.describe(sql)
        check(sql, effect, measure(facts.connection, sql))


def check(sql: str, effect: Effect, truth: Measured) -> None:
    """Compare what was said of a statement with what the server did."""
    lock = effect.locks[0]
    assert effect.source, sql
    assert not effect.transactional, sql
    assert (effect.algorithm, lock.level) == (truth.way.algorithm, truth.way.lock), sql
    assert ("rewrite" in effect.work) == truth.has_rebuilt, sql

    if not truth.has_rebuilt:
        assert ("index build" in effect.work) == truth.has_indexed, sql

    assert effect.impact is judge(truth), sql


def judge(truth: Measured) -> Impact:
    """Return what it meant for others, by what was measured."""
    if not (truth.has_rebuilt or truth.has_indexed):
        return Impact.BRIEF

    is_open = truth.way.lock is LockLevel.LOCK_NONE
    return Impact.ONLINE if is_open else Impact.LONG_WRITES


# What rows refuse, what the binary log refuses, and partitions, which need a table
# without foreign keys.
NOT_HERE = {
    "add_col_default_expr_uuid",
    "add_spatial",
    "add_unique_expr_default",
    "partition_table",
    "set_not_null_with_nulls",
}


def test_other_servers(connection: sa.Connection) -> None:
    """Each of the six servers is foretold, in all that it was asked."""
    wrong = {}
    setup = None

    for name, row in sorted(ROWS.items(), key=lambda pair: pair[1]["setup"]):
        if name in NOT_HERE or is_foreign(row):
            continue

        if row["setup"] != setup:
            setup = row["setup"]
            prepare(connection, row)

        for version, mark in zip(SERVERS, row["servers"].split(), strict=True):
            if mark == "n/a":
                continue

            said = ask(connection, version, row)
            if said != mark:
                wrong[name, version] = (said, mark)

    assert wrong == {}


def ask(connection: sa.Connection, version: str, row: dict[str, t.Any]) -> str:
    """Return what is said of a row, for one of the servers."""
    facts = MySQLFacts(connection)
    numbers = tuple(map(int, version.split(".")))
    facts.server = Server(is_mariadb=numbers >= (10,), version=numbers)
    return name_of(describe(facts, row)[1])


def is_foreign(row: dict[str, t.Any]) -> bool:
    """Return whether MariaDB cannot even make the tables of a row."""
    return any("not enforced" in sql for sql in row["setup"])


def name_of(effect: Effect) -> str:
    """Return what was said, as the measurements write it."""
    if effect.impact is Impact.FAILS:
        return "ERR"

    level = effect.locks[0].level if effect.locks else None
    work = "rewrite" if "rewrite" in effect.work else ""
    value = (effect.algorithm, level, work)
    return next((m for m, way in MARKS.items() if way.value == value), effect.source)


@pytest.mark.parametrize(("sql", "table"), EXCLUSIVE.items())
def test_exclusive(sql: str, table: str, facts: MySQLFacts, engine: sa.Engine) -> None:
    """What needs the table for itself says so, and waits for a reader."""
    effect = facts.describe(sql)
    assert effect.impact is Impact.BRIEF
    facts.connection.commit()

    with engine.connect() as reader:
        reader.exec_driver_sql(f"SELECT * FROM {table}").all()
        facts.connection.exec_driver_sql("SET lock_wait_timeout = 0")

        with pytest.raises(exc.OperationalError, match="Lock wait timeout"):
            facts.connection.exec_driver_sql(sql)

    facts.connection.exec_driver_sql("SET lock_wait_timeout = DEFAULT")
    facts.connection.exec_driver_sql(sql)


FOREIGN = {
    "ALTER TABLE t ADD FOREIGN KEY (r_id) REFERENCES r (id)": "r",
    "ALTER TABLE c DROP FOREIGN KEY fkc": "t",
    "DROP TABLE c": "t",
}


@pytest.mark.parametrize(("sql", "target"), FOREIGN.items())
def test_other_table(
    sql: str, target: str, facts: MySQLFacts, engine: sa.Engine
) -> None:
    """A foreign key that comes or goes lets its other table be read, not written."""
    locks = {lock.table: lock.level for lock in facts.describe(sql).locks}
    assert locks[target] is LockLevel.LOCK_SHARED
    facts.connection.commit()

    with engine.connect() as other:
        other.exec_driver_sql(f"UPDATE {target} SET id = 2 WHERE id = 2")
        facts.connection.exec_driver_sql("SET lock_wait_timeout = 0")

        with pytest.raises(exc.OperationalError, match="Lock wait timeout"):
            facts.connection.exec_driver_sql(sql)

        other.rollback()
        other.exec_driver_sql(f"SELECT * FROM {target}").all()
        facts.connection.exec_driver_sql(sql)
        facts.connection.exec_driver_sql("SET lock_wait_timeout = DEFAULT")


def test_sixty_four_versions(facts: MySQLFacts) -> None:
    """MySQL 8 refuses the 65th INSTANT, and makes the table anew instead."""
    facts.server = Server(is_mariadb=False, version=(8, 4, 10))
    sql = "ALTER TABLE t ADD COLUMN n{} int"
    effects = [facts.describe(sql.format(number)) for number in range(66)]
    assert [one.algorithm for one in effects] == [
        *["INSTANT"] * 64,
        "INPLACE",
        "INSTANT",
    ]


def test_asked_algorithm(facts: MySQLFacts) -> None:
    """A clause that the server cannot follow fails, there and here."""
    sql = "ALTER TABLE t MODIFY a bigint, ALGORITHM=INPLACE, LOCK=NONE"
    assert facts.describe(sql).impact is Impact.FAILS

    with pytest.raises(exc.DBAPIError, match="not supported"):
        facts.connection.exec_driver_sql(sql)

    copied = facts.describe("ALTER TABLE t ADD n int, ALGORITHM=COPY")
    assert (copied.algorithm, copied.work) == ("COPY", ("rewrite",))


FAILURES = {
    "ALTER TABLE t DROP COLUMN id": "the foreign key fkc needs it",
    "ALTER TABLE t MODIFY id bigint NOT NULL": "the foreign key fkc needs the old type",
    "DROP TABLE t": "the foreign key of c needs it",
    "TRUNCATE t": "the foreign key of c needs it",
    "ALTER TABLE t ADD a int": "t has a column a",
    "ALTER TABLE t DROP COLUMN zz": "t has no column zz",
    "CREATE TABLE t (id int)": "there is a table t",
    "CREATE INDEX ix_code ON t (a)": "there is an index ix_code",
}


@pytest.mark.parametrize(("sql", "reason"), FAILURES.items())
def test_failure(sql: str, reason: str, facts: MySQLFacts) -> None:
    """What the server always refuses is foretold, with the reason."""
    effect = facts.describe(sql)
    assert (effect.impact, effect.may_fail[0]) == (Impact.FAILS, reason)

    with pytest.raises(exc.DBAPIError):
        facts.connection.exec_driver_sql(sql)


REFUSALS = {
    "ALTER TABLE t MODIFY txt text NOT NULL": "rows of t with NULL in txt",
    "ALTER TABLE t ADD UNIQUE (flag)": "duplicates in t.flag",
    "CREATE UNIQUE INDEX u ON t (ci)": "duplicates in t.ci",
    "ALTER TABLE t ADD CHECK (a > 5)": "rows of t where a > 5 is false",
    "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES c (id)": (
        "rows of t whose a is not in c"
    ),
    "ALTER TABLE t MODIFY name varchar(2)": "values of t.name longer than 2",
    "ALTER TABLE t MODIFY name int": "values of t.name that are no int",
    "ALTER TABLE t MODIFY a tinyint": "values of t.a that are no tinyint",
    "DELETE FROM t WHERE id = 1": "rows of c that point to t",
}


@pytest.mark.parametrize(("sql", "reason"), REFUSALS.items())
def test_refusal(sql: str, reason: str, facts: MySQLFacts) -> None:
    """What rows would stop a statement is foretold, without looking for them."""
    effect = facts.describe(sql)
    assert effect.impact not in {Impact.FAILS, Impact.UNKNOWN}
    assert reason in effect.may_fail
    run = facts.connection.exec_driver_sql
    run("UPDATE t SET name = 'long', a = 300 + id, flag = 1, ci = 'x' WHERE id > 0")

    if "a > 5" in sql:
        run("UPDATE t SET a = 1")

    with pytest.raises(exc.DBAPIError):
        run(sql)


def test_unchecked(facts: MySQLFacts) -> None:
    """Without foreign key checks a foreign key costs nothing and proves nothing."""
    facts.describe("SET SESSION foreign_key_checks = 0")
    sql = "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (r_id) REFERENCES r (id)"
    effect = facts.describe(sql)
    assert (effect.algorithm, effect.work, effect.may_fail) == ("INSTANT", (), ())


def test_rows(facts: MySQLFacts) -> None:
    """What writes rows can be rolled back, and locks them."""
    effect = facts.describe("UPDATE t SET a = 1")
    assert (effect.impact, effect.transactional) == (Impact.ROWS, True)
    assert facts.describe("INSERT INTO r VALUES (9)").impact is Impact.FREE
    effect = facts.describe("DELETE FROM c")
    assert effect.losses[0].table == "c"
    assert facts.count_loss(effect.losses[0]) == 1


def test_new_tables_and_renames(facts: MySQLFacts) -> None:
    """Nobody uses what an earlier statement made; live tables keep their rows."""
    for sql in (
        "CREATE TABLE n (id int PRIMARY KEY, a int)",
        "CREATE INDEX i ON n (a)",
        "ALTER TABLE n MODIFY a bigint",
        "DROP TABLE n",
    ):
        effect = facts.describe(sql)
        assert effect.impact is Impact.FREE, sql
        assert not effect.transactional

    facts.describe("ALTER TABLE c RENAME TO c2")
    effect = facts.describe("DROP TABLE c2")
    assert facts.count_loss(effect.losses[0]) == 1


def test_statistics(facts: MySQLFacts) -> None:
    """Rows and bytes come from the server's statistics."""
    facts.connection.exec_driver_sql("ANALYZE TABLE t").all()
    (lock,) = facts.describe("ALTER TABLE t ADD n int").locks
    assert (lock.table, lock.rows) == ("t", 2)
    assert lock.size is not None
    assert lock.size >= 16384


def test_count_of_a_column(facts: MySQLFacts) -> None:
    """A column without a value loses none."""
    effect = facts.describe("ALTER TABLE t DROP COLUMN txt")
    assert facts.count_loss(effect.losses[0]) == 0
    assert facts.count_loss(Loss(table="nowhere")) is None


@pytest.mark.parametrize(
    "sql",
    [
        "CALL something()",
        "ALTER TABLE nowhere ADD a int",
        "ALTER TABLE t FROBNICATE",
        "/*!50000 ALTER TABLE t ADD x int */",
        "LOAD DATA INFILE 'x' INTO TABLE t",
        "`",
    ],
)
def test_unknown(sql: str, facts: MySQLFacts) -> None:
    """What is not known is said to be unknown, and why."""
    effect = facts.describe(sql)
    assert effect.impact is Impact.UNKNOWN
    assert effect.source


def test_every_way_has_a_mark() -> None:
    """All that a server may choose can be said."""
    assert set(MARKS.values()) == set(Way)
