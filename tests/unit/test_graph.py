"""The order of tables by their foreign keys."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_migrate.make.autogenerate.graph import arrange
from flask_migrate.make.autogenerate.graph import Link


def _link(table: str, target: str, *, alter: bool = False) -> Link:
    key = sa.ForeignKeyConstraint(["a"], [f"{target}.id"], use_alter=alter)
    return Link(table=table, target=target, key=key)


def test_targets_come_first() -> None:
    """A table waits for what it points to; names decide the rest."""
    links = [_link("a", "c"), _link("c", "b"), _link("a", "elsewhere")]

    assert arrange(["c", "d", "a", "b"], links, may_cut=True) == (
        ["b", "c", "a", "d"],
        [],
    )


def test_a_table_may_point_to_itself() -> None:
    """That is no circle."""
    assert arrange(["a"], [_link("a", "a")], may_cut=True) == (["a"], [])


def test_a_circle_is_cut_once() -> None:
    """One foreign key of a circle waits, and none that only leads into it."""
    circle = [_link("b", "c"), _link("c", "d"), _link("d", "b")]
    order, cut = arrange("abcd", [_link("a", "b"), *circle], may_cut=True)

    assert order == ["b", "a", "d", "c"]
    assert cut == circle[:1]


def test_two_circles_through_one_table() -> None:
    """A table that closes two circles is cut out of both."""
    links = [_link("a", "b"), _link("b", "a"), _link("a", "c"), _link("c", "a")]
    order, cut = arrange("abc", links, may_cut=True)

    assert order == ["a", "b", "c"]
    assert cut == [links[0], links[2]]


@pytest.mark.parametrize("may_cut", [True, False])
def test_what_is_made_apart_is_always_cut(may_cut: bool) -> None:
    """``use_alter`` is followed where a foreign key can be made apart at all."""
    link = _link("a", "b", alter=True)
    order, cut = arrange("ab", [link], may_cut=may_cut)

    assert order == (["a", "b"] if may_cut else ["b", "a"])
    assert cut == ([link] if may_cut else [])


def test_a_circle_that_must_not_be_cut_has_an_order_too() -> None:
    """SQLite makes a foreign key before its target."""
    links = [_link("a", "b"), _link("b", "a")]
    order, cut = arrange("ab", links, may_cut=False)

    assert sorted(order) == ["a", "b"]
    assert cut == []
