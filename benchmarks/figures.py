"""What was measured, kept in a file, so that an interrupted run goes on."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import json
import pathlib
import typing as t


class Spent(t.NamedTuple):
    """What one process has used.

    :param cpu: milliseconds of CPU time, of the user and of the system.
    :param wall: milliseconds from its start to its end.
    :param memory: the most that it had, in MB.
    """

    cpu: float
    wall: float
    memory: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Situation:
    """An application, its history, and its database.

    :param database: the name of its kind.
    :param tables: the number of its models, of ten columns each.
    :param revisions: their number.
    :param shape: of the history: linear, or what is in it.
    """

    database: str
    tables: int
    revisions: int
    shape: str

    def __str__(self) -> str:
        return (
            f"{self.database}, {self.revisions:,} revisions, {self.shape}, "
            f"{self.tables:,} tables"
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One command of one round, by all tools that have it.

    :param spent: by the name of the tool.
    """

    situation: Situation
    command: str
    number: int
    spent: cabc.Mapping[str, Spent]

    @property
    def key(self) -> tuple[Situation, str, int]:
        """What is known once."""
        return self.situation, self.command, self.number


class Figures:
    """The cells that are measured already.

    :param path: a file of JSON lines; each cell is written when it is there. With none,
        nothing is kept.
    :param caption: the versions of everything that takes part.
    :raises SystemExit: what the file has is of another caption.
    """

    def __init__(
        self, path: pathlib.Path | None, caption: cabc.Mapping[str, str]
    ) -> None:
        self._path = path
        self.caption = dict(caption)
        lines = path.read_text("utf-8").splitlines() if path and path.exists() else []

        if lines and json.loads(lines[0]) != self.caption:
            raise SystemExit(
                f"The figures in {path} are of other versions, or of other sources: "
                "remove it to begin anew."
            )

        if not lines:
            self._append(self.caption)

        self.cells = {one.key: one for one in map(_read, lines[1:])}

    def add(self, cell: Cell) -> None:
        """Keep a cell."""
        self.cells[cell.key] = cell
        self._append(dataclasses.asdict(cell))

    def find(self, situation: Situation, command: str) -> list[Cell]:
        """Return the rounds of a command."""
        return [
            one
            for key, one in sorted(self.cells.items())
            if key[:2] == (situation, command)
        ]

    def _append(self, value: cabc.Mapping[str, t.Any]) -> None:
        if self._path is not None:
            self._path.parent.mkdir(exist_ok=True)

            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(value) + "\n")


def _read(line: str) -> Cell:
    values = json.loads(line)
    values["situation"] = Situation(**values["situation"])
    values["spent"] = {name: Spent(*one) for name, one in values["spent"].items()}
    return Cell(**values)
