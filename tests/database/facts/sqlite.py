"""The corpus of SQLite, and what it really does."""

from __future__ import annotations

import dataclasses
import sqlite3
import typing as t
from pathlib import Path

import sqlalchemy as sa

from .cases import Case
from .cases import make_cases

ROWS = 2000
SCHEMA = f"""
CREATE TABLE r (id INTEGER PRIMARY KEY, code TEXT);
CREATE TABLE t (
    id INTEGER PRIMARY KEY, a INTEGER, b INTEGER NOT NULL DEFAULT 1, name VARCHAR(50),
    code TEXT, flag INTEGER, "Odd, name" TEXT, u TEXT UNIQUE, partial INTEGER,
    seen TEXT, fired TEXT, base INTEGER, v AS (base + 1), s AS (base + 2) STORED,
    own INTEGER CHECK (own > 0), low INTEGER, high INTEGER CHECK (high > low),
    r_id INTEGER REFERENCES r (id), extra TEXT, CONSTRAINT ck CHECK (a > -5)
);
CREATE TABLE c (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t (id));
CREATE TABLE k (id INTEGER PRIMARY KEY, c_id INTEGER REFERENCES c ON DELETE CASCADE);
CREATE TABLE plain (id INTEGER PRIMARY KEY, a INTEGER, b TEXT);
CREATE TABLE guarded (id INTEGER PRIMARY KEY, a INTEGER);
CREATE TABLE empty (id INTEGER PRIMARY KEY, a INTEGER);
CREATE INDEX ix_code ON t (code);
CREATE INDEX ix_partial ON t (a) WHERE partial > 0;
CREATE VIEW w AS SELECT seen FROM t;
CREATE VIEW w2 AS SELECT b FROM plain;
CREATE TRIGGER tg AFTER UPDATE OF fired ON t BEGIN SELECT NEW.fired; END;
CREATE TRIGGER tg2 AFTER DELETE ON guarded BEGIN SELECT OLD.id; END;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
    INSERT INTO plain SELECT i, i, 'text ' || i FROM n;
INSERT INTO r SELECT id, b FROM plain;
INSERT INTO guarded SELECT id, a FROM plain;
INSERT INTO t (id, a, name, code, u, low, high, own, base, extra)
    SELECT id, a, b, b, b, 1, 2, 1, a, b FROM plain;
INSERT INTO c SELECT id, id FROM plain;
INSERT INTO k SELECT id, id FROM plain;
ANALYZE;
"""
ENFORCED = ("PRAGMA foreign_keys = ON",)

