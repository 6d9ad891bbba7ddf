"""The scratch database: the schema of the live one, no rows, and nothing stays."""

from __future__ import annotations

import collections.abc as cabc
import contextlib

import pytest
import sqlalchemy as sa

from flask_migrate.databases.scratch import PREFIX
from flask_migrate.databases.scratch import scratch_database
from flask_migrate.databases.snapshot import take_snapshot
from flask_migrate.errors import DatabaseError
from tests.support.servers import Backend

SCHEMA = (
    "CREATE TABLE team (id INTEGER PRIMARY KEY, name VARCHAR(20) DEFAULT 'a%b')",
    "CREATE TABLE person (id INTEGER PRIMARY KEY, team_id INTEGER NOT NULL,"
    " FOREIGN KEY (team_id) REFERENCES team (id))",
    "CREATE INDEX ix_person ON person (team_id)",
    "CREATE VIEW b AS SELECT name FROM team",
    "CREATE VIEW a AS SELECT name FROM b",
    "INSERT INTO team (id) VALUES (1)",
)


@contextlib.contextmanager
def connected(url: str | sa.URL, **options: str) -> cabc.Iterator[sa.Connection]:
    """Open one connection, and nothing that outlives it."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, **options)

    with engine.connect() as connection:
        yield connection


def fill(connection: sa.Connection) -> None:
    """Make some tables, views that need each other, and a row."""
    for statement in SCHEMA:
        connection.exec_driver_sql(statement.replace("%", "%%"))

    connection.commit()


def list_scratches(connection: sa.Connection) -> set[str]:
    """Return the scratch databases of a server; none where there is no server."""
    query = {
        "postgresql": "SELECT datname FROM pg_database",
        "mysql": "SHOW DATABASES",
    }.get(connection.dialect.name)
    names = connection.exec_driver_sql(query).scalars() if query else ()
    found = {name for name in names if name.startswith(PREFIX)}
    connection.rollback()
    return found


@pytest.mark.backends("sqlite", "mariadb")
def test_a_copy_of_the_schema(database_url: str) -> None:
    """The schema is the same, the rows are not there, and it is gone in the end."""
    with connected(database_url) as live:
        fill(live)
        before, others = take_snapshot(live), list_scratches(live)

        with scratch_database(live) as engine:
            with engine.connect() as scratch:
                assert take_snapshot(scratch) == before
                rows = scratch.exec_driver_sql("SELECT count(*) FROM team")
                assert rows.scalar() == 0
                scratch.exec_driver_sql("DROP TABLE person")

            made = list_scratches(live) - others
            assert len(made) == (1 if engine.url.host else 0)

        assert take_snapshot(live) == before
        assert not made & list_scratches(live)


@pytest.mark.backends("mariadb")
def test_triggers_and_sequences(database_url: str) -> None:
    """A trigger, with who made it, and a sequence of MariaDB come along."""
    with connected(database_url) as live:
        fill(live)
        live.exec_driver_sql(
            "CREATE TRIGGER g BEFORE INSERT ON team FOR EACH ROW SET NEW.name = 'x%%'"
        )
        live.exec_driver_sql("CREATE SEQUENCE s START WITH 5")

        with scratch_database(live) as engine, engine.connect() as scratch:
            assert take_snapshot(scratch) == take_snapshot(live)


def fail_inside(live: sa.Connection, kind: type[BaseException]) -> None:
    """Make a scratch database, use it, and raise."""
    with scratch_database(live) as engine, engine.connect() as scratch:
        scratch.exec_driver_sql("CREATE TABLE t (id INTEGER)")
        raise kind


@pytest.mark.backends("postgresql", "mariadb")
def test_it_is_dropped_after_an_error(database_url: str) -> None:
    """An error and Ctrl-C inside leave nothing on the server."""
    with connected(database_url) as live:
        # A killed run may have left something on the server.
        before = list_scratches(live)

        for kind in (RuntimeError, KeyboardInterrupt):
            with pytest.raises(kind):
                fail_inside(live, kind)

        assert list_scratches(live) <= before


@pytest.mark.backends("postgresql", "mariadb")
def test_what_a_killed_run_left_is_swept_up(database_url: str) -> None:
    """An old one that nobody uses is dropped; a new or a used one stays."""
    old, new, used = (
        f"{PREFIX}{one}_x" for one in (1000000000, 99999999999, 1000000001)
    )

    with connected(database_url, isolation_level="AUTOCOMMIT") as live:
        for name in (old, new, used):
            live.exec_driver_sql(f"CREATE DATABASE {name}")

        try:
            url = live.engine.url.set(database=used)

            with connected(url), scratch_database(live):
                assert old not in list_scratches(live)
                assert {new, used} < list_scratches(live)
        finally:
            for name in (old, new, used):
                live.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")


@pytest.mark.server
def test_a_missing_right_is_named(database_url: str, backend: Backend) -> None:
    """Who may not make a database reads which right is missing, and how to give it."""
    with connected(database_url, isolation_level="AUTOCOMMIT") as admin:
        make, grant, drop, hint = RIGHTS[backend.name]
        admin.exec_driver_sql(make)

        if grant:
            admin.exec_driver_sql(grant.format(admin.engine.url.database))

        try:
            url = admin.engine.url.set(username="clerk", password="pw")

            with (
                connected(url) as live,
                pytest.raises(DatabaseError) as caught,
                scratch_database(live),
            ):
                pass

            assert "could not be made" in caught.value.message
            assert caught.value.hint is not None
            assert hint in caught.value.hint
        finally:
            admin.exec_driver_sql(drop)


RIGHTS = {
    "postgresql": (
        "CREATE ROLE clerk LOGIN PASSWORD 'pw'",
        "",
        "DROP ROLE clerk",
        'ALTER ROLE "clerk" CREATEDB',
    ),
    "mariadb": (
        "CREATE USER clerk IDENTIFIED BY 'pw'",
        "GRANT ALL ON `{}`.* TO clerk",
        "DROP USER clerk",
        "GRANT ALL ON `whimbrel\\_scratch\\_%`.* TO 'clerk'",
    ),
}
