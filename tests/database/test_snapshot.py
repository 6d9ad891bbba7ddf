"""A schema as a value: equal for equal schemas, another after every change."""

from __future__ import annotations

import collections.abc as cabc
import contextlib

import pytest
import sqlalchemy as sa

from flask_migrate.databases.snapshot import take_snapshot
from tests.support.servers import Backend


@contextlib.contextmanager
def connected(url: str) -> cabc.Iterator[sa.Connection]:
    """Open one connection, and nothing that outlives it."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    with engine.connect() as connection:
        yield connection


def run(connection: sa.Connection, *statements: str) -> None:
    """Run some statements, and commit."""
    for statement in statements:
        connection.exec_driver_sql(statement)

    connection.commit()


def read(connection: sa.Connection) -> str:
    """Return the fingerprint, our own tables left out."""
    return take_snapshot(connection, ignore="alembic_version").fingerprint


CHANGES = (
    "ALTER TABLE t ADD COLUMN b INTEGER",
    "CREATE INDEX ix ON t (a)",
    "CREATE UNIQUE INDEX uq ON t (a)",
    "CREATE TABLE u (id INTEGER NOT NULL)",
    "CREATE VIEW v AS SELECT a FROM t",
    "DROP INDEX ix{on}",
)


def test_each_change_is_seen(database_url: str, backend: Backend) -> None:
    """A new column, index, table or view gives another fingerprint; rows do not."""
    with connected(database_url) as connection:
        run(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")
        seen = [read(connection)]

        for statement in CHANGES:
            run(connection, statement.format(on=_on(backend)))
            seen.append(read(connection))

        assert len(set(seen)) == len(CHANGES) + 1
        run(connection, "INSERT INTO t (id, a) VALUES (1, 2)")
        assert read(connection) == seen[-1]
        assert not connection.in_transaction()


def _on(backend: Backend) -> str:
    return " ON t" if backend.name == "mariadb" else ""


def test_our_tables_are_left_out(database_url: str) -> None:
    """The version table and what we keep beside it are no part of a schema."""
    with connected(database_url) as connection:
        empty = read(connection)
        run(
            connection,
            "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
            "CREATE TABLE alembic_version_history (id INTEGER PRIMARY KEY, a INTEGER)",
            "CREATE INDEX ix_h ON alembic_version_history (a)",
        )
        assert read(connection) == empty
        run(connection, "CREATE TABLE alembic_versions (id INTEGER)")
        assert read(connection) != empty


def test_the_way_does_not_count(database_url: str, backend: Backend) -> None:
    """A schema that was changed and changed back is the same one."""
    with connected(database_url) as connection:
        run(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")
        before = read(connection)
        run(
            connection,
            "CREATE TABLE u (id INTEGER NOT NULL)",
            "CREATE INDEX ix ON t (a)",
            f"DROP INDEX ix{_on(backend)}",
            "DROP TABLE u",
        )
        assert read(connection) == before

        if backend.server:
            run(
                connection,
                "ALTER TABLE t ADD COLUMN b INTEGER",
                "ALTER TABLE t DROP COLUMN a",
                "ALTER TABLE t ADD COLUMN a INTEGER",
                "ALTER TABLE t DROP COLUMN b",
            )
            assert read(connection) == before


@pytest.mark.backends("mariadb")
def test_used_numbers_do_not_count(database_url: str) -> None:
    """The next AUTO_INCREMENT number is about rows."""
    with connected(database_url) as connection:
        run(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY AUTO_INCREMENT)")
        before = read(connection)
        run(connection, "INSERT INTO t VALUES (41)")
        assert read(connection) == before


PG_CHANGES = (
    "CREATE TYPE mood AS ENUM ('a', 'b')",
    "ALTER TYPE mood ADD VALUE 'c'",
    "CREATE SEQUENCE s",
    "ALTER SEQUENCE s INCREMENT 2",
    "CREATE DOMAIN d AS int",
    "ALTER TABLE t ALTER COLUMN a SET DEFAULT 3",
    "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
    "ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0) NOT VALID",
    "ALTER TABLE t VALIDATE CONSTRAINT ck",
    "CREATE MATERIALIZED VIEW m AS SELECT a FROM t",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
)


@pytest.mark.backends("postgresql")
def test_postgresql_objects(database_url: str) -> None:
    """Types, sequences, defaults, constraints, views, functions and triggers count."""
    with connected(database_url) as connection:
        run(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")
        seen = [read(connection)]

        for statement in PG_CHANGES:
            run(connection, statement)
            seen.append(read(connection))

        assert len(set(seen)) == len(PG_CHANGES) + 1


@pytest.mark.backends("postgresql")
def test_other_schemas(database_url: str) -> None:
    """A schema that nobody names is somebody else's."""
    with connected(database_url) as connection:
        before = read(connection)
        run(connection, "CREATE SCHEMA other", "CREATE TABLE other.t (id INTEGER)")
        assert read(connection) == before
        named = take_snapshot(connection, schemas=["other"])
        assert [one.table for one in named.objects] == ["other.t", "other.t"]
        assert named.to_dict()["objects"][0]["name"] == "id"
