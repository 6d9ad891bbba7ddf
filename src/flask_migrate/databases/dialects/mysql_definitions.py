"""MySQL and MariaDB: checks, as ``SHOW CREATE TABLE`` writes them.

The server rewrites every expression, so what a model says is made on an empty temporary
copy of its table, and read back in the same words.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import copy
import dataclasses
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from .definitions import Definition
from .definitions import Definitions
from .definitions import Item
from .definitions import Items
from .definitions import Place
from .definitions import render
from .definitions import Tried
from .mysql_ddl import read_items
from .mysql_statements import run
from .mysql_tables import has_escapes
from .tokens import inside
from .tokens import join
from .tokens import Tokens

_CHECKED = sa.text(
    "SELECT DISTINCT table_name FROM information_schema.table_constraints"
    " WHERE table_schema = coalesce(:schema, DATABASE())"
    " AND constraint_type = 'CHECK' ORDER BY 1"
)
_TRIAL = "flask_migrate_trial"


def read_definitions(
    connection: sa.Connection, schemas: cabc.Sequence[str | None]
) -> Definitions:
    """Return the checks of databases of the server; ``None`` is the one in use."""
    escapes = has_escapes(connection)
    return {
        (schema, table): tuple(
            _read(connection, _quote(connection, table, schema), escapes=escapes)
        )
        for schema in schemas
        for table in connection.scalars(_CHECKED, {"schema": schema}).all()
    }


def try_definitions(connection: sa.Connection, wanted: Items) -> Tried:
    """Return in the server's words what models say, on the columns that it has."""
    found: dict[Place, tuple[Definition | None, ...]] = {}
    escapes = bool(wanted) and has_escapes(connection)

    for (schema, table), items in wanted.items():
        place = _quote(connection, table, schema)

        try:
            run(connection, f"CREATE TEMPORARY TABLE {_TRIAL} LIKE {place}")
        except exc.DBAPIError:
            # The right to make temporary tables is one of its own.
            continue

        found[(schema, table)] = _try(connection, items, escapes=escapes)
        run(connection, f"DROP TEMPORARY TABLE {_TRIAL}")

    return found


def _try(
    connection: sa.Connection, items: cabc.Sequence[Item], *, escapes: bool
) -> tuple[Definition | None, ...]:
    names = [f"{_TRIAL}_{number}" for number, _ in enumerate(items)]

    for name, item in zip(names, items, strict=True):
        twin: t.Any = copy.copy(item)
        twin.name = name

        # What the columns do not allow is not there afterwards.
        with contextlib.suppress(exc.DBAPIError):
            text = render(twin, connection.dialect)
            run(connection, f"ALTER TABLE {_TRIAL} ADD {text}")

    made = {one.name: one for one in _read(connection, _TRIAL, escapes=escapes)}
    pairs = ((made.get(name), item) for name, item in zip(names, items, strict=True))
    return tuple(one and _rename(one, item) for one, item in pairs)


def _rename(found: Definition, item: Item) -> Definition:
    # One without a name would get a number from the server: CONSTRAINT_1.
    name = str(item.name) if isinstance(item.name, str) else None
    return dataclasses.replace(found, name=name)


def _read(
    connection: sa.Connection, place: str, *, escapes: bool
) -> cabc.Iterator[Definition]:
    row = run(connection, f"SHOW CREATE TABLE {place}").one()

    for item in read_items(str(row[1]), escapes=escapes):
        words = [token.keyword for token in item]

        if "CHECK" in words:
            yield _describe(item, words)


def _describe(item: Tokens, words: list[str]) -> Definition:
    is_inline = words[0] not in {"CHECK", "CONSTRAINT"}
    is_named = words[0] == "CONSTRAINT"
    condition = join(inside(item[words.index("CHECK") :])).strip()
    return Definition(
        kind="check",
        name=item[1].name if is_named else None,
        text=condition,
        where=condition,
        is_inline=is_inline,
    )


def _quote(connection: sa.Connection, table: str, schema: str | None) -> str:
    quote = connection.dialect.identifier_preparer.quote_identifier
    return f"{quote(schema)}.{quote(table)}" if schema else quote(table)
