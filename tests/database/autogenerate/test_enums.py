"""Enum types of PostgreSQL: made, changed, dropped, and found again on the way back."""

from __future__ import annotations

import sys
import types
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from flask_migrate.make.autogenerate.comparison import Answers
from flask_migrate.make.autogenerate.coverage import enums
from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import compare
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change

pytestmark = pytest.mark.backends("postgresql")

_ABC = ("a", "b", "c")


def _enum(*labels: str, name: str = "mood", **options: t.Any) -> sa.Enum:
    return sa.Enum(*labels, name=name, **options)


def _tables(
    *types_: t.Any, default: str | None = None, schema: str | None = None
) -> Schema:
    """Return as many tables as types; one for none, without the column."""

    def make(metadata: sa.MetaData) -> None:
        _no_tables(metadata)

        for place, type_ in enumerate(types_ or (None,)):
            table = sa.Table(
                f"t{place}",
                metadata,
                sa.Column("id", sa.Integer, primary_key=True),
                schema=schema,
            )

            if type_ is not None:
                column = sa.Column("m", type_, server_default=default)
                table.append_column(column)

    return make


def _no_tables(metadata: sa.MetaData) -> None:
    """Leave one table only, which has no enum."""
    sa.Table("kept", metadata, sa.Column("id", sa.Integer, primary_key=True))


def _other_table(metadata: sa.MetaData) -> None:
    """Give another table a type of the same name."""
    _no_tables(metadata)
    column = sa.Column("m", _enum("a", "b"), primary_key=True)
    sa.Table("other", metadata, column)


class _Mood(sa.types.TypeDecorator[str]):
    impl = sa.Enum
    cache_ok = True


_VALUES = "Enum native: value added / removed"


def _changed(name: str, before: t.Any, after: t.Any, **options: t.Any) -> Case:
    return Case(
        row=_VALUES,
        name=name,
        before=_tables(*before, **options),
        after=_tables(*after, **options),
    )


