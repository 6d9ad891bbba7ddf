"""A large schema that nobody has changed."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import pytest
import sqlalchemy as sa

from tests.support.large_schema import make_large_schema
from tests.support.large_schema import NAMING
from tests.support.large_schema import SCHEMAS
from tests.support.roundtrip import compare
from tests.support.servers import Backend

pytestmark = pytest.mark.filterwarnings(
    "ignore:autogenerate skipping metadata-specified"
)

PLAIN: dict[str, set[str]] = {
    "sqlite": {"default_texts", "type_standard_names", "lite_blobs", "lite_texts"},
    "mariadb": {"default_moments", "default_texts", "mysql_texts", "type_floats"},
}
"""Tables in which Alembic alone finds changes for ever; among others."""


@pytest.fixture
def connection(database_url: str) -> cabc.Iterator[sa.Connection]:
    """A connection that commits by itself."""
    engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")

    with engine.connect() as connection:
        yield connection

    engine.dispose()


def _make(
    connection: sa.Connection, naming: dict[str, str] | None = None
) -> tuple[sa.MetaData, dict[str, t.Any]]:
    """Return the models, all of them made, and the options of a comparison."""
    metadata = sa.MetaData(naming_convention=naming)
    make_large_schema(metadata, connection.dialect.name)
    schemas = SCHEMAS.get(connection.dialect.name, ())

    for schema in schemas:
        connection.execute(sa.schema.CreateSchema(schema))

    metadata.create_all(connection)
    return metadata, {"include_schemas": bool(schemas)}


@pytest.mark.parametrize("naming", [None, NAMING], ids=["plain", "convention"])
def test_unchanged(connection: sa.Connection, naming: dict[str, str] | None) -> None:
    """Right after create_all() a comparison finds nothing."""
    metadata, options = _make(connection, naming)
    trip = compare(connection, metadata, options=options)
    assert trip.upgrade == ""
    assert len(metadata.tables) >= 60


@pytest.mark.backends("mariadb")
def test_unchanged_under_its_own_name(database_url: str) -> None:
    """MariaDB is compared in the same way where the URL begins with mariadb://."""
    url = sa.make_url(database_url).set(drivername="mariadb+pymysql")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")

    with engine.connect() as connection:
        metadata, options = _make(connection)
        trip = compare(connection, metadata, options=options)

    engine.dispose()
    assert trip.upgrade == ""


@pytest.mark.backends("sqlite", "mariadb")
@pytest.mark.filterwarnings("ignore:Computed default on")
def test_plain_alembic(connection: sa.Connection, backend: Backend) -> None:
    """Alembic's own comparators find changes in it, so there is something to hold."""
    metadata, options = _make(connection)
    # One of ours that is named keeps the others away; it finds nothing here.
    ours = "flask_migrate.sqlite_options"
    options["autogenerate_plugins"] = ["alembic.autogenerate.*", ours]
    options["compare_server_default"] = True
    trip = compare(connection, metadata, options=options)
    found = {one for one in PLAIN[backend.name] if f"table('{one}'" in trip.upgrade}
    assert found == PLAIN[backend.name]
