"""Names that follow: what was named after a table or a column that is renamed."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa

from ....databases.dialects import get_dialect
from ....databases.dialects.renaming import Kind
from .names import Key
from .names import Names
from .names import Sides
from .operations import make_object_operation
from .operations import RenameObjectOp

_KINDS: tuple[tuple[type[sa.Constraint], Kind], ...] = (
    (sa.PrimaryKeyConstraint, "primary"),
    (sa.UniqueConstraint, "unique"),
    (sa.ForeignKeyConstraint, "foreignkey"),
)


def follow_default_names(
    sides: Sides, names: Names, *, sequences: cabc.Mapping[str | None, set[str]]
) -> cabc.Iterator[RenameObjectOp]:
    """Yield what renames the objects that the server has named after their table.

    :param names: gets their names too.
    :param sequences: of the database, by their schemas.
    """
    for key in {**names.tables, **names.columns}:
        table, after = sides.old[key], sides.new.get(names.new_table(key))
        owned = sequences.get(key[0], set())
        moves = [*_list_moves(table, names, key, owned, sides)]
        moves += [] if after is None else _list_named(table, after, names, key)

        for kind, old, new in moves:
            op = make_object_operation(
                kind, names.new_table(key), old=old, new=new, dialect=sides.dialect
            )

            # A model that names it wants that name.
            if op is not None and (after is None or old not in _list_names(after)):
                names.objects.setdefault(key, {})[old] = new
                yield op


def _list_moves(
    table: sa.Table, names: Names, key: Key, sequences: set[str], sides: Sides
) -> cabc.Iterator[tuple[Kind, str, str]]:
    """Yield each kind, and the server's own name for it before and after."""
    give = get_dialect(sides.dialect.name).renaming.name_by_default
    new_table = names.new_table(key)[1]
    taken = _list_names(table) | sequences

    for kind, known, columns in _list_objects(table, sequences):
        renamed = [names.new_column(key, one) for one in columns]
        old, new = give(kind, table.name, columns), give(kind, new_table, renamed)

        if old == known and new is not None and new != old and new not in taken:
            yield kind, known, new


def _list_named(
    table: sa.Table, after: sa.Table, names: Names, key: Key
) -> cabc.Iterator[tuple[Kind, str, str]]:
    """Yield the keys whose names Alembic does not compare, and the model's names."""
    wanted: dict[tuple[Kind, tuple[str, ...]], str] = {
        (kind, tuple(columns)): name
        for kind, name, columns in _list_objects(after, set())
        if kind in ("primary", "foreignkey") and name
    }

    for kind, name, columns in _list_objects(table, set()):
        renamed = tuple(names.new_column(key, one) for one in columns)
        new = wanted.get((kind, renamed), name)

        if new != name and name:
            yield kind, name, new


def _list_objects(
    table: sa.Table, sequences: set[str]
) -> cabc.Iterator[tuple[Kind, str, list[str]]]:
    """Yield each kind, a name, and the columns that it may be made of."""
    for constraint in table.constraints:
        kind = find_kind(constraint)
        name = str(constraint.name or "")

        if kind != "check":
            columns = t.cast("sa.PrimaryKeyConstraint", constraint).columns
            yield kind, name, [column.name for column in columns]
            continue

        yield kind, name, []
        yield from ((kind, name, [column.name]) for column in table.columns)

    for index in table.indexes:
        yield "index", str(index.name), [column.name for column in index.columns]

    for name in sequences:
        yield from (("sequence", name, [column.name]) for column in table.columns)


def find_kind(constraint: sa.Constraint) -> Kind:
    """Return what a constraint is called; whatever else there is counts as a check."""
    found = (word for sort, word in _KINDS if isinstance(constraint, sort))
    return next(found, "check")


def _list_names(table: sa.Table) -> set[str]:
    named: list[t.Any] = [*table.constraints, *table.indexes]
    return {str(one.name) for one in named if one.name}
