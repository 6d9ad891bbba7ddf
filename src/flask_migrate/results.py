"""What commands return: where databases stand, and what was done, as frozen data."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import time
import typing as t

from .run_results import DatabaseResult as DatabaseResult
from .run_results import DatabaseState as DatabaseState
from .run_results import RunResult as RunResult

if t.TYPE_CHECKING:
    from .plan import Direction
    from .plan import Revision


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a command has written into the repository.

    :param revisions: the new revisions.
    :param actions: what was made, in order: a verb and a path.
    :param notes: what the user should know of it, in words.
    """

    revisions: tuple[Revision, ...] = ()
    actions: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the result as plain values, for JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which the models and a database disagree.

    :param database: the bind key, ``None`` for the only or default database.
    :param kind: what it would take: ``add column``, ``modify type`` ...
    :param table: the table, with its schema where that is not the default one.
    :param name: of the column, index or constraint; empty for the table itself.
    :param text: all of it, in words.
    """

    database: str | None = None
    kind: str
    table: str = ""
    name: str = ""
    text: str

    def to_dict(self) -> dict[str, t.Any]:
        """Return the difference as plain values, for JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TemplateState:
    """A template that the scripts have built, and that new databases are copied from.

    :param database: the bind key, ``None`` for the only or default database.
    :param place: its name on the server, or its file.
    :param size: in bytes.
    :param what: ``built``, ``kept``: it was there already, or ``dropped``.
    """

    database: str | None = None
    place: str
    size: int
    what: str

    def to_dict(self) -> dict[str, t.Any]:
        """Return the state as plain values, for JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One line of a database's history.

    :param number: counts the lines; 0 for one that is not written yet.
    :param run: the id of the run, the same for all its steps.
    :param revision: its id; where a stamp or a tag leads to.
    :param direction: ``upgrade`` or ``downgrade``.
    :param kind: ``upgrade``, ``downgrade``, ``stamp`` or ``tag``.
    :param message: the first paragraph of the script's docstring; a tag's name.
    :param started: when, with its time zone.
    :param seconds: how long it took.
    :param outcome: ``done`` or ``failed``.
    :param error: why it failed, without secrets.
    :param username: who ran it, by the operating system.
    :param host: on which machine.
    :param app_version: ``MIGRATE_APP_VERSION`` at the time.
    :param checksum: of the script's file.
    """

    number: int = 0
    run: str
    revision: str
    direction: str
    kind: str
    message: str | None = None
    started: datetime.datetime
    seconds: float | None = None
    outcome: str = "done"
    error: str | None = None
    username: str | None = None
    host: str | None = None
    app_version: str | None = None
    checksum: str | None = None

    @property
    def author(self) -> str:
        """Who ran it, and on which machine: ``ana@web-1``."""
        return f"{self.username or '?'}@{self.host or '?'}"

    def to_dict(self) -> dict[str, t.Any]:
        """Return the entry as plain values, for JSON."""
        return {**dataclasses.asdict(self), "started": self.started.isoformat()}


