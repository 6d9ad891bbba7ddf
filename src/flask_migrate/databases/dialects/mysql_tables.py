"""A whole table of MySQL or MariaDB in the server's own words, a live or a wanted one.

Whether two spellings of a type, a default or a key are one, only the server knows: a
wanted table is made as a temporary one, which belongs to the session and commits
nothing, and is read back in the same way as the live one.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.schema import CreateIndex
from sqlalchemy.schema import CreateTable

from .mysql_ddl import ColumnDefinition
from .mysql_ddl import quote_name
from .mysql_ddl import read_column
from .mysql_ddl import read_items
from .mysql_statements import run
from .tokens import DefinitionError
from .tokens import join

_KEY = re.compile(r"(?:UNIQUE |FULLTEXT |SPATIAL )?KEY `((?:[^`]|``)+)`")
_LINK = re.compile(r"CONSTRAINT `((?:[^`]|``)+)` FOREIGN KEY")
_OPTION = re.compile(r"\b(ENGINE|CHARSET|COLLATE)=(\w+)")
_CHARACTERS = ("charset", "character_set", "collate")
LEFT_OUT = ("partition", "tablespace", "directory")
"""Parts of the names of options that no temporary table has."""

_NAME = "flask_migrate_spelling"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TableText:
    """A table, as ``SHOW CREATE TABLE`` and ``SHOW FULL COLUMNS`` have it.

    :param columns: by name.
    :param collations: of the columns that hold text, stated or inherited.
    :param keys: the indexes by name, without the primary key.
    :param links: the foreign keys by name.
    :param options: ``ENGINE``, ``CHARSET`` and ``COLLATE``.
    :param types: of the columns, as SQLAlchemy reads them; for a wanted table only.
    """

    columns: dict[str, ColumnDefinition]
    collations: dict[str, str]
    keys: dict[str, str]
    links: dict[str, str]
    options: dict[str, str]
    types: dict[str, sa.types.TypeEngine[t.Any]] = dataclasses.field(
        default_factory=dict
    )


def has_escapes(connection: sa.Connection) -> bool:
    """Tell whether a backslash escapes in the strings of a session."""
    sql_mode = run(connection, "SELECT @@SESSION.sql_mode").scalar_one()
    return "NO_BACKSLASH_ESCAPES" not in str(sql_mode)


def read_table(
    connection: sa.Connection, name: str, *, schema: str | None, escapes: bool
) -> TableText | None:
    """Read a table.

    :param escapes: of the session, as ``has_escapes()`` says.
    :return: ``None`` if the server's text is not understood.
    """
    place = quote_place(name, schema)
    _, created = run(connection, f"SHOW CREATE TABLE {place}").one()

    try:
        items = read_items(created, escapes=escapes)
        columns = [one for item in items if (one := read_column(item))]
    except DefinitionError:
        return None

    rows = run(connection, f"SHOW FULL COLUMNS FROM {place}").mappings()
    texts = [join(item).strip() for item in items]
    return TableText(
        columns={one.name: one for one in columns},
        collations={row["Field"]: row["Collation"] for row in rows if row["Collation"]},
        keys=_find(_KEY, texts),
        links=_find(_LINK, texts),
        options=dict(_OPTION.findall(created.rpartition("\n)")[2])),
    )


def _find(pattern: re.Pattern[str], texts: list[str]) -> dict[str, str]:
    """Return the texts that begin like this, by the name that they give."""
    found = ((pattern.match(text), text) for text in texts)
    return {match[1].replace("``", "`"): text for match, text in found if match}


def spell_table(
    connection: sa.Connection, table: sa.Table, *, like: TableText, escapes: bool
) -> TableText | None:
    """Return how the server would write a table of the models.

    A temporary table has no foreign keys, and no ``FULLTEXT`` index.

    :param like: where the models do not say what characters the table has, it is as
        that of this one.
    :param escapes: of the session, as ``has_escapes()`` says.
    :return: ``None`` where the server does not make it, for want of the right or of
        something that the table needs.
    """
    copy = table.to_metadata(sa.MetaData(), name=_NAME)
    # SQLAlchemy takes prefixes in the constructor only.
    copy._prefixes = ["TEMPORARY"]
    indexes, copy.indexes = copy.indexes, set()

    for column in table.columns:
        # SQLAlchemy 2.1 copies an ENUM without its character set.
        copy.columns[column.key].type = column.type

    change_options(copy, connection.dialect.name, like.options)

    try:
        connection.execute(CreateTable(copy, include_foreign_key_constraints=[]))
    except exc.SQLAlchemyError:
        return None

    try:
        for index in indexes:
            # Without this one its key is not known, and the rest is.
            with contextlib.suppress(exc.SQLAlchemyError):
                connection.execute(CreateIndex(index))

        return _read_copy(connection, schema=table.schema, escapes=escapes)
    finally:
        run(connection, f"DROP TEMPORARY TABLE {quote_place(_NAME, table.schema)}")


def _read_copy(
    connection: sa.Connection, *, schema: str | None, escapes: bool
) -> TableText | None:
    columns = sa.inspect(connection).get_columns(_NAME, schema=schema)
    found = read_table(connection, _NAME, schema=schema, escapes=escapes)
    types = {one["name"]: one["type"] for one in columns}
    return found and dataclasses.replace(found, types=types)


def change_options(
    copy: sa.Table, dialect_name: str, like: cabc.Mapping[str, str]
) -> None:
    """Give a temporary table the options that it can have, and the right characters.

    :param like: the options of a live table, by the server's names.
    """
    own = [name for name in copy.kwargs if name.startswith(f"{dialect_name}_")]

    for name in own:
        if any(part in name for part in LEFT_OUT):
            del copy.kwargs[name]

    if not any(part in name for name in own for part in _CHARACTERS):
        for option, value in like.items():
            if option != "ENGINE":
                copy.kwargs[f"{dialect_name}_{option.lower()}"] = value


def quote_place(name: str, schema: str | None) -> str:
    """Return the name of a table, behind that of its database if that is given."""
    return ".".join(quote_name(one) for one in (schema, name) if one)
