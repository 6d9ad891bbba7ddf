"""The corpus of MySQL and MariaDB, and what a server really does."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import mysql

from flask_migrate.databases.dialects.facts.mysql.algorithms import Way

from .cases import Call
from .cases import Case

COLUMNS = """
    id int NOT NULL AUTO_INCREMENT PRIMARY KEY, a int, b int NOT NULL DEFAULT 1,
    small smallint, name varchar(50), name300 varchar(300), code varchar(50),
    bl varchar(50) CHARACTER SET latin1, ci char(10), txt text, num decimal(10, 2),
    dt datetime, ts timestamp NULL, price double, js json, e enum('a', 'b', 'c'),
    st set('a', 'b'), flag bool, r_id int,
    UNIQUE KEY ux_small (small), KEY ix_code (code), KEY ix_rid (r_id)
"""
GENERATED = ", g int AS (a * 2) VIRTUAL, gs int AS (a * 3) STORED"
OPTIONS = "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4"

TABLES = [
    "DROP TABLE IF EXISTS t9",
    "DROP TABLE IF EXISTS c",
    "DROP TABLE IF EXISTS t",
    "DROP TABLE IF EXISTS r",
    "CREATE TABLE r (id int PRIMARY KEY)",
    "CREATE TABLE t ({columns}) {options}",
    "CREATE TABLE c (id int PRIMARY KEY, t_id int,"
    " CONSTRAINT fkc FOREIGN KEY (t_id) REFERENCES t (id))",
    "INSERT INTO r VALUES (1), (2)",
    "INSERT INTO t (a, b, small, name, code, num, e, st, r_id)"
    " VALUES (1, 1, 1, 'a', 'a', 1, 'a', 'a', 1), (2, 2, 2, 'b', 'b', 2, 'b', 'b', 2)",
    "INSERT INTO c VALUES (1, 1)",
]

SERVERS = ("5.7.42", "8.0.46", "8.4.10", "10.6.23", "10.11.19", "11.8.3")
"""The columns of `mysql_algorithms.json`: MySQL, then MariaDB."""

MARKS = {
    "I": Way.INSTANT,
    "IX": Way.INSTANT_EXCLUSIVE,
    "N": Way.NOCOPY,
    "NS": Way.NOCOPY_SHARED,
    "P": Way.INPLACE,
    "P+": Way.REBUILD,
    "PS": Way.INPLACE_SHARED,
    "PS+": Way.REBUILD_SHARED,
    "PX": Way.INPLACE_EXCLUSIVE,
    "C": Way.COPY,
    "CO": Way.ONLINE_COPY,
}


def read_measured() -> dict[str, dict[str, t.Any]]:
    """Return the ALTERs that six servers were asked about, with their answers."""
    path = Path(__file__).with_name("mysql_algorithms.json")
    return t.cast("dict[str, dict[str, t.Any]]", json.loads(path.read_text("utf-8")))


def make_tables(connection: sa.Connection, *, generated: bool = False) -> None:
    """Make the tables of the corpus anew."""
    columns = COLUMNS.rstrip() + (GENERATED if generated else "")

    for sql in TABLES:
        text = sql.replace("{columns}", columns).replace("{options}", OPTIONS)
        connection.exec_driver_sql(text)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How a server did a statement.

    :param way: the cheapest that it agreed to.
    :param has_rebuilt: the table is another file.
    :param has_indexed: it has an index that it did not have.
    """

    way: Way
    has_rebuilt: bool
    has_indexed: bool


_TABLE_ID = """
    SELECT t.table_id, group_concat(i.index_id ORDER BY i.index_id)
    FROM information_schema.innodb_sys_tables t
    LEFT JOIN information_schema.innodb_sys_indexes i ON i.table_id = t.table_id
    WHERE t.name IN (concat(database(), '/t'), concat(database(), '/t9'))
    GROUP BY t.table_id
"""
# The cheapest first, as the server counts.
_REQUESTS = (
    ("INSTANT", "NONE"),
    ("INSTANT", "EXCLUSIVE"),
    ("NOCOPY", "NONE"),
    ("NOCOPY", "SHARED"),
    ("INPLACE", "NONE"),
    ("INPLACE", "SHARED"),
    ("INPLACE", "EXCLUSIVE"),
    ("COPY", "NONE"),
    ("COPY", "SHARED"),
)


