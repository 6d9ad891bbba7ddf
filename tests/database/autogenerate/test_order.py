"""The order of what is written: it runs, there and back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change


def _tables(**pointing: tuple[str, ...]) -> Schema:
    """Return tables by name, each with what it points to; ``!`` is ``use_alter``."""

    def make(metadata: sa.MetaData) -> None:
        for name, targets in pointing.items():
            sa.Table(
                name,
                metadata,
                sa.Column("id", sa.Integer, primary_key=True),
                *(_point(name, one) for one in targets),
            )

    return make


def _point(table: str, target: str) -> sa.Column[int]:
    name = target.removesuffix("!")
    alter = target != name
    key = sa.ForeignKey(f"{name}.id", name=f"fk_{table}_{name}", use_alter=alter)
    return sa.Column(f"{name}_id", sa.Integer, key)


KEEP = {"kept": ()}
FAMILY: dict[str, tuple[str, ...]] = {
    "b": (),
    "a": ("b",),
    "c": ("a", "b"),
    "d": ("d", "c"),
}

CASES = (
    Case(
        row="Add / drop table",
        name="four generations added",
        before=_tables(**KEEP),
        after=_tables(**KEEP, **FAMILY),
    ),
    Case(
        row="Add / drop table",
        name="four generations removed",
        before=_tables(**KEEP, **FAMILY),
        after=_tables(**KEEP),
    ),
    Case(
        row="A parent dropped with the column that points to it",
        before=_tables(parent=(), child=("parent",)),
        after=_tables(child=()),
    ),
    Case(
        row="FK cycle without `use_alter`",
        name="added",
        before=_tables(**KEEP),
        after=_tables(**KEEP, x=("y",), y=("z",), z=("x", "kept")),
    ),
    Case(
        row="FK cycle without `use_alter`",
        name="removed",
        before=_tables(**KEEP, x=("y",), y=("x",)),
        after=_tables(**KEEP),
    ),
)
APART = Case(
    row="FK cycle, `use_alter=True`",
    name="where there is no cycle",
    before=_tables(**KEEP),
    after=_tables(**KEEP, x=(), y=("x!",)),
)
ALTERED = Case(
    row="FK cycle, `use_alter=True`",
    before=_tables(**KEEP),
    after=_tables(**KEEP, x=("y!",), y=("x",)),
)


@pytest.mark.parametrize("case", [*CASES, ALTERED, APART], ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


def test_the_order_does_not_depend_on_the_names(database_url: str) -> None:
    """Tables are made in the order of their foreign keys, then of their names."""
    after = _tables(a=("z",), b=(), z=())
    trip = try_change(database_url, sa.MetaData(), after)
    places = [trip.upgrade.index(f"create_table('{name}'") for name in "bza"]

    assert places == sorted(places)


def _unique(name: str, *, is_unique: bool) -> Schema:
    """Return a table that can be pointed to once it is unique, and one that points."""

    def make(metadata: sa.MetaData) -> None:
        parts = [sa.UniqueConstraint("code", name="uq_code")] if is_unique else []
        sa.Table(
            "middle",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("code", sa.Integer, nullable=False),
            *parts,
        )
        key = sa.ForeignKey("middle.code", name="fk_code")
        keys = [key] if is_unique else []
        sa.Table(
            name,
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("code", sa.Integer, *keys),
        )

    return make


@pytest.mark.parametrize("name", ["aaa", "zzz"])
@pytest.mark.parametrize("is_added", [True, False])
def test_a_key_waits_for_what_it_points_to(
    database_url: str, name: str, is_added: bool
) -> None:
    """A foreign key comes after the unique constraint it needs, and goes before it."""
    before = _unique(name, is_unique=not is_added)
    after = _unique(name, is_unique=is_added)
    check_case(database_url, Case(row="", before=before, after=after))


def test_the_key_of_a_new_table_waits_too(database_url: str) -> None:
    """A new table is made without the foreign key whose target is not unique yet."""

    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "middle",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("code", sa.Integer, nullable=False),
        )

    case = Case(row="", before=make, after=_unique("new", is_unique=True))
    check_case(database_url, case)


@pytest.mark.backends("mariadb")
def test_a_dropped_table_keeps_what_its_keys_need(database_url: str) -> None:
    """An index that a foreign key uses goes with the table, and comes back."""

    def make(metadata: sa.MetaData) -> None:
        _tables(parent=(), child=("parent",))(metadata)
        sa.Index("ix_parent", metadata.tables["child"].c.parent_id)

    after = _tables(parent=())
    check_case(database_url, Case(row="", before=make, after=after))


@pytest.mark.backends("mariadb")
def test_an_index_that_a_key_needs_is_replaced(database_url: str) -> None:
    """A foreign key that stays gets an index of its own when another one goes."""

    def make(metadata: sa.MetaData) -> None:
        _tables(parent=(), child=("parent",))(metadata)
        sa.Index("ix_parent", metadata.tables["child"].c.parent_id)

    after = _tables(parent=(), child=("parent",))
    check_case(database_url, Case(row="", before=make, after=after))
