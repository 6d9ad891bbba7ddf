"""The schema of an SQLite database: the texts that it keeps, part by part.

Two texts that mean the same give the same parts: a name with and without quotes, a key
written at its column or at the table, columns in any order.
"""

from __future__ import annotations

import collections.abc as cabc

import sqlalchemy as sa

from .schemas import Schema
from .schemas import SchemaObject
from .sqlite_clauses import Clause
from .sqlite_clauses import ColumnDefinition
from .sqlite_clauses import Constraint
from .sqlite_parser import parse_table
from .sqlite_tokens import tokenize
from .tokens import DefinitionError
from .tokens import inside
from .tokens import is_same
from .tokens import Tokens

_CONSTRAINTS = ("PRIMARY KEY", "UNIQUE", "CHECK", "FOREIGN KEY")
_OF_COLUMNS = frozenset({*_CONSTRAINTS, "REFERENCES", "NULL"})
"""What a column may carry and is no property of it."""


def read_sqlite(connection: sa.Connection, schemas: tuple[str, ...]) -> Schema:
    """Read what stands in the schema tables, of attached databases too.

    :param schemas: the names of attached databases.
    """
    quote = connection.dialect.identifier_preparer.quote_identifier

    for schema in ("main", *schemas):
        rows = connection.exec_driver_sql(
            f"SELECT type, tbl_name, name, sql FROM {quote(schema)}.sqlite_master"
            " WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'"
        )

        for kind, table, name, sql in rows:
            place = table if schema == "main" else f"{schema}.{table}"

            if kind == "table":
                yield from _describe_table(place, sql)
            else:
                yield SchemaObject(
                    kind=kind, table=place, name=name, definition=_spell_sql(sql)
                )


def list_tables(connection: sa.Connection, schemas: tuple[str, ...]) -> set[str]:
    """Return the names of the tables that :func:`read_sqlite` reads."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    return {
        name if schema == "main" else f"{schema}.{name}"
        for schema in ("main", *schemas)
        for name in connection.exec_driver_sql(
            f"SELECT name FROM {quote(schema)}.sqlite_master WHERE type = 'table'"
            " AND sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'"
        ).scalars()
    }


def read_collations(
    connection: sa.Connection, schema: str | None
) -> dict[tuple[str, str], str]:
    """Return the collations of columns, of those that name one.

    :return: by table and column.
    """
    place = connection.dialect.identifier_preparer.quote_identifier(schema or "main")
    rows = connection.exec_driver_sql(
        f"SELECT name, sql FROM {place}.sqlite_master"
        " WHERE type = 'table' AND sql LIKE '%COLLATE%'"
    )
    return {
        (table, column.name): clause.body[1].name
        for table, sql in rows
        for column in _parse_columns(sql)
        if (clause := column.find("COLLATE")) is not None
    }


def _parse_columns(sql: str) -> tuple[ColumnDefinition, ...]:
    try:
        return parse_table(sql).columns
    except DefinitionError:
        return ()


def _describe_table(place: str, sql: str) -> Schema:
    try:
        table = parse_table(sql)
    except DefinitionError:
        # A virtual table, for example.
        yield SchemaObject(kind="table", table=place, definition=" ".join(sql.split()))
        return

    yield SchemaObject(kind="table", table=place, definition=_spell(table.options))

    for column in table.columns:
        clauses = (one for one in column.clauses if not _means_nothing(one))
        words = [_spell(column.type), *sorted(_spell(_unwrap(one)) for one in clauses)]
        yield SchemaObject(
            kind="column", table=place, name=column.name, definition=" ".join(words)
        )

    for kind in _CONSTRAINTS:
        for constraint in table.find_all(kind):
            yield SchemaObject(
                kind="constraint",
                table=place,
                name=constraint.clause.name or "",
                definition=_spell_constraint(kind, constraint),
            )


def _means_nothing(clause: Clause) -> bool:
    """Tell whether a clause says nothing of its column: its default collation."""
    is_default = clause.kind == "COLLATE" and is_same(clause.body[1].name, "BINARY")
    return is_default or clause.kind in _OF_COLUMNS


def _unwrap(clause: Clause) -> Tokens:
    """Return a clause without what means nothing: parentheses around a default."""
    tokens = clause.body

    if clause.kind == "GENERATED" and tokens[-1].keyword == "VIRTUAL":
        return tokens[:-1]

    if clause.kind != "DEFAULT":
        return tokens

    while tokens[1].keyword == "(" and len(tokens) == 3 + len(inside(tokens)):
        tokens = (tokens[0], *inside(tokens))

    return tokens


def _spell_constraint(kind: str, constraint: Constraint) -> str:
    """Return a constraint as the table would say it."""
    text = _spell(constraint.clause.body)

    if constraint.column is None or kind == "CHECK":
        return text

    keywords = "" if kind == "FOREIGN KEY" else kind.lower()
    named = f"{kind.lower()} ( {constraint.column.name.lower()} )"
    return f"{named} {text.removeprefix(keywords).strip()}".strip()


def _spell_sql(sql: str) -> str:
    try:
        return _spell(tokenize(sql))
    except DefinitionError:
        return " ".join(sql.split())


def _spell(tokens: Tokens) -> str:
    return " ".join(_spell_each(tokens))


def _spell_each(tokens: Tokens) -> cabc.Iterator[str]:
    for token in tokens:
        is_text = token.kind in ("string", "blob")
        yield token.text if is_text else token.name.lower()
