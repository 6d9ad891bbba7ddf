"""Tables of SQLite that stand as their models would make them, by their texts alone.

The texts of a table and of its indexes are all that SQLite keeps of them: where they
are those of the model, nothing else has to be read.
"""

from __future__ import annotations

import collections.abc as cabc

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.schema import CreateTable

from .definitions import list_parts
from .definitions import Models
from .definitions import Part
from .definitions import Place
from .definitions import render
from .definitions import undouble
from .sqlite_tokens import tokenize
from .tokens import behind_group
from .tokens import DefinitionError
from .tokens import inside
from .tokens import split
from .tokens import Token
from .tokens import Tokens

_BEGIN = "CREATE TABLE "


def recognise_tables(
    connection: sa.Connection, models: Models
) -> dict[Place, frozenset[Part]]:
    """Return the tables that are plainly what their models say, and what they have."""
    dialect = connection.dialect
    found: dict[Place, frozenset[Part]] = {}

    for schema in {schema for schema, _ in models}:
        tables, indexes = _read_texts(connection, schema)

        for (place, name), model in models.items():
            live = tables.get(name, "")

            if place == schema and live.startswith(_BEGIN):
                wanted = _write(model, dialect)

                if wanted is not None and _is_same(
                    (live, *indexes.get(name, ())), wanted, dialect
                ):
                    found[(place, name)] = list_parts(model)

    return found


def _read_texts(
    connection: sa.Connection, schema: str | None
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the text of each table, and those of its indexes."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    tables: dict[str, str] = {}
    indexes: dict[str, list[str]] = {}

    for kind, table, sql in connection.exec_driver_sql(
        f"SELECT type, tbl_name, sql FROM {quote(schema or 'main')}.sqlite_master"
        " WHERE type IN ('table', 'index') AND sql IS NOT NULL"
    ):
        if kind == "table":
            tables[table] = sql
        else:
            indexes.setdefault(table, []).append(sql)

    return tables, indexes


def _write(model: sa.Table, dialect: sa.Dialect) -> list[str] | None:
    """Return what makes a table and its indexes, as SQLite would keep it."""
    try:
        table = undouble(str(CreateTable(model).compile(dialect=dialect)), dialect)
        return [table.strip(), *(render(one, dialect) for one in model.indexes)]
    except exc.CompileError:
        return None


def _is_same(
    live: cabc.Sequence[str], wanted: cabc.Sequence[str], dialect: sa.Dialect
) -> bool:
    """Compare the texts of one table: its own, and those of its indexes in any order.

    Mostly a database has the very texts; others are read, as far as that is needed.
    """
    if len(live) != len(wanted) or not wanted[0].startswith(_BEGIN):
        return False

    if sorted(live) == sorted(wanted):
        return True

    reserved: set[str] = dialect.identifier_preparer.reserved_words

    try:
        return _spell_table(live[0], reserved) == _spell_table(
            wanted[0], reserved
        ) and _spell_indexes(live[1:], reserved) == _spell_indexes(wanted[1:], reserved)
    except DefinitionError:
        return False


def _spell_table(sql: str, reserved: set[str]) -> object:
    """Return the parts of a table, in any order, and its options."""
    tokens = tokenize(sql)
    parts = sorted(_spell(one, reserved) for one in split(inside(tokens)))
    return parts, _spell(behind_group(tokens), reserved)


def _spell_indexes(texts: cabc.Iterable[str], reserved: set[str]) -> object:
    return sorted(_spell(tokenize(one), reserved) for one in texts)


def _spell(tokens: Tokens, reserved: set[str]) -> tuple[str, ...]:
    return tuple(_spell_token(one, reserved) for one in tokens)


def _spell_token(token: Token, reserved: set[str]) -> str:
    """Return a name without its quotes, where it means the same without them."""
    is_plain = token.name.isidentifier() and token.name.lower() not in reserved
    return token.name if token.kind == "quoted" and is_plain else token.text
