"""What a run did. Every upgrade needs these, and most need no other result."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from .plan import Step


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
