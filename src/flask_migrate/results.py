"""What commands return: where databases stand, and what was done, as frozen data."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from .plan import Revision
from .plan import Step


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a command has written into the repository.

    :param revisions: the new revisions.
    :param actions: what was made, in order: a verb and a path.
    """

    revisions: tuple[Revision, ...] = ()
    actions: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the result as plain values, for JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """Where one database stands.

    :param database: the bind key, ``None`` for the only or default database.
    :param url: where it is, without its password; empty if no one connected.
    :param heads: the ids in its version table, as they are stored.
    :param revisions: those and every revision they depend on that is a head of its
        own branch, as ``current`` lists them.
    """

    database: str | None = None
    url: str = ""
    heads: tuple[str, ...] = ()
    revisions: tuple[Revision, ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the state as plain values, for JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseResult:
    """What one run did to one database.

    :param database: the bind key, ``None`` for the only or default database.
    :param start: the ids in its version table before the run.
    :param end: the ids after it.
    :param steps: what ran, in order.
    """

    database: str | None = None
    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the result as plain values, for JSON."""
        return {
            "database": self.database,
            "start": list(self.start),
            "end": list(self.end),
            "steps": [step.to_dict() for step in self.steps],
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What one command did, database by database.

    :param databases: one result each, in the order in which they were visited.
    :param sql: the script, where SQL was asked for instead of a run.
    """

    databases: tuple[DatabaseResult, ...] = ()
    sql: str | None = None

    def to_dict(self) -> dict[str, t.Any]:
        """Return the result as plain values, for JSON."""
        return {
            "databases": [database.to_dict() for database in self.databases],
            "sql": self.sql,
        }


class State(enum.Enum):
    """What a database knows of a revision."""

    APPLIED = "applied"
    PENDING = "pending"
    MISSING = "missing"
    """The database stands at it, and no file has its id."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RevisionStatus:
    """One revision, as one database sees it.

    :param revision: the revision; only its id is known where its file is missing.
    :param state: what the database knows of it.
    """

    revision: Revision
    state: State

    def to_dict(self) -> dict[str, t.Any]:
        """Return the status as plain values, for JSON."""
        return {**self.revision.to_dict(), "state": self.state.value}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseStatus:
    """One database, and every revision as it sees it.

    :param database: the bind key, ``None`` for the only or default database.
    :param url: where it is, without its password.
    :param heads: the ids in its version table.
    :param revisions: the oldest first; those without a file last.
    """

    database: str | None = None
    url: str = ""
    heads: tuple[str, ...] = ()
    revisions: tuple[RevisionStatus, ...] = ()

    def count(self, state: State) -> int:
        """Return how many revisions are in a state."""
        return sum(1 for one in self.revisions if one.state is state)

    @property
    def is_at_head(self) -> bool:
        """Whether nothing is pending and every file is there."""
        return all(one.state is State.APPLIED for one in self.revisions)

    def to_dict(self) -> dict[str, t.Any]:
        """Return the status as plain values, for JSON."""
        return {
            "database": self.database,
            "url": self.url,
            "heads": list(self.heads),
            "counts": {state.value: self.count(state) for state in State},
            "revisions": [one.to_dict() for one in self.revisions],
        }
