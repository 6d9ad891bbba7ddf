"""NOT NULL in tables with rows: they are asked for, and filled."""

from __future__ import annotations

import datetime
import enum
import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate.errors import BadOption
from flask_migrate.errors import FillUnanswered
from flask_migrate.make.autogenerate.comparison import Answers
from flask_migrate.make.autogenerate.comparison import Askers
from flask_migrate.make.autogenerate.comparison import Comparison
from flask_migrate.make.autogenerate.fill_question import require_fills
from flask_migrate.make.autogenerate.filling import find_default
from flask_migrate.make.autogenerate.filling import without_percents
from tests.support.projects import make_project
from tests.support.roundtrip import compare
from tests.support.roundtrip import Schema
from tests.support.roundtrip import Trip
from tests.support.roundtrip import try_change

ROWS = (
    "INSERT INTO users (id, name) VALUES (1, 'Ann')",
    "INSERT INTO users (id, name) VALUES (2, NULL)",
)


def make_users(*columns: sa.Column[t.Any], nullable: bool = True) -> Schema:
    """Return models of one table: id, name, and some columns."""

    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "users",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(20), nullable=nullable),
            *(one._copy() for one in columns),
        )

    return make


def fill(
    url: str, value: str, *columns: sa.Column[t.Any], nullable: bool = True
) -> tuple[Trip, list[t.Any]]:
    """Make the change in a table with two rows; return what the column has after it."""
    name = columns[0].name if columns else "name"
    trip = try_change(
        url,
        make_users(),
        make_users(*columns, nullable=nullable),
        statements=ROWS,
        answers=Answers(fills={f"users.{name}": value}),
    )
    assert trip.left == "", trip.upgrade
    assert trip.describe_loss() == [], trip.downgrade
    engine = sa.create_engine(url)

    with engine.connect() as connection:
        query = sa.text(f"SELECT {name} FROM users ORDER BY id")
        values = list(connection.scalars(query))
        assert sa.inspect(connection).get_columns("users")[-1]["default"] is None

    engine.dispose()
    return trip, values


@pytest.mark.parametrize(
    ("type_", "value", "stored"),
    [
        (sa.String(20), "''", ""),
        (sa.String(20), "'it''s'", "it's"),
        (sa.Integer(), "-3", -3),
        (sa.Text(), "'long'", "long"),
    ],
)
def test_plain_value(
    database_url: str, type_: sa.types.TypeEngine[t.Any], value: str, stored: t.Any
) -> None:
    """Every row has the value; the column has no server default in the end."""
    column = sa.Column("title", type_, nullable=False)
    trip, values = fill(database_url, value, column)
    assert values == [stored, stored]
    assert trip.notes == []
    assert "title" in trip.downgrade
    assert "alter_column" not in trip.downgrade


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("coalesce(name, 'nobody')", ["Ann", "nobody"]),
        ("' :id 100% a:b'", [" :id 100% a:b"] * 2),
        ('\'"""; x\'', ['"""; x'] * 2),
    ],
)
def test_expression(database_url: str, value: str, stored: list[str]) -> None:
    """An expression may read the row; a text of a user stays a text in the file."""
    column = sa.Column("title", sa.String(40), nullable=False)
    trip, values = fill(database_url, value, column)
    assert values == stored
    assert trip.upgrade.count("batch_alter_table") == 2
    assert "UPDATE" not in trip.downgrade


@pytest.mark.backends("mariadb")
def test_type_without_default(database_url: str) -> None:
    """MySQL has no plain defaults for long texts: the rows are updated instead."""
    column = sa.Column("title", sa.Text, nullable=False)
    trip, values = fill(database_url, "'x'", column)
    assert values == ["x", "x"]
    assert "server_default" not in trip.upgrade


@pytest.mark.backends("sqlite")
def test_what_needs_no_value(database_url: str) -> None:
    """A default of the server, a computed column and a key are no questions."""
    metadata = sa.MetaData()
    make_users(
        sa.Column("a", sa.Integer, sa.Computed("id + 1"), nullable=False),
        sa.Column("b", sa.Integer, server_default="1", nullable=False),
        sa.Column("c", sa.Integer, primary_key=True),
    )(metadata)  # type: ignore[operator]
    assert look(database_url, ROWS, metadata)[0].unanswered == []


