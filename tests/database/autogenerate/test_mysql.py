"""What only MySQL and MariaDB have: it is found, converges, and goes back."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from tests.support.roundtrip import Case
from tests.support.roundtrip import check_case
from tests.support.roundtrip import compare
from tests.support.roundtrip import Schema
from tests.support.roundtrip import try_change

pytestmark = pytest.mark.backends("mariadb")


def _column(type_: t.Any, **options: t.Any) -> Schema:
    """A table with one column besides its key."""
    return _table(lambda: sa.Column("a", type_, **options))


def _table(*parts: t.Any, **options: t.Any) -> Schema:
    """A table with a key and more."""

    def make(metadata: sa.MetaData) -> None:
        key = sa.Column("id", sa.Integer, primary_key=True)
        copies = (one._copy() if hasattr(one, "_copy") else one() for one in parts)
        sa.Table("things", metadata, key, *copies, **options)

    return make


def _key(type_: t.Any, **options: t.Any) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        key = sa.Column("id", type_, primary_key=True, **options)
        sa.Table("things", metadata, key, sa.Column("a", sa.Integer))

    return make


def _both(name: str, value: t.Any) -> dict[str, t.Any]:
    """An option under each of the names of the dialect."""
    return {f"mysql_{name}": value, f"mariadb_{name}": value}


def _index(*columns: t.Any, **options: t.Any) -> Schema:
    def make(metadata: sa.MetaData) -> None:
        sa.Table(
            "things",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.String(60), nullable=False),
            sa.Column("b", sa.Text, nullable=False),
            *([sa.Index("by", *columns, **options)] if columns else []),
        )

    return make


def _link(*, index: tuple[str, ...] = (), key: bool = True, **options: t.Any) -> Schema:
    """A table that refers to another one by a column."""

    def make(metadata: sa.MetaData) -> None:
        sa.Table("others", metadata, sa.Column("id", sa.Integer, primary_key=True))
        other = sa.Column("other_id", sa.Integer)
        rest = [sa.Column("b", sa.Integer)]
        options.setdefault("name", "fk_other")
        link = sa.ForeignKeyConstraint(["other_id"], ["others.id"], **options)
        table = sa.Table("things", metadata, other, *rest, *([link] if key else []))

        if index:
            sa.Index("ix_other", *(table.c[one] for one in index))

    return make


_STAMPED = "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"

PAIRS: dict[str, tuple[Schema, Schema]] = {
    "ENUM value added": (
        _column(mysql.ENUM("a", "b")),
        _column(mysql.ENUM("a", "c", "b")),
    ),
    "ENUM value removed": (_column(sa.Enum("a", "b")), _column(sa.Enum("a"))),
    "ENUM order": (_column(sa.Enum("a", "b")), _column(sa.Enum("b", "a"))),
    "ENUM to VARCHAR": (_column(sa.Enum("a", "b")), _column(sa.String(9))),
    "SET value added": (_column(mysql.SET("a")), _column(mysql.SET("a", "b"))),
    "SET order": (_column(mysql.SET("a", "b")), _column(mysql.SET("b", "a"))),
    "UNSIGNED added": (_column(sa.Integer), _column(mysql.INTEGER(unsigned=True))),
    "UNSIGNED of a number": (
        _column(mysql.DECIMAL(8, 2, unsigned=True)),
        _column(sa.Numeric(8, 2)),
    ),
    "ZEROFILL": (
        _column(mysql.INTEGER(5, unsigned=True)),
        _column(mysql.INTEGER(5, unsigned=True, zerofill=True)),
    ),
    "TINYINT(1) to INTEGER": (_column(sa.Boolean), _column(sa.Integer)),
    "display width of a TINYINT": (
        _column(mysql.TINYINT(1)),
        _column(mysql.TINYINT(4)),
    ),
    "collation changed": (
        _column(sa.String(9, collation="utf8mb4_bin")),
        _column(sa.String(9, collation="utf8mb4_unicode_ci")),
    ),
    "collation added": (
        _column(sa.String(9)),
        _column(sa.String(9, collation="utf8mb4_bin")),
    ),
    "collation of an ENUM": (
        _column(mysql.ENUM("a", "b")),
        _column(mysql.ENUM("a", "b", collation="utf8mb4_bin")),
    ),
    "collation and length": (
        _column(sa.String(9)),
        _column(sa.String(20, collation="utf8mb4_bin")),
    ),
    "character set": (
        _column(sa.Text),
        _column(mysql.TEXT(charset="latin1")),
    ),
    "fractions of DATETIME": (_column(sa.DateTime), _column(mysql.DATETIME(fsp=6))),
    "fractions of TIME": (_column(mysql.TIME(fsp=2)), _column(mysql.TIME(fsp=4))),
    "fractions of TIMESTAMP": (
        _column(sa.TIMESTAMP),
        _column(mysql.TIMESTAMP(fsp=3)),
    ),
    "TEXT sizes": (_column(sa.Text), _column(mysql.MEDIUMTEXT)),
    "TEXT sizes by a length": (_column(sa.Text), _column(sa.Text(16_000_000))),
    "BLOB sizes": (_column(sa.LargeBinary), _column(mysql.LONGBLOB)),
    "TEXT to JSON": (_column(sa.Text), _column(sa.JSON)),
    "LONGTEXT to JSON": (_column(mysql.LONGTEXT), _column(sa.JSON)),
    "BIT length": (_column(mysql.BIT(4)), _column(mysql.BIT(8))),
    "String(10) to Text": (_column(sa.String(10)), _column(sa.Text)),
    "String to Integer": (_column(sa.String(10)), _column(sa.Integer)),
    "Numeric precision": (_column(sa.Numeric(10, 2)), _column(sa.Numeric(10))),
    "AUTO_INCREMENT removed": (
        _key(sa.Integer),
        _key(sa.Integer, autoincrement=False),
    ),
    "AUTO_INCREMENT removed, and another type": (
        _key(sa.Integer),
        _key(sa.BigInteger, autoincrement=False),
    ),
    "ENGINE": (
        _table(**_both("engine", "InnoDB")),
        _table(**_both("engine", "MyISAM")),
    ),
    "character set of a table": (
        _table(sa.Column("a", sa.String(9)), **_both("charset", "utf8mb4")),
        _table(sa.Column("a", sa.String(9)), **_both("charset", "latin1")),
    ),
    "character set of a table, not of a column": (
        _table(
            sa.Column("a", sa.String(9, collation="utf8mb4_bin")),
            **_both("charset", "utf8mb4"),
        ),
        _table(
            sa.Column(
                "a", mysql.VARCHAR(9, charset="utf8mb4", collation="utf8mb4_bin")
            ),
            **_both("charset", "latin1"),
        ),
    ),
    "collation of a table": (
        _table(sa.Column("a", sa.Text), **_both("collate", "utf8mb4_general_ci")),
        _table(sa.Column("a", sa.Text), **_both("collate", "utf8mb4_bin")),
    ),
    "index prefix": (
        _index("b", **_both("length", {"b": 10})),
        _index("b", **_both("length", {"b": 20})),
    ),
    "index prefix of one column of two": (
        _index("a", "b", **_both("length", {"b": 10})),
        _index("a", "b", **_both("length", {"b": 10, "a": 5})),
    ),
    "index becomes FULLTEXT": (_index("a"), _index("a", **_both("prefix", "FULLTEXT"))),
    "FULLTEXT index added": (_index(), _index("b", **_both("prefix", "FULLTEXT"))),
    "FULLTEXT index, another column": (
        _index("b", **_both("prefix", "FULLTEXT")),
        _index("a", "b", **_both("prefix", "FULLTEXT")),
    ),
    "index DESC": (_index("a"), _index(sa.text("a DESC"))),
    "index below a foreign key": (
        _link(index=("other_id",)),
        _link(index=("other_id", "b")),
    ),
    "foreign key ON DELETE": (_link(), _link(ondelete="CASCADE")),
    "foreign key, RESTRICT": (_link(ondelete="SET NULL"), _link(ondelete="RESTRICT")),
}
"""Each change, both ways."""

DEFAULTS: dict[str, tuple[Schema, Schema]] = {
    "ON UPDATE added": (
        _column(sa.DateTime, server_default=sa.text("CURRENT_TIMESTAMP")),
        _column(sa.DateTime, server_default=sa.text(_STAMPED)),
    ),
    "ON UPDATE and its default": (
        _column(sa.DateTime),
        _column(sa.DateTime, server_default=sa.text(_STAMPED)),
    ),
    "default of a number": (
        _column(sa.Integer, server_default="1"),
        _column(sa.Integer, server_default=sa.text("-2")),
    ),
    "default removed": (_column(sa.Integer, server_default="1"), _column(sa.Integer)),
}
"""The same of changes that are found where defaults are compared."""

CASES = [
    Case(row=row, before=pair[way], after=pair[1 - way], name=("there", "back")[way])
    for row, pair in PAIRS.items()
    for way in (0, 1)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_change(database_url: str, case: Case) -> None:
    """The change is found, converges, and goes back."""
    check_case(database_url, case)


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("row", DEFAULTS)
def test_default(database_url: str, row: str, way: int) -> None:
    """A default, and what an update does, comes, changes and goes."""
    pair = DEFAULTS[row]
    options = {"compare_server_default": True}
    trip = try_change(database_url, pair[way], pair[1 - way], options=options)
    assert trip.is_detected
    assert (trip.left, trip.describe_loss()) == ("", []), trip.downgrade


@pytest.mark.parametrize("row", ["ENUM order", "index prefix", "ENGINE"])
def test_other_name_of_the_dialect(database_url: str, row: str) -> None:
    """A URL that begins with mariadb:// is compared in the same way."""
    before, after = PAIRS[row]
    url = sa.make_url(database_url).set(drivername="mariadb+pymysql")
    check_case(url, Case(row="mariadb://", before=before, after=after))


def test_without_the_right(database_url: str) -> None:
    """Who may not make temporary tables is told what is not compared."""
    before, after = PAIRS["ENUM order"]
    engine = sa.create_engine(database_url)
    old, new = sa.MetaData(), sa.MetaData()
    t.cast("t.Any", before)(old)
    t.cast("t.Any", after)(new)
    old.create_all(engine)

    with engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.rollback()
        trip = compare(connection, new)

    engine.dispose()
    assert not trip.is_detected
    assert [one for one in trip.notes if "GRANT CREATE TEMPORARY TABLES" in one]


def test_index_below_a_foreign_key(database_url: str) -> None:
    """An index takes the place of the server's own, and the other way round."""
    trip = try_change(database_url, _link(), _link(index=("other_id",)))
    assert trip.is_detected
    assert (trip.left, trip.describe_loss()) == ("", []), trip.upgrade
