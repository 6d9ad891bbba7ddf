"""The keys, constraints and indexes that only PostgreSQL has."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg


def make_tables(metadata: sa.MetaData) -> None:
    """Add the tables."""
    _add_numbered(metadata)
    _add_constraints(metadata)
    _add_links(metadata)
    _add_unnamed(metadata)
    _add_indexes(metadata)
    _add_expressions(metadata)
    _add_schemas(metadata)
    _add_options(metadata)


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _add_numbered(metadata: sa.MetaData) -> None:
    kinds = {
        "always": sa.Identity(always=True),
        "by_default": sa.Identity(start=100, increment=5),
        "cycling": sa.Identity(minvalue=1, maxvalue=99, cycle=True, cache=3),
    }

    for name, identity in kinds.items():
        column = sa.Column("id", sa.BigInteger, identity, primary_key=True)
        sa.Table(f"identity_{name}", metadata, column)

    small = sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=True)
    sa.Table("serial_small", metadata, small)
    tickets = sa.Sequence("tickets", start=7, metadata=metadata)
    sa.Sequence("lonely", increment=2, minvalue=0, metadata=metadata)
    sa.Sequence("elsewhere", schema="sales", metadata=metadata)
    sa.Table(
        "sequenced",
        metadata,
        sa.Column("id", sa.Integer, tickets, primary_key=True),
        sa.Column("other", sa.Integer, server_default=tickets.next_value()),
    )


def _add_constraints(metadata: sa.MetaData) -> None:
    sa.Table(
        "constraint_kinds",
        metadata,
        _key(),
        sa.Column("a", sa.Integer),
        sa.Column("b", sa.Integer),
        sa.Column("during", pg.TSRANGE),
        sa.UniqueConstraint("a", name="later", deferrable=True, initially="DEFERRED"),
        sa.UniqueConstraint("b", name="nulls", postgresql_nulls_not_distinct=True),
        sa.UniqueConstraint("a", "b", name="covering", postgresql_include=["id"]),
        pg.ExcludeConstraint(("during", "&&"), name="no_overlap", using="gist"),
        sa.CheckConstraint("a::text ~ '^[0-9]+$'", name="digits"),
    )


def _add_links(metadata: sa.MetaData) -> None:
    sa.Table(
        "link_kinds",
        metadata,
        _key(),
        sa.Column(
            "later",
            sa.ForeignKey("people.id", deferrable=True, initially="DEFERRED"),
        ),
        sa.Column("now", sa.ForeignKey("people.id", deferrable=True)),
        sa.Column("full", sa.ForeignKey("people.id", match="FULL")),
        sa.Column(
            "reset", sa.ForeignKey("people.id", ondelete="SET DEFAULT"), index=True
        ),
    )


def _add_unnamed(metadata: sa.MetaData) -> None:
    # A convention may ask for a name, and there is none.
    if "ck" in metadata.naming_convention:
        return

    sa.Table(
        "unnamed_checks",
        metadata,
        _key(),
        sa.Column("a", sa.Integer, sa.CheckConstraint("a > 0")),
        sa.CheckConstraint("a <> 5"),
    )


def _add_indexes(metadata: sa.MetaData) -> None:
    table = sa.Table(
        "index_kinds",
        metadata,
        _key(),
        sa.Column("a", sa.Integer),
        sa.Column("name", sa.String(20)),
        sa.Column("body", pg.JSONB),
        sa.Column("words", pg.TSVECTOR),
        sa.Column("deleted", sa.Boolean),
    )
    at = table.c
    sa.Index("partial", at.a, postgresql_where=at.deleted.is_(False))
    sa.Index("partial_text", at.a, postgresql_where=sa.text("name <> 'x' AND a > 1"))
    sa.Index("covers", at.a, postgresql_include=["name"])
    sa.Index("pattern", at.name, postgresql_ops={"name": "varchar_pattern_ops"})
    sa.Index("gin_body", at.body, postgresql_using="gin")
    sa.Index(
        "gin_path",
        at.body,
        postgresql_using="gin",
        postgresql_ops={"body": "jsonb_path_ops"},
    )
    sa.Index("gin_words", at.words, postgresql_using="gin")
    sa.Index("hashed", at.name, postgresql_using="hash")
    sa.Index("filled", at.a, postgresql_with={"fillfactor": 70})
    sa.Index("last", at.a.desc().nulls_last(), at.name.asc().nulls_first())
    sa.Index("nulls_once", at.a, unique=True, postgresql_nulls_not_distinct=True)


def _add_expressions(metadata: sa.MetaData) -> None:
    table = sa.Table(
        "index_expressions",
        metadata,
        _key(),
        sa.Column("a", sa.String(20)),
        sa.Column("b", sa.String(20)),
        sa.Column("body", pg.JSONB),
        sa.Column("seen", sa.DateTime),
    )
    at = table.c
    sa.Index("lower_a", sa.func.lower(at.a))
    sa.Index("lower_a_once", sa.func.lower(at.a), at.b, unique=True)
    sa.Index("joined", sa.text("(a || ' ' || b)"))
    sa.Index("empty_a", sa.func.coalesce(at.a, ""))
    sa.Index("inside", sa.text("((body ->> 'k')::int)"))
    sa.Index("month", sa.text("extract(month from seen)"))
    sa.Index(
        "searched",
        sa.text("to_tsvector('english', a)"),
        postgresql_using="gin",
    )


def _add_schemas(metadata: sa.MetaData) -> None:
    sa.Table(
        "orders",
        metadata,
        _key(),
        sa.Column("buyer", sa.ForeignKey("people.id")),
        sa.Column("state", sa.Enum("open", "done", name="state", schema="sales")),
        sa.Column("number", sa.String(9), unique=True),
        schema="sales",
    )
    sa.Table(
        "lines",
        metadata,
        _key(),
        sa.Column("order_id", sa.ForeignKey("sales.orders.id", ondelete="CASCADE")),
        sa.Column("amount", sa.Numeric(10, 2), server_default="0", index=True),
        sa.CheckConstraint("amount >= 0", name="amount"),
        schema="sales",
    )
    sa.Table(
        "people",
        metadata,
        _key(),
        sa.Column("person_id", sa.ForeignKey("people.id")),
        sa.Column("what", pg.JSONB, nullable=False, server_default="{}"),
        schema="Audit Log",
        comment="The same name in another schema",
    )


def _add_options(metadata: sa.MetaData) -> None:
    sa.Table(
        "commented",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, comment="the key's"),
        sa.Column("a", sa.String(5), comment='50% "of" it'),
        sa.Column("b", sa.Integer, comment=""),
        comment="of a table: 'it'",
    )
    sa.Table("unlogged", metadata, _key(), prefixes=["UNLOGGED"])
    sa.Table("filled_table", metadata, _key(), postgresql_with={"fillfactor": 60})
