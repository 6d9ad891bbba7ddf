"""Server defaults of all kinds, and computed columns."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

DEFAULTS: dict[str, tuple[tuple[t.Any, t.Any], ...]] = {
    "texts": tuple(
        (sa.String(20), text)
        for text in (
            "plain",
            "it's",
            'say "no"',
            "",
            "50%",
            "a:b",
            "NULL",
            " padded ",
            "now()",
            "0",
            "Ünï",
            "(x)",
            sa.text("'quoted'"),
            sa.literal("literal"),
        )
    ),
    "numbers": (
        (sa.Integer, "0"),
        (sa.Integer, "-1"),
        (sa.Integer, sa.text("7")),
        (sa.Integer, sa.text("-7")),
        (sa.BigInteger, "9000000000"),
        (sa.SmallInteger, "1"),
        (sa.Numeric(10, 2), "0"),
        (sa.Numeric(10, 2), "1.5"),
        (sa.Numeric(10, 2), sa.text("2.50")),
        (sa.Float, "1.0"),
        (sa.Float, "-0.5"),
        (sa.Double, "1"),
        (sa.Integer, sa.literal(3)),
    ),
    "flags": (
        (sa.Boolean, "0"),
        (sa.Boolean, "1"),
        (sa.Boolean, sa.false()),
        (sa.Boolean, sa.true()),
        (sa.Boolean, sa.text("false")),
        (sa.Boolean, sa.text("TRUE")),
    ),
    "moments": (
        (sa.DateTime, sa.func.now()),
        (sa.DateTime, sa.func.current_timestamp()),
        (sa.DateTime, sa.text("CURRENT_TIMESTAMP")),
        (sa.DateTime, "2020-01-01 00:00:00"),
        (sa.Date, "2020-01-31"),
        (sa.Time, "12:30:00"),
        (sa.TIMESTAMP, sa.func.now()),
        (sa.DateTime(timezone=True), sa.func.now()),
    ),
    "enums": (
        (sa.Enum("new", "old", name="age"), "new"),
        (sa.Enum("new", "old", native_enum=False), "old"),
    ),
    "nulls": (
        (sa.Integer, sa.text("NULL")),
        (sa.String(9), sa.null()),
        (sa.DateTime, sa.text("NULL")),
    ),
}
"""The types and defaults of each table."""


def make_tables(metadata: sa.MetaData) -> None:
    """Add a table for each group of defaults, and the computed columns."""
    for name, pairs in DEFAULTS.items():
        add_defaults(metadata, f"default_{name}", pairs)

    _add_computed(metadata)


def add_defaults(
    metadata: sa.MetaData, name: str, pairs: tuple[tuple[t.Any, t.Any], ...]
) -> sa.Table:
    """Add a table with a column for each type and default."""
    key = sa.Column("id", sa.Integer, primary_key=True)
    columns = (
        sa.Column(f"column_{number}", kind, server_default=default)
        for number, (kind, default) in enumerate(pairs)
    )
    return sa.Table(name, metadata, key, *columns)


def _add_computed(metadata: sa.MetaData) -> None:
    sa.Table(
        "computed",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.Integer, nullable=False),
        sa.Column("b", sa.Integer, nullable=False),
        sa.Column("name", sa.String(20)),
        sa.Column("total", sa.Integer, sa.Computed("a + b", persisted=True)),
        sa.Column("area", sa.Integer, sa.Computed("a * (b + 1)", persisted=True)),
        sa.Column("lowered", sa.String(20), sa.Computed("lower(name)", persisted=True)),
        sa.Column(
            "kind",
            sa.String(10),
            sa.Computed("CASE WHEN a > 10 THEN 'big' ELSE 'small' END", persisted=True),
        ),
    )
