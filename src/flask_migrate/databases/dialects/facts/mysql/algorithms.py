"""How MySQL and MariaDB alter a table: by which algorithm, under which lock.

Measured on MySQL 5.7.42, 8.0.46, 8.4.10 and MariaDB 10.6.23, 10.11.19, 11.8.3, by
asking each server for every ALGORITHM and LOCK, from the cheapest to the dearest, until
it agreed; that one it also chooses by itself.
"""

from __future__ import annotations

import dataclasses
import enum

from .....plan import LockLevel
from ...tokens import DefinitionError

SOURCE = "measured on MySQL 5.7, 8.0, 8.4 and MariaDB 10.6, 10.11, 11.8"


class Way(enum.Enum):
    """One way to change a table, the cheapest first: algorithm, lock and work."""

    INSTANT = ("INSTANT", LockLevel.LOCK_NONE, "")
    INSTANT_EXCLUSIVE = ("INSTANT", LockLevel.LOCK_EXCLUSIVE, "")
    NOCOPY = ("NOCOPY", LockLevel.LOCK_NONE, "")
    NOCOPY_SHARED = ("NOCOPY", LockLevel.LOCK_SHARED, "")
    INPLACE = ("INPLACE", LockLevel.LOCK_NONE, "")
    INPLACE_SHARED = ("INPLACE", LockLevel.LOCK_SHARED, "")
    INPLACE_EXCLUSIVE = ("INPLACE", LockLevel.LOCK_EXCLUSIVE, "")
    REBUILD = ("INPLACE", LockLevel.LOCK_NONE, "rewrite")
    ONLINE_COPY = ("COPY", LockLevel.LOCK_NONE, "rewrite")
    REBUILD_SHARED = ("INPLACE", LockLevel.LOCK_SHARED, "rewrite")
    COPY = ("COPY", LockLevel.LOCK_SHARED, "rewrite")

    @property
    def algorithm(self) -> str:
        """MySQL's word for it."""
        return self.value[0]

    @property
    def lock(self) -> LockLevel:
        """What others may not do meanwhile."""
        return self.value[1]

    @property
    def work(self) -> str:
        """``rewrite``, or nothing."""
        return self.value[2]


_WAYS = {
    "I": Way.INSTANT,
    "IX": Way.INSTANT_EXCLUSIVE,
    "N": Way.NOCOPY,
    "NS": Way.NOCOPY_SHARED,
    "P": Way.INPLACE,
    "PS": Way.INPLACE_SHARED,
    "PX": Way.INPLACE_EXCLUSIVE,
    "P+": Way.REBUILD,
    "PS+": Way.REBUILD_SHARED,
    "C": Way.COPY,
}
_ORDER = list(Way)

# What a change takes on MySQL 5.7, on MySQL 8 and on MariaDB, as in the measurements:
# I INSTANT, N NOCOPY, P INPLACE, P+ with a rebuild, S behind it: writes wait, X: reads
# too, C COPY, "-" not in its syntax.
_TABLE = {
    "add column": "P+ I I",
    "add column, fulltext": "C C PS+",
    "add column, compressed": "P+ P+ P+",
    "add column, in between, generated": "C I C",
    "add column, auto increment": "PS+ PS+ PS+",
    "add column, virtual": "P I I",
    "add column, stored": "C C C",
    "add column, unique": "P+ P+ P+",
    "add column, check": "P+ C I",
    "add column, expression": "- C I",
    "add column, random expression": "- C C",
    "drop column": "P+ I I",
    "drop column, generated": "C I I",
    "drop column, indexed": "P+ P+ N",
    "drop column, virtual": "P I I",
    "drop column, stored": "P+ I I",
    "rename column": "P I I",
    "set default": "P I I",
    "set comment": "P I I",
    "set not null": "P+ P+ P+",
    "set not null, generated": "P+ P+ C",
    "set null": "P+ P+ P+",
    "same type": "P I I",
    "longer text": "P P I",
    "more values": "P I I",
    "other type": "C C C",
    "other collation": "C P I",
    "other collation, indexed": "C C N",
    "other charset": "C C C",
    "mb3 to mb4": "C P I",
    "reorder": "P+ P+ I",
    "set invisible": "- I I",
    "add index": "P P N",
    "add index, fulltext": "PS+ PS+ PS+",
    "add index, next fulltext": "PS PS PS",
    "add index, functional": "- PS -",
    "add index, spatial": "PS PS NS",
    "drop index": "P P N",
    "rename index": "P P I",
    "ignore index": "- P I",
    "add primary key": "P+ P+ P+",
    "drop primary key": "C C C",
    "add foreign key": "C C C",
    "add foreign key, unchecked": "P P I",
    "drop foreign key": "P P I",
    "add check": "P C C",
    "add check, not enforced": "- I I",
    "enforce check": "- C C",
    "drop check": "- I I",
    "rename table": "PX IX IX",
    "convert": "C C C",
    "set charset": "P P I",
    "rebuild": "P+ P+ P+",
    "set option": "P P I",
    "copy": "C C C",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Which server decides.

    :param is_mariadb: MariaDB, and not MySQL.
    :param version: its numbers.
    """

    is_mariadb: bool
    version: tuple[int, ...]

    def find_way(self, change: str) -> Way:
        """Return the way of a change.

        :param change: a key of the measurements.
        :raises DefinitionError: if the server does not know it.
        """
        mark = _TABLE[change].split()[self._column]

        if mark == "I" and not self._has_instant(change):
            # MySQL manual, Online DDL Operations.
            mark = _TABLE[change].split()[0]

        if mark == "-":
            raise DefinitionError(f"{change} is not in the server's syntax")

        way = _WAYS[mark]
        return Way.ONLINE_COPY if way is Way.COPY and self._copies_online else way

    @property
    def copies_beside_generated(self) -> bool:
        """Whether an indexed column beside a generated one is dropped by a copy."""
        return not self.is_mariadb and self.version < (8, 4)

    @property
    def _column(self) -> int:
        if self.is_mariadb:
            return 2

        return 1 if self.version >= (8,) else 0

    @property
    def _copies_online(self) -> bool:
        # MDEV-16329; 10.11 refused LOCK=NONE, and 11.8 took it.
        return self.is_mariadb and self.version >= (11, 2)

    def _has_instant(self, change: str) -> bool:
        if self.is_mariadb or self.version >= (8, 0, 29):
            return True

        # At the end of the table only, which nobody tells us here: the safe answer.
        return self.version >= (8, 0, 12) and not change.startswith("drop column")


def find_dearest(ways: list[Way]) -> Way:
    """Return the one that a statement with several changes takes."""
    return max(ways, key=_ORDER.index, default=Way.INSTANT)


def is_dearer(way: Way, other: Way) -> bool:
    """Tell whether one way costs more than another."""
    return _ORDER.index(way) > _ORDER.index(other)
