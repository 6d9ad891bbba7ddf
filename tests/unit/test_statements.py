"""Odd SQL is split where the servers would split it."""

from __future__ import annotations

import time

import pytest

from flask_migrate.databases.dialects.facts.definitions import read_column
from flask_migrate.databases.dialects.facts.definitions import read_constraint
from flask_migrate.databases.dialects.facts.statements import find_calls
from flask_migrate.databases.dialects.facts.statements import MYSQL
from flask_migrate.databases.dialects.facts.statements import POSTGRESQL
from flask_migrate.databases.dialects.facts.statements import Reader
from flask_migrate.databases.dialects.facts.statements import split_statements
from flask_migrate.databases.dialects.tokens import DefinitionError
from flask_migrate.databases.dialects.tokens import read_tokens


def texts(sql: str, pattern: object = POSTGRESQL) -> list[str]:
    """Return the texts of the tokens."""
    return [token.text for token in read_tokens(sql, pattern)]  # type: ignore[arg-type]


def reader(sql: str) -> Reader:
    """Return a reader of PostgreSQL's."""
    return Reader(read_tokens(sql, POSTGRESQL), folds=True)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a--b\nc", ["a", "c"]),
        ("a/* x /* y */ z */b", ["a", "b"]),
        ("'it''s; a'", ["'it''s; a'"]),
        (r"E'it\'s'", [r"E'it\'s'"]),
        (r"'\' a", ["'\\'", "a"]),
        ("$$ ' ; $$ b", ["$$ ' ; $$", "b"]),
        ("$q$ $$ ' $q$", ["$q$ $$ ' $q$"]),
        ('"a "" b".c', ['"a "" b"', ".", "c"]),
        ("x::numeric(1,2)", ["x", ":", ":", "numeric", "(", "1", ",", "2", ")"]),
        ("-1.5e3", ["-", "1.5e3"]),
        ("größe$1", ["größe$1"]),
        ("U&'d' B'01'", ["U&'d'", "B'01'"]),
    ],
)
def test_postgresql(sql: str, expected: list[str]) -> None:
    """PostgreSQL has dollar quotes, and comments in comments."""
    assert texts(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (r"'a\'b' c", [r"'a\'b'", "c"]),
        ('"it\'s" # x\n`a``b`', ['"it\'s"', "`a``b`"]),
        ("a -- b\nc", ["a", "c"]),
        ("1--1", ["1", "-", "-", "1"]),
        ("/*!50000 x */ y", ["/*!50000 x */", "y"]),
        ("/*M!100 x */ y", ["/*M!100 x */", "y"]),
        ("/* x */ y", ["y"]),
    ],
)
def test_mysql(sql: str, expected: list[str]) -> None:
    """MySQL has backslashes, two kinds of strings, and code in comments."""
    assert texts(sql, MYSQL) == expected


@pytest.mark.parametrize("sql", ["'", '"a', " " * 5000 + "'", "'" + "''" * 5000])
def test_open_quotes(sql: str) -> None:
    """A quote that is never closed is found out at once."""
    start = time.perf_counter()

    with pytest.raises(DefinitionError, match="not closed"):
        texts(sql)

    assert time.perf_counter() - start < 1


def test_statements() -> None:
    """Semicolons split, but not inside quotes or comments."""
    tokens = read_tokens("a 'x;y'; ; b /* ; */ $$;$$;", POSTGRESQL)
    found = [[token.text for token in part] for part in split_statements(tokens)]
    assert found == [["a", "'x;y'"], ["b", "$$;$$"]]


def test_names() -> None:
    """An unquoted name is folded, a quoted one is not."""
    assert reader('Billing."In""voices"').path() == ("billing", 'In"voices')


def test_column() -> None:
    """A column's clauses are told apart, whatever they contain."""
    text = (
        "n numeric(1, 2) DEFAULT (a NOT NULL) NOT NULL REFERENCES r ON DELETE SET NULL"
    )
    column = read_column(reader(text))
    words = [word for word, _ in column.clauses]
    assert words == ["DEFAULT", "NOT", "REFERENCES", "ON"]
    assert column.is_not_null
    assert "".join(token.text for token in column.type) == "numeric(1,2)"


def test_nullable_column() -> None:
    """``ON DELETE SET NULL`` and ``DEFAULT NULL`` are no NOT NULL."""
    column = read_column(reader("n int DEFAULT NULL REFERENCES r ON UPDATE SET NULL"))
    assert not column.is_not_null


def test_constraint() -> None:
    """A foreign key knows its columns, its target and whether rows are checked."""
    text = 'CONSTRAINT "f k" FOREIGN KEY (a, "B") REFERENCES s.r (x) NOT VALID'
    key = read_constraint(reader(text))
    assert (key.name, key.columns, key.target) == ("f k", ("a", "B"), ("s", "r"))
    assert not key.is_valid


def test_calls() -> None:
    """What stands in front of a parenthesis is called."""
    tokens = read_tokens("lower(a) || \"F\" (b) + 'g'(c)", POSTGRESQL)
    assert find_calls(tokens) == {"lower", "f"}
