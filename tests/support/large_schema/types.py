"""Every type that all backends take."""

from __future__ import annotations

import enum
import typing as t

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql


class Colour(enum.Enum):
    """Stored by its names."""

    RED = 1
    GREEN = 2


class Lower(sa.TypeDecorator[str]):
    """A text with a length of its own."""

    impl = sa.String(80)
    cache_ok = True


class Money(sa.TypeDecorator[t.Any]):
    """A number whose scale the user of the type gives."""

    impl = sa.Numeric
    cache_ok = True


class Tags(sa.TypeDecorator[t.Any]):
    """Another type on each backend."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[t.Any]:
        kinds: dict[str, sa.types.TypeEngine[t.Any]] = {
            "postgresql": postgresql.JSONB(),
            "mysql": mysql.MEDIUMTEXT(),
        }
        return dialect.type_descriptor(kinds.get(dialect.name, sa.Text()))


_LARGE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_PRECISE = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_FOLDED = sa.String(60).with_variant(
    mysql.VARCHAR(60, charset="latin1", collation="latin1_bin"), "mysql", "mariadb"
)

TYPES: dict[str, tuple[t.Any, ...]] = {
    "integers": (sa.SmallInteger, sa.Integer, sa.BigInteger),
    "numbers": (sa.Numeric(10, 2), sa.Numeric(12), sa.Numeric, sa.Numeric(5, 5)),
    "floats": (sa.Float, sa.Float(24), sa.Float(53), sa.Double, sa.REAL),
    "texts": (sa.String(1), sa.String(255), sa.Text, sa.CHAR(3), sa.VARCHAR(20)),
    "unicodes": (sa.Unicode(30), sa.UnicodeText, sa.String(2000)),
    "moments": (sa.Date, sa.DateTime, sa.Time, sa.TIMESTAMP),
    "zones": (sa.DateTime(timezone=True), sa.Time(timezone=True)),
    "binaries": (sa.LargeBinary, sa.LargeBinary(20), sa.PickleType),
    "uuids": (sa.Uuid, sa.Uuid(as_uuid=False), sa.Uuid(native_uuid=False)),
    "flags": (sa.Boolean, sa.Boolean(create_constraint=True, name="flag")),
    "enums": (
        sa.Enum("a", "b", name="letter"),
        sa.Enum(Colour),
        sa.Enum("it's", 'a "b"', "", name="odd_label"),
    ),
    "text_enums": (
        sa.Enum("a", "bcd", native_enum=False),
        sa.Enum(Colour, native_enum=False, length=40),
        sa.Enum(
            "x", "y'z", native_enum=False, create_constraint=True, name="text_enum"
        ),
    ),
    "documents": (sa.JSON, sa.JSON(none_as_null=True), _DOCUMENT),
    "intervals": (
        sa.Interval,
        sa.Interval(native=False),
        sa.Interval(second_precision=3, day_precision=4),
    ),
    "decorators": (Lower, Lower(40), Money(9, 3), Money, Tags),
    "variants": (_LARGE, _DOCUMENT, _PRECISE, _FOLDED),
    "standard_names": (
        sa.INTEGER,
        sa.BIGINT,
        sa.SMALLINT,
        sa.NUMERIC(8, 3),
        sa.DECIMAL(8, 3),
        sa.FLOAT,
        sa.DOUBLE_PRECISION,
        sa.DATE,
    ),
}
"""The types of each table."""


def make_tables(metadata: sa.MetaData) -> None:
    """Add a table for each group."""
    for name, kinds in TYPES.items():
        add_types(metadata, f"type_{name}", kinds)


def add_types(
    metadata: sa.MetaData, name: str, kinds: tuple[t.Any, ...], **options: t.Any
) -> sa.Table:
    """Add a table with a column of each type that may be NULL, and one that may not.

    :param options: of the table.
    """
    key = sa.Column("id", sa.Integer, primary_key=True)
    columns = (
        sa.Column(
            f"{'maybe' if nullable else 'sure'}_{number}", kind, nullable=nullable
        )
        for number, kind in enumerate(kinds)
        for nullable in ((True,) if _is_bound(kind) else (True, False))
    )
    return sa.Table(name, metadata, key, *columns, **options)


def _is_bound(kind: t.Any) -> bool:
    """Tell whether a type brings a constraint, whose name must not come twice."""
    return bool(getattr(kind, "create_constraint", False))
