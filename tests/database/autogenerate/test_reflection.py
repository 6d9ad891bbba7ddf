"""How many questions a comparison asks."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from tests.support.roundtrip import compare

SCHEMAS = ("one", "two", "three", "four")
MakeDatabase = cabc.Callable[[], str]


def _make(metadata: sa.MetaData, schema: str | None, *, tables: int) -> None:
    for number in range(tables):
        prefix = f"{schema}." if schema else ""
        sa.Table(
            f"things_{number}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.Integer, index=True),
            sa.Column("b", sa.String(9), server_default="x"),
            sa.Column("made", sa.DateTime, server_default=sa.func.now()),
            sa.Column("next", sa.ForeignKey(f"{prefix}things_{number}.id")),
            sa.CheckConstraint("b <> ''"),
            schema=schema,
        )


def _make_identities(metadata: sa.MetaData, *, tables: int) -> None:
    for number in range(tables):
        sa.Table(
            f"things_{number}",
            metadata,
            sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
            sa.Column("luck", sa.Float, server_default=sa.text("random() * 2")),
        )


@contextlib.contextmanager
def _counting(engine: sa.Engine) -> cabc.Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, text: str, *rest: object) -> None:
        seen.append(text)

    sa.event.listen(engine, "before_cursor_execute", note)

    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def _count(
    url: str,
    metadata: sa.MetaData,
    schemas: cabc.Sequence[str] = (),
    *,
    is_hooked: bool = False,
) -> tuple[int, int]:
    """Return how many statements a comparison runs that finds nothing: ours, Alembic's.

    Alembic's is counted on an inspector of its own.

    :param is_hooked: a function of the user's wants to see every table.
    """
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    options: dict[str, t.Any] = {"include_schemas": bool(schemas)}

    if is_hooked:
        options["include_object"] = lambda *_: True

    with engine.connect() as connection:
        for schema in schemas:
            connection.execute(sa.schema.CreateSchema(schema))

        metadata.create_all(connection)

        with _counting(engine) as ours:
            trip = compare(connection, metadata, options=options)

        with _counting(engine) as theirs:
            context = MigrationContext.configure(connection, opts=options)
            compare_metadata(context, metadata)

    engine.dispose()
    assert trip.operations == [], trip.upgrade
    return len(ours), len(theirs)


@pytest.mark.backends("postgresql")
def test_several_schemas_are_read_at_once(database_url: str) -> None:
    """Four schemas of fifteen tables, with SERIAL keys, take at most 58 queries."""
    metadata = sa.MetaData()

    for schema in SCHEMAS:
        _make(metadata, schema, tables=15)

    ours, theirs = _count(database_url, metadata, SCHEMAS)
    assert ours <= 58
    assert ours * 5 < theirs


@pytest.mark.backends("postgresql")
def test_more_tables_need_no_more_queries(make_database: MakeDatabase) -> None:
    """The number of tables does not count, only that of the schemas."""
    counts = set()

    for tables in (3, 9):
        metadata = sa.MetaData()
        _make(metadata, "one", tables=tables)
        counts.add(_count(make_database(), metadata, ("one",))[0])

    assert len(counts) == 1


@pytest.mark.backends("postgresql")
def test_more_defaults_need_no_more_queries(make_database: MakeDatabase) -> None:
    """Identities and a volatile default in each table are asked about once."""
    counts = set()

    for tables in (2, 12):
        metadata = sa.MetaData()
        _make_identities(metadata, tables=tables)
        counts.add(_count(make_database(), metadata)[0])

    assert len(counts) == 1


def _count_grown(
    make_database: MakeDatabase, *, is_hooked: bool = False
) -> tuple[int, int]:
    """Return how many statements each more table costs: ours, Alembic's."""
    found = []

    for tables in (3, 13):
        metadata = sa.MetaData()
        _make(metadata, None, tables=tables)
        found.append(_count(make_database(), metadata, is_hooked=is_hooked))

    (few, few_theirs), (many, many_theirs) = found
    assert (many - few) % 10 == (many_theirs - few_theirs) % 10 == 0
    return (many - few) // 10, (many_theirs - few_theirs) // 10


@pytest.mark.backends("sqlite")
def test_sqlite_asks_the_same_of_any_number(make_database: MakeDatabase) -> None:
    """The texts of all tables are read at once, and nothing else of an unchanged one.

    Where a hook wants to see the tables, they are read one by one, as Alembic does.
    """
    ours, theirs = _count_grown(make_database)
    assert (ours, theirs > 8) == (0, True)
    assert len({*_count_grown(make_database, is_hooked=True)}) == 1


@pytest.mark.backends("mariadb")
def test_mariadb_asks_the_same_of_any_number(make_database: MakeDatabase) -> None:
    """A message shows a hundred tables, and nothing else asks of an unchanged one.

    Where a hook wants to see the tables, each model is made as a temporary table.
    """
    assert _count_grown(make_database) == (0, 1)
    assert _count_grown(make_database, is_hooked=True)[0] <= 14
