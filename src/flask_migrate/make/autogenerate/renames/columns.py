"""What is known of two columns: may they be the same?"""

from __future__ import annotations

import collections.abc as cabc
import functools
import re

import sqlalchemy as sa

from . import words
from .evidence import Case
from .evidence import weigh_names
from .kinds import describe_kind
from .kinds import Kind
from .kinds import UNKNOWN
from .names import Names
from .names import Sides

Column = sa.Column[object]


def weigh_columns(
    old: Column, new: Column, *, sides: Sides, names: Names
) -> Case | None:
    """Return what speaks for a column and against it.

    :param old: of the database.
    :param new: of the models.
    :param names: the tables that are renamed, and the columns that surely are.
    :return: ``None`` if they cannot be the same: values of other types, or references
        to other tables.
    """
    kinds = [describe_kind(one.type, sides.dialect) for one in (old, new)]

    if kinds[0].is_far(kinds[1]) or _refer_elsewhere(old, new, sides, names):
        return None

    reasons = (
        *weigh_names(old.name, new.name),
        *_weigh_kinds(*kinds),
        *_weigh_references(old, new),
        *_weigh_keys(old, new),
        *_weigh_values(old, new),
        *_weigh_place(old, new, names=names, sides=sides),
        *_weigh_table_words(old, new, names),
    )
    return Case(reasons=reasons, prior="column")


def find_change(old: str, new: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words that a name has lost, and those that it has got instead."""
    one, other = words.split(old), words.split(new)
    gone = tuple(word for word in one if word not in other)
    return gone, tuple(word for word in other if word not in one)


def _refer_elsewhere(old: Column, new: Column, sides: Sides, names: Names) -> bool:
    before = {
        names.new_table(sides.find_target(key)[0])
        for key in old.foreign_keys
        # Its table goes away too, under no name that is known.
        if sides.find_target(key)[0] in sides.old
    }
    after = {sides.find_target(key)[0] for key in new.foreign_keys}
    return bool(before and after) and not before & after


def _weigh_kinds(old: Kind, new: Kind) -> cabc.Iterator[str]:
    if UNKNOWN in (old.family, new.family):
        yield "type that cannot be read"
    elif old.is_same(new):
        yield "same type" if old.is_common else "same rare type"
    elif old.head == new.head:
        yield "same type, other size"
    elif old.family == new.family:
        yield "other type of the same family"
    else:
        yield "stored the same way"


def _weigh_references(old: Column, new: Column) -> cabc.Iterator[str]:
    if old.foreign_keys and new.foreign_keys:
        yield "references the same table"
    elif bool(old.foreign_keys) != bool(new.foreign_keys):
        yield "only one is a foreign key"


def _weigh_keys(old: Column, new: Column) -> cabc.Iterator[str]:
    if old.primary_key and new.primary_key:
        yield "both in the primary key"
    elif old.primary_key or new.primary_key:
        yield "only one is in the primary key"

    unique = [_is_unique(one) for one in (old, new)]
    indexed = [_is_indexed(one) for one in (old, new)]

    if unique[0] != unique[1]:
        yield "only one is unique"
    elif unique[0]:
        yield "both unique"
    elif indexed[0] != indexed[1]:
        yield "only one is indexed"
    elif indexed[0]:
        yield "both indexed"


def _is_unique(column: Column) -> bool:
    table = column.table
    keys = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    columns = [one.columns for one in keys]
    columns += [one.columns for one in table.indexes if one.unique]
    return any(column.name in one for one in columns)


def _is_indexed(column: Column) -> bool:
    return any(column.name in one.columns for one in column.table.indexes)


def _weigh_values(old: Column, new: Column) -> cabc.Iterator[str]:
    if bool(old.nullable) != bool(new.nullable):
        yield "only one of them may be NULL"

    if old.computed is not None and new.computed is not None:
        same = _plain(old.computed.sqltext) == _plain(new.computed.sqltext)
        yield from ["same expression"] if same else []
    elif old.computed is not None or new.computed is not None:
        yield "only one is computed"

    defaults = [_find_default(one) for one in (old, new)]

    if all(defaults):
        yield "same default" if defaults[0] == defaults[1] else "other default"

    if old.comment and old.comment == new.comment:
        yield "same comment"

    if _checks(old, "") & _checks(new, ""):
        yield "same check"


def _find_default(column: Column) -> str:
    default = column.server_default
    return _plain(default.arg) if isinstance(default, sa.DefaultClause) else ""


def _checks(column: Column, instead: str) -> set[str]:
    """Return the checks of a column, with its name left out."""
    texts = (
        _plain(one.sqltext)
        for one in column.table.constraints
        if isinstance(one, sa.CheckConstraint)
    )
    name = re.compile(rf"\b{re.escape(column.name.lower())}\b")
    return {name.sub(instead, text) for text in texts if name.search(text)}


def _plain(clause: object) -> str:
    """Return SQL without what a server adds to it: casts, quotes, parentheses."""
    text = re.sub(r"::[a-z ]+(\(\d+\))?", "", str(clause).lower())
    return re.sub(r"[\s()\"'`]+", " ", text).strip()


def _weigh_place(
    old: Column, new: Column, *, names: Names, sides: Sides
) -> cabc.Iterator[str]:
    table = sides.make_key(old.table.schema, old.table.name)
    before = [names.new_column(table, one.name) for one in old.table.columns]
    after = [one.name for one in new.table.columns]
    kept = {*before} & {*after}

    if not kept:
        return

    places = [
        _find_place(one, at, kept)
        for one, at in (
            (before, list(old.table.columns).index(old)),
            (after, after.index(new.name)),
        )
    ]
    yield "same place" if places[0] == places[1] else "other place"


def _find_place(columns: list[str], at: int, kept: set[str]) -> tuple[str, int]:
    """Return the last column before one that both tables have, and how far it is."""
    for distance, name in enumerate(reversed(columns[:at]), start=1):
        if name in kept:
            return name, distance

    return "", at


def _weigh_table_words(old: Column, new: Column, names: Names) -> cabc.Iterator[str]:
    change = find_change(old.name, new.name)

    if any(change) and change in _list_changes(tuple(names.tables.items())):
        yield "named after the renamed table"


@functools.lru_cache(maxsize=8)
def _list_changes(
    tables: tuple[tuple[tuple[str | None, str], str], ...],
) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    return {find_change(old[1], new) for old, new in tables}
