"""What only MySQL and MariaDB have, or spell in their own way."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from .defaults import add_defaults
from .types import add_types

TYPES: dict[str, tuple[t.Any, ...]] = {
    "integers": (
        mysql.TINYINT,
        mysql.TINYINT(1),
        mysql.TINYINT(unsigned=True),
        mysql.SMALLINT(unsigned=True),
        mysql.MEDIUMINT,
        mysql.INTEGER(unsigned=True),
        mysql.INTEGER(11),
        mysql.INTEGER(8, zerofill=True, unsigned=True),
        mysql.BIGINT(unsigned=True),
        mysql.BIT(8),
        mysql.YEAR,
    ),
    "numbers": (
        mysql.DECIMAL(10, 2, unsigned=True),
        mysql.DOUBLE(10, 3),
        mysql.FLOAT(unsigned=True),
        mysql.NUMERIC(6, 1),
        mysql.REAL,
    ),
    "texts": (
        mysql.TINYTEXT,
        mysql.TEXT,
        mysql.MEDIUMTEXT,
        mysql.LONGTEXT,
        mysql.TEXT(charset="latin1"),
        mysql.VARCHAR(30, charset="latin1", collation="latin1_swedish_ci"),
        mysql.VARCHAR(30, collation="utf8mb4_bin"),
        mysql.CHAR(4, charset="ascii"),
        mysql.NVARCHAR(20),
        sa.String(20, collation="utf8mb4_unicode_ci"),
    ),
    "binaries": (
        mysql.TINYBLOB,
        mysql.BLOB,
        mysql.MEDIUMBLOB,
        mysql.LONGBLOB,
        mysql.BINARY(16),
        mysql.VARBINARY(30),
    ),
    "choices": (
        mysql.ENUM("a", "b", "it's"),
        mysql.ENUM("x", "y", charset="latin1"),
        mysql.SET("red", "green", "blue"),
        mysql.SET("a", "b", collation="utf8mb4_bin"),
    ),
    "moments": (
        mysql.DATETIME(fsp=6),
        mysql.DATETIME(fsp=3),
        mysql.DATETIME(),
        mysql.TIME(fsp=2),
        mysql.TIMESTAMP(fsp=4),
    ),
    "documents": (mysql.JSON,),
}
"""The types of each table."""

_NOW = sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP")
_NOW_6 = sa.text("CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)")

DEFAULTS: tuple[tuple[t.Any, t.Any], ...] = (
    (sa.DateTime, _NOW),
    (mysql.DATETIME(fsp=6), _NOW_6),
    (mysql.DATETIME(fsp=6), sa.text("CURRENT_TIMESTAMP(6)")),
    (sa.TIMESTAMP, sa.text("NOW()")),
    (sa.Text, sa.text("('words')")),
    (sa.JSON, sa.text("(JSON_OBJECT())")),
    (sa.JSON, sa.text("('[]')")),
    (sa.String(36), sa.text("(uuid())")),
    (sa.Integer, sa.text("(1 + 2)")),
    (mysql.SET("a", "b"), "a,b"),
    (mysql.ENUM("a", "b"), "b"),
    (mysql.BIT(1), sa.text("b'1'")),
    (mysql.INTEGER(unsigned=True), "4"),
    (sa.Date, sa.text("(curdate())")),
    (mysql.YEAR, "2020"),
)


def make_tables(metadata: sa.MetaData) -> None:
    """Add the tables."""
    for name, kinds in TYPES.items():
        add_types(metadata, f"mysql_{name}", kinds)

    add_defaults(metadata, "mysql_defaults", DEFAULTS)
    _add_options(metadata)
    _add_indexes(metadata)
    _add_commented(metadata)


def _add_options(metadata: sa.MetaData) -> None:
    options: dict[str, dict[str, t.Any]] = {
        "engine": {"mysql_engine": "InnoDB", "mariadb_engine": "InnoDB"},
        "latin": {"mysql_charset": "latin1", "mariadb_charset": "latin1"},
        "binary": {"mysql_collate": "utf8mb4_bin", "mariadb_collate": "utf8mb4_bin"},
        "compact": {"mysql_row_format": "COMPACT", "mariadb_row_format": "COMPACT"},
    }

    for name, given in options.items():
        add_types(metadata, f"mysql_{name}", (sa.String(20), sa.Text), **given)

    sa.Table(
        "mysql_unsigned_key",
        metadata,
        sa.Column("id", mysql.BIGINT(unsigned=True), primary_key=True),
        sa.Column("virtual", sa.Integer, sa.Computed("id % 7", persisted=False)),
    )
    sa.Table(
        "mysql_unsigned_link",
        metadata,
        sa.Column("id", mysql.INTEGER(unsigned=True), primary_key=True),
        sa.Column(
            "key_id",
            mysql.BIGINT(unsigned=True),
            sa.ForeignKey("mysql_unsigned_key.id", ondelete="RESTRICT"),
        ),
    )


def _add_indexes(metadata: sa.MetaData) -> None:
    both: t.Any = {"mysql_length": {"body": 20}, "mariadb_length": {"body": 20}}
    words: t.Any = {"mysql_prefix": "FULLTEXT", "mariadb_prefix": "FULLTEXT"}
    sa.Table(
        "mysql_indexes",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Index("by_start", "body", **both),
        sa.Index("by_both", "title", "body", **both),
        sa.Index("by_words", "body", **words),
        sa.Index("by_title_words", "title", "body", **words),
        sa.Index("by_tree", "title", mysql_using="btree", mariadb_using="btree"),
    )


def _add_commented(metadata: sa.MetaData) -> None:
    sa.Table(
        "mysql_commented",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, comment="the key's"),
        sa.Column("a", sa.String(5), comment='50% "of" it', server_default="x"),
        sa.Column("b", sa.Integer, comment=""),
        comment="of a table: 'it'",
    )
