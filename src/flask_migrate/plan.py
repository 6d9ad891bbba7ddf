"""What everything speaks: revisions, steps and plans, as frozen data.

A :class:`Plan` is the steps that bring one database from here to there. Features make
one, judge it, run it or show it; none of them changes it.
"""

from __future__ import annotations

import collections.abc as cabc
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


class LockLevel(enum.Enum):
    """What a statement holds while it works, in the words of its server.

    PostgreSQL's eight modes, the LOCK clause of MySQL and MariaDB, and the one writer
    that SQLite has.
    """

    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"
    LOCK_NONE = "LOCK=NONE"
    LOCK_SHARED = "LOCK=SHARED"
    LOCK_EXCLUSIVE = "LOCK=EXCLUSIVE"
    WRITER = "the only writer"

    @property
    def blocks_writes(self) -> bool:
        """Whether other sessions cannot write meanwhile."""
        return self not in _LETS_WRITE

    @property
    def blocks_reads(self) -> bool:
        """Whether other sessions cannot read meanwhile."""
        return self in (LockLevel.ACCESS_EXCLUSIVE, LockLevel.LOCK_EXCLUSIVE)


_LETS_WRITE = frozenset(
    {
        LockLevel.ACCESS_SHARE,
        LockLevel.ROW_SHARE,
        LockLevel.ROW_EXCLUSIVE,
        LockLevel.SHARE_UPDATE_EXCLUSIVE,
        LockLevel.LOCK_NONE,
    }
)


