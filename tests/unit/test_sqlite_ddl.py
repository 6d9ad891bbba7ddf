"""The text of a table on SQLite is read into parts, and comes back as it was."""

from __future__ import annotations

import dataclasses

import pytest

from flask_migrate.databases.dialects.sqlite_clauses import Clause
from flask_migrate.databases.dialects.sqlite_clauses import Constraint
from flask_migrate.databases.dialects.sqlite_ddl import TableDefinition
from flask_migrate.databases.dialects.sqlite_parser import parse_column
from flask_migrate.databases.dialects.sqlite_parser import parse_constraint
from flask_migrate.databases.dialects.sqlite_parser import parse_table
from flask_migrate.databases.dialects.sqlite_tokens import find_affinity
from flask_migrate.databases.dialects.sqlite_tokens import mentions
from flask_migrate.databases.dialects.sqlite_tokens import tokenize
from flask_migrate.databases.dialects.tokens import DefinitionError
from flask_migrate.databases.dialects.tokens import join

LONG = """CREATE TABLE "a ""b" (/* first */ id INTEGER PRIMARY KEY AUTOINCREMENT, -- key
  [n m] VARCHAR (10, 2) COLLATE NOCASE NOT NULL ON CONFLICT REPLACE DEFAULT 'it''s',
  "q" UNSIGNED BIG INT null DEFAULT -5.0e3 UNIQUE,
  p REFERENCES p(id) ON DELETE SET NULL MATCH FULL NOT DEFERRABLE INITIALLY DEFERRED
    NOT NULL,
  g GENERATED ALWAYS AS (q*2) STORED, h AS (q || ',)') VIRTUAL,
  d DEFAULT (lower('x') || 'y') CONSTRAINT cc CHECK (d <> 'a,b)'),
  e, f default null, b blob default x'00' /* last */
  , CONSTRAINT uq UNIQUE (q, "p") ON CONFLICT IGNORE FOREIGN KEY (q) REFERENCES t(id),
  CHECK ("a ""b".q > 0) -- end
  ) STRICT, WITHOUT ROWID"""


def test_whole_text_is_kept() -> None:
    """Reading and writing changes nothing but a comma that SQLite lets one forget."""
    expected = LONG.replace("IGNORE FOREIGN", "IGNORE, FOREIGN")
    assert parse_table(LONG).to_sql() == expected


def test_parts_are_found() -> None:
    """Names, types and kinds come out without their quotes."""
    table = parse_table(LONG)
    assert table.name == 'a "b'
    names = ["id", "n m", "q", "p", "g", "h", "d", "e", "f", "b"]
    assert [column.name for column in table.columns] == names
    types = ["INTEGER", "VARCHAR (10, 2)", "UNSIGNED BIG INT", *[""] * 6, "blob"]
    assert [column.type_text for column in table.columns] == types
    kinds = [clause.kind for clause in table.constraints]
    assert kinds == ["UNIQUE", "FOREIGN KEY", "CHECK"]
    assert [one.columns for one in table.find_all("UNIQUE")] == [("q",), ("q", "p")]
    referred = [one.clause.referred for one in table.find_all("FOREIGN KEY")]
    assert referred == ["p", "t"]
    assert table.is_strict
    assert not table.has_rowid
    assert table.is_autoincrement
    assert [one.name for one in table.columns if one.is_generated] == ["g", "h"]


