"""The types and defaults that only PostgreSQL has."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from .defaults import add_defaults
from .types import add_types

_MOOD = pg.ENUM("sad", "ok", "it's", name="mood")
_QUOTED = pg.ENUM("A", "b c", name="Mixed Mood")
_POSITIVE = pg.DOMAIN("positive", sa.Integer, check="VALUE > 0")

TYPES: dict[str, tuple[t.Any, ...]] = {
    "arrays": (
        pg.ARRAY(sa.Integer),
        pg.ARRAY(sa.String(20)),
        pg.ARRAY(sa.Text, dimensions=2),
        sa.ARRAY(sa.Numeric(10, 2)),
        pg.ARRAY(_MOOD),
        pg.ARRAY(pg.TIMESTAMP(timezone=True)),
    ),
    "documents": (pg.JSON, pg.JSONB),
    "networks": (pg.INET, pg.CIDR, pg.MACADDR, pg.MACADDR8),
    "ranges": (
        pg.INT4RANGE,
        pg.INT8RANGE,
        pg.NUMRANGE,
        pg.DATERANGE,
        pg.TSRANGE,
        pg.TSTZRANGE,
        pg.INT4MULTIRANGE,
    ),
    "moments": (
        pg.TIMESTAMP(precision=3),
        pg.TIMESTAMP(timezone=True, precision=0),
        pg.TIME(precision=2),
        pg.TIME(timezone=True),
        pg.INTERVAL,
        pg.INTERVAL(fields="DAY TO SECOND"),
        pg.INTERVAL(precision=3),
    ),
    "searches": (pg.TSVECTOR, pg.TSQUERY, pg.REGCLASS, pg.OID),
    "bits": (pg.BIT(4), pg.BIT(8, varying=True), pg.BYTEA, pg.MONEY),
    "texts": (
        sa.String,
        sa.String(20, collation="C"),
        sa.Text(collation="POSIX"),
        sa.CHAR,
        pg.VARCHAR(5),
    ),
    "enums": (_MOOD, _QUOTED, sa.Enum("p", "q", name="letters", schema="sales")),
    "numbers": (pg.DOUBLE_PRECISION, pg.REAL, pg.NUMERIC, pg.NUMERIC(20, 0)),
    "uuids": (pg.UUID, pg.UUID(as_uuid=False)),
    "domains": (_POSITIVE,),
}
"""The types of each table."""

DEFAULTS: dict[str, tuple[tuple[t.Any, t.Any], ...]] = {
    "documents": (
        (pg.JSONB, "{}"),
        (pg.JSONB, sa.text("'[]'::jsonb")),
        (pg.JSON, sa.text("'{}'")),
        (pg.JSON, sa.text("'{\"a\": [1, 2]}'::json")),
    ),
    "arrays": (
        (pg.ARRAY(sa.Integer), "{}"),
        (pg.ARRAY(sa.Text), sa.text("'{}'::text[]")),
        (pg.ARRAY(sa.Text), sa.text("ARRAY[]::text[]")),
        (pg.ARRAY(sa.Integer), sa.text("ARRAY[1, 2]")),
    ),
    "functions": (
        (pg.UUID, sa.text("gen_random_uuid()")),
        (sa.DateTime, sa.text("timezone('utc', now())")),
        (sa.DateTime, sa.text("(now() AT TIME ZONE 'utc')")),
        (sa.DateTime, sa.text("clock_timestamp()")),
        (sa.Float, sa.text("random() * 2")),
        (sa.Date, sa.text("CURRENT_DATE")),
        (sa.Date, sa.text("('now'::text)::date")),
        (sa.String(40), sa.text("md5(random()::text)")),
        (sa.String(40), sa.func.current_user()),
        (sa.DateTime, sa.text("now() + interval '1 day'")),
    ),
    "casts": (
        (sa.String(10), sa.text("'x'::character varying")),
        (_MOOD, "ok"),
        (_MOOD, sa.text("'sad'::mood")),
        (sa.Interval, "1 day"),
        (sa.Interval, sa.text("'00:10:00'::interval")),
        (sa.Numeric(10, 2), sa.text("0::numeric")),
        (sa.Boolean, "t"),
        (pg.INET, "127.0.0.1"),
        (pg.INT4RANGE, "[1,5)"),
        (sa.Date, sa.text("'2020-01-01'::date")),
    ),
}
"""The types and defaults of each table."""


def make_tables(metadata: sa.MetaData) -> None:
    """Add the tables."""
    for name, kinds in TYPES.items():
        add_types(metadata, f"postgresql_{name}", kinds)

    for name, pairs in DEFAULTS.items():
        add_defaults(metadata, f"postgresql_default_{name}", pairs)
