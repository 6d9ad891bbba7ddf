"""Primary, unique, foreign and exclusion keys."""

from __future__ import annotations

import collections.abc as cabc

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change


def _keyed(*columns: str, name: str | None = None) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "things",
            metadata,
            sa.Column("a", sa.Integer, nullable=False, autoincrement=False),
            sa.Column("b", sa.Integer, nullable=False, autoincrement=False),
            sa.PrimaryKeyConstraint(*columns, name=name),
        )

    return make


def _things(*items: cabc.Callable[[], sa.schema.SchemaItem]) -> Schema:
    """Return a parent, and a table with some constraints."""

    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "parents",
            metadata,
            sa.Column("a", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("b", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("code", sa.Integer, nullable=False),
            sa.UniqueConstraint("code", name="uq_code"),
        )
        sa.Table(
            "things",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.Integer),
            sa.Column("b", sa.Integer),
            *(one() for one in items),
        )

    return make


def _unique(
    *columns: str, name: str | None = "uq_things", **options: object
) -> cabc.Callable[[], sa.schema.SchemaItem]:
    return lambda: sa.UniqueConstraint(*columns, name=name, **options)  # type: ignore[arg-type]


def _foreign(
    name: str | None = "fk_things", **options: object
) -> cabc.Callable[[], sa.schema.SchemaItem]:
    columns, targets = ["a", "b"], ["parents.a", "parents.b"]
    return lambda: sa.ForeignKeyConstraint(columns, targets, name=name, **options)  # type: ignore[arg-type]


def _simple(name: str | None = None) -> cabc.Callable[[], sa.schema.SchemaItem]:
    return lambda: sa.ForeignKeyConstraint(["a"], ["parents.code"], name=name)


def _unique_index() -> sa.schema.SchemaItem:
    return sa.Index("uq_things", "a", unique=True)


EVERYWHERE = (
    Case(
        row="PK: column added, moved, renamed constraint",
        name="column added",
        before=_keyed("a", name="pk_things"),
        after=_keyed("a", "b", name="pk_things"),
    ),
    Case(
        row="PK: column added, moved, renamed constraint",
        name="unnamed, column removed",
        before=_keyed("a", "b"),
        after=_keyed("b"),
    ),
    Case(
        row="PK: column added, moved, renamed constraint",
        name="moved",
        before=_keyed("a", "b", name="pk_things"),
        after=_keyed("b", "a", name="pk_things"),
    ),
    Case(
        row="Unique named",
        name="added",
        before=_things(),
        after=_things(_unique("a")),
    ),
    Case(
        row="Unique named",
        name="removed",
        before=_things(_unique("a", "b")),
        after=_things(),
    ),
    Case(
        row="Unique unnamed added",
        before=_things(),
        after=_things(_unique("a", "b", name=None)),
    ),
    Case(
        row="Unique unnamed removed",
        before=_things(_unique("a", name=None)),
        after=_things(),
    ),
    Case(
        row="FK add / drop, ON DELETE, ON UPDATE, deferrable",
        name="unnamed, added",
        before=_things(),
        after=_things(_simple()),
    ),
    Case(
        row="FK add / drop, ON DELETE, ON UPDATE, deferrable",
        name="unnamed, removed",
        before=_things(_simple()),
        after=_things(),
    ),
    Case(
        row="FK add / drop, ON DELETE, ON UPDATE, deferrable",
        name="ON DELETE",
        before=_things(_foreign()),
        after=_things(_foreign(ondelete="CASCADE")),
    ),
    Case(
        row="Unique column order, same name",
        before=_things(_unique("a", "b")),
        after=_things(_unique("b", "a")),
    ),
    Case(
        row="FK name only; MATCH FULL",
        name="name",
        before=_things(_foreign("fk_old")),
        after=_things(_foreign("fk_new")),
    ),
)

RICH = (
    Case(
        row="Unique ↔ unique index of the same name",
        before=_things(_unique("a")),
        after=_things(_unique_index),
    ),
    Case(
        row="Unique named",
        name="renamed",
        before=_things(_unique("a", name="uq_old")),
        after=_things(_unique("a", name="uq_new")),
    ),
    Case(
        row="PK: column added, moved, renamed constraint",
        name="renamed",
        before=_keyed("a", name="pk_old"),
        after=_keyed("a", name="pk_new"),
    ),
)


def _exclude(
    *elements: tuple[str, str], **options: object
) -> cabc.Callable[[sa.MetaData], None]:
    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "bookings",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("seats", postgresql.INT4RANGE),
            sa.Column("place", sa.Text),
            *(
                [postgresql.ExcludeConstraint(*elements, name="no_overlap", **options)]  # type: ignore[arg-type]
                if elements
                else []
            ),
        )

    return make


