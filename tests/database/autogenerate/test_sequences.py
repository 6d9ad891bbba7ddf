"""Sequences of PostgreSQL that stand for themselves."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import compare
from tests.support.roundtrip import Schema

pytestmark = pytest.mark.backends("postgresql")


def _nothing(metadata: sa.MetaData) -> None:
    """Leave one table only, which has no sequence."""
    sa.Table("kept", metadata, sa.Column("id", sa.Uuid, primary_key=True))


def _alone(**options: t.Any) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        _nothing(metadata)
        sa.Sequence("s", metadata=metadata, **options)

    return make


def _in_schema(metadata: sa.MetaData) -> None:
    """Make one in another schema, under a name that must be quoted."""
    _nothing(metadata)
    sa.Sequence("S t", metadata=metadata, schema="Other")


def _default(sequence: str | None) -> Schema:
    """Return a table whose column takes its default from a sequence."""

    def make(metadata: sa.MetaData) -> None:
        _nothing(metadata)
        default = sequence and sa.Sequence(sequence, metadata=metadata).next_value()
        sa.Table(
            "t",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.Integer, server_default=default),
        )

    return make


def _python(*sequence: sa.Sequence) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        key = sa.Column("id", sa.Integer, primary_key=True)
        copies = [one._copy() for one in sequence]
        sa.Table("t", metadata, key, sa.Column("a", sa.Integer, *copies))

    return make


_ROW = "`Sequence` added / removed, in metadata or as column default"
_NEXT = "`server_default=seq.next_value()` with new sequence"

CASES = (
    Case(row=_ROW, name="added", before=_nothing, after=_alone()),
    Case(row=_ROW, name="removed", before=_alone(start=5), after=_nothing),
    Case(
        row=_ROW,
        name="added with options",
        before=_nothing,
        after=_alone(start=5, increment=-2, minvalue=-9, maxvalue=9, cycle=True),
    ),
    Case(
        row=_ROW, name="of a column", before=_python(), after=_python(sa.Sequence("s"))
    ),
    Case(
        row=_ROW,
        name="not of a column",
        before=_python(sa.Sequence("s")),
        after=_python(),
    ),
    Case(row=_NEXT, before=_default(None), after=_default("s2")),
    Case(row=_NEXT, name="removed", before=_default("s2"), after=_default(None)),
    Case(row=_NEXT, name="another one", before=_default("s1"), after=_default("s2")),
    Case(row=_NEXT, name="with its table", before=_nothing, after=_default("s2")),
    Case(row=_NEXT, name="table dropped", before=_default("s2"), after=_nothing),
    Case(
        row="options of a sequence",
        name="increment",
        before=_alone(),
        after=_alone(increment=5),
    ),
    Case(
        row="options of a sequence",
        name="as usual again",
        before=_alone(increment=5, start=3, cache=4, cycle=True),
        after=_alone(),
    ),
    Case(
        row="options of a sequence",
        name="type",
        before=_alone(),
        after=_alone(data_type=sa.Integer()),
    ),
    Case(
        row=_ROW,
        name="in a schema",
        before=_nothing,
        after=_in_schema,
        schemas=("Other",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


def test_what_a_column_owns_is_never_dropped(database_url: str) -> None:
    """The sequences of serial and identity columns are not the models' to name."""
    engine = sa.create_engine(database_url)
    metadata = sa.MetaData()
    sa.Table("a", metadata, sa.Column("id", sa.Integer, primary_key=True))
    key = sa.Column("id", sa.Integer, sa.Identity(), primary_key=True)
    sa.Table("b", metadata, key)

    with engine.connect() as connection:
        metadata.create_all(connection)
        assert compare(connection, metadata).upgrade == ""

    engine.dispose()


def test_a_sequence_that_a_text_names_stays(database_url: str) -> None:
    """It is in no MetaData, but a default of the models calls it."""
    engine = sa.create_engine(database_url)
    metadata = sa.MetaData()
    default = sa.text("nextval('written'::regclass)")
    sa.Table("t", metadata, sa.Column("a", sa.Integer, server_default=default))

    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE SEQUENCE written")
        metadata.create_all(connection)
        assert compare(connection, metadata).upgrade == ""

    engine.dispose()


def test_include_object_is_asked(database_url: str) -> None:
    """A sequence that the user leaves out is left alone."""
    engine = sa.create_engine(database_url)

    def include(found: object, name: str, kind: str, *_: object) -> bool:
        return (name, kind) != ("theirs", "sequence")

    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE SEQUENCE theirs")
        connection.exec_driver_sql("CREATE SEQUENCE ours")
        options = {"include_object": include}
        trip = compare(connection, sa.MetaData(), options=options)

    engine.dispose()
    assert "DROP SEQUENCE ours" in trip.upgrade
    assert "theirs" not in trip.upgrade
    assert "how far it has counted is lost" in trip.notes[0]