class Impact(enum.Enum):
    """What a statement does to the people using the database, the mildest first."""

    FREE = "free"
    """Nobody notices."""
    BRIEF_WRITES = "brief, blocks writes"
    """A moment, however large the table is."""
    BRIEF = "brief, blocks reads and writes"
    ONLINE = "long, blocks nobody"
    """Reads or rebuilds the table beside its users."""
    ROWS = "changes rows"
    """Locks the rows that it changes, until the commit."""
    LONG_WRITES = "long, blocks writes"
    """As long as the table is large."""
    LONG = "long, blocks reads and writes"
    FAILS = "fails"
    """Always, whatever the rows are."""
    UNKNOWN = "unknown"
    """Not a statement that we know; take it for the worst."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TableLock:
    """What one statement holds on one table.

    :param table: its name, with its schema where that is not the default one.
    :param level: of the lock.
    :param rows: about how many rows the table has now, by the server's statistics.
    :param size: its bytes on disk with its indexes, by the same.
    """

    table: str
    level: LockLevel
    rows: int | None = None
    size: int | None = None

    def to_dict(self) -> dict[str, t.Any]:
        """Return the lock as plain values, for JSON."""
        return {**dataclasses.asdict(self), "level": self.level.value}

    @classmethod
    def from_dict(cls, values: cabc.Mapping[str, t.Any]) -> TableLock:
        """Return the lock that :meth:`to_dict` gave."""
        return cls(**_known(cls, values, level=LockLevel(values["level"])))


COUNT_LIMIT = 1_000_000
"""Where the counting of lost rows stops: one more stands for any number."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What is gone after a statement.

    :param table: its name.
    :param column: one column of it; ``None`` for the whole table or its rows.
    :param rows: how many rows hold data there; ``None`` where nobody has counted.
    """

    table: str
    column: str | None = None
    rows: int | None = None

    def to_dict(self) -> dict[str, t.Any]:
        """Return the loss as plain values, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: cabc.Mapping[str, t.Any]) -> Loss:
        """Return the loss that :meth:`to_dict` gave."""
        return cls(**_known(cls, values))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one statement does to the people using the database.

    :param impact: in one word.
    :param locks: what it takes, table by table.
    :param held: what its transaction still holds from earlier statements, where that
        is stronger; until the commit, others wait for it.
    :param work: what takes its time: ``rewrite``, ``scan``, ``index build``,
        ``foreign key check``, ``rows`` (each is written).
    :param algorithm: MySQL's word for how: ``INSTANT``, ``INPLACE``, ``COPY`` ...
    :param transactional: whether it can be rolled back with its step.
    :param losses: what is gone after it.
    :param may_fail: which rows would stop it, one sentence each.
    :param source: where this is known from.
    """

    impact: Impact = Impact.UNKNOWN
    locks: tuple[TableLock, ...] = ()
    held: tuple[TableLock, ...] = ()
    work: tuple[str, ...] = ()
    algorithm: str | None = None
    transactional: bool = True
    losses: tuple[Loss, ...] = ()
    may_fail: tuple[str, ...] = ()
    source: str = ""

    def to_dict(self) -> dict[str, t.Any]:
        """Return the effect as plain values, for JSON."""
        return {
            **dataclasses.asdict(self),
            "impact": self.impact.value,
            "locks": [lock.to_dict() for lock in self.locks],
            "held": [lock.to_dict() for lock in self.held],
            "losses": [loss.to_dict() for loss in self.losses],
            "blocks_reads": self.blocks_reads,
            "blocks_writes": self.blocks_writes,
        }

    @property
    def blocks_reads(self) -> bool:
        """Whether others cannot read meanwhile, be it for a moment."""
        locks = (*self.locks, *self.held)
        is_known = self.impact in (Impact.BRIEF, Impact.LONG)
        return is_known or any(lock.level.blocks_reads for lock in locks)

    @property
    def blocks_writes(self) -> bool:
        """Whether others cannot write meanwhile, be it for a moment."""
        locks = (*self.locks, *self.held)
        is_known = self.impact in (Impact.BRIEF_WRITES, Impact.LONG_WRITES)
        return (
            self.blocks_reads
            or is_known
            or any(lock.level.blocks_writes for lock in locks)
        )

    @classmethod
    def from_dict(cls, values: cabc.Mapping[str, t.Any]) -> Effect:
        """Return the effect that :meth:`to_dict` gave."""
        return cls(
            **_known(
                cls,
                values,
                impact=Impact(values["impact"]),
                locks=tuple(map(TableLock.from_dict, values["locks"])),
                held=tuple(map(TableLock.from_dict, values["held"])),
                losses=tuple(map(Loss.from_dict, values["losses"])),
                work=tuple(values["work"]),
                may_fail=tuple(values["may_fail"]),
            )
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL text, and what it does.

    :param sql: as the server gets it.
    :param effect: what it does to the people using the database.
    """

    sql: str
    effect: Effect = Effect()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the statement as plain values, for JSON."""
        return {"sql": self.sql, "effect": self.effect.to_dict()}

    @classmethod
    def from_dict(cls, values: cabc.Mapping[str, t.Any]) -> Statement:
        """Return the statement that :meth:`to_dict` gave."""
        return cls(sql=values["sql"], effect=Effect.from_dict(values["effect"]))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One change, as a revision asks for it.

    :param kind: Alembic's name of it: ``add_column``.
    :param text: in words: ``add column users.email VARCHAR(120)``.
    :param statements: the SQL that it takes, in order.
    """

    kind: str
    text: str
    statements: tuple[Statement, ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the operation as plain values, for JSON."""
        return {
            "kind": self.kind,
            "text": self.text,
            "statements": [one.to_dict() for one in self.statements],
        }

    @classmethod
    def from_dict(cls, values: cabc.Mapping[str, t.Any]) -> Operation:
        """Return the operation that :meth:`to_dict` gave."""
        found = map(Statement.from_dict, values["statements"])
        return cls(**_known(cls, values, statements=tuple(found)))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One revision in one direction.

    :param revision: its id.
    :param direction: forward or back.
    :param message: the first paragraph of its docstring.
    :param path: its file.
    :param checksum: of its file, as the history keeps it; empty if not asked for.
    :param operations: what it changes; empty where nobody has looked.
    :param opaque: why its SQL cannot be known without running it; empty if it can.
    :param reversible: whether the way back is written; ``None`` where nobody has
        looked.
    """

    revision: str
    direction: Direction
    message: str = ""
    path: str = ""
    checksum: str = ""
    operations: tuple[Operation, ...] = ()
    opaque: str = ""
    reversible: bool | None = None

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The SQL of all its operations, in order."""
        return tuple(one for each in self.operations for one in each.statements)

    def __str__(self) -> str:
        return f'{self.revision} "{self.message}"' if self.message else self.revision

    def to_dict(self) -> dict[str, t.Any]:
        """Return the step as plain values, for JSON."""
        return {
            **dataclasses.asdict(self),
            "direction": self.direction.value,
            "operations": [one.to_dict() for one in self.operations],
        }

    @classmethod
    def from_dict(cls, values: cabc.Mapping[str, t.Any]) -> Step:
        """Return the step that :meth:`to_dict` gave."""
        found = map(Operation.from_dict, values["operations"])
        direction = Direction(values["direction"])
        return cls(**_known(cls, values, direction=direction, operations=tuple(found)))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps that bring one database from where it stands to a target.

    :param database: the bind key, ``None`` for the only or default database.
    :param url: where it is, without its password; empty if no one connected.
    :param server: which one, and its version: ``PostgreSQL 15.4``; empty if unknown.
    :param fingerprint: of its schema when the plan was made; empty if not asked for.
    :param direction: forward or back.
    :param start: the ids in its version table before the first step.
    :param end: the ids after the last step; empty at the base, or if not asked for.
    :param target: what was asked for, as it was written.
    :param steps: in the order in which they run.
    """

    database: str | None = None
    url: str = ""
    server: str = ""
    fingerprint: str = ""
    direction: Direction
    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    target: str
    steps: tuple[Step, ...] = ()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the plan as plain values, for JSON."""
        return {
            **dataclasses.asdict(self),
            "direction": self.direction.value,
            "start": list(self.start),
            "end": list(self.end),
            "steps": [step.to_dict() for step in self.steps],
        }

    @classmethod
    def from_dict(cls, values: cabc.Mapping[str, t.Any]) -> Plan:
        """Return the plan that :meth:`to_dict` gave.

        :raises KeyError: or ``TypeError`` or ``ValueError``: it is no plan.
        """
        return cls(
            **_known(
                cls,
                values,
                direction=Direction(values["direction"]),
                start=tuple(values["start"]),
                end=tuple(values["end"]),
                steps=tuple(map(Step.from_dict, values["steps"])),
            )
        )


def _known(
    cls: type, values: cabc.Mapping[str, t.Any], **read: t.Any
) -> dict[str, t.Any]:
    """Return the values that a class has fields for; a newer writer may have more.

    :param read: those that are no plain values.
    """
    names = {field.name for field in dataclasses.fields(cls)}
    return {**{key: values[key] for key in names & values.keys()}, **read}
