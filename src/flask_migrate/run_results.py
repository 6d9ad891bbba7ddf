"""What a run did, and where it would begin: the results that are needed most."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from .plan import Revision
    from .plan import Step


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
    :param dry_run: how it was undone, in words; empty if it was none.
    """

    database: str | None = None
    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    dry_run: str = ""

    def to_dict(self) -> dict[str, t.Any]:
        """Return the result as plain values, for JSON."""
        return {
            "database": self.database,
            "start": list(self.start),
            "end": list(self.end),
            "steps": [step.to_dict() for step in self.steps],
            "dry_run": self.dry_run,
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