class Progress(enum.Enum):
    """How far one statement has come."""

    BEGUN = "begun"
    """Sent to the server; nothing says yet whether it was done."""
    DONE = "done"
    FAILED = "failed"
    """Refused by the server, so nothing of it stays."""
    SETTLED = "settled"
    """Done, by somebody's word: it need not come by again."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """One statement of a step.

    :param step: the revision and the direction.
    :param position: its place among the statements of the step, from 0.
    :param digest: SHA-256 of its SQL.
    :param parameters: SHA-256 of the values that it was sent with.
    :param statement: its SQL, without secrets.
    :param checksum: of the script that it stood in.
    :param progress: how far it has come.
    :param probe: what the schema looked like before it; ``None`` where that tells
        nothing.
    :param session: the server's number of the connection that sent it.
    :param row_count: how many rows it has changed.
    :param generated_key: of the row that it has added, where the driver says it.
    """

    step: str
    position: int
    digest: str
    parameters: str
    statement: str
    checksum: str
    progress: Progress
    probe: str | None = None
    session: int | None = None
    row_count: int | None = None
    generated_key: int | None = None

    def to_dict(self) -> dict[str, t.Any]:
        """Return the row as plain values, for JSON and for its table."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {**values, "progress": self.progress.value}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoppedStep:
    """A step of which a part is done, because its statements commit by themselves.

    :param database: the bind key, ``None`` for the only or default database.
    :param revision: its id.
    :param direction: ``upgrade`` or ``downgrade``.
    :param message: the first paragraph of its docstring; empty without its file.
    :param rows: its statements as far as they were begun, in order.
    """

    database: str | None = None
    revision: str
    direction: str
    message: str = ""
    rows: tuple[JournalRow, ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the step as plain values, for JSON."""
        return {
            **dataclasses.asdict(self),
            "rows": [row.to_dict() for row in self.rows],
        }


class State(enum.Enum):
    """What a database knows of a revision."""

    APPLIED = "applied"
    PENDING = "pending"
    MISSING = "missing"
    """It is applied, and no file has its id."""
    CHANGED = "changed"
    """It is applied, and its file is another one than it was then."""
    FAILED = "failed"
    """It was begun: the last attempt has failed, or has stopped half-way."""


DONE = (State.APPLIED, State.CHANGED)
"""The states in which nothing is left to do."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RevisionStatus:
    """One revision, as one database sees it.

    :param revision: the revision; only its id, and its message where the history has
        it, are known where its file is missing.
    :param state: what the database knows of it.
    :param entry: the line of the history that says so: when it was applied, or why it
        has failed; ``None`` where the history does not know.
    :param stopped: which way a run went that has left a part of it; ``None`` where
        nothing is half done. The next run that way continues.
    :param problem: why its file cannot be loaded, which stops who has to run it.
    """

    revision: Revision
    state: State
    entry: HistoryEntry | None = None
    stopped: Direction | None = None
    problem: str | None = None

    def to_dict(self) -> dict[str, t.Any]:
        """Return the status as plain values, for JSON."""
        return {
            **self.revision.to_dict(),
            "state": self.state.value,
            "stopped": None if self.stopped is None else self.stopped.value,
            "entry": None if self.entry is None else self.entry.to_dict(),
            "problem": self.problem,
        }


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
        """Whether nothing is pending or half done, and every file is there."""
        return all(one.state in DONE for one in self.revisions)

    def to_dict(self) -> dict[str, t.Any]:
        """Return the status as plain values, for JSON."""
        return {
            "database": self.database,
            "url": self.url,
            "heads": list(self.heads),
            "counts": {state.value: self.count(state) for state in State},
            "revisions": [one.to_dict() for one in self.revisions],
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LockHolder:
    """Who holds a migration lock.

    :param kind: ``session``, ``lease`` or ``file``.
    :param host: where it runs, as far as that is known.
    :param pid: its process there.
    :param session: the number of its connection on the server.
    :param since: seconds since 1970.
    :param token: names a lease, for ``flask db lock --release``.
    :param fence: the number of a lease; it only grows.
    :param expires_in: seconds until a lease that is not renewed may be taken over;
        negative where that time is over.
    """

    kind: str
    host: str | None = None
    pid: int | None = None
    session: int | None = None
    since: float | None = None
    token: str | None = None
    fence: int | None = None
    expires_in: float | None = None

    def __str__(self) -> str:
        """Return who it is, in words."""
        place = f" on {self.host}" if self.host else ""
        number = f"pid {self.pid}{place}" if self.pid else ""
        session = f"connection {self.session}"
        where = number or (f"{session}{place}" if self.session else "another run")
        begun = time.strftime("%H:%M:%S", time.localtime(self.since or 0))
        return where + (f", since {begun}" if self.since else "")

    def to_dict(self) -> dict[str, t.Any]:
        """Return the holder as plain values, for JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LockState:
    """The migration lock of one database.

    :param database: the bind key, ``None`` for the only or default database.
    :param url: where it is, without its password.
    :param holder: who holds the lock; nobody where it is free.
    """

    database: str | None = None
    url: str = ""
    holder: LockHolder | None = None

    def to_dict(self) -> dict[str, t.Any]:
        """Return the state as plain values, for JSON."""
        return dataclasses.asdict(self)
