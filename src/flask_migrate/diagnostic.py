"""One finding about anything: what is wrong, where, and what to do about it."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding.

    :param code: which kind of finding it is, in words with hyphens; stays the same.
    :param message: what was found, about what and why it matters.
    :param hint: the next command or change; empty where there is none.
    :param path: the file that it is about; empty where it is about none.
    :param line: the line in it, where one is known.
    """

    code: str
    message: str
    hint: str = ""
    path: str = ""
    line: int | None = None

    def to_dict(self) -> dict[str, t.Any]:
        """Return the finding as plain values, for JSON."""
        return dataclasses.asdict(self)