def measure(connection: sa.Connection, sql: str) -> Measured:
    """Ask a server for every way to run a statement, until it agrees to one."""
    before = connection.exec_driver_sql(_TABLE_ID).one()

    if sql.startswith("DROP INDEX"):
        # This one takes no such clause.
        name, table = sql.split()[2], sql.split()[4]
        sql = f"ALTER TABLE {table} DROP INDEX {name}"

    for algorithm, lock in _REQUESTS:
        comma = "," if sql.upper().startswith("ALTER") else ""

        try:
            connection.exec_driver_sql(
                f"{sql}{comma} ALGORITHM={algorithm}{comma} LOCK={lock}"
            )
        except exc.DBAPIError as error:
            if _is_refused(error):
                continue

            raise

        after = connection.exec_driver_sql(_TABLE_ID).one()
        has_rebuilt = before[0] != after[0]
        return Measured(
            way=_find_way(algorithm, lock, has_rebuilt),
            has_rebuilt=has_rebuilt,
            has_indexed=bool(set(after[1].split(",")) - set(before[1].split(","))),
        )

    raise AssertionError("no way at all")


def _is_refused(error: exc.DBAPIError) -> bool:
    # ER_ALTER_OPERATION_NOT_SUPPORTED, and the same with a reason.
    return error.orig is not None and error.orig.args[0] in {1845, 1846}


def _find_way(algorithm: str, lock: str, has_rebuilt: bool) -> Way:
    for way in Way:
        is_lock = way.lock.value == f"LOCK={lock}"
        if (way.algorithm, is_lock, way.work != "") == (algorithm, True, has_rebuilt):
            return way

    raise AssertionError(f"{algorithm} {lock} {has_rebuilt}")


CALLS: dict[str, Call] = {
    "add column": lambda op: op.add_column("t", sa.Column("n", sa.Integer())),
    "add column, default": lambda op: op.add_column(
        "t", sa.Column("n", sa.Integer(), server_default="5", nullable=False)
    ),
    "add column, now()": lambda op: op.add_column(
        "t", sa.Column("n", sa.DateTime(), server_default=sa.func.now())
    ),
    "add column, stored": lambda op: op.add_column(
        "t", sa.Column("n", sa.Integer(), sa.Computed("a + 1", persisted=True))
    ),
    "add column, foreign key": lambda op: op.create_foreign_key(
        "fk", "t", "r", ["r_id"], ["id"]
    ),
    "drop column": lambda op: op.drop_column("t", "flag"),
    "drop column, indexed": lambda op: op.drop_column("t", "code"),
    "rename column": lambda op: op.alter_column(
        "t",
        "a",
        new_column_name="z",
        existing_type=sa.Integer(),
        existing_nullable=True,
    ),
    "other type": lambda op: op.alter_column(
        "t", "a", type_=sa.BigInteger(), existing_nullable=True
    ),
    "longer": lambda op: op.alter_column(
        "t", "name", type_=sa.String(60), existing_nullable=True
    ),
    "longer, another size": lambda op: op.alter_column(
        "t", "name", type_=sa.String(255), existing_nullable=True
    ),
    "not null": lambda op: op.alter_column(
        "t", "name", nullable=False, existing_type=sa.String(50)
    ),
    "comment": lambda op: op.alter_column(
        "t", "name", comment="x", existing_type=sa.String(50), existing_nullable=True
    ),
    "set default": lambda op: op.alter_column("t", "a", server_default="3"),
    "more values": lambda op: op.alter_column(
        "t", "e", type_=mysql.ENUM("a", "b", "c", "d"), existing_nullable=True
    ),
    "create index": lambda op: op.create_index("ixn", "t", ["a"]),
    "create index, prefix": lambda op: op.create_index(
        "ixn", "t", ["txt"], mysql_length=20
    ),
    "create unique index": lambda op: op.create_index("ixn", "t", ["a"], unique=True),
    "drop index": lambda op: op.drop_index("ix_code", "t"),
    "unique": lambda op: op.create_unique_constraint("uq", "t", ["a"]),
    "check": lambda op: op.create_check_constraint("ck", "t", "b > 0"),
    "table comment": lambda op: op.create_table_comment("t", "it's"),
}
CASES = [Case(name=name, change=call) for name, call in CALLS.items()]

EXCLUSIVE = {
    "DROP TABLE c": "c",
    "TRUNCATE TABLE c": "c",
    "RENAME TABLE c TO t9": "c",
    "CREATE TRIGGER tg BEFORE INSERT ON c FOR EACH ROW SET NEW.t_id = 1": "c",
    "ALTER TABLE c RENAME TO t9": "c",
}
"""Nobody else may use the table, not even read it, when these run."""
