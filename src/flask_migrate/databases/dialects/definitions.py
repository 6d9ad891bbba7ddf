"""Keys, checks and indexes, as their server writes them down."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex

Kind = t.Literal["check", "unique", "primary", "foreign", "exclude", "index"]
Item = sa.Constraint | sa.Index
"""What a model says, and a server can be asked about."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One constraint or index.

    :param kind: what it is.
    :param name: if it has one.
    :param text: what it says without its name; equal for what means the same.
    :param columns: of a key, in order.
    :param elements: of an index or an EXCLUDE, each as SQL.
    :param where: the rows that it is about, as SQL; for a check, its condition.
    :param method: of an index or an EXCLUDE.
    :param is_unique: whether an index refuses duplicates.
    :param is_deferrable: whether it may be checked at the end of a transaction.
    :param is_deferred: whether it is, unless told otherwise.
    :param is_inline: it stands at a column, and only the column can change it.
    :param comment: on it.
    """

    kind: Kind
    name: str | None
    text: str
    columns: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    where: str = ""
    method: str = ""
    is_unique: bool = False
    is_deferrable: bool = False
    is_deferred: bool = False
    is_inline: bool = False
    comment: str | None = None


Place = tuple[str | None, str]
"""The schema, ``None`` for the default one, and the name of a table."""
Definitions = cabc.Mapping[Place, tuple[Definition, ...]]
"""What stands in each table."""
Items = cabc.Mapping[Place, cabc.Sequence[Item]]
"""What the model of each table says."""
Tried = cabc.Mapping[Place, tuple[Definition | None, ...]]
"""What became of the items of each table: ``None`` for what its columns do not allow.

A table is missing where nothing could be tried.
"""
Models = cabc.Mapping[Place, sa.Table]
"""What the models say, by where it stands in the database."""
Part = tuple[str, str]
"""A kind of thing, in Alembic's words, and the name of one; empty if it has none."""


def list_parts(table: sa.Table) -> frozenset[Part]:
    """Return the columns, foreign and unique keys, checks and indexes of a table."""
    items: tuple[t.Any, ...] = (*table.columns, *table.constraints, *table.indexes)
    return frozenset(
        (title, one.name if isinstance(one.name, str) else "")
        for one in items
        for kind, title in _TITLES.items()
        if isinstance(one, kind)
    )


_TITLES: dict[type[t.Any], str] = {
    sa.Column: "column",
    sa.Index: "index",
    sa.CheckConstraint: "check_constraint",
    sa.UniqueConstraint: "unique_constraint",
    sa.ForeignKeyConstraint: "foreign_key_constraint",
}


def render(item: Item, dialect: sa.Dialect) -> str:
    """Return a constraint as it would stand in a table, or what makes an index."""
    if isinstance(item, sa.Index):
        return undouble(str(CreateIndex(item).compile(dialect=dialect)), dialect)

    compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
    return undouble(compiler.process(item), dialect)


def undouble(sql: str, dialect: sa.Dialect) -> str:
    """Return what was compiled for a driver as the server would get it."""
    is_doubled = dialect.paramstyle in ("format", "pyformat")
    return sql.replace("%%", "%") if is_doubled else sql
