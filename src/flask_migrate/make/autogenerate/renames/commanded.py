"""A rename that somebody orders, without a comparison."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

from ....errors import BadOption
from .following import follow_default_names
from .names import Key
from .names import Names
from .names import Sides
from .names import spell
from .operations import make_operations
from .reading import list_sequences

if t.TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation


def make_rename(
    connection: sa.Connection, old: str, *, new: str
) -> list[MigrateOperation]:
    """Return what renames a table or a column of a database.

    :param old: ``posts``, ``users.name``; with a schema in front, if need be.
    :return: nothing, if there is no such table or column.
    :raises BadOption: something has the new name already.
    """
    found = _find(connection, old)

    if found is None:
        return []

    key, column, table = found
    taken = _list_taken(connection, key) if column is None else table.columns.keys()

    if new in taken:
        place = (key[0], new) if column is None else key
        raise BadOption(
            f"{old} cannot become {new}: {spell(place, column and new)} exists.",
            hint="Drop it first, or choose another name.",
        )

    sides = Sides(old={key: table}, new={}, dialect=connection.dialect)
    names = Names()
    names.add(key, column, new=new, reason="")
    sequences = list_sequences(sa.inspect(connection), sides, [key[0]])
    return [
        *make_operations(names, sides.old),
        *follow_default_names(sides, names, sequences=sequences),
    ]


def _list_taken(connection: sa.Connection, key: Key) -> list[str]:
    inspector = sa.inspect(connection)
    return [*inspector.get_table_names(key[0]), *inspector.get_view_names(key[0])]


def _find(
    connection: sa.Connection, path: str
) -> tuple[Key, str | None, sa.Table] | None:
    """Return the table, and the column if one is meant."""
    place, _, last = path.rpartition(".")
    schema, _, name = place.rpartition(".")
    table = _read(connection, (schema or None, name)) if name else None

    if table is not None:
        return ((schema or None, name), last, table) if last in table.columns else None

    table = _read(connection, (place or None, last))
    return None if table is None else ((place or None, last), None, table)


def _read(connection: sa.Connection, key: Key) -> sa.Table | None:
    schema, name = key

    if not sa.inspect(connection).has_table(name, schema=schema):
        return None

    metadata = sa.MetaData()
    metadata.reflect(connection, schema=schema, only=[name], resolve_fks=False)
    return metadata.tables[f"{schema}.{name}" if schema else name]
