"""What closes a step goes to the server in one word, and is no less exact for that."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate import upgrade
from flask_migrate.databases.dialects import get_dialect
from flask_migrate.databases.dialects.mysql import MySQL
from flask_migrate.databases.dialects.mysql_ddl import quote_name
from flask_migrate.databases.dialects.mysql_statements import run
from flask_migrate.databases.dialects.mysql_statements import show_each
from flask_migrate.databases.dialects.postgresql import PostgreSQL
from flask_migrate.databases.together import Change
from flask_migrate.databases.together import Together
from flask_migrate.errors import StepFailed
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.projects import make_project

METADATA = sa.MetaData()
IDS = sa.Table("ids", METADATA, sa.Column("id", sa.String(32), primary_key=True))
NOTES = sa.Table(
    "notes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("words", sa.Text),
    sa.Column("code", sa.LargeBinary),
)
ADDITION = NOTES.insert().inline()
REMOVAL = NOTES.delete().where(NOTES.c.id == sa.bindparam("number"))
MOVE = (
    IDS.update().values(id=sa.bindparam("new")).where(IDS.c.id == sa.bindparam("old"))
)
WORDS = "100 %s, %(id)s; 'é' \\ :new"


@pytest.fixture
def connection(database_url: str) -> t.Iterator[sa.Connection]:
    """Two tables: one with the id `a`, one with two notes."""
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        METADATA.create_all(connection)
        connection.execute(IDS.insert(), [{"id": "a"}, {"id": "z"}])
        connection.execute(NOTES.insert(), [{"id": 101}, {"id": 102}])
        connection.commit()
        yield connection

    engine.dispose()


def run_three(connection: sa.Connection, old: str) -> int:
    """Delete a note, add one, and move an id, together."""
    note = {"words": WORDS, "code": bytes(range(256))}
    together = Together(connection, get_dialect(connection.dialect.name))
    return together.run(
        [
            Change(statement=REMOVAL, values={"number": 101}),
            Change(statement=ADDITION, values=note),
            Change(statement=MOVE, values={"old": old, "new": "b"}),
        ]
    )


@pytest.mark.parametrize("is_joined", [True, False])
def test_changes(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch, *, is_joined: bool
) -> None:
    """All of them are done, as they were written, and the last one is counted."""
    if not is_joined:
        for kind in (MySQL, PostgreSQL):
            monkeypatch.setattr(kind, "can_join", lambda *_: False)

    assert run_three(connection, "a") == 1
    assert set(connection.scalars(sa.select(IDS.c.id))) == {"b", "z"}
    rows = connection.execute(sa.select(NOTES.c.words, NOTES.c.code)).all()
    assert sorted(map(tuple, rows), key=str) == [
        (WORDS, bytes(range(256))),
        (None, None),
    ]
    connection.rollback()
    assert set(connection.scalars(sa.select(IDS.c.id))) == {"a", "z"}
    assert len(connection.execute(sa.select(NOTES)).all()) == 2


def test_last_one_matches_nothing(connection: sa.Connection) -> None:
    """The count is of the last one alone, and the connection serves on."""
    assert run_three(connection, "nobody") == 0
    assert connection.scalar(sa.select(sa.func.count()).select_from(NOTES)) == 2


@pytest.mark.backends("mariadb")
def test_shown_together(connection: sa.Connection) -> None:
    """Many things are shown in few messages, and one that is not there is named."""
    names = [f"t {number} 100%s `" for number in range(250)]
    things = [f"TABLE {quote_name(name)}" for name in names]
    sent: list[str] = []

    for one in things:
        run(connection, f"CREATE {one} (id INTEGER)")

    sa.event.listen(
        connection, "before_cursor_execute", lambda *call: sent.append(call[2])
    )
    assert [row[0] for row in show_each(connection, things)] == names
    assert len(sent) == 3

    with pytest.raises(sa.exc.DBAPIError, match="gone"):
        list(show_each(connection, [*things[:5], "TABLE gone", *things[5:]]))

    assert [row[0] for row in show_each(connection, things[:1])] == names[:1]


def test_version_row_that_is_gone(database_url: str, tmp_path: pathlib.Path) -> None:
    """A step whose version row is not there fails, and is in no history as done."""
    lost = make_table(2, upgrade="op.execute('DELETE FROM alembic_version')")
    project = make_shop(tmp_path, database_url, make_table(1), lost)
    project.run_well("upgrade", "a1")

    with (
        project.app.app_context(),
        pytest.raises(StepFailed, match=r"expected to match one row .*; 0 found"),
    ):
        upgrade()

    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        query = "SELECT revision, outcome FROM alembic_version_history ORDER BY id"
        found = [tuple(row) for row in connection.exec_driver_sql(query)]
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        assert version.scalars().all() == ["a1"]

    assert found == [("a1", "done"), ("a2", "failed")]
    engine.dispose()


SEE = """
    connection = op.get_bind()
    op.create_table('seen', sa.Column('word', sa.String(40)))
    for name in ('lock_timeout', 'statement_timeout', 'transaction_isolation'):
        word = connection.exec_driver_sql(f'SHOW {name}').scalar()
        connection.execute(sa.text("INSERT INTO seen VALUES (:w)"), {'w': word})
"""


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("level", [None, "SERIALIZABLE"])
def test_begin_on_postgresql(
    database_url: str, tmp_path: pathlib.Path, level: str | None
) -> None:
    """A step has its limits, and the isolation level of the application."""
    options = {} if level is None else {"isolation_level": level}
    engine = sa.create_engine(database_url, **options)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.app.config["MIGRATE_STATEMENT_TIMEOUT"] = 7
    project.write_revision("a1", upgrade=SEE)
    project.run_well("upgrade")

    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT word FROM seen").scalars().all()

    assert found == ["200ms", "7s", (level or "READ COMMITTED").lower()]
    engine.dispose()


@pytest.mark.backends("mariadb")
def test_look_at_one_table(database_url: str) -> None:
    """One word sees what the server's views tell, and no temporary table."""
    engine = sa.create_engine(database_url)
    known = get_dialect(engine.dialect.name)
    create = "CREATE TABLE `t %s 1` (id INTEGER)"

    with engine.connect() as connection:
        absent = known.probe(connection, create)
        run(connection, create.replace("TABLE", "TEMPORARY TABLE"))
        assert known.probe(connection, create) == absent
        run(connection, "DROP TEMPORARY TABLE `t %s 1`")
        run(connection, create)
        present = known.probe(connection, create)
        assert present == known.probe(connection, "ALTER TABLE `t %s 1` ADD x INTEGER")
        # Without a name of its own it is looked for among all of them.
        assert present == known.probe(connection, "DROP TABLE `t %s 1`")
        assert present != absent

    engine.dispose()
