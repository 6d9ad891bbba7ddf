"""Names for what has none, and what comes with a column."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change

CONVENTION = {
    "uq": "unique_%(table_name)s_%(column_0_name)s",
    "fk": "points_%(table_name)s_%(column_0_name)s",
    "ck": "check_%(table_name)s_%(constraint_name)s",
    "pk": "key_%(table_name)s",
    "ix": "index_%(table_name)s_%(column_0_name)s",
}


def _things(
    *columns: t.Callable[[], sa.schema.SchemaItem],
    schema: str | None = None,
    convention: dict[str, str] | None = None,
) -> t.Callable[[], sa.MetaData]:
    def make() -> sa.MetaData:
        metadata = sa.MetaData(schema=schema, naming_convention=convention)
        prefix = f"{schema}." if schema else ""
        sa.Table("parents", metadata, sa.Column("id", sa.Integer, primary_key=True))
        sa.Table(
            "things",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.Integer, sa.ForeignKey(f"{prefix}parents.id")),
            sa.Column("b", sa.String(20)),
            *(one() for one in columns),
        )
        return metadata

    return make


def _unique() -> sa.schema.SchemaItem:
    return sa.Column("u", sa.String(9), unique=True)


def _indexed() -> sa.schema.SchemaItem:
    return sa.Column("i", sa.String(9), index=True)


def _checked() -> sa.schema.SchemaItem:
    return sa.Column("c", sa.Integer, sa.CheckConstraint("c > 0"))


def _named_check() -> sa.schema.SchemaItem:
    return sa.CheckConstraint("a > 0", name="positive")


def _listed() -> sa.schema.SchemaItem:
    kind = sa.Enum("x", "y", native_enum=False, create_constraint=True, name="kind")
    return sa.Column("k", kind)


def _pointing(schema: str | None = None) -> t.Callable[[], sa.schema.SchemaItem]:
    prefix = f"{schema}." if schema else ""
    return lambda: sa.Column("p", sa.Integer, sa.ForeignKey(f"{prefix}parents.id"))


EVERYTHING = (_unique, _indexed, _named_check, _listed)


def _check(url: str, before: Schema, after: Schema) -> None:
    check_case(url, Case(row="", before=before, after=after))


@pytest.mark.parametrize("part", [*EVERYTHING, _pointing()])
def test_what_a_column_brings_with_it_comes_and_goes(
    database_url: str, part: t.Callable[[], sa.schema.SchemaItem]
) -> None:
    """A new column may be unique, indexed, listed, or point to another table."""
    _check(database_url, _things()(), _things(part)())


@pytest.mark.parametrize("part", [*EVERYTHING, _pointing()])
def test_what_goes_with_a_column_comes_back(
    database_url: str, part: t.Callable[[], sa.schema.SchemaItem]
) -> None:
    """The downgrade brings a column back with all that it had."""
    _check(database_url, _things(part)(), _things()())


@pytest.mark.parametrize("convention", [CONVENTION, None])
def test_all_at_once(database_url: str, convention: dict[str, str] | None) -> None:
    """With and without a naming convention, everything converges and goes back."""
    parts = (*EVERYTHING, _pointing())
    before = _things(convention=convention)
    after = _things(*parts, convention=convention)
    _check(database_url, before(), after())


@pytest.mark.parametrize("convention", [CONVENTION, None])
def test_all_at_once_the_other_way(
    database_url: str, convention: dict[str, str] | None
) -> None:
    """With and without a naming convention, everything goes and comes back."""
    parts = (*EVERYTHING, _pointing())
    before = _things(*parts, convention=convention)
    after = _things(convention=convention)
    _check(database_url, before(), after())


@pytest.mark.parametrize("is_batch", [True, False])
@pytest.mark.backends("postgresql")
def test_in_a_schema(database_url: str, is_batch: bool) -> None:
    """In a schema that is not the default one, with and without batches."""
    parts = (*EVERYTHING, _checked, _pointing("shop"))
    plain, rich = _things(schema="shop"), _things(*parts, schema="shop")
    trip = try_change(
        database_url,
        plain(),
        rich(),
        schemas=("shop",),
        options={"render_as_batch": is_batch},
    )

    assert trip.left == "", trip.upgrade
    assert trip.describe_loss() == [], trip.downgrade


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("is_added", [True, False])
def test_the_default_schema_by_its_name(database_url: str, is_added: bool) -> None:
    """Models that say ``public`` mean the tables that stand there."""
    parts = (*EVERYTHING, _pointing("public"))
    plain, rich = _things(schema="public")(), _things(*parts, schema="public")()
    before, after = (plain, rich) if is_added else (rich, plain)
    _check(database_url, before, after)


@pytest.mark.backends("postgresql")
def test_names_are_those_of_the_server(database_url: str) -> None:
    """What has no name gets the one that PostgreSQL would give, if it is free."""
    trip = try_change(
        database_url,
        _things()(),
        _things(_unique, _checked, _pointing())(),
        statements=("ALTER TABLE things ADD CONSTRAINT things_u_key UNIQUE (b)",),
    )

    assert "create_unique_constraint(batch_op.f('things_u_key1')" in trip.upgrade
    assert "create_foreign_key(batch_op.f('things_p_fkey'), 'parents'" in trip.upgrade
    assert (
        "create_check_constraint(batch_op.f('things_c_check'), 'c > 0')" in trip.upgrade
    )


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("length", [10, 40, 70])
def test_long_names_are_shortened_as_the_server_does(
    database_url: str, length: int
) -> None:
    """The name that is written is the name that PostgreSQL gives by itself."""
    table, column = "t" * min(length, 60), "c" * (60 - length // 2)
    engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")

    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {table} ({column} int UNIQUE)")
        (found,) = sa.inspect(connection).get_unique_constraints(table)

    engine.dispose()
    metadata = sa.MetaData()
    sa.Table(table, metadata, sa.Column(column, sa.Integer, unique=True))
    other = f"DROP TABLE {table}; CREATE TABLE {table} ({column} int)"
    trip = try_change(database_url, sa.MetaData(), metadata, statements=(other,))

    assert repr(found["name"]) in trip.upgrade


def test_a_circle_without_names(database_url: str) -> None:
    """The foreign key that closes a circle gets a name, to be dropped by."""
    metadata = sa.MetaData()

    for name, other in (("x", "y"), ("y", "x")):
        key = sa.Column("o", sa.Integer, sa.ForeignKey(f"{other}.id"))
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), key)

    trip = try_change(database_url, sa.MetaData(), metadata)

    assert trip.left == ""
    assert trip.describe_loss() == []
