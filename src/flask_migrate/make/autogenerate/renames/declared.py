"""Renames that somebody has declared: in the models, or by a flag."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import sys
import typing as t

import sqlalchemy as sa

from .names import Key
from .names import Names
from .names import Sides
from .names import spell

if t.TYPE_CHECKING:
    from .matching import Dropped

HINT = "renamed_from"
"""The key in ``info=`` of a table or a column."""

_ATTRIBUTE = "__renamed_from__"


def has_hints(tables: cabc.Iterable[sa.Table]) -> bool:
    """Tell whether a model says what it was called before."""
    return any(
        _read_hint(table) or any(HINT in column.info for column in table.columns)
        for table in tables
    )


def _read_hint(table: sa.Table) -> str:
    return str(table.info.get(HINT) or _read_classes(table) or "")


def _read_classes(table: sa.Table) -> str | None:
    """Return what the class of a table says of itself."""
    # An application without an ORM must not load it here.
    orm = sys.modules.get("sqlalchemy.orm.mapper")

    if orm is None:
        return None

    # SQLAlchemy 2.1 has no public way from a table to the classes mapped to it.
    registries = t.cast("t.Any", orm)._all_registries()
    found = (
        vars(mapper.class_).get(_ATTRIBUTE)
        for registry in registries
        for mapper in registry.mappers
        if mapper.local_table is table
    )
    return next((one for one in found if one), None)


@dataclasses.dataclass(slots=True, kw_only=True)
class Declarations:
    """Applies what was declared.

    :param sides: what is compared.
    :param names: the renames that are known; more are added.
    :param dropped: what has no new name; more is added.
    :param flags: ``users.name:full_name``, ``posts:articles``, ``users.name:``.
    :param notes: for the user.
    :param unmatched: flags that fit nothing here, and why.
    """

    sides: Sides
    names: Names
    dropped: Dropped
    flags: tuple[str, ...] = ()
    notes: list[str] = dataclasses.field(default_factory=list)
    unmatched: dict[str, str] = dataclasses.field(default_factory=dict)

    def apply_tables(self) -> None:
        """Note the tables that are declared to be renamed, or dropped."""
        for flag in self.flags:
            old, _, new = flag.rpartition(":")
            key = self._find_table(old)

            if key is None or self._find_column(old):
                continue

            if not new:
                self.dropped.tables.add(key)
            elif (key[0], new) in self.sides.new:
                self.names.add(key, new=new, reason="declared")
            else:
                place = spell((key[0], new))
                self.unmatched[flag] = f"the models have no table {place}"

        hints = {
            (key, name): self._read_key(name, key)
            for key, table in self.sides.new.items()
            if (name := _read_hint(table))
        }
        self._apply_table_hints({key: old for (key, _), old in hints.items()})

    def apply_columns(self) -> None:
        """Note the columns that are declared to be renamed, or dropped."""
        for flag in self.flags:
            old, _, new = flag.rpartition(":")

            if found := self._find_column(old):
                self._apply_column_flag(flag, *found, new=new)
            elif self._find_table(old) is None:
                self.unmatched[flag] = self._explain(old)

        for key, table in self.sides.new.items():
            self._apply_column_hints(key, table)

    def _apply_column_flag(self, flag: str, table: Key, column: str, new: str) -> None:
        after = self.sides.new.get(self.names.new_table(table))

        if not new:
            self.dropped.columns.add((table, column))
        elif after is not None and new in after.columns:
            self.names.add(table, column, new=new, reason="declared")
        else:
            self.unmatched[flag] = f"the models have no column {new} there"

    def _apply_table_hints(self, hints: dict[Key, Key]) -> None:
        taken = {self.names.new_table(key) for key in self.names.tables}
        usable = {
            new: old
            for new, old in hints.items()
            if new not in taken and old not in self.names.tables
        }
        good = choose_usable(usable, set(self.sides.old), set(self.sides.new))

        for new, old in hints.items():
            if new in good:
                self.names.add(old, new=new[1], reason="declared in the model")
            elif self.names.tables.get(old) != new[1]:
                self._note_stale(spell(new), spell(old))

    def _apply_column_hints(self, key: Key, table: sa.Table) -> None:
        hints = {
            column.name: str(column.info[HINT])
            for column in table.columns
            if HINT in column.info
        }
        old = self.names.old_table(key)
        before = self.sides.old.get(old)
        known = self.names.columns.get(old, {})
        usable = {
            new: name
            for new, name in hints.items()
            if name not in known and new not in known.values()
        }
        good = choose_usable(
            usable,
            set() if before is None else set(before.columns.keys()),
            set(table.columns.keys()),
        )

        for new, name in hints.items():
            if new in good:
                self.names.add(old, name, new=new, reason="declared in the model")
            elif known.get(name) != new:
                self._note_stale(spell(key, new), name)

    def _note_stale(self, new: str, old: str) -> None:
        self.notes.append(
            f"{new}: {HINT} = {old!r} is ignored, for the database has nothing of that"
            " name that could become it; it can be deleted."
        )

    def _read_key(self, name: str, near: Key) -> Key:
        schema, _, table = name.rpartition(".")
        return self.sides.make_key(schema, table) if schema else (near[0], table)

    def _find_table(self, path: str) -> Key | None:
        schema, _, name = path.rpartition(".")
        key = self.sides.make_key(schema, name)
        return key if key in self.sides.old else None

    def _find_column(self, path: str) -> tuple[Key, str] | None:
        """Return the column that is meant, whose table may have its new name."""
        place, _, column = path.rpartition(".")
        schema, _, name = place.rpartition(".")
        named = self.sides.make_key(schema, name)

        for key in (named, self.names.old_table(named)):
            table = self.sides.old.get(key)

            if table is not None and column in table.columns:
                return key, column

        return None

    def _explain(self, path: str) -> str:
        place, _, column = path.rpartition(".")
        schema, _, name = place.rpartition(".")
        table = self.sides.old.get(self.sides.make_key(schema, name))

        if table is not None:
            there = ", ".join(table.columns.keys())
            return f"the table {place} has no column {column}, it has {there}"

        tables = ", ".join(sorted(spell(key) for key in self.sides.old)) or "none"
        return f"the database has no {path}; its tables are {tables}"


_Name = t.TypeVar("_Name", bound=cabc.Hashable)


def choose_usable(
    hints: dict[_Name, _Name], old: set[_Name], new: set[_Name]
) -> set[_Name]:
    """Return the new names whose hints say something that is still to be done.

    A hint stays in the model after it was used. It is not used again: its old name is
    gone, or its new name is there. A chain, where one name moves on for the next one to
    take its place, is understood; a swap in a circle looks the same before and after,
    so that only a flag can ask for it.

    :param hints: by the new name: the old one.
    :param old: the names in the database.
    :param new: the names in the models.
    """
    good: set[_Name] = set()

    for _ in hints:
        moving = {hints[name] for name in good}
        good |= {
            name
            for name, source in hints.items()
            if source in old and (name not in old or name in moving)
        }

    for _ in hints:
        stay = new - good
        good -= {name for name in good if hints[name] in stay}

    return good
