"""Names in a written file that nothing defines."""

from __future__ import annotations

import pytest

from flask_migrate.make.autogenerate.imports import find_name
from flask_migrate.make.autogenerate.imports import find_unbound


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b\na.b.c()", []),
        ("import a as b\nb.c(a)", ["a"]),
        ("from a import b\nb()", []),
        ("def f(x):\n    y = x\n    return len(y)", []),
        ("class A: pass\nA(other.B(), more)", ["more", "other"]),
        ("with op.batch() as batch_op:\n    batch_op.add(sa.Text())", ["op", "sa"]),
        ("from a import *\nb()", []),
        ("try:\n    f()\nexcept OSError as e:\n    raise e", ["f"]),
        ("def f():\n    globals()['x'](__file__)", []),
    ],
)
def test_find_unbound(source: str, expected: list[str]) -> None:
    """Only what is imported, defined, assigned or built in is known."""
    assert find_unbound(source) == expected


def test_find_name() -> None:
    """A class is found by its dotted name, if that leads to this very class."""

    class Local:
        """Nobody can import it."""

    assert find_name(dict, "builtins") == "dict"
    assert find_name(dict, "missing") is None
    assert find_name(Local, __name__) is None
