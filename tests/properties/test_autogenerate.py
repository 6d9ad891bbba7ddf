"""Random schemas and edits: what autogenerate writes converges, and goes back."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st

from flask_migrate.make.autogenerate.comparison import Answers
from tests.support.roundtrip import compare
from tests.support.roundtrip import Trip
from tests.support.roundtrip import try_change

TYPES: cabc.Mapping[str, cabc.Callable[[], t.Any]] = {
    "int": sa.Integer,
    "big": sa.BigInteger,
    "short text": lambda: sa.String(10),
    "long text": lambda: sa.String(200),
    "text": sa.Text,
    "bool": sa.Boolean,
    "number": lambda: sa.Numeric(10, 2),
    "date": sa.Date,
    "time": sa.DateTime,
    "json": sa.JSON,
    "uuid": sa.Uuid,
    "mood": lambda: sa.Enum("sad", "ok", name="mood"),
    "level": lambda: sa.Enum("low", "high", name="level", native_enum=False),
}
DEFAULTS = {
    "int": ["0", "42"],
    "big": ["-1"],
    "short text": ["''", "'it''s'"],
    "long text": ["'a'"],
    "text": ["'long'"],
    "bool": [],
    "number": ["1.50"],
    "date": ["'2020-01-01'"],
    "time": ["CURRENT_TIMESTAMP"],
    "json": [],
    "uuid": [],
    "mood": ["'ok'"],
    "level": ["'low'"],
}
EVERYTHING = [
    "alembic.autogenerate.*",
    "flask_migrate.*",
    "~flask_migrate.unchanged",
]
"""The plugins of a comparison that looks at every table."""
TABLES = ("users", "posts", "Order")
COLUMNS = ("name", "age", "group", "madeAt", "x_1")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a random model."""

    type: str
    nullable: bool
    default: str | None
    index: bool
    unique: bool

    def make(self, name: str) -> sa.Column[t.Any]:
        """Return it as a column of a model."""
        has_keys = self.type not in ("json", "text")
        return sa.Column(
            name,
            TYPES[self.type](),
            nullable=self.nullable,
            server_default=None if self.default is None else sa.text(self.default),
            index=self.index and has_keys,
            unique=(self.unique and has_keys and not self.index) or None,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """One random model, with a key to another one."""

    columns: dict[str, Column]
    parent: str | None
    check: int | None

    def make(self, metadata: sa.MetaData, name: str, others: cabc.Set[str]) -> None:
        """Add it to the models."""
        table = sa.Table(
            name,
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            *(column.make(each) for each, column in self.columns.items()),
        )

        # Only to a table that stands before it: cycles have tests of their own.
        if self.parent in others and str(self.parent) < name:
            key = sa.ForeignKey(f"{self.parent}.id", name=f"fk_{name}")
            table.append_column(sa.Column("parent_id", sa.Integer, key))

        if self.check is not None:
            rule = sa.CheckConstraint(f"id > {self.check}", name=f"ck_{name}")
            table.append_constraint(rule)


Models = dict[str, Table]


@st.composite
def make_columns(draw: st.DrawFn) -> Column:
    """Return one column."""
    kind = draw(st.sampled_from(sorted(TYPES)))
    return Column(
        type=kind,
        nullable=draw(st.booleans()),
        default=draw(st.sampled_from([None, *DEFAULTS[kind]])),
        index=draw(st.booleans()),
        unique=draw(st.booleans()),
    )


TABLE = st.builds(
    Table,
    columns=st.dictionaries(st.sampled_from(COLUMNS), make_columns(), max_size=4),
    parent=st.sampled_from([None, *TABLES]),
    check=st.sampled_from([None, 0, 5]),
)


@st.composite
def make_pairs(draw: st.DrawFn) -> tuple[Models, Models]:
    """Return models, and the same after a few edits."""
    before = draw(st.dictionaries(st.sampled_from(TABLES), TABLE, max_size=3))
    after = dict(before)

    for name in TABLES:
        edit = draw(st.sampled_from(["keep", "keep", "edit", "edit", "other", "drop"]))

        if edit == "drop":
            after.pop(name, None)
        elif edit == "other":
            after[name] = draw(TABLE)
        elif edit == "edit" and name in after:
            after[name] = _edit(draw, after[name])

    return before, after


def _edit(draw: st.DrawFn, table: Table) -> Table:
    columns = dict(table.columns)

    for name in draw(st.sets(st.sampled_from(COLUMNS), max_size=2)):
        old = columns.pop(name, None)

        if draw(st.booleans()):
            new = draw(make_columns())
            # A type that becomes another one is a change of its own; see the cases.
            columns[name] = (
                dataclasses.replace(new, type=old.type, default=old.default)
                if old
                else new
            )

    return dataclasses.replace(
        table,
        columns=columns,
        parent=draw(st.sampled_from([table.parent, None, *TABLES])),
        check=draw(st.sampled_from([table.check, None, 5])),
    )


def make_schema(models: Models) -> cabc.Callable[[sa.MetaData], None]:
    """Return what adds the models to a metadata."""

    def make(metadata: sa.MetaData) -> None:
        for name in sorted(models):
            models[name].make(metadata, name, set(models))

    return make


def check_pair(url: str, pair: tuple[Models, Models]) -> Trip:
    """Demand that a change converges and goes back, or says what it cannot."""
    answers = Answers(renames="never", allow_mass_drop=True)
    before, after = map(make_schema, pair)
    trip = try_change(url, before, after, answers=answers)
    assert trip.left == "", trip.upgrade
    assert trip.describe_loss() == [], f"{trip.upgrade}\n{trip.downgrade}"
    return trip


@settings(max_examples=120, deadline=None, derandomize=True)
@given(pair=make_pairs())
def test_on_sqlite(pair: tuple[Models, Models]) -> None:
    """Nothing is left over on SQLite."""
    check_pair("sqlite://", pair)


@pytest.mark.backends("postgresql")
@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pair=make_pairs())
def test_on_a_server(database_url: str, pair: tuple[Models, Models]) -> None:
    """Nothing is left over on PostgreSQL."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)

    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    check_pair(database_url, pair)


@pytest.mark.backends("postgresql")
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pair=make_pairs())
def test_recognised_as_compared(database_url: str, pair: tuple[Models, Models]) -> None:
    """Where unchanged tables are recognised, the same is found as by looking at all."""
    engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")
    before, after = sa.MetaData(), sa.MetaData()
    make_schema(pair[0])(before)
    make_schema(pair[1])(after)
    answers = Answers(renames="never", allow_mass_drop=True)
    found = []

    with engine.connect() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        before.create_all(connection)

        for options in ({}, {"autogenerate_plugins": EVERYTHING}):
            trip = compare(connection, after, answers=answers, options=options)
            found.append(sorted(trip.upgrade.splitlines()))

    engine.dispose()
    assert found[0] == found[1]
