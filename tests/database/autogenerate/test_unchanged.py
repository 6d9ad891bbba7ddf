"""A large schema that nobody has changed."""

from __future__ import annotations

import collections.abc as cabc

import pytest
import sqlalchemy as sa

from tests.support.large_schema import make_large_schema
from tests.support.large_schema import NAMING
from tests.support.large_schema import SCHEMAS
from tests.support.roundtrip import compare


@pytest.fixture
def connection(database_url: str) -> cabc.Iterator[sa.Connection]:
    """A connection that commits by itself."""
    engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")

    with engine.connect() as connection:
        yield connection

    engine.dispose()


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified")
@pytest.mark.parametrize("naming", [None, NAMING], ids=["plain", "convention"])
def test_unchanged(connection: sa.Connection, naming: dict[str, str] | None) -> None:
    """Right after create_all() a comparison finds nothing."""
    metadata = sa.MetaData(naming_convention=naming)
    make_large_schema(metadata, connection.dialect.name)
    schemas = SCHEMAS.get(connection.dialect.name, ())

    for schema in schemas:
        connection.execute(sa.schema.CreateSchema(schema))

    metadata.create_all(connection)
    trip = compare(connection, metadata, options={"include_schemas": bool(schemas)})
    assert trip.upgrade == ""
    assert len(metadata.tables) >= 60