def test_own_name_is_left_out_under_another() -> None:
    """A check that names its table is right for a table of another name, too."""
    sql = parse_table("CREATE TABLE t (a, b AS (t.a), CHECK (T.a > other.t))").to_sql(
        "u"
    )
    assert sql == 'CREATE TABLE "u" (a, b AS (a), CHECK (a > other.t))'


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a INTEGER PRIMARY KEY", "a"),
        ("a integer, PRIMARY KEY (a)", "a"),
        ("a INT PRIMARY KEY", None),
        ("a INTEGER PRIMARY KEY DESC", None),
        ("a INTEGER, b INTEGER, PRIMARY KEY (a, b)", None),
        ("a INTEGER", None),
    ],
)
def test_number_of_a_row(sql: str, expected: str | None) -> None:
    """The column that is the row number is the one that SQLite takes for it."""
    column = parse_table(f"CREATE TABLE t ({sql})").rowid_column
    assert (column.name if column else None) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIRTUAL TABLE t USING fts5(a)",
        "CREATE TABLE t AS SELECT 1",
        "CREATE TABLE t (a INT CONSTRAINT x CONSTRAINT y UNIQUE)",
        "CREATE TABLE t (a INT",
        "CREATE TABLE t (a INT) STORED, b)",
        "CREATE TABLE t (a TEXT DEFAULT 'x)",
        "CREATE TABLE t (a INT PRIMARY)",
        "CREATE TABLE t (a INT, CHECK a > 0)",
    ],
)
def test_what_is_not_understood_is_refused(sql: str) -> None:
    """A text beyond the grammar is an error, never a guess."""
    with pytest.raises(DefinitionError):
        parse_table(sql)


def test_column_is_edited_in_place() -> None:
    """An edit leaves the other clauses and their spaces alone."""
    column = parse_column("a  INT NOT NULL ON CONFLICT FAIL  CHECK (a > 0) DEFAULT 1")
    assert column.with_null(True).sql == "a  INT  CHECK (a > 0) DEFAULT 1"
    assert column.with_type("TEXT").type_text == "TEXT"
    assert column.with_default("(2)").sql == (
        "a  INT DEFAULT (2) NOT NULL ON CONFLICT FAIL  CHECK (a > 0)"
    )
    assert column.with_default(None).find("DEFAULT") is None
    assert parse_column("a INT NULL").with_null(False).sql == "a INT NOT NULL"
    collated = parse_column("a TEXT COLLATE RTRIM").with_type("CHAR(1) COLLATE NOCASE")
    assert collated.sql == "a CHAR(1) COLLATE NOCASE"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a, b, UNIQUE (a, b)", "b"),
        ("a, b, FOREIGN KEY (b, a) REFERENCES p", "b"),
        ("a, b, CHECK (A > 0)", "b"),
        ("a, b, CHECK (\"a\" IN ('b'))", "b"),
        ("a, b, CHECK (b > 0)", "b, CHECK (b > 0)"),
        ("a, b CHECK (b <> 'a')", "b CHECK (b <> 'a')"),
        ("a, b CHECK (a(b))", "b CHECK (a(b))"),
        ("a, b COLLATE a, CHECK (b COLLATE a)", "b COLLATE a, CHECK (b COLLATE a)"),
        ("a REFERENCES p (id) UNIQUE, b", "b"),
    ],
)
def test_dropped_column_takes_its_own(body: str, expected: str) -> None:
    """What is about the column alone goes with it, and nothing else does."""
    table = parse_table(f"CREATE TABLE t ({body})").without_columns({"A"})
    written = table.to_sql().replace("( ", "(")
    assert written == f'CREATE TABLE "t" ({expected})'


@pytest.mark.parametrize(
    "body",
    [
        "a, b, CHECK (a > b)",
        "a, b, CONSTRAINT ck CHECK (lower(a) = b)",
        "a, b CHECK (b > a)",
        "a, b AS (a + 1)",
        "a, b GENERATED ALWAYS AS (b || [a]) STORED",
    ],
)
def test_needed_column_is_not_dropped(body: str) -> None:
    """A column stays while an expression of another column speaks of it."""
    with pytest.raises(DefinitionError, match="needs it"):
        parse_table(f"CREATE TABLE t ({body})").without_columns({"a"})