CASES = [
    *make_cases(
        {
            "add column": lambda op: op.add_column("t", sa.Column("n", sa.Integer())),
            "add column, default": lambda op: op.add_column(
                "t", sa.Column("n", sa.Integer(), server_default="5", nullable=False)
            ),
            "add column, quoted": 'ALTER TABLE main."t" ADD COLUMN "a b" TEXT -- text',
            "add column, constant": "alter table t add n text default ('x')",
            "add column, negative": "alter table t add n int not null default -1",
            "add column, collation": "alter table t add n text collate nocase",
            "add column, references": (
                "alter table t add column n integer references r (id)"
            ),
            "add column, references, named": (
                "alter table t add n int constraint fk references r on delete cascade"
            ),
            "add column, check": "alter table t add n int check (n > 0)",
            "add column, check, default": (
                "alter table t add n int default 1 check (n > 0)"
            ),
            "add column, virtual": lambda op: op.add_column(
                "t", sa.Column("n", sa.Integer(), sa.Computed("a + 1", persisted=False))
            ),
            "add column, virtual, not null": (
                "alter table t add n int generated always as (a + 1) not null"
            ),
            "add column, clock, no rows": (
                "alter table empty add n text default current_timestamp"
            ),
            "add column, not null, no rows": "alter table empty add n text not null",
            "drop column": lambda op: op.drop_column("t", "flag"),
            "drop column, odd": 'alter table t drop column "Odd, name"',
            "drop column, short": "alter table plain drop a",
            "drop column, checked": "alter table t drop column own",
            "drop column, virtual": "alter table t drop column v",
            "drop column, stored": "alter table t drop column s",
            "drop column, foreign key": "alter table t drop column r_id",
            "drop column, no rows": "alter table empty drop column a",
            "rename column": "alter table t rename column a to z",
            "rename column, short": "alter table t rename code to kode",
            "rename column, in a view": "alter table t rename column seen to watched",
            "rename table": lambda op: op.rename_table("t", "t2"),
            "rename table, odd": 'alter table plain rename to "not plain"',
            "create index": lambda op: op.create_index("ix", "t", ["a"]),
            "create unique index": lambda op: op.create_index(
                "ix", "t", ["name"], unique=True
            ),
            "create index, two columns": "create index ix on t (a, b desc)",
            "create index, expression": "create index ix on t (lower(name))",
            "create index, partial": "create index ix on t (a) where a > 10",
            "create index, no rows": "create index ix on empty (a)",
            "create index that is there": "create index if not exists ix_code on t (a)",
            "drop index": lambda op: op.drop_index("ix_code"),
            "drop index that is not there": "drop index if exists ix_nothing",
            "reindex": "reindex ix_code",
            "reindex table": "reindex t",
            "create table": lambda op: op.create_table(
                "nt",
                sa.Column("id", sa.Integer(), primary_key=True),
                sa.Column("t_id", sa.Integer(), sa.ForeignKey("t.id")),
            ),
            "create table that is there": "create table if not exists t (id int)",
            "create table, strict": "create table nt (id integer primary key) strict",
            "create table as": "create table nt as select * from plain",
            "drop table": lambda op: op.drop_table("k"),
            "drop table, referenced": "drop table c",
            "drop table that is not there": "drop table if exists no_table",
            "update": lambda op: op.execute("UPDATE t SET name = 'x'"),
            "update, some": "update plain set b = 'x' where b like 'text 1%'",
            "update or": "update or ignore plain set a = a + 1",
            "delete": "delete from plain",
            "delete, trigger": "delete from guarded",
            "delete, some": "delete from plain where b like 'text 1%'",
            "insert": "insert into r values (9001, 'x'), (9002, 'y')",
            "insert or": "insert or replace into r values (1, 'x')",
            "replace": "replace into r values (1, 'x')",
            "insert select": "insert into empty select id, a from plain",
            "create view": "create view w9 as select * from t",
            "drop view": "drop view w",
            "create trigger": (
                "create trigger tg9 after insert on t begin"
                " update r set code = 'x'; delete from c; end"
            ),
            "drop trigger": "drop trigger tg",
            "analyze": "analyze t",
            "select": "select count(*) from t",
            "select one": "select 1",
            "savepoint": "savepoint x",
        }
    ),
    Case(name="drop table, enforced", change="drop table k", settings=ENFORCED),
    Case(
        name="drop table, enforced, cascade",
        change="drop table c",
        settings=(*ENFORCED, "PRAGMA defer_foreign_keys = ON"),
    ),
    Case(name="delete, enforced, cascade", change="delete from c", settings=ENFORCED),
]

NATIVE = [
    Case(name=name, change=sql, server=(3, 53))
    for name, sql in {
        "set not null": "alter table t alter column name set not null",
        "drop not null": "alter table t alter column b drop not null",
        "add check": "alter table t add constraint ck2 check (a > -9)",
        "drop check": "alter table t drop constraint ck",
    }.items()
]
"""What SQLite can do by itself since 3.53."""

