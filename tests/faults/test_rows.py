"""Every row of the list of bad inputs has its test."""

from __future__ import annotations

import collections.abc as cabc
import importlib
import pathlib
import types
import typing as t

import pytest

ROWS = 139


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
    """The rows that are tested are all that there are."""
    assert set(find_numbers()) == set(range(1, ROWS + 1))
