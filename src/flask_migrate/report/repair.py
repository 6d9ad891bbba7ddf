"""Steps that were stopped half-way, as text."""

from __future__ import annotations

import collections.abc as cabc

from ..results import JournalRow
from ..results import Progress
from ..results import StoppedStep

MARKS = {
    Progress.DONE: "[X]",
    Progress.SETTLED: "[X]",
    Progress.FAILED: "[ ]",
    Progress.BEGUN: "[?]",
}

WAYS_OUT = (
    ("flask db upgrade", "goes on where it stopped"),
    ("flask db repair --resume", "the same, though the script has changed since"),
    ("flask db repair --undo", "undoes what is done"),
    ("flask db repair --mark-applied", "the rest was done by hand"),
    ("flask db repair --mark-reverted", "what is done was undone by hand"),
)


def format_stopped(steps: cabc.Iterable[StoppedStep]) -> str:
    """Return each statement of each step, done or not, and the ways out."""
    known = tuple(steps)

    if not known:
        return "No step was stopped half-way."

    width = max(len(command) for command, _ in WAYS_OUT)
    ways = [f"  {command:<{width}}  {meaning}" for command, meaning in WAYS_OUT]
    return "\n".join([*map(_format_one, known), "", "next:", *ways])


def _format_one(step: StoppedStep) -> str:
    database = f"{step.database}: " if step.database else ""
    message = f' "{step.message}"' if step.message else ""
    return "\n".join(
        [
            f"{database}{step.direction} of {step.revision}{message} was stopped",
            *map(_format_row, step.rows),
        ]
    )


def _format_row(row: JournalRow) -> str:
    text = " ".join(row.statement.split())
    doubt = "  (nothing tells whether it was done)"
    return f"  {MARKS[row.progress]} {text[:200]}" + (
        doubt if row.progress is Progress.BEGUN else ""
    )
