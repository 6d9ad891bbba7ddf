"""How a table is altered on MySQL and MariaDB, and what its keys take."""

from __future__ import annotations

from .....plan import LockLevel
from ..base import Draft
from ..definitions import ConstraintText
from ..statements import find_names
from ..statements import has_words
from ..statements import Path
from ..statements import Reader
from ..tables import ForeignKey
from ..tables import Key
from ..tables import Table
from .algorithms import find_dearest
from .algorithms import is_dearer
from .algorithms import Server
from .algorithms import SOURCE
from .algorithms import Way
from .catalog import MySQLCatalog

_MAX_VERSIONS = 64
"""How many INSTANT changes MySQL 8 allows (8.0 and 8.4 refused the 65th)."""
_LIMITS = {
    "INSTANT": Way.INSTANT_EXCLUSIVE,
    "NOCOPY": Way.NOCOPY_SHARED,
    "INPLACE": Way.REBUILD_SHARED,
}
"""The dearest way that each ``ALGORITHM=`` allows."""


class KeyActions:
    """The actions of one ALTER TABLE on its keys.

    :param catalog: the tables at this point of the plan.
    :param server: which one decides.
    :param draft: where the findings go.
    """

    def __init__(self, catalog: MySQLCatalog, server: Server, draft: Draft) -> None:
        self.catalog: MySQLCatalog = catalog
        self.server: Server = server
        self.draft: Draft = draft
        self.checks_foreign_keys: bool = True
        self.path: Path = ()
        self.table: Table = Table(name="")
        self._changes: list[str] = []
        self._targets: list[Table] = []
        self._asked: dict[str, str] = {}

    def open(self, path: Path) -> None:
        """Turn to a table."""
        self.path = path
        self.table = self.catalog.get(path)
        self.draft.source = SOURCE

    def finish(self) -> None:
        """Choose the dearest of the ways."""
        changes = self._changes

        if {"drop primary key", "add primary key"} <= set(changes):
            changes = [one for one in changes if one != "drop primary key"]

        way = find_dearest([self.server.find_way(change) for change in changes])
        adds = any(change.startswith("add column") for change in changes)

        if (adds and "add index" in changes and not is_dearer(way, Way.REBUILD)) or (
            way is Way.INSTANT and self._has_no_version_left()
        ):
            way = Way.REBUILD

        way = self._obey(way)
        self.draft.algorithm = way.algorithm
        self.draft.lock(self.table, way.lock)

        for target in self._targets:
            # Measured on MariaDB 10.11: readers go on, and writers wait.
            self.draft.lock(target, LockLevel.LOCK_SHARED)

        if way.work:
            self.draft.take_time(way.work, self.table)
            self.table.options["versions"] = "0"

    def take(self, change: str) -> None:
        """Note one change, as a key of the measurements."""
        self._changes.append(change)

    def _has_no_version_left(self) -> bool:
        # 8.0 and 8.4 refused the 65th INSTANT; MariaDB took 300.
        number = int(self.table.options.get("versions", "0"))
        return not self.server.is_mariadb and number > _MAX_VERSIONS

    def _count_version(self) -> None:
        number = int(self.table.options.get("versions", "0"))
        self.table.options["versions"] = str(number + 1)

    def _obey(self, way: Way) -> Way:
        """Follow ``ALGORITHM=`` and ``LOCK=``: a server refuses what it cannot do."""
        asked = self._asked.get("ALGORITHM", "DEFAULT")
        lock = self._asked.get("LOCK", "DEFAULT")

        if asked == "COPY" and way.algorithm != "COPY":
            way = self.server.find_way("copy")

        limit = _LIMITS.get(asked)

        if limit is not None and is_dearer(way, limit):
            self.draft.fail(f"it takes {way.algorithm}, and ALGORITHM={asked} is asked")
        elif lock == "NONE" and way.lock is not LockLevel.LOCK_NONE:
            self.draft.fail(f"it takes {way.lock.value}, and LOCK=NONE is asked")
        elif lock in {"SHARED", "EXCLUSIVE"}:
            self.draft.lock(self.table, LockLevel(f"LOCK={lock}"))

        return way

    def _ask(self, name: str, action: Reader) -> None:
        action.accept("=")
        self._asked[name] = action.name().upper()

    def set_algorithm(self, action: Reader) -> None:
        """``ALGORITHM=``."""
        self._ask("ALGORITHM", action)

    def set_lock(self, action: Reader) -> None:
        """``LOCK=``."""
        self._ask("LOCK", action)

    def add_constraint(self, text: ConstraintText) -> None:
        """``ADD CONSTRAINT``, ``ADD PRIMARY KEY`` ..."""
        if text.kind == "FOREIGN KEY":
            self.add_foreign_key(text)
        elif text.kind == "CHECK":
            is_quiet = has_words(text.options, "NOT", "ENFORCED")
            self.take(f"add check{', not enforced' if is_quiet else ''}")
            condition = "".join(token.before + token.text for token in text.expression)
            reason = f"rows of {self.table.name} where {condition.strip()} is false"
            self.draft.may_refuse(reason, None if not is_quiet else self.table)
            names = frozenset(find_names(text.expression))
            self.table.keys.append(Key(name=text.name, kind="CHECK", names=names))
        else:
            self.add_key(text)

    def add_key(self, text: ConstraintText) -> None:
        """``ADD UNIQUE`` and ``ADD PRIMARY KEY``."""
        is_primary = text.kind == "PRIMARY KEY"
        self.take("add primary key" if is_primary else "add index")
        self.draft.take_time("index build", self.table)
        name = "PRIMARY" if is_primary else text.name
        columns = ", ".join(text.columns)
        self.draft.may_refuse(f"duplicates in {self.table.name}.{columns}", self.table)

        for column in map(self.table.column, text.columns):
            if is_primary and column is not None and column.nullable:
                reason = f"rows of {self.table.name} with NULL in {column.name}"
                self.draft.may_refuse(reason, self.table)
                column.nullable = False

        self.table.keys.append(Key(name=name, kind=text.kind, columns=text.columns))

    def add_index(self, action: Reader, kind: str = "INDEX") -> None:
        """``ADD INDEX``."""
        action.accept_any("INDEX", "KEY")
        action.skip_if_exists()
        name = action.name() if action.keyword not in {"(", "USING"} else ""

        if action.accept("USING"):
            action.name()

        columns = action.columns()
        action.rest()
        self.index(Key(name=name, kind=kind, columns=columns))

    def index(self, key: Key) -> None:
        """Note that an index is built."""
        change = {"FULLTEXT": "add index, fulltext", "SPATIAL": "add index, spatial"}
        has_one = any(one.kind == "FULLTEXT" for one in self.table.keys)

        if key.kind == "FULLTEXT" and has_one:
            self.take("add index, next fulltext")
        elif "" in key.columns:
            self.take("add index, functional")
        else:
            self.take(change.get(key.kind, "add index"))

        if key.kind == "UNIQUE":
            columns = ", ".join(key.columns)
            reason = f"duplicates in {self.table.name}.{columns}"
            self.draft.may_refuse(reason, self.table)

        self.draft.take_time("index build", self.table)
        self.table.keys.append(key)

    def add_foreign_key(self, text: ConstraintText) -> None:
        """``ADD FOREIGN KEY``: a copy, unless nobody looks at the rows."""
        target = self.catalog.get(text.target)
        unchecked = "" if self.checks_foreign_keys else ", unchecked"
        self.take(f"add foreign key{unchecked}")
        self._targets.append(target)
        names = ", ".join(text.columns)

        if not unchecked:
            reason = f"rows of {self.table.name} whose {names} is not in {target.name}"
            self.draft.take_time("foreign key check", self.table)
            self.draft.may_refuse(reason, self.table)

        key = ForeignKey(
            name=text.name, table=self.table, columns=text.columns, target=target
        )
        self.catalog.foreign_keys.append(key)

    def drop_key(self, name: str, *, is_optional: bool = False) -> None:
        """``DROP INDEX``, ``DROP FOREIGN KEY``, ``DROP CONSTRAINT`` ..."""
        mine = [key for key in self.catalog.foreign_keys if key.table is self.table]
        foreign = next((key for key in mine if key.name == name), None)
        key = self.table.key(name)

        if foreign is not None:
            self.catalog.foreign_keys.remove(foreign)
            self._targets.append(foreign.target)
            self.take("drop foreign key")
        elif key is None:
            if not is_optional:
                self.draft.fail(f"{self.table.name} has no key {name}")
        else:
            self._drop_key(key)

    def _drop_key(self, key: Key) -> None:
        kinds = {"PRIMARY KEY": "drop primary key", "CHECK": "drop check"}
        self.take(kinds.get(key.kind, "drop index"))
        self.table.keys.remove(key)

        for foreign in self.catalog.foreign_keys:
            if key.kind != "CHECK" and self._is_needed(key, foreign):
                self.draft.fail(f"the foreign key {foreign.name} needs it")

    def _is_needed(self, key: Key, foreign: ForeignKey) -> bool:
        mine = foreign.columns if foreign.table is self.table else ()
        mine = foreign.target_columns if foreign.target is self.table else mine
        others = (one.columns[: len(mine)] for one in self.table.keys)
        return bool(mine) and key.columns[: len(mine)] == mine and mine not in others
