"""SQLite: keys, checks and indexes, by the texts that it keeps of them."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa

from .definitions import Definition
from .definitions import Definitions
from .definitions import Item
from .definitions import Items
from .definitions import Kind
from .definitions import Place
from .definitions import render
from .definitions import Tried
from .sqlite_clauses import Clause
from .sqlite_clauses import Constraint
from .sqlite_parser import parse_constraint
from .sqlite_parser import parse_table
from .sqlite_tokens import tokenize
from .tokens import behind_group
from .tokens import DefinitionError
from .tokens import inside
from .tokens import join
from .tokens import split
from .tokens import Tokens

_KINDS: dict[str, Kind] = {
    "CHECK": "check",
    "UNIQUE": "unique",
    "PRIMARY KEY": "primary",
    "FOREIGN KEY": "foreign",
}


def read_definitions(
    connection: sa.Connection, schemas: cabc.Sequence[str | None]
) -> Definitions:
    """Return what stands in database files.

    :param schemas: attached databases; the main one for ``None``.
    """
    found: dict[Place, tuple[Definition, ...]] = {}

    for schema in schemas:
        for kind, table, sql in _list_objects(connection, schema):
            place = (schema, table)
            new = _read_object(kind, sql)
            found[place] = (*found.get(place, ()), *new)

    return found


def try_definitions(connection: sa.Connection, wanted: Items) -> Tried:
    """Return what models say, in the form of what is stored; nothing is run."""
    dialect = connection.dialect
    return {
        place: tuple(_try_one(one, dialect) for one in items)
        for place, items in wanted.items()
    }


def _list_objects(
    connection: sa.Connection, schema: str | None
) -> cabc.Iterable[t.Any]:
    name = connection.dialect.identifier_preparer.quote_identifier(schema or "main")
    return connection.exec_driver_sql(
        f"SELECT type, tbl_name, sql FROM {name}.sqlite_master"
        " WHERE type IN ('table', 'index') AND sql IS NOT NULL"
        " AND name NOT LIKE 'sqlite#_%' ESCAPE '#'"
    )


def _read_object(kind: str, sql: str) -> tuple[Definition, ...]:
    try:
        return (_read_index(sql),) if kind == "index" else tuple(_read_table(sql))
    except DefinitionError:
        # A virtual table, for example.
        return ()


def _try_one(item: Item, dialect: sa.Dialect) -> Definition | None:
    try:
        if isinstance(item, sa.Index):
            return _read_index(render(item, dialect))

        clause = parse_constraint(render(item, dialect))
        return _read_constraint(Constraint(clause=clause))
    except DefinitionError:
        return None


def _read_table(sql: str) -> cabc.Iterator[Definition]:
    table = parse_table(sql)

    for kind in _KINDS:
        yield from map(_read_constraint, table.find_all(kind))


def _read_constraint(found: Constraint) -> Definition:
    clause = found.clause
    kind = _KINDS["FOREIGN KEY" if clause.kind == "REFERENCES" else clause.kind]

    if kind == "check":
        condition = _peel(inside(clause.body))
        return Definition(
            kind=kind,
            name=clause.name,
            text=_spell(condition),
            where=join(condition).strip(),
        )

    columns = (found.column.name,) if found.column else found.columns
    return Definition(
        kind=kind,
        name=clause.name,
        text=" ".join(one.casefold() for one in (kind, *columns, *_conflict(clause))),
        columns=columns,
    )


def _conflict(clause: Clause) -> list[str]:
    words = [token.keyword for token in clause.body]
    return words[words.index("CONFLICT") :][:2] if "CONFLICT" in words else []


def _read_index(sql: str) -> Definition:
    tokens = tokenize(sql)
    words = [token.keyword for token in tokens]
    place = words.index("ON")
    rest = behind_group(tokens)
    return Definition(
        kind="index",
        name=tokens[place - 1].name,
        text=" ".join((*words[1:2], _spell(tokens[place + 2 :]))),
        elements=tuple(join(one).strip() for one in split(inside(tokens))),
        where=join(rest[1:]).strip(),
        is_unique=words[1] == "UNIQUE",
    )


def _peel(tokens: Tokens) -> Tokens:
    """Take away parentheses around everything."""
    while tokens and tokens[0].keyword == "(" and not behind_group(tokens):
        tokens = inside(tokens)

    return tokens


def _spell(tokens: t.Iterable[t.Any]) -> str:
    return " ".join(
        token.text if token.kind in ("string", "blob") else token.name.casefold()
        for token in tokens
    )
