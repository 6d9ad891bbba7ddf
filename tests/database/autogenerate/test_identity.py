"""Where numbers come from on PostgreSQL: identity, serial, or nowhere."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import compare
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change

pytestmark = pytest.mark.backends("postgresql")


def _table(
    *identity: t.Any, type_: t.Any = sa.Integer, key: bool = True, **options: t.Any
) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        options.setdefault("nullable", False)
        copies = [sa.Identity(**one) for one in identity]
        column = sa.Column("id", type_, *copies, primary_key=key, **options)
        sa.Table("t", metadata, column, sa.Column("a", sa.Integer))

    return make


def _identity(**options: t.Any) -> Schema:
    return _table(options)


_CHANGED = "Identity removed, `always` flipped, `start`/`increment` changed"
_SERIAL = _table()
_PLAIN = _table(autoincrement=False)

CASES = (
    Case(row="Identity added", before=_PLAIN, after=_identity()),
    Case(
        row="Identity added",
        name="with options",
        before=_PLAIN,
        after=_identity(always=True, start=100, increment=5, maxvalue=900, cycle=True),
    ),
    Case(
        row="Identity added",
        name="counting down",
        before=_PLAIN,
        after=_identity(increment=-1),
    ),
    Case(
        row="Identity added",
        name="to a column that is no key",
        before=_table(key=False),
        after=_table({"start": 7}, key=False),
    ),
    Case(
        row="Identity added",
        name="to a column that was nullable",
        before=_table(key=False, nullable=True),
        after=_table({}, key=False),
    ),
    Case(row=_CHANGED, name="removed", before=_identity(start=7), after=_PLAIN),
    Case(
        row=_CHANGED,
        name="always",
        before=_identity(),
        after=_identity(always=True),
    ),
    Case(
        row=_CHANGED,
        name="by default",
        before=_identity(always=True),
        after=_identity(),
    ),
    Case(row=_CHANGED, name="start", before=_identity(), after=_identity(start=100)),
    Case(
        row=_CHANGED,
        name="increment",
        before=_identity(increment=2),
        after=_identity(increment=5),
    ),
    Case(
        row=_CHANGED,
        name="all at once",
        before=_identity(),
        after=_identity(always=True, increment=5, cache=10, cycle=True, maxvalue=99),
    ),
    Case(
        row="Identity `increment=5` → default",
        before=_identity(increment=5),
        after=_identity(),
    ),
    Case(
        row="Identity `increment=5` → default",
        name="start",
        before=_identity(start=5),
        after=_identity(),
    ),
    Case(row="SERIAL ↔ Identity", before=_SERIAL, after=_identity()),
    Case(row="SERIAL ↔ Identity", name="back", before=_identity(), after=_SERIAL),
    Case(
        row="SERIAL ↔ Identity",
        name="always",
        before=_SERIAL,
        after=_identity(always=True, start=10),
    ),
    Case(
        row="SERIAL ↔ Identity",
        name="small and big",
        before=_table(type_=sa.SmallInteger),
        after=_table({}, type_=sa.SmallInteger),
    ),
    Case(
        row="`autoincrement` flag on PK; SQLite `AUTOINCREMENT`; `WITHOUT ROWID`",
        name="on, PostgreSQL",
        before=_PLAIN,
        after=_SERIAL,
    ),
    Case(
        row="`autoincrement` flag on PK; SQLite `AUTOINCREMENT`; `WITHOUT ROWID`",
        name="off, PostgreSQL",
        before=_SERIAL,
        after=_PLAIN,
    ),
    Case(
        row="serial of a type that grows",
        before=_SERIAL,
        after=_table(type_=sa.BigInteger),
    ),
    Case(
        row="identity and its type",
        before=_identity(),
        after=_table({"increment": 3}, type_=sa.BigInteger),
    ),
    Case(
        row="identity of a type that grows",
        before=_identity(),
        after=_table({}, type_=sa.BigInteger),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


@pytest.mark.parametrize(
    ("before", "after"),
    [(_SERIAL, _identity()), (_identity(), _SERIAL), (_PLAIN, _identity(start=3))],
    ids=["to identity", "to serial", "from nothing"],
)
def test_counting_goes_on(database_url: str, before: Schema, after: Schema) -> None:
    """The next row has the number behind the highest one."""
    rows = ["INSERT INTO t (id, a) VALUES (41, 1)"]
    try_change(database_url, before, after, statements=rows)
    engine = sa.create_engine(database_url)

    with engine.begin() as connection:
        new = "INSERT INTO t (a) VALUES (2) RETURNING id"
        assert connection.scalar(sa.text(new)) == 42

    engine.dispose()


def test_odd_names(database_url: str) -> None:
    """Names that must be quoted, in another schema, are."""

    def make(*identity: t.Any) -> Schema:
        return lambda metadata: sa.Table(
            "The Table",
            metadata,
            sa.Column("The Id", sa.Integer, *identity, primary_key=True),
            schema="Other",
        )

    case = Case(
        row="SERIAL ↔ Identity",
        before=make(),
        after=make(sa.Identity()),
        schemas=("Other",),
    )
    check_case(database_url, case)


def test_unchanged(database_url: str) -> None:
    """Nothing differs right after the tables were made."""
    metadata = sa.MetaData()
    kinds: list[tuple[t.Any, t.Any]] = [
        (sa.Integer, ()),
        (sa.SmallInteger, ()),
        (sa.BigInteger, ()),
        (sa.Integer, (sa.Identity(),)),
        (sa.BigInteger, (sa.Identity(always=True, start=-5, increment=-5),)),
        (sa.SmallInteger, (sa.Identity(minvalue=3, cycle=True, nomaxvalue=True),)),
        (sa.Integer, (sa.Sequence("free"),)),
        (sa.Integer, (sa.Sequence("optional", optional=True),)),
        (sa.Uuid, ()),
        (sa.String(3), ()),
    ]

    for place, (type_, extra) in enumerate(kinds):
        column = sa.Column("id", type_, *extra, primary_key=True)
        sa.Table(f"t{place}", metadata, column)

    sa.Table(
        "pair",
        metadata,
        sa.Column("a", sa.ForeignKey("t0.id"), primary_key=True),
        sa.Column("b", sa.Integer, primary_key=True),
    )
    sa.Table(
        "python", metadata, sa.Column("id", sa.Integer, default=7, primary_key=True)
    )
    sa.Table(
        "child", metadata, sa.Column("id", sa.ForeignKey("t1.id"), primary_key=True)
    )
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        metadata.create_all(connection)
        trip = compare(connection, metadata)

    engine.dispose()
    assert trip.upgrade == ""


def test_what_create_table_makes_is_the_same(database_url: str) -> None:
    """Tables made by a revision do not differ, though it knows no default of Python."""

    def make(metadata: sa.MetaData) -> None:
        key = sa.Column("id", sa.Integer, default=lambda: 1, primary_key=True)
        sa.Table("python", metadata, key)
        sequence = sa.Sequence("numbers")
        sa.Table("t", metadata, sa.Column("id", sa.Integer, sequence, primary_key=True))

    trip = try_change(database_url, lambda metadata: None, make)
    assert trip.left == ""
    assert trip.describe_loss() == []
