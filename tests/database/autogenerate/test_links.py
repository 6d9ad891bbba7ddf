"""Foreign keys, unique constraints and indexes that come, go and change."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change
from tests.support.servers import Backend

_LINK = "FK add / drop, ON DELETE, ON UPDATE, deferrable"
_INDEX = "Index add / drop / columns / order / unique"
_RENAMED = "Index renamed"
_UNIQUE = "Unique named"
_EITHER = "Unique ↔ unique index of the same name"


def _link(*, linked: bool = True, **options: t.Any) -> Schema:
    """A table whose column refers to another table, and has an index."""

    def make(metadata: sa.MetaData) -> None:
        sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
        table = sa.Table(
            "posts",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("user_id", sa.Integer, index=True),
        )

        if linked:
            table.append_constraint(
                sa.ForeignKeyConstraint(
                    ["user_id"], ["users.id"], name="fk_user", **options
                )
            )

    return make


def _composite(**options: t.Any) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "places",
            metadata,
            sa.Column("country", sa.String(2), primary_key=True),
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        )
        sa.Table(
            "shops",
            metadata,
            sa.Column("country", sa.String(2)),
            sa.Column("number", sa.Integer),
            sa.ForeignKeyConstraint(
                ["country", "number"],
                ["places.country", "places.number"],
                name="fk_place",
                **options,
            ),
        )

    return make


def _things(*make_items: t.Callable[[], sa.schema.SchemaItem]) -> Schema:
    """A table with constraints and indexes."""

    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "things",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.Integer),
            sa.Column("b", sa.String(20)),
            *(one() for one in make_items),
        )

    return make


def _index(*columns: str, name: str = "by", **options: t.Any) -> Schema:
    return _things(lambda: sa.Index(name, *columns, **options))


def _unique(*columns: str, name: str = "once") -> Schema:
    return _things(lambda: sa.UniqueConstraint(*columns, name=name))


PAIRS: tuple[tuple[str, str, Schema, Schema], ...] = (
    (_LINK, "added", _link(linked=False), _link()),
    (_LINK, "ON DELETE", _link(), _link(ondelete="CASCADE")),
    (_LINK, "ON DELETE", _link(ondelete="SET NULL"), _link(ondelete="CASCADE")),
    (_LINK, "ON UPDATE", _link(), _link(onupdate="CASCADE")),
    (_LINK, "both", _link(onupdate="CASCADE"), _link(ondelete="SET NULL")),
    (_LINK, "of two columns", _composite(), _composite(ondelete="CASCADE")),
    (_INDEX, "added", _things(), _index("a")),
    (_INDEX, "of two columns", _things(), _index("a", "b")),
    (_INDEX, "another column", _index("a"), _index("b")),
    (_INDEX, "one more column", _index("a"), _index("a", "b")),
    (_INDEX, "order", _index("a", "b"), _index("b", "a")),
    (_INDEX, "unique", _index("a"), _index("a", unique=True)),
    (_RENAMED, "", _index("a"), _index("a", name="by_a")),
    (_UNIQUE, "added", _things(), _unique("a")),
    (_UNIQUE, "one more column", _unique("a"), _unique("a", "b")),
    (_UNIQUE, "another name", _unique("a"), _unique("a", name="once_a")),
)
"""Each change, which is tried both ways."""

CASES = [
    Case(row=row, before=pair[way], after=pair[1 - way], name=f"{name} {number} {way}")
    for number, (row, name, *pair) in enumerate(PAIRS)
    for way in (0, 1)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


def _family(
    number: t.Any, text: t.Any = None, *, linked: bool = True, **options: t.Any
) -> Schema:
    """Tables that refer to one another, and one of them to itself."""
    text = text or sa.String(9)

    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "parents",
            metadata,
            sa.Column("id", number, primary_key=True),
            sa.Column("code", text, unique=True),
            sa.Column("up", number, sa.ForeignKey("parents.id")),
        )
        parts: list[t.Any] = [
            sa.ForeignKeyConstraint(["parent_id"], ["parents.id"], "link", **options),
            sa.ForeignKeyConstraint(["code"], ["parents.code"], name="by_code"),
        ]
        sa.Table(
            "children",
            metadata,
            sa.Column("id", number, primary_key=True),
            sa.Column("parent_id", number, index=True),
            sa.Column("code", text, index=True),
            *(parts if linked else []),
        )

    return make


TYPES: dict[str, tuple[Schema, Schema]] = {
    "numbers": (_family(sa.Integer), _family(sa.BigInteger)),
    "texts": (_family(sa.Integer), _family(sa.Integer, sa.String(20))),
    "and another action": (
        _family(sa.Integer),
        _family(sa.BigInteger, ondelete="SET NULL"),
    ),
    "and a new foreign key": (
        _family(sa.Integer, linked=False),
        _family(sa.BigInteger),
    ),
}
"""Changes of columns that foreign keys stand on."""


@pytest.mark.filterwarnings("ignore:autoincrement and existing_autoincrement")
@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("name", TYPES)
def test_types_below(database_url: str, name: str, way: int) -> None:
    """Both ends of a foreign key get another type."""
    before, after = TYPES[name][way], TYPES[name][1 - way]
    check_case(database_url, Case(row=name, before=before, after=after))


@pytest.mark.backends("sqlite", "postgresql")
@pytest.mark.parametrize("way", [0, 1])
def test_deferrable(database_url: str, way: int) -> None:
    """A foreign key becomes deferrable, and is so no longer."""
    pair = (_link(), _link(deferrable=True, initially="DEFERRED"))
    check_case(database_url, Case(row=_LINK, before=pair[way], after=pair[1 - way]))


@pytest.mark.parametrize("way", [0, 1])
def test_unique_index(database_url: str, backend: Backend, way: int) -> None:
    """A unique constraint becomes a unique index, where these are two things."""
    pair = (_unique("a"), _index("a", name="once", unique=True))
    trip = try_change(database_url, pair[way], pair[1 - way])
    assert trip.is_detected is (backend.name != "mariadb")
    assert (trip.left, trip.describe_loss()) == ("", [])


@pytest.mark.parametrize("action", ["CASCADE", "RESTRICT", "NO ACTION"])
def test_same_action(database_url: str, action: str) -> None:
    """An action that is spelled in another way is no change."""
    pair = (_link(ondelete=action.lower()), _link(ondelete=action))
    assert not try_change(database_url, *pair).is_detected


@pytest.mark.backends("mariadb")
def test_no_action_is_restrict(database_url: str) -> None:
    """What the server does not tell apart is no change."""
    pair = (
        _link(ondelete="RESTRICT"),
        _link(ondelete="NO ACTION", onupdate="RESTRICT"),
    )
    assert not try_change(database_url, *pair).is_detected
