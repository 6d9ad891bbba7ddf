"""What a column that may not be NULL asks: which value the rows get that have none."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

from ...errors import FillUnanswered
from .counting import describe_rows

MODEL_DEFAULT = "@default"
"""The answer that takes the model's own ``default=``."""

LATER = "@later"
"""The answer that lets the column be NULL for now."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FillQuestion:
    """One column of a table with rows that have no value for it.

    :param table: its name, with its schema where it has one of its own.
    :param column: its name.
    :param is_new: the column is added; else it could be NULL until now.
    :param rows: how many of them have no value.
    :param default: the model's default as SQL, where it has one that can be written.
    """

    table: str
    column: str
    is_new: bool
    rows: int
    default: str | None = None

    @property
    def name(self) -> str:
        """What the flag calls it."""
        return f"{self.table}.{self.column}"

    def describe(self) -> str:
        """Return the question as one sentence."""
        what = "is new, has no server default and" if self.is_new else "now"
        have = "has" if self.rows == 1 else "have"
        return (
            f"{self.name} {what} may not be NULL: {describe_rows(self.rows)} of"
            f" {self.table} {have} no value for it."
        )

    def list_flags(self) -> tuple[str, ...]:
        """Return every flag that answers it, with what it does."""
        model = (
            [f'--fill "{self.name}={MODEL_DEFAULT}"  the model\'s: {self.default}']
            if self.default is not None
            else []
        )
        later = "nullable for now" if self.is_new else "leave it nullable for now"
        return (
            f"--fill \"{self.name}=SQL\"  any SQL value, such as 0 or ''",
            *model,
            f'--fill "{self.name}={LATER}"  {later}',
        )


AskFill = t.Callable[[FillQuestion], str | None]
"""Asks somebody: SQL, ``@default``, ``@later``, or ``None`` for no answer."""


def require_fills(questions: cabc.Iterable[FillQuestion]) -> None:
    """Refuse to write a revision that the rows of a table would stop.

    :raises FillUnanswered: there are questions; with every flag that answers them.
    """
    if not (left := tuple(dict.fromkeys(questions))):
        return

    flags = [flag for one in left for flag in one.list_flags()]
    raise FillUnanswered(
        "\n".join([*(one.describe() for one in left), "Nothing was written."]),
        names=tuple(one.name for one in left),
        hint="Say what these rows get:\n" + "\n".join(f"     {one}" for one in flags),
    )
