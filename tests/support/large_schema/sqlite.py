"""What only SQLite has, or spells in its own way."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from .defaults import add_defaults
from .types import add_types

TYPES: dict[str, tuple[t.Any, ...]] = {
    "moments": (sqlite.DATE, sqlite.DATETIME, sqlite.TIME, sqlite.TIMESTAMP),
    "documents": (sqlite.JSON,),
    "blobs": (sqlite.BLOB, sa.BINARY(10), sa.VARBINARY(10)),
    "texts": (
        sa.String,
        sa.Unicode,
        sa.NVARCHAR(10),
        sa.NCHAR(2),
        sa.CLOB,
        sa.String(10, collation="NOCASE"),
        sa.Text(collation="RTRIM"),
    ),
    "numbers": (sqlite.REAL, sqlite.DECIMAL(5, 1), sa.DOUBLE, sqlite.BOOLEAN),
}
"""The types of each table."""

DEFAULTS: tuple[tuple[t.Any, t.Any], ...] = (
    (sa.DateTime, sa.text("(datetime('now'))")),
    (sa.DateTime, sa.func.datetime("now", "localtime")),
    (sa.String, sa.text("(lower(hex(randomblob(16))))")),
    (sa.Integer, sa.text("(1 + 2)")),
    (sa.JSON, sa.text("'{}'")),
    (sa.JSON, "[]"),
    (sa.LargeBinary, sa.text("x'00ff'")),
    (sa.Float, sa.text("1e3")),
    (sa.Integer, sa.text("(random())")),
    (sa.Date, sa.text("CURRENT_DATE")),
)


def make_tables(metadata: sa.MetaData) -> None:
    """Add the tables."""
    for name, kinds in TYPES.items():
        add_types(metadata, f"lite_{name}", kinds)

    add_defaults(metadata, "lite_defaults", DEFAULTS)
    _add_options(metadata)
    _add_indexes(metadata)


def _add_options(metadata: sa.MetaData) -> None:
    add_types(metadata, "lite_numbered", (sa.String(20),), sqlite_autoincrement=True)
    add_types(metadata, "lite_rowless", (sa.String(20),), sqlite_with_rowid=False)
    add_types(metadata, "lite_strict", (sa.Text, sa.Integer), sqlite_strict=True)
    sa.Table(
        "lite_links",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "other",
            sa.ForeignKey("lite_numbered.id", deferrable=True, initially="DEFERRED"),
        ),
        sa.Column("virtual", sa.Integer, sa.Computed("id * 2", persisted=False)),
    )


def _add_indexes(metadata: sa.MetaData) -> None:
    table = sa.Table(
        "lite_indexes",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20)),
        sa.Column("a", sa.Integer),
    )
    sa.Index("lowered", sa.func.lower(table.c.name))
    sa.Index("some", table.c.name, sqlite_where=table.c.a > 5)
    sa.Index("once", table.c.a, unique=True, sqlite_where=table.c.name.is_not(None))
