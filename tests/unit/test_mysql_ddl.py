"""A column of MySQL 8 is read from the server's text, and changed in its parts."""

from __future__ import annotations

import pytest

from flask_migrate.databases.dialects.mysql_ddl import ColumnDefinition
from flask_migrate.databases.dialects.mysql_ddl import parse_column
from flask_migrate.databases.dialects.mysql_ddl import quote_text
from flask_migrate.databases.dialects.tokens import DefinitionError

# As MySQL 8.0 answers SHOW CREATE TABLE; MariaDB's form is tested on a server.
CREATED = r"""CREATE TABLE `t` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `g` int GENERATED ALWAYS AS ((`id` * 2)) STORED NOT NULL COMMENT 'a, b)',
  `p` point NOT NULL /*!80003 SRID 4326 */,
  `i` int DEFAULT '1' /*!80023 INVISIBLE */,
  `u` char(36) DEFAULT (uuid()) COMMENT 'it''s \'x\\',
  `d` decimal(10,2) DEFAULT '0.50',
  `e` enum('a','NOT NULL') CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'NOT NULL',
  `ts` timestamp(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  `s` varchar(9) DEFAULT (_utf8mb4'x:y'),
  PRIMARY KEY (`id`),
  KEY `x` (`u`),
  CONSTRAINT `ck` CHECK ((`i` > 0))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"""


def read(name: str) -> ColumnDefinition:
    """Return a column that is there."""
    column = parse_column(CREATED, name, escapes=True)
    assert column is not None
    return column


@pytest.mark.parametrize("name", ["id", "g", "p", "i", "u", "d", "e", "ts", "s"])
def test_text_comes_back(name: str) -> None:
    """Type and attributes, put together, are what the server has said."""
    column = read(name.upper())
    text = " ".join([column.type, *(text for _, text in column.texts)])
    assert f"  `{name}` {text},\n" in CREATED


def test_parts_are_told_apart() -> None:
    """Words in strings, parentheses and hints begin nothing."""
    assert read("e").type == "enum('a','NOT NULL')"
    assert list(read("e").attributes) == ["CHARACTER", "COLLATE", "DEFAULT"]
    assert list(read("ts").attributes) == ["NULL", "DEFAULT", "ON"]
    assert list(read("g").attributes) == ["GENERATED", "NOT", "COMMENT"]
    assert list(read("i").attributes) == ["DEFAULT", "/*!80023 INVISIBLE */"]
    assert read("g").is_generated
    assert not read("u").is_generated
    assert read("u").attributes["COMMENT"] == r"COMMENT 'it''s \'x\\'"


def test_other_items_are_no_columns() -> None:
    """Keys and constraints of the table are not taken for columns."""
    assert parse_column(CREATED, "x", escapes=True) is None
    assert parse_column(CREATED, "ck", escapes=True) is None
    assert parse_column("CREATE VIEW v AS SELECT 1", "a", escapes=True) is None


def test_what_is_not_understood_is_refused() -> None:
    """A text beyond the grammar is an error, never a guess."""
    with pytest.raises(DefinitionError, match="twice"):
        parse_column("CREATE TABLE t (`a` int NULL NULL)", "a", escapes=True)

    with pytest.raises(DefinitionError, match="not closed"):
        parse_column("CREATE TABLE t (`a` int COMMENT 'x)", "a", escapes=True)


def test_character_set_follows_the_type() -> None:
    """A character set stays with a text, and goes where there is none."""
    assert "CHARACTER" in read("e").with_type("VARCHAR(5)").attributes
    assert "CHARACTER" not in read("e").with_type("INTEGER").attributes
    named = read("e").with_type("TEXT CHARACTER SET utf8mb4")
    assert {"CHARACTER", "COLLATE"}.isdisjoint(named.attributes)


def test_null_default_goes_with_null() -> None:
    """A column that forbids NULL has no default of NULL."""
    column = parse_column("CREATE TABLE t (`a` int DEFAULT NULL)", "a", escapes=True)
    assert column is not None
    assert [text for _, text in column.with_null(False).texts] == ["NOT NULL"]
    assert column.with_null(True).attributes["DEFAULT"] == "DEFAULT NULL"


def test_check_comes_last_and_follows_the_name() -> None:
    """MariaDB's check of a column is renamed with it, outside of strings."""
    sql = "CREATE TABLE t (`a` int CHECK (`A` <> '`a`' and `b` > 0))"
    column = parse_column(sql, "a", escapes=True)
    assert column is not None
    column = column.with_name("c`d", escapes=True).with_attribute(
        "COMMENT", "COMMENT ''"
    )
    assert [text for _, text in column.texts] == [
        "COMMENT ''",
        "CHECK (`c``d` <> '`a`' and `b` > 0)",
    ]


def test_strings_are_quoted() -> None:
    """Quotes are doubled always, backslashes where they escape."""
    assert quote_text("it's \\", escapes=True) == "'it''s \\\\'"
    assert quote_text("it's \\", escapes=False) == "'it''s \\'"
