"""Computed columns that come, go and change."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import compare
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change


def _table(
    *extra: t.Any, indexed: bool = False, unique: str = "", default: t.Any = None
) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        table = sa.Table(
            "t",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            *(sa.Column(name, sa.Integer) for name in "abc"),
            sa.Column("d", sa.Integer, *extra, server_default=default),
        )

        if unique:
            table.append_constraint(
                sa.UniqueConstraint(*(table.c[one] for one in unique), name="uq_t_d")
            )

        if indexed:
            sa.Index("ix_t_d", table.c.d)

    return make


def _stored(text: str) -> sa.Computed:
    return sa.Computed(text, persisted=True)


_ANY = "Computed: expression changed / added / removed"

CASES = (
    Case(
        row=_ANY,
        name="changed",
        before=_table(_stored("a + b")),
        after=_table(_stored("a * b")),
    ),
    Case(row=_ANY, name="added", before=_table(), after=_table(_stored("a + b"))),
    Case(row=_ANY, name="removed", before=_table(_stored("a + b")), after=_table()),
    Case(
        row=_ANY,
        name="with a sign that means something",
        before=_table(_stored("a % 7")),
        after=_table(_stored("length('% :a') + b % 5")),
    ),
    Case(
        row=_ANY,
        name="with an index",
        before=_table(_stored("a + b"), indexed=True),
        after=_table(_stored("a + c"), indexed=True),
    ),
    Case(
        row=_ANY,
        name="with a unique constraint",
        before=_table(_stored("a + b"), unique="ad"),
        after=_table(_stored("a + c"), unique="ad"),
    ),
    Case(
        row=_ANY,
        name="with a unique constraint that changes",
        before=_table(_stored("a + b"), unique="ad"),
        after=_table(_stored("a + c"), unique="bd"),
    ),
    Case(
        row=_ANY,
        name="removed for a default",
        before=_table(_stored("a + b"), unique="d"),
        after=_table(unique="d", default="7"),
    ),
    Case(
        row="Computed: only parentheses differ, `a*(b+c)` vs `(a*b)+c`",
        before=_table(_stored("a*(b+c)")),
        after=_table(_stored("(a*b)+c")),
    ),
)


def _bare(metadata: sa.MetaData) -> None:
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("t", metadata, key, *(sa.Column(name, sa.Integer) for name in "abc"))


NEW = (
    Case(row="Computed: new column", before=_bare, after=_table(_stored("a + b"))),
    Case(
        row="Computed: new column",
        name="dropped",
        before=_table(_stored("a + b")),
        after=_bare,
    ),
)

VIRTUAL = (
    Case(
        row="Computed: stored ↔ virtual",
        before=_table(_stored("a + b")),
        after=_table(sa.Computed("a + b", persisted=False)),
    ),
    Case(
        row="Computed: stored ↔ virtual",
        name="back",
        before=_table(sa.Computed("a + b")),
        after=_table(_stored("a + b")),
    ),
)


@pytest.mark.parametrize("case", CASES + NEW, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


@pytest.mark.parametrize("case", CASES[:2], ids=str)
def test_a_note_says_what_becomes_of_the_values(database_url: str, case: Case) -> None:
    """A column that is dropped on the way is named."""
    assert "t.d" in check_case(database_url, case).notes[0]


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("indexed", [False, True])
def test_values_stay(database_url: str, indexed: bool) -> None:
    """A column of PostgreSQL that is not computed any more keeps its values."""
    trip = try_change(
        database_url,
        _table(_stored("a + b"), indexed=indexed),
        _table(indexed=indexed),
        statements=["INSERT INTO t (a, b) VALUES (1, 2)"],
    )
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT d FROM t")) == 3

    engine.dispose()
    assert (trip.left, trip.describe_loss(), trip.notes) == ("", [], [])


@pytest.mark.backends("sqlite", "mariadb")
@pytest.mark.parametrize("case", VIRTUAL, ids=str)
def test_stored(database_url: str, case: Case) -> None:
    """Values that are stored from now on, or not any more, are found."""
    check_case(database_url, case)


def test_values_are_computed_anew(database_url: str) -> None:
    """The rows that stand have the values of the new expression."""
    case = CASES[0]
    rows = "INSERT INTO t (id, a, b) VALUES (1, 4, 5)"
    trip = try_change(database_url, case.before, case.after, statements=[rows])
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        value = connection.scalar(sa.text("SELECT d FROM t"))

    engine.dispose()
    assert (value, trip.left) == (20, "")


def test_expression_of_a_new_column(database_url: str) -> None:
    """An expression may speak of a column that is added with it."""

    def after(metadata: sa.MetaData) -> None:
        _table(_stored("a + e"))(metadata)  # type: ignore[operator]
        metadata.tables["t"].append_column(sa.Column("e", sa.Integer))

    trip = try_change(database_url, _table(_stored("a + b")), after)
    assert trip.left == ""
    assert trip.describe_loss() == []


def test_unchanged(database_url: str) -> None:
    """Nothing differs right after the table was made."""
    metadata = sa.MetaData()
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.Integer),
        sa.Column("Name", sa.String(20)),
        sa.Column("sum", sa.Integer, _stored("a+1")),
        sa.Column("twice", sa.Integer, _stored("(A * 2)")),
        sa.Column("text", sa.String(40), _stored("'it''s (' || \"Name\" || ')'"))
        if not database_url.startswith("mysql")
        else sa.Column("text", sa.String(40), _stored("concat('it''s ', `Name`)")),
        sa.Column(
            "lower",
            sa.String(40),
            _stored('LOWER("Name")')
            if not database_url.startswith("mysql")
            else _stored("LOWER(`Name`)"),
        ),
        sa.Column(
            "case", sa.Integer, _stored("CASE WHEN a IS NULL THEN 0 ELSE a % 7 END")
        ),
    )
    table = metadata.tables["t"]
    table.append_column(
        sa.Column("built", sa.Integer, _stored_expression(table.c.a + 5))
    )
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        metadata.create_all(connection)
        trip = compare(connection, metadata)

    engine.dispose()
    assert trip.upgrade == ""


def _stored_expression(value: t.Any) -> sa.Computed:
    return sa.Computed(value, persisted=True)