def test_name_moves_a_key_to_the_table() -> None:
    """A key of a column that gets a name stands at the table after."""
    table = parse_table(
        "CREATE TABLE t (a UNIQUE ON CONFLICT FAIL, b REFERENCES p (c))"
    )
    like = parse_constraint("CONSTRAINT k CHECK (1)")

    for kind in ("UNIQUE", "FOREIGN KEY"):
        table = table.with_name(next(table.find_all(kind)), like)

    assert table.to_sql() == (
        'CREATE TABLE "t" (a, b, CONSTRAINT k UNIQUE ("a") ON CONFLICT FAIL,'
        ' CONSTRAINT k FOREIGN KEY ("b") REFERENCES p (c))'
    )


def test_name_is_replaced() -> None:
    """A constraint of the table gets another name in place of the first."""
    table = parse_table("CREATE TABLE t (a, CONSTRAINT old CHECK (a > 0))")
    like = parse_constraint("CONSTRAINT [new one] CHECK (1)")
    table = table.with_name(Constraint(clause=table.constraints[0]), like)
    assert table.to_sql() == (
        'CREATE TABLE "t" (a, CONSTRAINT [new one] CHECK (a > 0))'
    )


def test_autoincrement_and_options() -> None:
    """The options of a table are set and taken back."""
    table = parse_table("CREATE TABLE t (a INTEGER, b, PRIMARY KEY (a))")
    table = table.with_autoincrement(True).with_options(strict=True, rowid=True)
    sql = 'CREATE TABLE "t" (a INTEGER PRIMARY KEY AUTOINCREMENT, b) STRICT'
    assert " ".join(table.to_sql().split()) == sql
    table = table.with_autoincrement(False).with_options(strict=False, rowid=False)
    sql = 'CREATE TABLE "t" (a INTEGER PRIMARY KEY, b) WITHOUT ROWID'
    assert " ".join(table.to_sql().split()) == sql

    with pytest.raises(DefinitionError, match="INTEGER"):
        parse_table("CREATE TABLE t (a TEXT PRIMARY KEY)").with_autoincrement(True)


def test_order() -> None:
    """Columns are put in order; those that are not spoken of come last."""
    table = parse_table("CREATE TABLE t (a, b, c, d)").with_order(["C", "a"])
    assert [column.name for column in table.columns] == ["c", "a", "b", "d"]


def test_clause_without_table() -> None:
    """A clause is made from words, and added to a column or a table."""
    table = parse_table("CREATE TABLE t (a)")
    assert isinstance(table, TableDefinition)
    table = table.with_constraint(Clause.make("CHECK", "(a > 0)"))
    column = dataclasses.replace(table.columns[0])
    table = table.with_column(column.with_clause(Clause.make("NOT NULL")))
    assert " ".join(table.to_sql().split()) == (
        'CREATE TABLE "t" (a NOT NULL, CHECK (a > 0))'
    )


@pytest.mark.parametrize(
    ("type_text", "expected"),
    [
        ("", "BLOB"),
        ("INT", "INTEGER"),
        ("CHARINT", "INTEGER"),
        ("varchar(9)", "TEXT"),
        ("CLOB", "TEXT"),
        ("DOUBLE PRECISION", "REAL"),
        ("DATETIME", "NUMERIC"),
        ("BOOLEAN", "NUMERIC"),
        ("BLOB", "BLOB"),
    ],
)
def test_affinity(type_text: str, expected: str) -> None:
    """A declared type decides how values are stored, by SQLite's own rules."""
    assert find_affinity(type_text) == expected


def test_tokens() -> None:
    """Comments are spaces, strings are no names, and everything comes back."""
    sql = "a -- b\n 'c' \"d\" `e` [f] x'00' 1_0.5e-3 0xFF || /* g */ h(1)"
    tokens = tokenize(sql)
    assert join(tokens) == sql
    assert mentions(tokens, {"D"})
    assert mentions(tokens, {"f"})
    assert not mentions(tokens, {"b", "c", "g", "h", "x"})