FAILURES = {
    "ALTER TABLE t DROP COLUMN id": "primary key uses t.id",
    "ALTER TABLE t DROP COLUMN u": "unique uses t.u",
    "ALTER TABLE t DROP COLUMN code": "index ix_code uses t.code",
    "ALTER TABLE t DROP COLUMN partial": "index ix_partial uses t.partial",
    "ALTER TABLE t DROP COLUMN seen": "w uses t.seen",
    "ALTER TABLE t DROP COLUMN fired": "tg uses t.fired",
    "ALTER TABLE t DROP COLUMN base": "generated uses t.base",
    "ALTER TABLE t DROP COLUMN low": "check uses t.low",
    "ALTER TABLE t DROP COLUMN zz": "t has no column zz",
    "ALTER TABLE t ADD COLUMN a INT": "t has a column a",
    "ALTER TABLE t ADD COLUMN n INT UNIQUE": (
        "n would need an index; SQLite manual, ALTER TABLE ADD COLUMN"
    ),
    "ALTER TABLE t ADD COLUMN n INT AS (a) STORED": (
        "n would need new rows; SQLite manual, ALTER TABLE ADD COLUMN"
    ),
    "CREATE TABLE t (id INT)": "there is a table t",
    "CREATE INDEX ix_code ON t (a)": "there is an index ix_code",
}
"""What always fails, and why."""

REFUSALS = {
    "ALTER TABLE t ADD n INT NOT NULL": "any row of t: n has no value for it",
    "ALTER TABLE t ADD n TEXT DEFAULT CURRENT_TIMESTAMP": (
        "any row of t: the default of n is no constant"
    ),
    "ALTER TABLE t ADD n INT DEFAULT (1 + 1)": (
        "any row of t: the default of n is no constant"
    ),
    "ALTER TABLE t ADD n INT DEFAULT 0 CHECK (n > 0)": (
        "rows of t that break the check of n"
    ),
    "CREATE UNIQUE INDEX ix ON t (b)": "duplicates in t.b",
    "DELETE FROM t": "rows of c that point to t",
}
"""What rows refuse, and in which words it was foretold."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What SQLite did.

    :param work: in the words of `Effect.work`.
    :param stops_writers: another connection cannot write until the commit.
    :param stops_readers: nor read.
    """

    work: set[str]
    stops_writers: bool
    stops_readers: bool


def measure(path: Path, case: Case, statements: list[str]) -> Measured:
    """Run a case in a transaction, look, and roll back."""
    connection = sqlite3.connect(path, isolation_level=None)
    other = sqlite3.connect(path, isolation_level=None, timeout=0)

    try:
        for setting in case.settings:
            connection.execute(setting)

        # A setting of a transaction has to be in it.
        connection.execute("BEGIN")
        connection.execute("PRAGMA defer_foreign_keys = ON")
        works = [_run(connection, sql) for sql in statements]
        return Measured(
            work=set().union(*works),
            stops_writers=_is_locked(other, "BEGIN IMMEDIATE"),
            stops_readers=_is_locked(other, "SELECT count(*) FROM sqlite_master"),
        )
    finally:
        connection.close()
        other.close()


def _run(connection: sqlite3.Connection, sql: str) -> set[str]:
    steps = [0]
    before = _look(connection)

    def count() -> None:
        steps[0] += 10

    connection.set_progress_handler(t.cast("t.Any", count), 10)
    connection.execute(sql).fetchall()
    connection.set_progress_handler(None, 0)
    after = _look(connection)

    if steps[0] < ROWS or sql.startswith("select"):
        return set()

    if sql.startswith("create table"):
        # Rows, which no counter counts.
        return {"rows"}

    if after["changes"] - before["changes"] >= ROWS // 10:
        return {"rows"}

    if sql.upper().startswith("ALTER TABLE") and " DROP " in sql.upper():
        return {"rewrite"}

    is_built = after["indexes"] != before["indexes"] or sql.startswith("reindex")
    return {"index build"} if is_built else {"scan"}


def _look(connection: sqlite3.Connection) -> dict[str, t.Any]:
    sql = "SELECT name FROM sqlite_master WHERE type = 'index'"
    indexes = connection.execute(sql).fetchall()
    return {"changes": connection.total_changes, "indexes": sorted(indexes)}


def _is_locked(connection: sqlite3.Connection, sql: str) -> bool:
    try:
        connection.execute(sql)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise

        return True

    if connection.in_transaction:
        connection.execute("ROLLBACK")

    return False
