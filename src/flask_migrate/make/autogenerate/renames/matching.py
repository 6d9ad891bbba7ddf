"""What is gone and what is new, paired as well as can be."""

from __future__ import annotations

import collections
import collections.abc as cabc
import dataclasses
import functools
import math
import typing as t

from .assignment import pair_best
from .columns import find_change
from .columns import weigh_columns
from .evidence import Case
from .evidence import WEIGHTS
from .names import Key
from .names import Names
from .names import Sides
from .tables import TableScale

Cells = dict[tuple[str, str], Case]
"""Old and new names, and what is known of each pair that may be the same."""

Place = tuple[Key, str | None]
"""A table, and a column of it or none, by their old names."""

WORTH_ASKING = 0.10
"""Less probable renames are none."""

_SURE = 0.95
_CLEAR = 1.5
"""By how much a sure pair is better than what else is possible."""

_THRESHOLD = math.log(WORTH_ASKING / (1 - WORTH_ASKING))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A probable rename.

    :param table: its old name.
    :param column: its old name; ``None`` for the table itself.
    :param new: the new name.
    :param case: what is known.
    :param margin: how much worse everything else would be.
    :param others: other new names that it may have.
    """

    table: Key
    column: str | None = None
    new: str
    case: Case
    margin: float
    others: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether nobody would doubt it."""
        return self.case.probability >= _SURE and self.margin >= _CLEAR


@dataclasses.dataclass(slots=True, kw_only=True)
class Dropped:
    """What is known to be no rename.

    :param tables: that are really dropped.
    :param columns: by their table's old name.
    """

    tables: set[Key] = dataclasses.field(default_factory=set)
    columns: set[tuple[Key, str]] = dataclasses.field(default_factory=set)


def match_tables(sides: Sides, names: Names, *, dropped: Dropped) -> list[Match]:
    """Pair the tables that are gone with those that are new.

    :param names: what is known already.
    :param dropped: what has no new name.
    """
    gone = [
        key
        for key in sides.old
        if key not in sides.new and key not in names.tables
        if key not in dropped.tables
    ]
    taken = {names.new_table(key) for key in names.tables}
    come = [key for key in sides.new if key not in sides.old and key not in taken]
    found: list[Match] = []

    if not gone or not come:
        return found

    scale = TableScale(sides)

    for schema in sorted({key[0] for key in gone}, key=str):
        cells = {
            (old[1], new[1]): case
            for old in gone
            for new in come
            if old[0] == schema and (case := scale.weigh(old, new))
        }
        found += _pair(cells, functools.partial(_place_table, schema))

    return found


def match_columns(sides: Sides, names: Names, *, dropped: Dropped) -> list[Match]:
    """Pair the columns that are gone with those that are new, in every table.

    :param names: what is known already, the tables above all.
    :param dropped: what has no new name.
    """
    by_table = {
        old: _weigh_table(old, sides=sides, names=names, dropped=dropped)
        for old in sides.old
        if names.new_table(old) in sides.new and old not in dropped.tables
    }
    patterns = _list_patterns(by_table)
    found: list[Match] = []

    for table, cells in by_table.items():
        supported = {
            pair: case.add("the same change of name elsewhere")
            if patterns[find_change(*pair)] > 1
            else case
            for pair, case in cells.items()
        }
        found += _pair(supported, functools.partial(_place_column, table))

    return found


def _place_table(schema: str | None, name: str) -> Place:
    return (schema, name), None


def _place_column(table: Key, name: str) -> Place:
    return table, name


def _weigh_table(old: Key, *, sides: Sides, names: Names, dropped: Dropped) -> Cells:
    before, after = sides.old[old], sides.new[names.new_table(old)]
    known = names.columns.get(old, {})
    gone = [
        column
        for column in before.columns
        if column.name not in after.columns.keys() | known.keys()
        if (old, column.name) not in dropped.columns | sides.hidden
    ]
    come = [
        column
        for column in after.columns
        if column.name not in before.columns and column.name not in known.values()
        if (names.new_table(old), column.name) not in sides.hidden
    ]
    return {
        (one.name, other.name): case
        for one in gone
        for other in come
        if (case := weigh_columns(one, other, sides=sides, names=names))
    }


def _list_patterns(
    by_table: cabc.Mapping[Key, Cells],
) -> collections.Counter[t.Any]:
    """Count in how many tables each change of a name is possible."""
    return collections.Counter(
        change
        for cells in by_table.values()
        for change in {find_change(*pair) for pair in cells}
        if any(change)
    )


def _pair(cells: Cells, place: cabc.Callable[[str], Place]) -> cabc.Iterator[Match]:
    cells = _add_loneliness(cells)
    # What is worth less than asking gains nothing.
    gains = {pair: case.score - _THRESHOLD for pair, case in cells.items()}
    old = sorted({one for one, _ in gains})
    new = sorted({other for _, other in gains})
    table = {
        (old.index(one), new.index(other)): gain for (one, other), gain in gains.items()
    }

    for (row, column), margin in pair_best(table).items():
        pair = old[row], new[column]
        rivals = [
            (-gain, other)
            for (one, other), gain in gains.items()
            if one == pair[0] and other != pair[1] and gain > 0
        ]
        yield Match(
            new=pair[1],
            case=cells[pair],
            margin=margin,
            others=tuple(other for _, other in sorted(rivals)),
            table=place(pair[0])[0],
            column=place(pair[0])[1],
        )


def _add_loneliness(cells: Cells) -> Cells:
    """Note the pairs that have no rival."""
    least = _THRESHOLD - WEIGHTS["nothing else fits"]
    fits = [pair for pair, case in cells.items() if case.score > least]
    rows = collections.Counter(one for one, _ in fits)
    columns = collections.Counter(other for _, other in fits)
    return {
        (one, other): case.add("nothing else fits")
        if (one, other) in fits and rows[one] == columns[other] == 1
        else case
        for (one, other), case in cells.items()
    }