def test_existing_column(database_url: str) -> None:
    """Only the rows without a value get one, before NOT NULL."""
    trip, values = fill(database_url, "'nobody'", nullable=False)
    assert values == ["Ann", "nobody"]
    assert trip.upgrade.index("UPDATE") < trip.upgrade.index("nullable=False")
    assert "nullable=True" in trip.downgrade


def test_model_default(database_url: str) -> None:
    """The default of the model is written as the database spells it."""
    column = sa.Column("active", sa.Boolean, nullable=False, default=True)
    assert fill(database_url, "@default", column)[1] in ([True] * 2, [1] * 2)


def test_names_are_quoted(database_url: str) -> None:
    """Names that need quotes get them in the UPDATE."""

    def make(*columns: sa.Column[t.Any]) -> Schema:
        key = sa.Column("id", sa.Integer, primary_key=True)
        return lambda metadata: sa.Table(
            "Order", metadata, key._copy(), *(one._copy() for one in columns)
        )

    quote = "`" if database_url.startswith(("mysql", "mariadb")) else '"'
    trip = try_change(
        database_url,
        make(),
        make(sa.Column("a:b %s", sa.Integer, nullable=False)),
        statements=[f"INSERT INTO {quote}Order{quote} (id) VALUES (1)"],
        answers=Answers(fills={"Order.a:b %s": "id + 1"}),
    )
    assert trip.left == ""
    assert trip.describe_loss() == []


def test_later(database_url: str) -> None:
    """The column comes nullable, and the next comparison asks for the rest."""
    trip = try_change(
        database_url,
        make_users(),
        make_users(sa.Column("title", sa.String(20), nullable=False)),
        statements=ROWS,
        answers=Answers(fills={"users.title": "@later"}),
    )
    assert "nullable=True" in trip.upgrade
    assert "nullable=False" in trip.left
    assert trip.describe_loss() == []
    assert "stays nullable for now" in trip.notes[0]


@pytest.mark.parametrize("rows", [ROWS, ()])
def test_nobody_answers(database_url: str, rows: tuple[str, ...]) -> None:
    """With rows it is a question with its flags; without, a note is enough."""
    metadata = sa.MetaData()
    title = sa.Column("title", sa.String(20), nullable=False, default="x")
    make_users(title, nullable=False)(metadata)  # type: ignore[operator]
    comparison, trip = look(database_url, rows, metadata)
    names = [one.name for one in comparison.unanswered]

    if not rows:
        assert names == []
        assert [note.split()[0] for note in trip.notes] == ["users.title", "users.name"]
        return

    assert names == ["users.title", "users.name"]
    assert [one.rows for one in comparison.unanswered] == [2, 1]

    with pytest.raises(FillUnanswered, match="2 rows of users have no value") as caught:
        require_fills(comparison.unanswered)

    assert caught.value.exit_code == 2
    assert "--fill \"users.title=@default\"  the model's: 'x'" in str(caught.value.hint)
    assert '--fill "users.name=@default"' not in str(caught.value.hint)


def test_somebody_is_asked(database_url: str) -> None:
    """What somebody answers is written as a flag's answer is."""
    metadata = sa.MetaData()
    make_users(sa.Column("title", sa.Integer, nullable=False))(metadata)  # type: ignore[operator]
    comparison, trip = look(
        database_url,
        ROWS,
        metadata,
        askers=Askers(fill=lambda question: str(question.rows)),
    )
    assert comparison.unanswered == []
    assert "server_default=sa.text('2')" in trip.upgrade


def look(
    url: str, rows: tuple[str, ...], metadata: sa.MetaData, **options: t.Any
) -> tuple[t.Any, Trip]:
    """Compare only."""
    engine = sa.create_engine(url)
    old = sa.MetaData()
    make_users()(old)  # type: ignore[operator]

    with engine.begin() as connection:
        old.create_all(connection)

        for statement in rows:
            connection.exec_driver_sql(statement)

        found = compare(connection, metadata, **options)

    engine.dispose()
    return found.comparison, found


