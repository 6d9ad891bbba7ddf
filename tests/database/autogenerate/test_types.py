"""Types whose arguments, collation or brackets come, go or change."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import compare


def _case(
    row: str, before: t.Any, after: t.Any, *, name: str = "", **options: t.Any
) -> Case:
    def make(type_: t.Any) -> t.Callable[[sa.MetaData], object]:
        return lambda metadata: sa.Table(
            "t",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", type_),
        )

    return Case(row=row, name=name, before=make(before), after=make(after), **options)


_LENGTH = "Type `String(10)→String()` or the reverse"
_SCALE = "Type `Numeric(10,2)→Numeric(10)`"
_COLLATION = "Collation changed"
_COMES = "Collation added or removed"

CASES = (
    _case(_SCALE, sa.Numeric(10, 2), sa.Numeric(10)),
    _case(_SCALE, sa.Numeric(10), sa.Numeric(10, 2), name="back"),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


LENGTHS = (
    _case(_LENGTH, sa.String(10), sa.String()),
    _case(_LENGTH, sa.String(), sa.String(10), name="back"),
)


@pytest.mark.backends("postgresql", "sqlite")
@pytest.mark.parametrize("case", LENGTHS, ids=str)
def test_length(database_url: str, case: Case) -> None:
    """A length comes or goes where a text needs none."""
    check_case(database_url, case)


@pytest.mark.parametrize(
    ("row", "before", "after"),
    [(_COLLATION, 0, 1), (_COMES, None, 0), (_COMES, 0, None)],
)
def test_collation(
    database_url: str, row: str, before: int | None, after: int | None
) -> None:
    """A collation that comes, goes or changes is found on every backend."""
    backend = sa.make_url(database_url).get_backend_name()
    names = {
        "sqlite": ("NOCASE", "RTRIM"),
        "postgresql": ("C", "POSIX"),
    }.get(backend, ("utf8mb4_bin", "utf8mb4_unicode_ci"))
    types = [
        sa.String(10) if one is None else sa.String(10, collation=names[one])
        for one in (before, after)
    ]
    check_case(database_url, _case(row, *types))


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("precision", [None, 3])
def test_precision_of_a_time(database_url: str, precision: int | None) -> None:
    """The precision of a time comes or goes."""
    types = postgresql.TIMESTAMP(), postgresql.TIMESTAMP(precision=3)
    check_case(
        database_url,
        _case("precision of a time", *(types if precision else types[::-1])),
    )


class _Money(sa.types.TypeDecorator[t.Any]):
    impl = sa.Numeric(12, 2)
    cache_ok = True


_PLAIN = (
    sa.String(10),
    sa.Text(),
    sa.Unicode(30),
    sa.UnicodeText(),
    sa.CHAR(1),
    sa.CHAR(5),
    sa.Integer(),
    sa.SmallInteger(),
    sa.BigInteger(),
    sa.Boolean(),
    sa.Boolean(create_constraint=True, name="is_it"),
    sa.Numeric(),
    sa.Numeric(10),
    sa.Numeric(10, 2),
    sa.DECIMAL(8, 3),
    sa.Float(),
    sa.Float(24),
    sa.Float(53),
    sa.Double(),
    sa.REAL(),
    sa.Date(),
    sa.DateTime(),
    sa.DateTime(timezone=True),
    sa.Time(),
    sa.TIMESTAMP(),
    sa.Interval(),
    sa.JSON(),
    sa.LargeBinary(),
    sa.Uuid(),
    sa.Uuid(native_uuid=False),
    sa.Enum("a", "b", name="kind"),
    sa.Enum("a", "bcd", name="text", native_enum=False),
    sa.PickleType(),
    _Money(),
    sa.Enum("a", native_enum=False, length=20),
    sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
    sa.String(20).with_variant(sa.Text(), "mysql", "mariadb"),
    sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql", "mariadb"),
)

_ONLY: dict[str, tuple[t.Any, ...]] = {
    "sqlite": (sa.String(), sa.String(9, collation="nocase"), sa.VARCHAR()),
    "postgresql": (
        sa.String(),
        sa.String(9, collation="C"),
        postgresql.ARRAY(sa.Integer),
        postgresql.ARRAY(sa.String(7)),
        postgresql.ARRAY(sa.Text, dimensions=2),
        postgresql.ARRAY(sa.Numeric(8, 2)),
        postgresql.BIT(3),
        postgresql.BIT(varying=True),
        postgresql.INTERVAL(precision=3),
        postgresql.TIMESTAMP(precision=3),
        postgresql.TIME(timezone=True),
        postgresql.INT4RANGE(),
        postgresql.TSVECTOR(),
        postgresql.INET(),
        postgresql.CITEXT,
        postgresql.MONEY(),
        postgresql.OID(),
        postgresql.ARRAY(sa.Enum("x", "y", name="listed")),
        postgresql.INTERVAL(fields="DAY"),
    ),
    "mysql": (
        mysql.TINYINT(1),
        mysql.TINYINT(),
        mysql.INTEGER(display_width=5),
        mysql.INTEGER(unsigned=True),
        mysql.BIGINT(unsigned=True, zerofill=True),
        mysql.DATETIME(fsp=3),
        mysql.TIMESTAMP(fsp=6),
        mysql.VARCHAR(9, charset="latin1"),
        mysql.SET("a", "b"),
        mysql.ENUM("a", "b"),
        mysql.MEDIUMTEXT(),
        mysql.YEAR(),
        mysql.VARCHAR(9, collation="utf8mb4_bin"),
        mysql.DOUBLE(10, 2),
        mysql.BIT(4),
        mysql.DOUBLE(),
        mysql.FLOAT(),
        mysql.LONGBLOB(),
        mysql.VARBINARY(16),
        mysql.CHAR(3, charset="ascii", collation="ascii_bin"),
        mysql.NVARCHAR(5),
    ),
}


def test_unchanged(database_url: str) -> None:
    """No type differs right after the tables were made."""
    backend = sa.make_url(database_url).get_backend_name()
    only = _ONLY.get(backend, _ONLY["mysql"])
    metadata = sa.MetaData()

    for place, type_ in enumerate((*_PLAIN, *only)):
        key = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table(f"t{place}", metadata, key, sa.Column("a", type_))

    engine = sa.create_engine(database_url)

    with engine.connect() as connection:
        if "citext" in connection.dialect.ischema_names:
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS citext")

        metadata.create_all(connection)
        trip = compare(connection, metadata)

    engine.dispose()
    assert trip.upgrade == ""
