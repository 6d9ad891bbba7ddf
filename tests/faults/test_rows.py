"""Every row of the list of bad inputs has its test, or a reason why not yet."""

from __future__ import annotations

import collections.abc as cabc
import importlib
import pathlib
import types
import typing as t

import pytest

ROWS = 139

LATER = {
    76: "models that nobody imported, and a revision that drops every table: lint",
    78: "a custom type whose import is missing from the file: autogenerate",
}
"""Rows that belong to later work, and to which."""


def find_numbers() -> cabc.Iterator[int]:
    """Yield the rows that the tests of this folder name in their marks."""
    for path in sorted(pathlib.Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.faults.{path.stem}")
        for name, function in vars(module).items():
            if name.startswith("test_") and isinstance(function, types.FunctionType):
                yield from find_numbers_of(function)


def find_numbers_of(function: types.FunctionType) -> cabc.Iterator[int]:
    """Yield the rows of one test, and those of its parameters."""
    marks: list[pytest.Mark] = list(getattr(function, "pytestmark", []))
    for mark in marks:
        if mark.name == "row":
            yield from mark.args

        if mark.name == "parametrize":
            for values in mark.args[1]:
                inner: t.Iterable[pytest.Mark] = getattr(values, "marks", ())
                yield from (
                    number for one in inner if one.name == "row" for number in one.args
                )


def test_every_row_has_a_test() -> None:
    """The rows that are tested and those that have to wait are all that there are."""
    tested = set(find_numbers())
    assert tested.isdisjoint(LATER)
    assert tested | set(LATER) == set(range(1, ROWS + 1))
