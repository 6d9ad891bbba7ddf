"""Indexes: every part of them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change


def _things(*items: sa.schema.SchemaItem) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        _make_table(metadata, *items)

    return make


def _make_table(metadata: sa.MetaData, *items: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(
        "things",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.Integer),
        sa.Column("b", sa.String(20)),
        sa.Column("c", sa.String(20)),
        *items,
    )


def _index(*parts: str, **options: object) -> Schema:
    """Return a table with an index; a part that is no word is an expression."""

    def make(metadata: sa.MetaData) -> None:
        table = _make_table(metadata)
        elements = [table.c[one] if one in table.c else sa.text(one) for one in parts]
        unique = bool(options.get("unique"))
        name = str(options.get("name", "ix_things"))
        ours = ("unique", "name")
        named = {key: value for key, value in options.items() if key not in ours}
        sa.Index(name, *elements, unique=unique, _table=table, **named)

    return make


def _where(text: str) -> dict[str, object]:
    return {f"{one}_where": sa.text(text) for one in ("postgresql", "sqlite")}


EVERYWHERE = (
    Case(
        row="Index add / drop / columns / order / unique",
        name="added",
        before=_things(),
        after=_index("a"),
    ),
    Case(
        row="Index add / drop / columns / order / unique",
        name="removed",
        before=_index("a", unique=True),
        after=_things(),
    ),
    Case(
        row="Index add / drop / columns / order / unique",
        name="order",
        before=_index("a", "b"),
        after=_index("b", "a"),
    ),
    Case(
        row="Index add / drop / columns / order / unique",
        name="unique",
        before=_index("a"),
        after=_index("a", unique=True),
    ),
)

RICH = (
    Case(
        row="Index renamed",
        before=_index("a", name="ix_old"),
        after=_index("a", name="ix_new"),
    ),
    Case(
        row="Expression index changed lower→upper",
        before=_index("lower(b)"),
        after=_index("upper(b)"),
    ),
    Case(
        row="Expression index changed lower→upper",
        name="added",
        before=_things(),
        after=_index("lower(b)", "a"),
    ),
    Case(
        row="Expression index changed lower→upper",
        name="removed",
        before=_index("(b || ':' || c || '%')"),
        after=_things(),
    ),
    Case(
        row="Expression index, only a string literal's case changed `'x'→'X'`",
        before=_index("(b || 'x')"),
        after=_index("(b || 'X')"),
    ),
    Case(
        row="Index `DESC` / NULLS order",
        before=_index("a", "b"),
        after=_index("a DESC", "b"),
    ),
    Case(
        row="Index `DESC` / NULLS order",
        name="removed",
        before=_index("a DESC", "b"),
        after=_index("a", "b"),
    ),
    Case(
        row="Partial index predicate added / changed",
        name="added",
        before=_index("a"),
        after=_index("a", **_where("b <> 'x'")),
    ),
    Case(
        row="Partial index predicate added / changed",
        name="of a list, removed",
        before=_index("a", **_where("b IN ('x', 'y')")),
        after=_index("a"),
    ),
    Case(
        row="Partial index predicate added / changed",
        name="changed",
        before=_index("a", **_where("b <> 'x' and c like ' \\:x%'")),
        after=_index("a", **_where("b <> 'y' and c like ' \\:x%'")),
    ),
    Case(
        row="Partial index predicate added / changed",
        name="removed",
        before=_index("a", unique=True, **_where("b <> 'x'")),
        after=_index("a", unique=True),
    ),
)

POSTGRESQL = (
    Case(
        row="Index INCLUDE, USING method, opclass, WITH storage",
        name="INCLUDE",
        before=_index("a"),
        after=_index("a", postgresql_include=["b"]),
    ),
    Case(
        row="Index INCLUDE, USING method, opclass, WITH storage",
        name="USING",
        before=_index("a"),
        after=_index("a", postgresql_using="hash"),
    ),
    Case(
        row="Index INCLUDE, USING method, opclass, WITH storage",
        name="opclass",
        before=_index("b"),
        after=_index("b", postgresql_ops={"b": "text_pattern_ops"}),
    ),
    Case(
        row="Index INCLUDE, USING method, opclass, WITH storage",
        name="opclass removed",
        before=_index("b", postgresql_ops={"b": "text_pattern_ops"}),
        after=_index("b"),
    ),
    Case(
        row="Index INCLUDE, USING method, opclass, WITH storage",
        name="WITH",
        before=_index("a", postgresql_with={"fillfactor": "90"}),
        after=_index("a", postgresql_with={"fillfactor": "70"}),
    ),
    Case(
        row="Index NULLS NOT DISTINCT",
        before=_index("a", unique=True),
        after=_index("a", unique=True, postgresql_nulls_not_distinct=True),
    ),
    Case(
        row="Index `DESC` / NULLS order",
        name="NULLS",
        before=_index("a DESC NULLS LAST"),
        after=_index("a DESC"),
    ),
)


@pytest.mark.parametrize("case", EVERYWHERE, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


@pytest.mark.backends("postgresql", "sqlite")
@pytest.mark.parametrize("case", RICH, ids=str)
def test_rich_change(database_url: str, case: Case) -> None:
    """What two backends have in common is found, converges, and goes back."""
    check_case(database_url, case)


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("case", POSTGRESQL, ids=str)
def test_postgresql_change(database_url: str, case: Case) -> None:
    """What only PostgreSQL has is found, converges, and goes back."""
    check_case(database_url, case)


def _many(metadata: sa.MetaData) -> None:
    table = _make_table(metadata, sa.Column("d", sa.Date, index=True))
    sa.Column("e", sa.String(9), unique=True, index=True)
    sa.Index("ix_lower", sa.func.lower(table.c.b), table.c.a.desc())
    sa.Index("ix_joined", sa.text("(b || ' ' || c)"), _table=table)
    sa.Index("ix_empty", sa.func.coalesce(table.c.b, ""))
    sa.Index("ix_like", table.c.a, **_where("b LIKE 'x%'"))  # type: ignore[arg-type]
    sa.Index("ix_Mixed", table.c.a, table.c.b, unique=True)


@pytest.mark.backends("postgresql", "sqlite")
def test_what_did_not_change_is_equal(database_url: str) -> None:
    """Indexes that a server writes in other words are not found to differ."""
    trip = try_change(database_url, _many, _many)

    assert trip.operations == [], trip.upgrade


def _documents(metadata: sa.MetaData) -> None:
    table = sa.Table(
        "documents",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("body", postgresql.JSONB),
        sa.Column("text", sa.Text),
        sa.Column("made", sa.DateTime(timezone=True)),
    )
    sa.Index("ix_key", sa.text("((body->>'k')::int)"), _table=table)
    sa.Index("ix_gin", table.c.body, postgresql_using="gin")
    sa.Index("ix_words", sa.text("to_tsvector('english', text)"), _table=table)
    sa.Index(
        "ix_year", sa.text("extract(year from made at time zone 'utc')"), _table=table
    )
    sa.Index("ix_with", table.c.text, postgresql_with={"fillfactor": 50})
    sa.Index(
        "ix_pattern",
        table.c.text,
        table.c.id.desc().nulls_last(),
        postgresql_ops={"text": "text_pattern_ops"},
        postgresql_include=["made"],
        postgresql_concurrently=True,
    )


@pytest.mark.backends("postgresql")
def test_what_did_not_change_on_postgresql_is_equal(database_url: str) -> None:
    """No method, operator class or expression is found to differ."""
    trip = try_change(database_url, _documents, _documents)

    assert trip.operations == [], trip.upgrade


@pytest.mark.backends("postgresql", "sqlite")
def test_a_dropped_table_comes_back_with_its_indexes(database_url: str) -> None:
    """The downgrade makes the indexes again that reflection does not see."""
    trip = try_change(database_url, _many, sa.MetaData())

    assert trip.left == ""
    assert trip.describe_loss() == []


@pytest.mark.backends("postgresql", "sqlite")
def test_a_new_table_gets_every_index(database_url: str) -> None:
    """An index on an expression, too, is made with its table."""
    check_case(database_url, Case(row="", before=sa.MetaData(), after=_many))


@pytest.mark.backends("postgresql", "sqlite")
@pytest.mark.parametrize("is_added", [True, False])
def test_an_expression_beside_a_rebuild(database_url: str, is_added: bool) -> None:
    """An index that Alembic's batch does not see comes and goes with other changes."""

    def make(metadata: sa.MetaData) -> None:
        unique = sa.UniqueConstraint("a", "b", name="uq_things")
        table = _make_table(metadata, sa.Column("d", sa.Integer), unique)
        sa.Index("ix_lower", sa.text("lower(b)"), _table=table)

    before, after = (_things(), make) if is_added else (make, _things())
    check_case(database_url, Case(row="", before=before, after=after))
