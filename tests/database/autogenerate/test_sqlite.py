"""What only SQLite has: it is found, converges, and goes back."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change

pytestmark = pytest.mark.backends("sqlite")

_ROW = "`autoincrement` flag on PK; SQLite `AUTOINCREMENT`; `WITHOUT ROWID`"


def _make(*, text: t.Any = sa.Text, **options: t.Any) -> Schema:
    """A table with options."""

    def make(metadata: sa.MetaData) -> None:
        key = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table("things", metadata, key, sa.Column("a", text), **options)

    return make


PAIRS: dict[str, tuple[Schema, Schema]] = {
    "AUTOINCREMENT": (_make(), _make(sqlite_autoincrement=True)),
    "WITHOUT ROWID": (_make(), _make(sqlite_with_rowid=False)),
    "STRICT": (_make(), _make(sqlite_strict=True)),
    "STRICT, AUTOINCREMENT stays": (
        _make(sqlite_autoincrement=True),
        _make(sqlite_autoincrement=True, sqlite_strict=True),
    ),
    "one for another": (
        _make(sqlite_autoincrement=True),
        _make(sqlite_strict=True, sqlite_with_rowid=False),
    ),
    "STRICT and the type that it wants": (
        _make(text=sa.String(9)),
        _make(sqlite_strict=True),
    ),
}
"""Each change, both ways."""

CASES = [
    Case(row=_ROW, before=pair[way], after=pair[1 - way], name=f"{name}, {way}")
    for name, pair in PAIRS.items()
    for way in (0, 1)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    trip = check_case(database_url, case)
    assert "recreate='always'" in trip.upgrade


def test_rows_stay(database_url: str) -> None:
    """The table that gets another option keeps its rows."""
    rows = ("INSERT INTO things (id, a) VALUES (3, 'x'), (5, 'y')",)
    after = _make(sqlite_autoincrement=True)
    try_change(database_url, _make(), after, statements=rows)
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT id, a FROM things").all()

    engine.dispose()
    assert [tuple(one) for one in found] == [(3, "x"), (5, "y")]
