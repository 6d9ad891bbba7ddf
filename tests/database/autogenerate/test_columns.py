"""Columns that come, go and change in plain ways."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change

_WIDER = (
    "Type `String(10)→String(20)`, `String→Text`, `Integer→BigInteger`,"
    " `Numeric(10,2)→(12,2)`"
)


def _users(type_: t.Any = None, **options: t.Any) -> Schema:
    """A table, with one column besides its key where a type is given."""

    def make(metadata: sa.MetaData) -> None:
        table = sa.Table(
            "users", metadata, sa.Column("id", sa.Integer, primary_key=True)
        )

        if type_ is not None:
            table.append_column(sa.Column("name", type_, **options))

    return make


class Upper(sa.TypeDecorator[str]):
    """A type of the application's own."""

    impl = sa.String(10)
    cache_ok = True


PAIRS: tuple[tuple[str, Schema, Schema], ...] = (
    (_WIDER, _users(sa.String(10)), _users(sa.String(20))),
    (_WIDER, _users(sa.String(10)), _users(sa.Text)),
    (_WIDER, _users(sa.Integer), _users(sa.BigInteger)),
    (_WIDER, _users(sa.SmallInteger), _users(sa.Integer)),
    (_WIDER, _users(sa.Numeric(10, 2)), _users(sa.Numeric(12, 2))),
    (_WIDER, _users(sa.Date), _users(sa.DateTime)),
    ("NULL / NOT NULL", _users(sa.String(10)), _users(sa.String(10), nullable=False)),
    ("Add / drop column", _users(), _users(sa.String(10))),
    (
        "Add / drop column",
        _users(),
        _users(sa.String(10), nullable=False, server_default="it's"),
    ),
    ("Add / drop column", _users(), _users(sa.String(10), index=True)),
    (
        "Several changes of one column",
        _users(sa.String(10), nullable=False),
        _users(sa.Text, server_default=None),
    ),
)
"""Each change, which is tried both ways."""

CASES = [
    Case(row=row, before=pair[way], after=pair[1 - way], name=f"{number}, {way}")
    for number, (row, *pair) in enumerate(PAIRS)
    for way in (0, 1)
]

SAME = {
    "TypeDecorator over the same impl": (_users(sa.String(10)), _users(Upper)),
    "Python-side `default=`": (
        _users(sa.String(10)),
        _users(sa.String(10), default="x"),
    ),
}
"""What makes no difference to the database."""


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


@pytest.mark.parametrize("row", SAME)
def test_no_change(database_url: str, row: str) -> None:
    """What the database has no place for is no change."""
    assert not try_change(database_url, *SAME[row]).is_detected


@pytest.mark.comments
@pytest.mark.parametrize("way", [0, 1])
def test_comment(database_url: str, way: int) -> None:
    """The comment of a column comes, changes and goes."""
    pairs = (
        (_users(sa.Text), _users(sa.Text, comment="it's 'so'")),
        (_users(sa.Text, comment="a"), _users(sa.Text, comment="50% of b")),
    )[way]

    for before, after in (pairs, pairs[::-1]):
        case = Case(row="Table / column comment", before=before, after=after)
        trip = check_case(database_url, case)
        assert trip.operations == ["AlterColumnOp"]
        _clear(database_url)


def _clear(url: str) -> None:
    engine = sa.create_engine(url)
    metadata = sa.MetaData()
    metadata.reflect(engine)
    metadata.drop_all(engine)
    engine.dispose()


def test_order(database_url: str) -> None:
    """Columns in another order are the same table."""

    def make(*names: str) -> Schema:
        return lambda metadata: sa.Table(
            "users", metadata, *(sa.Column(name, sa.Integer) for name in names)
        )

    assert not try_change(database_url, make("a", "b"), make("b", "a")).is_detected
