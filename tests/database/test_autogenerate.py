"""Changes of models that autogenerate writes, and that run there and back again."""

from __future__ import annotations

import sqlalchemy as sa

from tests.support.roundtrip import try_change


def _before(metadata: sa.MetaData) -> None:
    sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(10)),
    )


def _after(metadata: sa.MetaData) -> None:
    sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20)),
        sa.Column("age", sa.Integer),
    )


def test_column(database_url: str) -> None:
    """A new column and a longer text converge, and go back."""
    trip = try_change(database_url, _before, _after)
    assert trip.is_detected
    assert trip.left == ""
    assert trip.describe_loss() == []
