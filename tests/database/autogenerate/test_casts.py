"""Changes of type that PostgreSQL does not do by itself."""

from __future__ import annotations

import typing as t
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change

pytestmark = pytest.mark.backends("postgresql")


def _table(type_: t.Any, default: t.Any = None, *, index: bool = False) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        key = sa.Column("id", sa.Integer, primary_key=True)
        column = sa.Column("a", type_, server_default=default, index=index)
        sa.Table("t", metadata, key, column)

    return make


def _case(row: str, before: t.Any, after: t.Any, *, name: str = "") -> Case:
    return Case(row=row, before=_table(before), after=_table(after), name=name)


_ARRAY = postgresql.ARRAY
_KEPT = "Type `Uuid→String`, `Interval→String`, `Enum→String`"

CASES = (
    _case("Type `ARRAY(Integer)→ARRAY(String)`", _ARRAY(sa.Integer), _ARRAY(sa.String)),
    _case("Type `Boolean→Integer`", sa.Boolean(), sa.Integer()),
    _case("Type `Boolean→Integer`", sa.Integer(), sa.Boolean(), name="back"),
    _case(_KEPT, sa.Uuid(), sa.String(36), name="Uuid→String"),
    _case(_KEPT, sa.String(36), sa.Uuid(), name="String→Uuid"),
    _case(_KEPT, sa.Interval(), sa.String(), name="Interval→String"),
    _case(_KEPT, sa.Text(), sa.Integer(), name="Text→Integer"),
    _case(_KEPT, sa.String(), sa.DateTime(), name="String→DateTime"),
    _case(_KEPT, sa.Text(), sa.JSON(), name="Text→JSON"),
    _case(
        "Type `DateTime→DateTime(timezone=True)`",
        sa.DateTime(),
        sa.DateTime(timezone=True),
    ),
    _case("Type `JSON→JSONB`", sa.JSON(), postgresql.JSONB()),
    _case("Type `ARRAY(Integer)→Integer`", _ARRAY(sa.Integer), sa.Integer()),
    _case(
        "Type `ARRAY(Integer)→Integer`", sa.Integer(), _ARRAY(sa.Integer), name="back"
    ),
    _case("no cast", sa.Integer(), sa.DateTime()),
    Case(
        row="no cast",
        name="with an index",
        before=_table(sa.Integer(), index=True),
        after=_table(sa.DateTime(), index=True),
    ),
    Case(
        row="default around a change of type",
        before=_table(sa.Boolean(), sa.true()),
        after=_table(sa.Integer(), "1"),
    ),
    Case(
        row="default around a change of type",
        name="only before",
        before=_table(sa.String(), "x"),
        after=_table(sa.Integer()),
    ),
    Case(
        row="default around a change of type",
        name="only after",
        before=_table(sa.Integer()),
        after=_table(sa.Uuid(), sa.text("gen_random_uuid()")),
    ),
    Case(
        row="default around a change of type",
        name="written in the same way",
        before=_table(sa.String(20), "1"),
        after=_table(sa.Integer(), "1"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


@pytest.mark.parametrize(
    ("before", "after", "value", "kept"),
    [
        (sa.Boolean(), sa.Integer(), "true", 1),
        (sa.Text(), sa.Integer(), "'7'", 7),
        (sa.Text(), sa.Uuid(), f"'{uuid.UUID(int=7)}'", uuid.UUID(int=7)),
        (_ARRAY(sa.Text), _ARRAY(sa.Integer), "'{1,2}'", [1, 2]),
        (sa.Text(), sa.Enum("x", "y", name="kind"), "'y'", "y"),
        (_ARRAY(sa.Enum("x", name="kind")), _ARRAY(sa.Text), "'{x}'", ["x"]),
    ],
)
def test_values_are_kept(
    database_url: str, before: t.Any, after: t.Any, value: str, kept: object
) -> None:
    """A value is still there, after the way up, down and up."""
    rows = [f"INSERT INTO t (a) VALUES ({value})"]
    trip = try_change(database_url, _table(before), _table(after), statements=rows)
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        found = connection.scalar(sa.text("SELECT a FROM t"))

    engine.dispose()
    assert (found, trip.left) == (kept, "")


def test_a_cast_is_named_only_where_it_is_needed(database_url: str) -> None:
    """What the server casts by itself is left to it."""
    trip = try_change(database_url, _table(sa.Uuid()), _table(sa.String()))
    assert "postgresql_using" not in trip.upgrade
    assert "postgresql_using='a::UUID'" in trip.downgrade


def test_a_loss_is_said(database_url: str) -> None:
    """Where a column must be dropped, a note names it and the types."""
    trip = try_change(database_url, _table(sa.Integer()), _table(sa.DateTime()))
    assert any("t.a" in one and "its values are lost" in one for one in trip.notes)
