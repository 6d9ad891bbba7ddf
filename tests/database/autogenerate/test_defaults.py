"""Server defaults: what changes is found, and what only looks different is not."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import compare
from tests.support.roundtrip import Schema


def _table(*columns: sa.Column[object]) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        key = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table("t", metadata, key, *(one._copy() for one in columns))

    return make


def _string(default: object) -> Schema:
    return _table(sa.Column("a", sa.String(20), server_default=default))


def _changed(name: str, before: object, after: object) -> Case:
    return Case(
        row="Server default added / removed / changed",
        name=name,
        before=_string(before),
        after=_string(after),
    )


CASES = (
    _changed("added", None, "x"),
    _changed("removed", "x", None),
    _changed("changed", "x", "it's"),
    _changed("with signs that mean something", "at 10:30 :a 9%", "50%% :b ::c"),
    _changed("case of a letter", "x", "X"),
    _changed("to a function", "x", sa.text("(lower('Y'))")),
    _changed("number", None, sa.text("('1.0')")),
    Case(
        row="Server default added / removed / changed",
        name="of a date",
        before=_table(sa.Column("a", sa.DateTime, server_default=sa.func.now())),
        after=_table(sa.Column("a", sa.DateTime, server_default="2020-01-01 00:00:00")),
    ),
    Case(
        row="Server default added / removed / changed",
        name="together with the type",
        before=_table(sa.Column("a", sa.String(20), server_default="1")),
        after=_table(sa.Column("a", sa.String(30), server_default="2")),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


POSTGRESQL = (
    Case(
        row="Server default on `JSON` column",
        before=_table(sa.Column("a", sa.JSON, server_default="{}")),
        after=_table(sa.Column("a", sa.JSON, server_default='{"b": 1}')),
    ),
    Case(
        row="Server default volatile and spelled differently, e.g. `RANDOM()*2`,"
        " `timezone('utc', clock_timestamp())`",
        before=_table(sa.Column("a", sa.Float, server_default=sa.text("RANDOM()*2"))),
        after=_table(sa.Column("a", sa.Float, server_default=sa.text("RANDOM()*3"))),
    ),
)


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("case", POSTGRESQL, ids=str)
def test_postgresql(database_url: str, case: Case) -> None:
    """What Alembic cannot compare is found, converges, and goes back."""
    check_case(database_url, case)


def _all_kinds() -> list[sa.Column[object]]:
    day = datetime.date(2020, 1, 31).isoformat()
    return [
        sa.Column("now", sa.DateTime, server_default=sa.func.now()),
        sa.Column("stamp", sa.TIMESTAMP, server_default=sa.text("CURRENT_TIMESTAMP")),
        sa.Column("off", sa.Boolean, server_default=sa.false()),
        sa.Column("on", sa.Boolean, server_default=sa.true()),
        sa.Column("zero", sa.Boolean, server_default="0"),
        sa.Column("number", sa.Integer, server_default="0"),
        sa.Column("negative", sa.Integer, server_default="-1"),
        sa.Column("bare", sa.BigInteger, server_default=sa.text("-5")),
        sa.Column("money", sa.Numeric(10, 2), server_default="1"),
        sa.Column("real", sa.Float, server_default="1.0"),
        sa.Column("text", sa.String(20), server_default="it's (a) test::text"),
        sa.Column("empty", sa.String(20), server_default=""),
        sa.Column("percent", sa.String(20), server_default="100% :a"),
        sa.Column("day", sa.Date, server_default=day),
        sa.Column("json", sa.JSON, server_default=sa.text("'[]'")),
        sa.Column("lower", sa.String(9), server_default=sa.text("(LOWER('A'))")),
        sa.Column("null", sa.String(9), server_default=sa.text("NULL")),
        sa.Column("kind", sa.Enum("a", "b", name="kind"), server_default="a"),
        sa.Column("sum", sa.Integer, server_default=sa.text("(1+2)")),
    ]


def test_unchanged(database_url: str) -> None:
    """Right after the tables were made nothing differs."""
    _check_unchanged(database_url, _table(*_all_kinds()))


@pytest.mark.backends("postgresql")
def test_unchanged_on_postgresql(database_url: str) -> None:
    """What PostgreSQL writes in its own way is seen to be the same."""
    text = sa.text
    columns = [
        sa.Column("uuid", sa.Uuid, server_default=text("gen_random_uuid()")),
        sa.Column("utc", sa.DateTime, server_default=text("timezone('utc', NOW())")),
        sa.Column(
            "clock",
            sa.DateTime,
            server_default=text("timezone('utc', clock_timestamp())"),
        ),
        sa.Column("chance", sa.Float, server_default=text("RANDOM()*2")),
        sa.Column("false", sa.Boolean, server_default=text("'f'")),
        sa.Column("jsonb", postgresql.JSONB, server_default="{}"),
        sa.Column("list", postgresql.ARRAY(sa.Integer), server_default="{}"),
        sa.Column(
            "array", postgresql.ARRAY(sa.Text), server_default=text("ARRAY[]::text[]")
        ),
        sa.Column("wait", sa.Interval, server_default="1 day"),
        sa.Column(
            "soon", sa.DateTime, server_default=text("now() + interval '1 hour'")
        ),
        sa.Column("tz", sa.DateTime(timezone=True), server_default=text("now()")),
        sa.Column("cast", sa.String(9), server_default=text("'x'::character varying")),
        sa.Column("user", sa.Text, server_default=text("CURRENT_USER")),
        sa.Column("small", sa.SmallInteger, server_default=text("1::smallint")),
        sa.Column("address", postgresql.INET, server_default="127.0.0.1"),
    ]

    def make(metadata: sa.MetaData) -> None:
        _table(*columns)(metadata)  # type: ignore[operator]
        sa.Table("small", metadata, sa.Column("id", sa.SmallInteger, primary_key=True))
        sa.Table("big", metadata, sa.Column("id", sa.BigInteger, primary_key=True))

    _check_unchanged(database_url, make)


@pytest.mark.backends("mariadb")
def test_unchanged_on_mariadb(database_url: str) -> None:
    """What MariaDB writes in its own way is seen to be the same."""
    touched = sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP")
    columns = [
        sa.Column("touched", sa.TIMESTAMP, server_default=touched),
        sa.Column("fine", mysql.DATETIME(fsp=3), server_default=sa.text("NOW(3)")),
        sa.Column("uuid", sa.String(36), server_default=sa.text("(UUID())")),
        sa.Column("bit", mysql.BIT(1), server_default=sa.text("b'0'")),
    ]
    _check_unchanged(database_url, _table(*columns))


@pytest.mark.parametrize(("before", "after"), [("1.0", "1"), ("1", "1.00")])
def test_equal_numbers(database_url: str, before: str, after: str) -> None:
    """Two ways to write one number are no difference."""

    def make(default: str) -> sa.MetaData:
        metadata = sa.MetaData()
        column = sa.Column("a", sa.Float, server_default=default)
        sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), column)
        return metadata

    _check_unchanged(database_url, make(before), make(after))


@pytest.mark.parametrize("decision", [True, False, None])
def test_a_callable_decides(database_url: str, decision: bool | None) -> None:
    """The ``compare_server_default`` of the user is asked instead of us."""
    engine = sa.create_engine(database_url)
    before, after = sa.MetaData(), sa.MetaData()
    _string("x")(before)  # type: ignore[operator]
    _string("x" if decision else "y")(after)  # type: ignore[operator]

    with engine.connect() as connection:
        before.create_all(connection)
        options = {"compare_server_default": lambda *_: decision}
        trip = compare(connection, after, options=options)

    engine.dispose()
    # For None, Alembic itself compares.
    assert trip.is_detected == (decision is not False)


@pytest.mark.backends("postgresql")
def test_where_nothing_can_be_made(database_url: str) -> None:
    """Without temporary tables nothing is guessed, and a note says what is unknown."""
    metadata = sa.MetaData()
    chance = sa.Column("a", sa.Float, server_default=sa.text("RANDOM()*2"))
    total = sa.Column("b", sa.Integer, sa.Computed("id+id", persisted=True))
    sa.Table("t", metadata, sa.Column("id", sa.Integer), chance, total)
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        metadata.create_all(connection)
        connection.commit()
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        trip = compare(connection, metadata)

    engine.dispose()
    assert trip.upgrade == ""
    assert "t.a was not compared" in trip.notes[0]


def _check_unchanged(url: str, before: Schema, after: Schema | None = None) -> None:
    engine = sa.create_engine(url)

    with engine.connect() as connection:
        metadata = before

        if not isinstance(metadata, sa.MetaData):
            metadata = sa.MetaData()
            before(metadata)  # type: ignore[operator]

        metadata.create_all(connection)
        wanted = after if isinstance(after, sa.MetaData) else metadata
        assert compare(connection, wanted).upgrade == ""

    engine.dispose()
