"""CHECK constraints: by name, and by what they say."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change


def _things(*items: sa.schema.SchemaItem) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "things",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.Integer),
            sa.Column("b", sa.String(20)),
            *(one._copy() for one in items),
        )

    return make


def _check(text: str, name: str | None = "positive") -> sa.CheckConstraint:
    return sa.CheckConstraint(text, name=name)


def _mood(*values: str, name: str | None = "mood") -> sa.Column[str]:
    kind = sa.Enum(*values, native_enum=False, create_constraint=True, name=name)
    return sa.Column("mood", kind)


CASES = (
    Case(
        row="CHECK named, added / removed (default)",
        name="added",
        before=_things(),
        after=_things(_check("a > 0 AND b <> 'it''s \\:at 100%'")),
    ),
    Case(
        row="CHECK named, added / removed (default)",
        name="removed",
        before=_things(_check("a > 0 AND b <> 'it''s \\:at 100%'")),
        after=_things(),
    ),
    Case(
        row="CHECK named, added / removed (default)",
        name="a long one removed",
        before=_things(
            _check(
                "b in ('x', 'y') and lower(b) like 'z%' and a between 1 and 3"
                " or b not in ('it''s', '\\:z') and a in (1, 2) and b = 'q'"
            )
        ),
        after=_things(),
    ),
    Case(
        row="CHECK expression changed (opt-in plugin)",
        before=_things(_check("a > 0")),
        after=_things(_check("a >= 0")),
    ),
    Case(
        row="CHECK expression changed (opt-in plugin)",
        name="only the case of a string",
        before=_things(_check("b <> 'x'")),
        after=_things(_check("b <> 'X'")),
    ),
    Case(
        row="Enum non-native + CHECK: value added",
        before=_things(_mood("sad", "ok")),
        after=_things(_mood("sad", "ok", "fun")),
    ),
    Case(
        row="Enum non-native + CHECK: value added",
        name="a longer one, and one less",
        before=_things(_mood("sad", "ok")),
        after=_things(_mood("sad", "excellent")),
    ),
    Case(
        row="A check of a column whose type changes with it",
        before=_things(sa.Column("c", sa.Date), _check("c > '2020-01-01'")),
        after=_things(sa.Column("c", sa.DateTime), _check("c > '2020-01-01'")),
    ),
    Case(
        row="An unnamed check that is added",
        before=_things(),
        after=_things(_check("a > 0", None)),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


UNCHANGED = _things(
    _check("a > 0", None),
    _check("(a between 1 and 9) or b in ('x', 'y') or lower(b) like 'z%'", "many"),
    _check("B <> '' AND (A + 1) * 2 < 10", "spelled"),
    _mood("sad", "ok"),
    sa.Column("c", sa.Integer, sa.CheckConstraint("c <> 3 OR c = 5")),
    sa.Column("d", sa.Integer, sa.CheckConstraint("d <> 3")),
    sa.Column("e", sa.Boolean(create_constraint=True, name="is_e")),
    sa.Column("f", sa.Boolean(create_constraint=True)),
    sa.Column("g", sa.Enum("q", "r", native_enum=False, create_constraint=True)),
    sa.Column("h", sa.JSON),
)


def test_what_did_not_change_is_equal(database_url: str) -> None:
    """Checks that a server rewrites, and unnamed ones, are not found to differ."""
    trip = try_change(database_url, UNCHANGED, UNCHANGED)

    assert trip.operations == [], trip.upgrade
    assert trip.notes == []


@pytest.mark.backends("postgresql")
def test_a_dropped_table_gets_its_lists_back(database_url: str) -> None:
    """PostgreSQL shows a list of strings in one way and reads that in another."""
    before = _things(_check("b in ('x', 'y') or a = 2"), _mood("sad", "ok"))
    trip = try_change(database_url, before, sa.MetaData())

    assert trip.describe_loss() == [], trip.downgrade
