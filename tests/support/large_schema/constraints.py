"""Unique and check constraints, with names and without."""

from __future__ import annotations

import sqlalchemy as sa


def make_tables(metadata: sa.MetaData) -> None:
    """Add the tables."""
    key = sa.Column("id", sa.Integer, primary_key=True)
    columns = (
        sa.Column("a", sa.Integer),
        sa.Column("b", sa.Integer),
        sa.Column("name", sa.String(20)),
    )

    for name, constraints in _make().items():
        parts = (one._copy() for one in (key, *columns))
        sa.Table(name, metadata, *parts, *constraints)

    sa.Table(
        "unique_columns",
        metadata,
        key._copy(),
        sa.Column("slug", sa.String(20), unique=True, nullable=False),
        sa.Column("code", sa.String(20), unique=True, index=True),
    )


def _make() -> dict[str, tuple[sa.Constraint, ...]]:
    return {
        "unique_named": (sa.UniqueConstraint("a", name="only_a"),),
        "unique_unnamed": (sa.UniqueConstraint("a", "b"),),
        "unique_several": (
            sa.UniqueConstraint("a", "name", name="a_name"),
            sa.UniqueConstraint("b", "a", name="b_a"),
            sa.UniqueConstraint("name"),
        ),
        "check_named": (
            sa.CheckConstraint("a > 0", name="positive"),
            sa.CheckConstraint("a < b OR b IS NULL", name="ordered"),
        ),
        "check_words": (
            sa.CheckConstraint("name IN ('x', 'y''s', '%')", name="known"),
            sa.CheckConstraint("name LIKE 'a%'", name="prefix"),
            sa.CheckConstraint("length(name) BETWEEN 2 AND 9", name="size"),
            sa.CheckConstraint("a <> b AND NOT (a = 3)", name="apart"),
        ),
        "check_column": (
            sa.CheckConstraint(sa.column("a") >= 0, name="from_expression"),
        ),
        "check_both": (
            sa.UniqueConstraint("b", name="only_b"),
            sa.CheckConstraint("b BETWEEN -5 AND 5", name="small"),
        ),
    }
