"""How things stand, and how to go back from there, as frozen data."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from .plan import Direction
from .plan import Loss
from .plan import Plan
from .plan import Step
from .results import HistoryEntry


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLog:
    """The history of one database.

    :param database: the bind key, ``None`` for the only or default database.
    :param url: where it is, without its password.
    :param entries: the newest first.
    """

    database: str | None = None
    url: str = ""
    entries: tuple[HistoryEntry, ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the history as plain values, for JSON."""
        return {
            "database": self.database,
            "url": self.url,
            "entries": [one.to_dict() for one in self.entries],
        }


class Readiness(enum.Enum):
    """Whether a database is ready for the code that asks."""

    READY = "at head"
    AHEAD = "ahead"
    """It stands at a revision of newer code, which this code has no file of."""
    BEHIND = "behind"
    UNREACHABLE = "unreachable"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseHealth:
    """Whether one database is ready.

    :param database: the bind key, ``None`` for the only or default database.
    :param readiness: in one word.
    :param heads: the ids in its version table.
    """

    database: str | None = None
    readiness: Readiness
    heads: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the application may serve requests with it."""
        return self.readiness in (Readiness.READY, Readiness.AHEAD)

    def to_dict(self) -> dict[str, t.Any]:
        """Return the answer as plain values, for JSON."""
        return {
            "database": self.database,
            "ok": self.ok,
            "readiness": self.readiness.value,
            "heads": list(self.heads),
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether every database is ready for the code that asks.

    :param wanted: the newest revisions of the files.
    :param databases: one answer each.
    """

    wanted: tuple[str, ...] = ()
    databases: tuple[DatabaseHealth, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the application may serve requests."""
        return all(one.ok for one in self.databases)

    def to_dict(self) -> dict[str, t.Any]:
        """Return the answer as plain values, for JSON."""
        return {
            "ok": self.ok,
            "wanted": list(self.wanted),
            "databases": [one.to_dict() for one in self.databases],
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RollbackStep:
    """One revision on the way back, and what is gone after it.

    :param step: the revision; ``opaque`` says why the losses cannot be known.
    :param losses: tables and columns that hold rows now.
    """

    step: Step
    losses: tuple[Loss, ...] = ()

    @property
    def loses_rows(self) -> bool:
        """Whether rows are lost, or may be."""
        return bool(self.losses or self.step.opaque)

    def to_dict(self) -> dict[str, t.Any]:
        """Return the step as plain values, for JSON."""
        return {
            **self.step.to_dict(),
            "losses": [one.to_dict() for one in self.losses],
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """The way back of one database, before it is gone.

    :param database: the bind key, ``None`` for the only or default database.
    :param name: what the server or the file system calls it; also the consent.
    :param url: where it is, without its password.
    :param start: the ids in its version table.
    :param target: what was asked for, in words.
    :param steps: in the order in which they run.
    """

    database: str | None = None
    name: str
    url: str = ""
    start: tuple[str, ...] = ()
    target: str
    steps: tuple[RollbackStep, ...] = ()

    @property
    def loses_rows(self) -> bool:
        """Whether rows are lost, or may be: a consent is needed."""
        return any(one.loses_rows for one in self.steps)

    @property
    def is_certain(self) -> bool:
        """Whether rows were counted that are lost, and not only suspected."""
        return any(loss.rows for one in self.steps for loss in one.losses)

    @property
    def plan(self) -> Plan:
        """The steps as a plan."""
        return Plan(
            database=self.database,
            url=self.url,
            direction=Direction.DOWNGRADE,
            start=self.start,
            target=self.target,
            steps=tuple(one.step for one in self.steps),
        )

    def to_dict(self) -> dict[str, t.Any]:
        """Return the way back as plain values, for JSON."""
        return {
            "database": self.database,
            "name": self.name,
            "url": self.url,
            "start": list(self.start),
            "target": self.target,
            "loses_rows": self.loses_rows,
            "steps": [one.to_dict() for one in self.steps],
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What ``leave`` has taken out of one database.

    :param database: the bind key, ``None`` for the only or default database.
    :param name: what the server or the file system calls it.
    :param tables: those that are gone now.
    """

    database: str | None = None
    name: str
    tables: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the result as plain values, for JSON."""
        return dataclasses.asdict(self)
