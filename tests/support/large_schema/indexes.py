"""Indexes of columns, in both directions."""

from __future__ import annotations

import sqlalchemy as sa


def make_tables(metadata: sa.MetaData) -> None:
    """Add the tables."""
    for name, indexes in _make().items():
        sa.Table(
            name,
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.Integer),
            sa.Column("b", sa.Integer),
            sa.Column("name", sa.String(20)),
            *indexes,
        )

    sa.Table(
        "index_flags",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("seen", sa.DateTime, index=True),
        sa.Column("owner_id", sa.Integer, index=True, nullable=False),
    )


def _make() -> dict[str, tuple[sa.Index, ...]]:
    return {
        "index_one": (sa.Index("by_a", "a"),),
        "index_several": (
            sa.Index("by_a_b", "a", "b"),
            sa.Index("by_b_a", "b", "a"),
            sa.Index("by_all", "name", "b", "a"),
        ),
        "index_unique": (sa.Index("once_name", "name", unique=True),),
        "index_down": (
            sa.Index("down_a", sa.desc("a")),
            sa.Index("mixed", "a", sa.text("b DESC")),
        ),
    }
