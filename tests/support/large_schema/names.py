"""Names that need quotes, are long, or differ in their case only."""

from __future__ import annotations

import sqlalchemy as sa


def make_tables(metadata: sa.MetaData) -> None:
    """Add the tables."""
    long = "a_rather_long_name_of_a_table_that_comes_near_to_sixty_chars"
    _add(metadata, long, columns=(f"{long[:57]}_one", f"{long[:57]}_two"))
    _add(metadata, "order", columns=("select", "group"))
    _add(metadata, "MixedCase", columns=("camelCase", "UPPER"))
    _add(metadata, "with space", columns=("two words", "a-dash"))
    _add(metadata, "dotted.name", columns=("a.b", "c%d"))
    _add(metadata, "quoted", columns=('do"uble', "back'"))
    _add(metadata, "ünïcode", columns=("größe", "naïve"))
    _add(metadata, "it's", columns=("o'clock", "x"))


def _add(metadata: sa.MetaData, name: str, *, columns: tuple[str, str]) -> None:
    first, second = columns
    sa.Table(
        name,
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(first, sa.String(20), nullable=False),
        sa.Column(second, sa.Integer, server_default="3"),
        sa.Index(f"ix {name[:40]}", first),
        sa.UniqueConstraint(second, name=f"uq {name[:40]}"),
    )
