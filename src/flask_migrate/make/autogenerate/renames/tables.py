"""What is known of two tables: may they be the same?"""

from __future__ import annotations

import collections
import collections.abc as cabc

import sqlalchemy as sa

from .evidence import Case
from .evidence import weigh_names
from .kinds import describe_kind
from .kinds import Kind
from .names import Key
from .names import Side
from .names import Sides

_SHARES = (
    (0.97, "same columns"),
    (0.7, "nearly the same columns"),
    (0.45, "most columns the same"),
    (0.25, "some columns the same"),
)
_HALF = 0.5
"""What a column counts that has only its type in common with another one."""


class TableScale:
    """Weighs pairs of tables.

    :param sides: what is compared.
    """

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._frequency = collections.Counter(
            column.name
            for side in (sides.old, sides.new)
            for name in side.values()
            for column in name.columns
        )
        self._kinds: dict[int, dict[str, Kind]] = {}
        self._old_references = _list_references(sides.old, sides)
        self._new_references = _list_references(sides.new, sides)

    def weigh(self, old: Key, new: Key) -> Case | None:
        """Return what speaks for two tables and against them.

        :return: ``None`` if they are in two schemas.
        """
        if old[0] != new[0]:
            return None

        reasons = (
            self._weigh_columns(self._sides.old[old], self._sides.new[new]),
            *weigh_names(old[1], new[1]),
            *self._weigh_incoming(old, new),
            *self._weigh_outgoing(old, new),
        )
        return Case(reasons=reasons, prior="table")

    def _weigh_columns(self, old: sa.Table, new: sa.Table) -> str:
        share = self._measure(self._read_kinds(old), self._read_kinds(new))
        found = (word for limit, word in _SHARES if share >= limit)
        return next(found, "few columns the same")

    def _read_kinds(self, table: sa.Table) -> dict[str, Kind]:
        if id(table) not in self._kinds:
            self._kinds[id(table)] = {
                column.name: describe_kind(column.type, self._sides.dialect)
                for column in table.columns
            }

        return self._kinds[id(table)]

    def _measure(self, old: dict[str, Kind], new: dict[str, Kind]) -> float:
        """Return how much two tables have in common; what every table has counts less.

        A column that has only its type in common with another one counts half.
        """
        both = {
            name for name in old.keys() & new.keys() if not old[name].is_far(new[name])
        }
        common = self._add(both)
        rest = [name for name in old if name not in both]
        others = [name for name in new if name not in both]
        whole = common + max(self._add(rest), self._add(others))

        for name in rest:
            twin = next((one for one in others if new[one].is_same(old[name])), None)

            if twin is not None:
                others.remove(twin)
                common += _HALF * self._add([name])

        return common / whole if whole else 0.0

    def _add(self, names: cabc.Iterable[str]) -> float:
        return sum(2 / max(self._frequency[name], 2) for name in names)

    def _weigh_incoming(self, old: Key, new: Key) -> cabc.Iterator[str]:
        before = {one for one, to in self._old_references if to == old and one != old}
        before = {one for one in before if one in self._sides.new}
        after = {one for one, to in self._new_references if to == new}

        if before:
            follows = before & after
            yield "references follow" if follows else "references do not follow"

    def _weigh_outgoing(self, old: Key, new: Key) -> cabc.Iterator[str]:
        before = {to for one, to in self._old_references if one == old and to != old}
        after = {to for one, to in self._new_references if one == new and to != new}

        if before and before == after:
            yield "references the same tables"


def _list_references(side: Side, sides: Sides) -> set[tuple[Key, Key]]:
    """Return each table that points to another one, and that one."""
    return {
        (key, sides.find_target(one)[0])
        for key, table in side.items()
        for one in table.foreign_keys
    }
