"""What a run tells while it goes on: one event after the other, as frozen data."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import enum
import typing as t

if t.TYPE_CHECKING:
    from .plan import Step


class EventKind(enum.Enum):
    """What has happened."""

    RUN_STARTED = "run_started"
    RUN_FINISHED = "run_finished"
    RUN_FAILED = "run_failed"
    STEP_STARTED = "step_started"
    STEP_FINISHED = "step_finished"
    STEP_FAILED = "step_failed"
    STATEMENT_RUNNING = "statement_running"
    """A statement takes its time; told once a second."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that has happened in a run on one database.

    :param kind: what.
    :param run: the id of the run, as in the history.
    :param database: the bind key, ``None`` for the only or default database.
    :param steps: how many the run has.
    :param step: the step at work.
    :param seconds: since the run, the step or the statement began.
    :param text: the statement, or why something has failed; without secrets.
    :param phase: what the server says that it does, where it tells.
    :param done: how much of it is done, from 0 to 1, where the server tells.
    """

    kind: EventKind
    run: str
    database: str | None = None
    steps: int = 0
    step: Step | None = None
    seconds: float = 0.0
    text: str = ""
    phase: str | None = None
    done: float | None = None

    def to_dict(self) -> dict[str, t.Any]:
        """Return the event as flat, plain values, for a log or for JSON."""
        step = self.step
        return {
            "kind": self.kind.value,
            "run": self.run,
            "database": self.database,
            "steps": self.steps,
            "revision": None if step is None else step.revision,
            "direction": None if step is None else step.direction.value,
            "message": None if step is None else step.message,
            "seconds": round(self.seconds, 3),
            "text": self.text,
            "phase": self.phase,
            "done": self.done,
        }


Listener = cabc.Callable[[Event], None]
"""Is told every event of a run, in the order in which they happen."""