def test_count(database_url: str) -> None:
    """Rows are counted with and without a value; what is not there ends nothing."""
    engine = sa.create_engine(database_url)
    metadata = sa.MetaData()
    make_users()(metadata)  # type: ignore[operator]

    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.exec_driver_sql(ROWS[0])
        connection.exec_driver_sql(ROWS[1])
        count = Comparison(live=connection).count_rows
        assert count("missing") is None
        assert count("users", column="missing") is None
        assert count("users") == 2
        assert count("users", column="name") == 1
        assert count("users", column="name", is_null=True) == 1

    assert Comparison().count_rows("users") is None
    engine.dispose()


def test_whole_command(database_url: str, tmp_path: pathlib.Path) -> None:
    """The command asks on every backend, and its file fills the rows."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    metadata = sa.MetaData()
    make_users()(metadata)  # type: ignore[operator]
    project = make_project(tmp_path, engines=engine, metadatas=metadata)
    project.run_well("migrate")
    project.run_well("upgrade")

    with engine.begin() as connection:
        for statement in ROWS:
            connection.exec_driver_sql(statement)

    metadata.clear()
    make_users(sa.Column("n", sa.Integer, nullable=False), nullable=False)(metadata)  # type: ignore[operator]
    assert project.run("migrate", "--fill", "users.n=7").exit_code == 2
    project.run_well("migrate", "--fill", "users.n=7", "--fill", "users.name=id")
    project.run_well("upgrade")
    project.run_well("check")
    project.run_well("downgrade")
    project.run_well("upgrade")

    with engine.connect() as connection:
        query = sa.text("SELECT name, n FROM users ORDER BY id")
        assert connection.execute(query).all() == [("Ann", 7), ("2", 7)]


@pytest.mark.backends("postgresql")
def test_schema(database_url: str) -> None:
    """A table of another schema is counted and filled there, by its full name."""

    def make(*columns: sa.Column[t.Any]) -> Schema:
        key = sa.Column("id", sa.Integer, primary_key=True)
        return lambda metadata: sa.Table(
            "users", metadata, key._copy(), *columns, schema="Shop"
        )

    column = sa.Column("n", sa.Integer, nullable=False)
    trip = try_change(
        database_url,
        make(),
        make(column),
        schemas=["Shop"],
        statements=['INSERT INTO "Shop".users (id) VALUES (1)'],
        answers=Answers(fills={"Shop.users.n": "id * 2"}),
    )
    assert trip.left == ""
    assert trip.describe_loss() == []
    assert 'UPDATE "Shop".users SET n = id * 2' in trip.upgrade


class Colour(enum.Enum):
    """A value of a model."""

    RED = 1


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (sa.Column("a", sa.String, default="50% \\ it's"), "'50% \\ it''s'"),
        (sa.Column("a", sa.Enum(Colour), default=Colour.RED), "'RED'"),
        (sa.Column("a", sa.Date, default=datetime.date(2020, 1, 2)), "'2020-01-02'"),
        (sa.Column("a", sa.DateTime, default=sa.func.now()), "CURRENT_TIMESTAMP"),
        (sa.Column("a", sa.Integer, default=lambda: 1), None),
        (sa.Column("a", sa.LargeBinary, default=object()), None),
        (sa.Column("a", sa.Integer, default=sa.Sequence("s")), None),
        (sa.Column("a", sa.Integer), None),
    ],
)
def test_find_default(column: sa.Column[t.Any], expected: str | None) -> None:
    """A scalar or SQL expression of a model becomes SQL; a function does not."""
    dialect = without_percents(sa.create_engine("sqlite://").dialect)
    assert find_default(column, dialect) == expected


@pytest.mark.backends("sqlite")
def test_no_model_default(database_url: str) -> None:
    """@default without one is refused."""
    metadata = sa.MetaData()
    make_users(sa.Column("title", sa.Integer, nullable=False))(metadata)  # type: ignore[operator]
    answers = Answers(fills={"users.title": "@default"})

    with pytest.raises(BadOption, match=r"no default for users\.title"):
        look(database_url, ROWS, metadata, answers=answers)
