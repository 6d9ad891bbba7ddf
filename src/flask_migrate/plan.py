"""What everything speaks: revisions, steps and plans, as frozen data.

A :class:`Plan` is the steps that bring one database from here to there. Features make
one, judge it, run it or show it; none of them changes it.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t


class Direction(enum.Enum):
    """Which way a step goes along the revisions."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision file, and where it stands among the others.

    :param revision: its id.
    :param down_revisions: the ids it follows; empty at a base, several at a merge.
    :param dependencies: the ids (or branch labels) it also needs.
    :param branch_labels: the names of its branch.
    :param next_revisions: the ids that follow it.
    :param is_head: nothing follows it.
    :param is_effective_head: nothing follows it or depends on it.
    :param is_branch_point: several revisions follow it.
    :param is_merge_point: it follows several revisions.
    :param is_current: a database that was asked stands at it.
    :param message: the first paragraph of its docstring.
    :param documentation: its whole docstring.
    :param path: its file.
    """

    revision: str
    down_revisions: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    branch_labels: tuple[str, ...] = ()
    next_revisions: tuple[str, ...] = ()
    is_head: bool = False
    is_effective_head: bool = False
    is_branch_point: bool = False
    is_merge_point: bool = False
    is_current: bool = False
    message: str = ""
    documentation: str = ""
    path: str = ""

    def to_dict(self) -> dict[str, t.Any]:
        """Return the revision as plain values, for JSON."""
        return dataclasses.asdict(self)


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
class Step:
    """One revision in one direction.

    :param revision: its id.
    :param direction: forward or back.
    :param message: the first paragraph of its docstring.
    :param path: its file.
    """

    revision: str
    direction: Direction
    message: str = ""
    path: str = ""

    def __str__(self) -> str:
        return f'{self.revision} "{self.message}"' if self.message else self.revision

    def to_dict(self) -> dict[str, t.Any]:
        """Return the step as plain values, for JSON."""
        return {**dataclasses.asdict(self), "direction": self.direction.value}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps that bring one database from where it stands to a target.

    :param database: the bind key, ``None`` for the only or default database.
    :param direction: forward or back.
    :param start: the ids in its version table before the first step.
    :param target: what was asked for, as it was written.
    :param steps: in the order in which they run.
    """

    database: str | None = None
    direction: Direction
    start: tuple[str, ...] = ()
    target: str
    steps: tuple[Step, ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the plan as plain values, for JSON."""
        return {
            "database": self.database,
            "direction": self.direction.value,
            "start": list(self.start),
            "target": self.target,
            "steps": [step.to_dict() for step in self.steps],
        }


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
