"""What autogenerate cannot know, and must be told: as frozen data."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RenameQuestion:
    """A column or table is gone, another one is new: are they the same?

    :param kind: ``table`` or ``column``.
    :param old: what is gone: ``posts``, ``users.name``, with the schema in front
        where it is not the default one.
    :param new: the one name that is new: ``articles``, ``full_name``.
    :param probability: that they are the same, from 0 to 1.
    :param evidence: what speaks for it and against it, in words, the strongest first.
    :param rows: how many rows the table has; ``None`` where that is not known.
    :param others: other new names that the old one may have, the likeliest first.
    """

    kind: t.Literal["table", "column"]
    old: str
    new: str
    probability: float
    evidence: tuple[str, ...] = ()
    rows: int | None = None
    others: tuple[str, ...] = ()

    @property
    def yes(self) -> str:
        """What is said beforehand to rename: ``users.name:full_name``."""
        return f"{self.old}:{self.new}"

    @property
    def no(self) -> str:
        """What is said beforehand to drop the one and add the other."""
        return f"{self.old}:"

    def describe_stake(self) -> str:
        """Return what would be lost by a wrong answer, in words."""
        if self.rows is None:
            return "the rows could not be counted"

        if not self.rows:
            return "the table is empty"

        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        return f"{rows} would be lost otherwise"

    def __str__(self) -> str:
        reasons = ", ".join((*self.evidence, self.describe_stake()))
        return f"{self.old} -> {self.new} ({self.probability:.0%}: {reasons})"

    def to_dict(self) -> dict[str, t.Any]:
        """Return the question as plain values, with the flags that answer it."""
        return {
            **dataclasses.asdict(self),
            "answers": {
                "rename": f"--rename {self.yes}",
                "drop": f"--rename {self.no}",
            },
        }
