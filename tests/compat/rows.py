"""One line of a table of tests: a situation, a command line, and what it says."""

from __future__ import annotations

import typing as t

import pytest

from .histories import SITUATIONS
from .places import Pair


class Row(t.NamedTuple):
    """A command line after ``flask db``, run by both packages.

    :param situation: a key of `histories.SITUATIONS`.
    :param says: a part of what both say, on either stream.
    :param code: the exit code of both.
    """

    situation: str
    command: str
    says: str = ""
    code: int = 0

    def lay(self, pair: Pair) -> None:
        """Put the situation there."""
        history, versions = SITUATIONS[self.situation]
        pair.init(history, at=versions)

    def run(self, pair: Pair) -> None:
        """Put the situation there, and run the command."""
        self.lay(pair)
        pair.flask(f"db {self.command}", code=self.code, says=self.says)


def each(rows: t.Iterable[Row]) -> pytest.MarkDecorator:
    """Run a test once for each row, and name it like the row."""
    return pytest.mark.parametrize(
        "row",
        [pytest.param(row, id=f"{row.situation}: {row.command}") for row in rows],
    )
