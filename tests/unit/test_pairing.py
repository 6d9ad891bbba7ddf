"""Which thing of a model is which of the database."""

from __future__ import annotations

import sqlalchemy as sa

from flask_migrate.databases.dialects.definitions import Definition
from flask_migrate.make.autogenerate.coverage.inventory import Stock
from flask_migrate.make.autogenerate.coverage.inventory import Wanted
from flask_migrate.make.autogenerate.coverage.pairing import pair


def _live(name: str | None, text: str, **options: bool) -> Definition:
    columns = ("a",)
    return Definition(kind="check", name=name, text=text, columns=columns, **options)  # type: ignore[arg-type]


def _wanted(name: str | None, text: str | None) -> Wanted:
    item = sa.CheckConstraint("x", name=name)
    made = None if text is None else _live(name or "given", text)
    return Wanted(item=item, definition=made)


def test_a_name_says_which_is_which() -> None:
    """What has the same name and another text is changed."""
    live, wanted = _live("n", "1"), _wanted("n", "2")
    found = pair(Stock(live=(live,), wanted=(wanted,)), {"check"})

    assert found.changed == ((live, wanted),)
    assert found.added == found.removed == ()


def test_what_has_no_name_is_known_by_its_text() -> None:
    """Two unnamed ones that say the same need two in the database."""
    live, wanted = _live("n", "1"), _wanted(None, "1")
    found = pair(Stock(live=(live,), wanted=(wanted, wanted)), {"check"})

    assert found.added == (wanted,)
    assert found.removed == found.changed == found.renamed == ()


def test_another_name_for_the_same() -> None:
    """It is renamed, unless the database has no name for it."""
    live, wanted = _live("old", "1"), _wanted("new", "1")
    assert pair(Stock(live=(live,), wanted=(wanted,)), {"check"}).renamed == (
        (live, wanted),
    )
    unnamed = Stock(live=(_live(None, "1"),), wanted=(wanted,))
    assert pair(unnamed, {"check"}).renamed == ()


def test_what_the_server_refuses_is_changed() -> None:
    """A condition that the columns do not allow yet is not the old one."""
    live, wanted = _live("n", "1"), _wanted("n", None)
    found = pair(Stock(live=(live,), wanted=(wanted,)), {"check"})

    assert found.changed == ((live, wanted),)


def test_what_stands_at_a_column_is_left_alone() -> None:
    """It is compared, but neither dropped nor made a second time."""
    live = _live(None, "1", is_inline=True)
    assert pair(Stock(live=(live,), wanted=()), {"check"}).removed == ()
    same = Stock(live=(live,), wanted=(_wanted(None, "1"),))
    assert pair(same, {"check"}).added == ()


def test_the_check_of_a_column_with_another_type_is_made_anew() -> None:
    """The server would write it in other words afterwards."""
    live, wanted = _live("n", "1"), _wanted("n", "1")
    stock = Stock(live=(live,), wanted=(wanted,))

    assert pair(stock, {"check"}).changed == ()
    assert pair(stock, {"check"}, retyped=frozenset("a")).changed == ((live, wanted),)