CASES = (
    _changed("added at the end", [_enum("a", "b")], [_enum(*_ABC)]),
    _changed("added at the front", [_enum("b", "c")], [_enum(*_ABC)]),
    _changed("added in the middle", [_enum("a", "c")], [_enum(*_ABC)]),
    _changed("several added", [_enum("c")], [_enum("a", "b", "c", "d", "e")]),
    _changed("removed", [_enum(*_ABC)], [_enum("a", "c")]),
    _changed("renamed", [_enum("a", "b")], [_enum("a", "x")]),
    _changed("reordered", [_enum("a", "b")], [_enum("b", "a")]),
    _changed("with a default", [_enum(*_ABC)], [_enum("a", "b")], default="a"),
    _changed("added with a default", [_enum("a")], [_enum("a", "b")], default="a"),
    _changed("in two tables", [_enum(*_ABC)] * 2, [_enum("a", "b")] * 2),
    _changed(
        "in an array",
        [postgresql.ARRAY(_enum(*_ABC))],
        [postgresql.ARRAY(_enum("a", "b"))],
    ),
    _changed("quoted", [_enum("it's", "A :b", "%")], [_enum("it's", "A :b", "% :c d")]),
    _changed(
        "odd name", [_enum("a", name="Odd Name")], [_enum("b", "a", name="Odd Name")]
    ),
    _changed(
        "behind a decorator", [_Mood("a", name="mood")], [_Mood("a", "b", name="mood")]
    ),
    Case(
        row=_VALUES,
        name="the default goes with its value",
        before=_tables(_enum("a", "b"), default="a"),
        after=_tables(_enum("b", "c"), default="b"),
    ),
    Case(
        row=_VALUES,
        name="the default is the new value",
        before=_tables(_enum("a", "b"), default="a"),
        after=_tables(_enum("a", "b", "c"), default="c"),
    ),
    Case(
        row=_VALUES,
        name="in another schema",
        before=_tables(_enum("a", schema="other"), schema="other"),
        after=_tables(_enum("b", schema="other"), schema="other"),
        schemas=("other",),
    ),
    Case(
        row=_VALUES,
        name="added where an index and a check name one",
        before=_tables(_enum("a", "b")),
        after=_tables(_enum("a", "b", "c")),
        statements=(
            "CREATE INDEX \"Some Index\" ON t0 (id) WHERE m = 'a'",
            "ALTER TABLE t0 ADD CONSTRAINT \"Some Check\" CHECK (m <> 'b' OR id > 0)",
        ),
    ),
    Case(
        row="Enum native: type renamed",
        before=_tables(_enum("a", name="e"), default="a"),
        after=_tables(_enum("a", name="e2"), default="a"),
    ),
    Case(
        row="Enum native: type renamed",
        name="and changed",
        before=_tables(_enum("a", name="e"), default="a"),
        after=_tables(_enum("b", "a", name="e2"), default="a"),
    ),
    Case(
        row="Enum native: type renamed",
        name="of two columns",
        before=_tables(*[_enum("a", name="e")] * 2),
        after=_tables(*[_enum("a", name="e2")] * 2),
    ),
    Case(
        row="Enum native: type renamed",
        name="of one column of two",
        before=_tables(*[_enum("a", name="e")] * 2),
        after=_tables(_enum("a", name="e"), _enum("a", name="e2")),
    ),
    Case(
        row="Add column with a new native Enum",
        before=_tables(),
        after=_tables(_enum("a", "b")),
    ),
    Case(
        row="Add column with a new native Enum",
        name="with an array of it",
        before=_tables(),
        after=_tables(postgresql.ARRAY(_enum("a", "b"))),
    ),
    Case(
        row="Add column with a new native Enum",
        name="of another schema",
        before=_tables(schema="other"),
        after=_tables(_enum("a", schema="other"), schema="other"),
        schemas=("other",),
    ),
    Case(
        row="Add column with a new native Enum",
        name="and a new table",
        before=_tables(),
        after=_tables(_enum("a"), _enum("a")),
    ),
    Case(
        row="Add column with a new native Enum",
        name="that is there",
        before=_tables(_enum("a")),
        after=_tables(_enum("a"), _enum("a")),
    ),
    Case(
        row="Add column with a new native Enum",
        name="behind a decorator",
        before=_tables(),
        after=_tables(_Mood("a", name="mood")),
    ),
    Case(
        row="Drop table or column using an Enum",
        name="column",
        before=_tables(_enum("a", "b")),
        after=_tables(),
    ),
    Case(
        row="Drop table or column using an Enum",
        name="table",
        before=_tables(_enum("a", "b")),
        after=_no_tables,
    ),
    Case(
        row="Drop table or column using an Enum",
        name="one of two",
        before=_tables(_enum("a"), _enum("a")),
        after=_tables(_enum("a")),
    ),
    Case(
        row="Drop table or column using an Enum",
        name="and another table takes it",
        answers=Answers(renames="never", allow_mass_drop=True),
        before=_tables(_enum("a")),
        after=_other_table,
    ),
    Case(
        row="Add / drop table",
        name="with a new Enum",
        before=_no_tables,
        after=_tables(_enum("a", "b")),
    ),
    Case(
        row="Add / drop table",
        name="with a new Enum in two",
        before=_no_tables,
        after=_tables(_enum("a", "b"), _enum("a", "b")),
    ),
    Case(
        row="Add / drop table",
        name="with an Enum that was left behind",
        before=_no_tables,
        after=_tables(_enum("a", "b")),
        statements=("CREATE TYPE mood AS ENUM ('a', 'b')",),
    ),
    Case(
        row="Add / drop table",
        name="with an Enum that was left behind and differs",
        before=_no_tables,
        after=_tables(_enum("a", "b")),
        statements=("CREATE TYPE mood AS ENUM ('a', 'c')",),
    ),
    Case(
        row="Type `String→Enum` (new type)",
        before=_tables(sa.String(10)),
        after=_tables(_enum("a", "b")),
    ),
    Case(
        row="Type `String→Enum` (new type)",
        name="with a default",
        before=_tables(sa.String(10), default="a"),
        after=_tables(_enum("a", "b"), default="a"),
    ),
    Case(
        row="Type `Uuid→String`, `Interval→String`, `Enum→String`",
        name="Enum→String",
        before=_tables(_enum("a", "b")),
        after=_tables(sa.String(10)),
    ),
    Case(
        row="Type `Uuid→String`, `Interval→String`, `Enum→String`",
        name="Enum→String with a default",
        before=_tables(_enum("a", "b"), default="a"),
        after=_tables(sa.String(10), default="a"),
    ),
    Case(
        row="Enum to an integer",
        before=_tables(_enum("a", "b")),
        after=_tables(sa.Integer()),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


def test_rows_are_kept(database_url: str) -> None:
    """Rows with a value that stays are there after a type was replaced."""
    trip = try_change(
        database_url,
        _tables(_enum(*_ABC)),
        _tables(_enum("c", "a")),
        statements=["INSERT INTO t0 (m) VALUES ('a')"],
    )
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT m FROM t0")) == "a"

    engine.dispose()
    assert trip.left == ""


def test_a_removed_value_is_noted(database_url: str) -> None:
    """The note says that rows may be in the way, and how a rename is written."""
    trip = try_change(database_url, _tables(_enum("a", "b")), _tables(_enum("a", "x")))
    (note,) = trip.notes
    assert "rows that have it stop the upgrade" in note
    assert "RENAME VALUE 'b' TO 'x'" in note
    assert "# Rows with the value 'b' stop this" in trip.upgrade


def test_a_value_is_added_outside_of_the_transaction(database_url: str) -> None:
    """The value can be used by the same revision."""
    trip = try_change(database_url, _tables(_enum("a")), _tables(_enum("a", "b")))
    assert "with op.get_context().autocommit_block():" in trip.upgrade
    assert "ALTER TYPE mood ADD VALUE 'b'" in trip.upgrade


def test_what_commits_comes_first(database_url: str) -> None:
    """A failure of what follows takes back all that the transaction can."""
    trip = try_change(
        database_url,
        _tables(_enum("a"), None),
        _tables(_enum("a", "b"), _enum("x", name="a_new_one")),
    )
    added = trip.upgrade.index("ADD VALUE 'b'")
    assert added < trip.upgrade.index("CREATE TYPE a_new_one")


def test_a_type_that_a_function_needs_stays(database_url: str) -> None:
    """It is not dropped, and a note says so."""
    trip = try_change(
        database_url,
        _tables(_enum("a")),
        _tables(),
        statements=[
            "CREATE FUNCTION f(m mood) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ],
    )
    assert "DROP TYPE" not in trip.upgrade
    assert "something else than a column needs it" in trip.notes[0]


def test_a_type_that_nothing_uses_is_left_alone(database_url: str) -> None:
    """Whoever made it may want it."""
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TYPE lonely AS ENUM ('a')")
        assert compare(connection, sa.MetaData()).upgrade == ""

    engine.dispose()


def test_the_models_stay_as_they_are(database_url: str) -> None:
    """A comparison does not change the types of the application."""
    metadata = sa.MetaData()
    _tables(_enum("a"))(metadata)  # type: ignore[operator]
    type_ = metadata.tables["t0"].c.m.type
    try_change(database_url, _tables(), metadata)
    assert metadata.tables["t0"].c.m.type is type_


def test_another_package_may_do_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With alembic-postgresql-enum in the process, the types are left to it."""
    monkeypatch.setitem(sys.modules, enums.OTHER, types.ModuleType(enums.OTHER))
    engine = sa.create_engine(database_url)
    before, after = sa.MetaData(), sa.MetaData()
    _tables(_enum("a"))(before)  # type: ignore[operator]
    _tables(_enum("a", "b"))(after)  # type: ignore[operator]

    with engine.connect() as connection:
        before.create_all(connection)
        assert compare(connection, after).upgrade == ""

    engine.dispose()


def test_a_table_that_is_left_out(database_url: str) -> None:
    """The type of a table that the user leaves out is left alone."""
    engine = sa.create_engine(database_url)
    before, after = sa.MetaData(), sa.MetaData()
    _tables(_enum("a"))(before)  # type: ignore[operator]
    _tables(_enum("a", "b"))(after)  # type: ignore[operator]
    options = {"include_object": lambda found, name, kind, *_: kind != "table"}

    with engine.connect() as connection:
        before.create_all(connection)
        assert compare(connection, after, options=options).upgrade == ""

    engine.dispose()


def test_unchanged(database_url: str) -> None:
    """Nothing differs right after the tables were made."""
    metadata = sa.MetaData()
    _tables(
        _enum("a"),
        _enum("a"),
        postgresql.ARRAY(_enum("a")),
        _enum("x", "y", name="Other Name"),
        _Mood("z", name="third"),
        _enum("q", name="text", native_enum=False),
    )(metadata)  # type: ignore[operator]
    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        metadata.create_all(connection)
        trip = compare(connection, metadata)

    engine.dispose()
    assert trip.upgrade == ""
