"""How many questions a comparison asks."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import compare

SCHEMAS = ("one", "two", "three", "four")


def _make(metadata: sa.MetaData, schema: str | None, *, tables: int) -> None:
    for number in range(tables):
        table = sa.Table(
            f"things_{number}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.Integer, index=True),
            sa.Column("b", sa.String(9), sa.CheckConstraint("b <> ''")),
            schema=schema,
        )
        prefix = f"{schema}." if schema else ""
        table.append_column(
            sa.Column("next", sa.ForeignKey(f"{prefix}things_{number}.id"))
        )


def _count(url: str, metadata: sa.MetaData, schemas: tuple[str, ...]) -> int:
    """Return how many statements a comparison runs that finds nothing."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    seen: list[str] = []

    with engine.connect() as connection:
        for schema in schemas:
            connection.execute(sa.schema.CreateSchema(schema))

        metadata.create_all(connection)
        sa.event.listen(
            engine,
            "before_cursor_execute",
            lambda _c, _cursor, statement, *_: seen.append(statement),
        )
        trip = compare(connection, metadata, options={"include_schemas": True})

    engine.dispose()
    assert trip.operations == [], trip.upgrade
    return len(seen)


@pytest.mark.backends("postgresql")
def test_several_schemas_are_read_at_once(database_url: str) -> None:
    """Four schemas of fifteen tables, with SERIAL keys, take at most 64 queries."""
    metadata = sa.MetaData()

    for schema in SCHEMAS:
        _make(metadata, schema, tables=15)

    assert _count(database_url, metadata, SCHEMAS) <= 64


@pytest.mark.backends("postgresql")
def test_more_tables_need_no_more_queries(make_database: object) -> None:
    """The number of tables does not count, only that of the schemas."""
    counts = set()

    for tables in (3, 9):
        metadata = sa.MetaData()
        _make(metadata, "one", tables=tables)
        url: str = make_database()  # type: ignore[operator]
        counts.add(_count(url, metadata, ("one",)))

    assert len(counts) == 1
