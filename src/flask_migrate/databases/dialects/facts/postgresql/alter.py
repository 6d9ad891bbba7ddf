"""What the actions of ALTER TABLE do on PostgreSQL.

Measured on PostgreSQL 12 to 18, which differ only where a comment says so: the lock by
``pg_locks``, a rewrite by the table's file, a scan by the server's DEBUG1 lines.
"""

from __future__ import annotations

import collections.abc as cabc

from ...tokens import split
from ..definitions import starts_constraint
from ..statements import Reader
from ..tables import ForeignKey
from ..tables import Key
from .columns import ColumnActions
from .locks import AX
from .locks import MANUAL
from .locks import SOURCE
from .locks import SRX
from .locks import SUX


class Alteration(ColumnActions):
    """One ALTER TABLE, action by action.

    :param catalog: the tables at this point of the plan.
    :param draft: where the findings go.
    """

    def run(self, reader: Reader) -> None:
        """Read what follows ``ALTER TABLE``."""
        is_optional = reader.skip_if_exists()
        is_only = reader.accept("ONLY")
        path = reader.path()
        reader.accept("*")
        self.draft.source = SOURCE

        if is_optional and self.catalog.find(path) is None:
            reader.rest()
            return

        self.open(path, is_only=is_only)

        for part in split(reader.rest()):
            action = reader.read(part)
            self._find_action(action)(self, action)
            action.expect_end()

    def _find_action(self, action: Reader) -> Action:
        for words, handler in _ACTIONS.items():
            if action.accept(*words):
                return handler

        raise action.surprise("an action of ALTER TABLE")

    def rename(self, action: Reader) -> None:
        """``RENAME TO``, and ``RENAME CONSTRAINT``."""
        self.lock()

        if action.accept("CONSTRAINT"):
            old = action.name()
            action.expect("TO")
            new = action.name()

            mine = self.catalog.keys_from(self.table)
            keys: list[Key | ForeignKey] = [*self.table.keys, *mine]

            for key in keys:
                key.name = new if key.name == old else key.name
        elif action.accept("TO"):
            new = action.name()
            self.catalog.rename(self.path, (*self.path[:-1], new))
        else:
            action.accept("COLUMN")
            self.rename_column(action)

    def set_schema(self, action: Reader) -> None:
        """``SET SCHEMA``."""
        self.lock()
        self.catalog.rename(self.path, (action.name(), self.path[-1]))

    def set_parameters(self, action: Reader) -> None:
        """``SET (fillfactor = ...)``, ``CLUSTER ON``: those who vacuum wait."""
        action.rest()
        self.lock(SUX)

    def change(self, action: Reader) -> None:
        """What only changes the catalog: an owner, row security, an identity."""
        action.rest()
        self.lock()
        self.draft.source = f"{SOURCE}; {MANUAL.format('ALTER TABLE')}"

    def change_trigger(self, action: Reader) -> None:
        """``ENABLE TRIGGER``, ``DISABLE TRIGGER``."""
        action.rest()
        self.lock(SRX)

    def write(self, action: Reader) -> None:
        """``SET UNLOGGED``, ``SET TABLESPACE`` ...: the file is written anew."""
        action.rest()
        self.lock()
        self.draft.take_time("rewrite", self.table)
        self.draft.source = f"{SOURCE}; {MANUAL.format('ALTER TABLE')}"

    def inherit(self, action: Reader) -> None:
        """``INHERIT``, ``NO INHERIT``."""
        self.lock()
        self.draft.lock(self.catalog.get(action.path()), SUX)

    def attach(self, action: Reader) -> None:
        """``ATTACH PARTITION``: the rows are read, and those of the default one."""
        part = self.catalog.get(action.path())
        action.rest()
        self.draft.lock(self.table, SUX)
        self.draft.lock(part, AX)

        for one in self.table.children:
            if one.is_default:
                self.draft.lock(one, AX)

        self.draft.take_time("scan", part)
        self.draft.may_refuse(f"rows of {part.name} outside of its bounds", part)
        self.table.children.append(part)

    def detach(self, action: Reader) -> None:
        """``DETACH PARTITION``, which 14 can do beside its users."""
        part = self.catalog.get(action.path())
        is_online = action.accept("CONCURRENTLY")
        action.accept("FINALIZE")
        self.draft.transactional = not is_online
        self.draft.lock(self.table, SUX if is_online else AX)
        # Measured: 12 and 13 leave the part to its users.
        self.draft.lock(part, AX if self.catalog.version >= 14 else SUX)
        self.table.children = [one for one in self.table.children if one is not part]


Action = cabc.Callable[[Alteration, Reader], None]


def _add(alteration: Alteration, action: Reader) -> None:
    if starts_constraint(action):
        alteration.add_constraint(action)
    else:
        action.accept("COLUMN")
        alteration.add_column(action)


def _drop(alteration: Alteration, action: Reader) -> None:
    action.accept("COLUMN")
    alteration.drop_column(action)


_ACTIONS: dict[tuple[str, ...], Action] = {
    ("ADD",): _add,
    ("DROP", "CONSTRAINT"): Alteration.drop_constraint,
    ("DROP",): _drop,
    ("ALTER", "CONSTRAINT"): Alteration.change,
    ("ALTER",): Alteration.alter_column,
    ("VALIDATE", "CONSTRAINT"): Alteration.validate,
    ("RENAME",): Alteration.rename,
    ("SET", "SCHEMA"): Alteration.set_schema,
    ("SET", "("): Alteration.set_parameters,
    ("RESET",): Alteration.set_parameters,
    ("CLUSTER", "ON"): Alteration.set_parameters,
    ("SET", "WITHOUT"): Alteration.set_parameters,
    ("SET", "LOGGED"): Alteration.write,
    ("SET", "UNLOGGED"): Alteration.write,
    ("SET", "TABLESPACE"): Alteration.write,
    ("SET", "ACCESS"): Alteration.write,
    ("OWNER",): Alteration.change,
    ("REPLICA",): Alteration.change,
    ("ENABLE", "ROW"): Alteration.change,
    ("DISABLE", "ROW"): Alteration.change,
    ("FORCE", "ROW"): Alteration.change,
    ("NO", "FORCE"): Alteration.change,
    ("ENABLE", "RULE"): Alteration.change,
    ("DISABLE", "RULE"): Alteration.change,
    ("ENABLE",): Alteration.change_trigger,
    ("DISABLE",): Alteration.change_trigger,
    ("INHERIT",): Alteration.inherit,
    ("NO", "INHERIT"): Alteration.inherit,
    ("ATTACH", "PARTITION"): Alteration.attach,
    ("DETACH", "PARTITION"): Alteration.detach,
}
"""By its first words; the longer ones come before the shorter ones."""
