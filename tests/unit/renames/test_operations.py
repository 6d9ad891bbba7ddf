"""The order of renames, their texts, and the database seen by its new names."""

from __future__ import annotations

import pytest

from flask_migrate.make.autogenerate.renames.operations import order_moves
from flask_migrate.make.autogenerate.renames.operations import RenameObjectOp


@pytest.mark.parametrize(
    ("moves", "order"),
    [
        ({"a": "b"}, [("a", "b")]),
        ({"a": "b", "b": "c"}, [("b", "c"), ("a", "b")]),
        ({"a": "b", "b": "a"}, [("b", "b_renamed"), ("a", "b"), ("b_renamed", "a")]),
    ],
)
def test_order(moves: dict[str, str], order: list[tuple[str, str]]) -> None:
    """No name is given to two columns at once; a circle needs one step aside."""
    assert [(old, new) for old, _, new in order_moves(moves)] == order


def test_object_and_back() -> None:
    """A statement and its way back; a colon in a name is no parameter."""
    op = RenameObjectOp("up :x", "down", diff=("index", None, "t", "a", "b"))
    assert op.sqltext == "up \\:x"
    assert op.reverse().sqltext == "down"
    assert op.reverse().reverse().sqltext == "up \\:x"
    assert op.reverse().to_diff_tuple() == ("rename_index", None, "t", "b", "a")
