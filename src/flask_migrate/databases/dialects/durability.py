"""What stays of one statement when the run stops right after it."""

from __future__ import annotations

import enum
import re


class Durability(enum.Enum):
    """What happens to a statement's work if its transaction never ends."""

    READ = "read"
    """It changes nothing that stays: a query, or a setting of the session."""
    ROLLS_BACK = "rolls back"
    COMMITS = "commits"
    """It commits by itself, and what the transaction did before it."""


_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*(?!!).*?\*/)+", re.DOTALL)
_READS = re.compile(
    r"(?i)(?:SELECT|SHOW|EXPLAIN|DESC|DESCRIBE|PRAGMA|VALUES|TABLE|SET|RESET|USE|BEGIN"
    r"|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|FETCH|DECLARE|CLOSE|LOCK|UNLOCK|LISTEN"
    r"|NOTIFY|DISCARD|PREPARE|DEALLOCATE)\b"
)
_TEMPORARY = re.compile(
    r"(?i)(?:CREATE|DROP)\s+(?:(?:GLOBAL|LOCAL)\s+)?TEMP(?:ORARY)?\b"
)
_WRITES_IN_WITH = re.compile(r"(?i)\b(?:INSERT|UPDATE|DELETE|MERGE|REPLACE)\b")
_ROWS = re.compile(r"(?i)(?:INSERT|UPDATE|DELETE|REPLACE|MERGE|LOAD|WITH|COPY)\b")


def strip_comments(sql: str) -> str:
    """Return a statement from its first word on."""
    return _COMMENTS.sub("", sql)


def is_read(sql: str) -> bool:
    """Tell whether a statement changes nothing that stays.

    A query that calls a function which changes something is taken for a query.
    """
    text = strip_comments(sql)

    if text[:4].upper() == "WITH":
        return not _WRITES_IN_WITH.search(text)

    # A temporary table is gone with its session: it must be made again.
    return bool(_READS.match(text) or _TEMPORARY.match(text))


_ENDS = re.compile(
    r"(?i)(?:BEGIN|START|COMMIT|LOCK|SET\s+(?:SESSION\s+)?(?:@@\S*)?autocommit)\b"
)


def ends_transaction(sql: str) -> bool:
    """Tell whether a statement commits what was done before it, on some backend.

    UNLOCK TABLES does so too, and lets nothing be written in front of it.
    https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/
    """
    return bool(_ENDS.match(strip_comments(sql)))


def changes_rows(sql: str) -> bool:
    """Tell whether a statement changes rows, and no schema."""
    return bool(_ROWS.match(strip_comments(sql)))


_NAMES = re.compile(r'`([^`]+)`|"([^"]+)"|([^\W\d][\w$]*)')


def find_names(sql: str) -> list[str]:
    """Return the words of a statement that may be names of something, each once."""
    found = (quoted or other or bare for quoted, other, bare in _NAMES.findall(sql))
    return list(dict.fromkeys(found))