POSTGRESQL = (
    Case(
        row="Unique deferrable / initially",
        name="added",
        before=_things(_unique("a")),
        after=_things(_unique("a", deferrable=True, initially="DEFERRED")),
    ),
    Case(
        row="Unique deferrable / initially",
        name="removed",
        before=_things(_unique("a", deferrable=True, initially="DEFERRED")),
        after=_things(_unique("a")),
    ),
    Case(
        row="Unique NULLS NOT DISTINCT",
        before=_things(_unique("a", postgresql_nulls_not_distinct=True)),
        after=_things(_unique("a")),
    ),
    Case(
        row="FK name only; MATCH FULL",
        name="MATCH FULL",
        before=_things(_foreign()),
        after=_things(_foreign(match="FULL")),
    ),
    Case(
        row="FK name only; MATCH FULL",
        name="MATCH FULL removed",
        before=_things(_foreign(match="FULL")),
        after=_things(_foreign()),
    ),
    Case(
        row="EXCLUDE added / removed",
        name="added",
        before=_exclude(),
        after=_exclude(("seats", "&&")),
    ),
    Case(
        row="EXCLUDE added / removed",
        name="removed",
        before=_exclude(
            ("seats", "&&"),
            where=sa.text("place <> ' \\:x'"),
            deferrable=True,
            initially="DEFERRED",
        ),
        after=_exclude(),
    ),
    Case(
        row="EXCLUDE added / removed",
        name="changed",
        before=_exclude(("seats", "&&"), using="spgist"),
        after=_exclude(("seats", "-|-"), where=sa.text("place <> 'x'")),
    ),
)

COMMENTS = (
    Case(
        row="Constraint / index comment",
        name="added",
        before=_things(_unique("a"), _foreign()),
        after=_things(_unique("a", comment="it's :x 5%"), _foreign(comment="why")),
    ),
    Case(
        row="Constraint / index comment",
        name="changed",
        before=_things(_unique("a", comment="one")),
        after=_things(_unique("a", comment="two")),
    ),
    Case(
        row="Constraint / index comment",
        name="of a constraint that changes",
        before=_things(_unique("a", comment="one")),
        after=_things(_unique("b", comment="one")),
    ),
    Case(
        row="Constraint / index comment",
        name="of a new table",
        before=sa.MetaData(),
        after=_things(_unique("a", comment="one")),
    ),
    Case(
        row="Constraint / index comment",
        name="of a table that goes",
        before=_things(_unique("a", comment="one")),
        after=sa.MetaData(),
    ),
)


@pytest.mark.parametrize("case", EVERYWHERE, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


@pytest.mark.backends("postgresql", "sqlite")
@pytest.mark.parametrize("case", RICH, ids=str)
def test_rich_change(database_url: str, case: Case) -> None:
    """What two backends have in common is found, converges, and goes back."""
    check_case(database_url, case)


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("case", [*POSTGRESQL, *COMMENTS], ids=str)
def test_postgresql_change(database_url: str, case: Case) -> None:
    """What only PostgreSQL has is found, converges, and goes back."""
    check_case(database_url, case)


UNCHANGED = _things(
    _unique("a", name=None),
    _unique("a", "b", name="uq_named"),
    _foreign(None, ondelete="CASCADE"),
    _simple("fk_code"),
)


def test_what_did_not_change_is_equal(database_url: str) -> None:
    """Keys, with and without a name, are not found to differ."""
    trip = try_change(database_url, UNCHANGED, UNCHANGED)

    assert trip.operations == [], trip.upgrade


@pytest.mark.backends("postgresql")
def test_a_dropped_table_comes_back_whole(database_url: str) -> None:
    """The downgrade makes EXCLUDE and DEFERRABLE again, which reflection forgets."""

    def make(metadata: sa.MetaData) -> None:
        _exclude(("seats", "&&"), where=sa.text("place <> 'x'"))(metadata)
        _things(_unique("a", deferrable=True, initially="DEFERRED"))(metadata)

    trip = try_change(database_url, make, sa.MetaData())

    assert trip.left == ""
    assert trip.describe_loss() == []


@pytest.mark.backends("postgresql")
def test_the_comment_of_a_dropped_constraint_comes_back(database_url: str) -> None:
    """The downgrade gives a constraint its comment again, letter by letter."""
    before = _things(_unique("a", comment="it's :x 5%"))
    trip = try_change(database_url, before, _things())

    assert "COMMENT ON CONSTRAINT uq_things ON things IS" in trip.downgrade
    assert r"'it''s \\:x 5%'" in trip.downgrade


@pytest.mark.backends("postgresql")
def test_a_key_that_others_point_to_is_renamed_in_place(database_url: str) -> None:
    """Another name needs no drop, which foreign keys would forbid, and no rebuild."""

    def make(name: str) -> sa.MetaData:
        metadata = sa.MetaData(naming_convention={"pk": f"{name}_%(table_name)s"})
        _things(_foreign(f"{name}_fk"), _unique("a", name=f"{name}_uq"))(metadata)
        return metadata

    case = Case(row="PK: renamed", before=make("old"), after=make("new"))
    trip = check_case(database_url, case)

    assert set(trip.operations) == {"Statements"}
