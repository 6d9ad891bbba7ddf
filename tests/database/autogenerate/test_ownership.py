"""What is somebody else's is left alone."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Trip
from tests.support.roundtrip import try_change


def _look(url: str, *statements: str) -> Trip:
    return try_change(url, sa.MetaData(), sa.MetaData(), statements=statements)


@pytest.mark.parametrize(
    "name", ["alembic_version_billing", "django_migrations", "SequelizeMeta"]
)
def test_other_tools_keep_their_notes(database_url: str, name: str) -> None:
    """The version table of another tool is not dropped; a table like it is."""
    quote = "`" if database_url.startswith(("mysql", "mariadb")) else '"'
    trip = _look(
        database_url,
        f"CREATE TABLE {quote}{name}{quote} (version_num INTEGER)",
        "CREATE TABLE django_birds (id INTEGER)",
    )

    assert name not in trip.upgrade
    assert "drop_table('django_birds')" in trip.upgrade


@pytest.mark.backends("postgresql")
def test_partitions_and_children_are_not_dropped(database_url: str) -> None:
    """What belongs to a table that is known stays, and so do foreign tables."""

    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "events",
            metadata,
            sa.Column("day", sa.Integer),
            postgresql_partition_by="RANGE (day)",
        )
        sa.Table("people", metadata, sa.Column("id", sa.Integer))

    trip = try_change(
        database_url,
        make,
        make,
        statements=(
            "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (1) TO (2)",
            "CREATE TABLE workers (job text) INHERITS (people)",
        ),
    )

    assert trip.operations == [], trip.upgrade


@pytest.mark.backends("postgresql")
def test_tables_of_extensions_are_not_dropped(database_url: str) -> None:
    """A table that an extension has made is the extension's."""
    trip = _look(
        database_url,
        "CREATE EXTENSION tablefunc",
        "CREATE TABLE spatial_ref_sys (id integer)",
        "ALTER EXTENSION tablefunc ADD TABLE spatial_ref_sys",
    )

    assert trip.operations == [], trip.upgrade


@pytest.mark.backends("postgresql")
def test_a_partition_with_a_model_is_compared(database_url: str) -> None:
    """Whoever describes a child table is told how it differs."""

    def make(metadata: sa.MetaData) -> None:
        sa.Table("people", metadata, sa.Column("id", sa.Integer))
        sa.Table("workers", metadata, sa.Column("id", sa.Integer))

    trip = try_change(
        database_url,
        lambda metadata: sa.Table("people", metadata, sa.Column("id", sa.Integer)),
        make,
        statements=("CREATE TABLE workers (job text) INHERITS (people)",),
    )

    assert trip.operations == ["DropColumnOp"]
