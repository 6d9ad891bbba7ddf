"""The two sides of a comparison, as far as renames have to look at them."""

from __future__ import annotations

import collections.abc as cabc
import typing as t
import warnings

import sqlalchemy as sa

from ....databases.dialects import get_dialect
from ..coverage.recognition import recognise
from .declared import has_hints
from .names import Key
from .names import Side
from .names import Sides

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

Schemas = cabc.Collection[str | None]


def read_sides(
    context: AutogenContext, schemas: Schemas, *, is_asked: bool
) -> Sides | None:
    """Return the tables of the database and those of the models.

    :param schemas: those that are compared.
    :param is_asked: a flag names a rename.
    :return: ``None`` if nothing can have been renamed; then only the columns of the
        database were read.
    """
    dialect = context.dialect
    assert dialect is not None
    empty = Sides(old={}, new={}, dialect=dialect)
    new = _read_models(context, empty)
    columns = _read_columns(context, schemas)

    if not (is_asked or has_hints(new.values()) or _has_changed(columns, new)):
        return None

    old = _read_tables(context, columns)
    hidden = _list_hidden(context, old, new)
    return Sides(old=old, new=new, dialect=dialect, hidden=hidden)


def _read_models(context: AutogenContext, sides: Sides) -> Side:
    version = context.migration_context
    ours = sides.make_key(version.version_table_schema, version.version_table)
    tables = {
        sides.make_key(table.schema, table.name): table
        for table in context.sorted_tables
        if context.run_object_filters(table, table.name, "table", False, None)
    }
    tables.pop(ours, None)
    return tables


def _read_columns(context: AutogenContext, schemas: Schemas) -> dict[Key, set[str]]:
    """Return the columns of the tables of the database, with few queries."""
    version = context.migration_context
    ours = (version.version_table_schema, version.version_table)
    read = context.inspector.info_cache.get("alembic_columns")
    found: dict[Key, set[str]] = {}

    if read is not None:
        # What Alembic will look at was read before; the rest is as in its models.
        found = {
            key: {column["name"] for column in several} for key, several in read.items()
        }
        found |= {
            key: {column.name for column in table.columns}
            for key, table in recognise(context, schemas).items()
        }
        found.pop(ours, None)
        return found

    for schema in schemas:
        place = {"schema_name": schema}
        names = [
            name
            for name in context.inspector.get_table_names(schema=schema)
            if context.run_name_filters(name, "table", place)  # type: ignore[arg-type]
            and (schema, name) != ours
        ]
        columns = context.inspector.get_multi_columns(schema=schema, filter_names=names)
        found.update(
            ((schema, name), {column["name"] for column in several})
            for (_, name), several in (columns.items() if names else ())
        )

    return found


def _has_changed(columns: cabc.Mapping[Key, set[str]], new: Side) -> bool:
    """Tell whether something is gone from where something else is new."""
    gone = {schema for schema, name in columns.keys() - new.keys()}
    come = {schema for schema, name in new.keys() - columns.keys()}

    if gone & come:
        return True

    return any(
        names - set(new[key].columns.keys()) and set(new[key].columns.keys()) - names
        for key, names in columns.items()
        if key in new
    )


def _read_tables(context: AutogenContext, columns: cabc.Iterable[Key]) -> Side:
    metadata = sa.MetaData()
    keys = list(columns)

    with warnings.catch_warnings():
        # The comparison itself warns of what cannot be read.
        warnings.simplefilter("ignore", sa.exc.SAWarning)

        for schema in {key[0] for key in keys}:
            metadata.reflect(
                context.inspector.bind,
                schema=schema,
                only=[name for place, name in keys if place == schema],
                resolve_fks=False,
            )

    tables = {(table.schema, table.name): table for table in metadata.tables.values()}
    return {
        key: tables[key]
        for key in keys
        if key in tables
        and context.run_object_filters(tables[key], key[1], "table", True, None)
    }


def _list_hidden(
    context: AutogenContext, old: Side, new: Side
) -> frozenset[tuple[Key, str]]:
    """Return the columns that the user's filters keep out of the comparison."""
    place = {key: {"schema_name": key[0], "table_name": key[1]} for key in old}
    gone = {
        (key, column.name)
        for key, table in old.items()
        for column in table.columns
        if not (
            context.run_name_filters(column.name, "column", place[key])  # type: ignore[arg-type]
            and context.run_object_filters(column, column.name, "column", True, None)
        )
    }
    come = {
        (key, column.name)
        for key, table in new.items()
        for column in table.columns
        if not context.run_object_filters(column, column.name, "column", False, None)
    }
    return frozenset(gone | come)


def list_sequences(
    inspector: sa.Inspector, sides: Sides, schemas: Schemas
) -> dict[str | None, set[str]]:
    """Return the sequences, where the server names them after a column."""
    renaming = get_dialect(sides.dialect.name).renaming

    if renaming.name_by_default("sequence", "table", ["column"]) is None:
        return {}

    return {
        schema: set(inspector.get_sequence_names(schema=schema)) for schema in schemas
    }
