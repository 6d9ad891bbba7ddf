"""SQL as SQLite reads it: words, names, literals, and what stands between them."""

from __future__ import annotations

import collections.abc as cabc
import re

from .tokens import is_same
from .tokens import read_tokens
from .tokens import Tokens

_TOKEN = re.compile(
    r"""
    (?P<before> (?: [ \t\n\f\r]+ | --[^\n]* | /\*.*?(?:\*/|\Z) )* )
    (?:
        (?P<string> '(?:[^']|'')*' )
      | (?P<quoted> "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] )
      | (?P<blob>   [xX]'[0-9a-fA-F]*' )
      | (?P<word>   (?:[A-Za-z_]|[^\x00-\x7f])(?:[A-Za-z0-9_$]|[^\x00-\x7f])* )
      | (?P<number> 0[xX][0-9a-fA-F_]+
                  | (?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)? )
      | (?P<symbol> [^'"`\[] )
      | \Z
    )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


def tokenize(sql: str) -> Tokens:
    """Split a text of SQLite's.

    :raises DefinitionError: for a quote that is never closed.
    """
    return read_tokens(sql, _TOKEN)


def mentions(tokens: Tokens, names: cabc.Collection[str]) -> bool:
    """Tell whether an expression may speak of a column.

    A word in front of a parenthesis is a function or ``IN``; one behind ``COLLATE``
    names a collation.

    :param names: the columns.
    """
    folded = {name.casefold() for name in names}
    before = ("", *(token.keyword for token in tokens))
    behind = (*(token.keyword for token in tokens[1:]), "")
    return any(
        token.kind in {"word", "quoted"}
        and token.name.casefold() in folded
        and previous != "COLLATE"
        and (following != "(" or token.kind == "quoted")
        for token, previous, following in zip(tokens, before, behind, strict=False)
    )


def without_qualifier(tokens: Tokens, table: str) -> Tokens:
    """Return tokens with ``table.a`` as ``a``."""
    kept = []
    place = 0

    while place < len(tokens):
        token, dot = tokens[place], tokens[place + 1 : place + 2]

        if dot and dot[0].keyword == "." and is_same(token.name, table):
            kept.append(tokens[place + 2].spaced(token.before))
            place += 3
        else:
            kept.append(token)
            place += 1

    return tuple(kept)


def quote_name(name: str) -> str:
    """Return a name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def find_affinity(type_text: str) -> str:
    """Return how SQLite stores the values of a column, by its declared type.

    The rules are those of https://sqlite.org/datatype3.html#determination_of_column_affinity.
    """
    text = type_text.upper()
    rules = {
        "INTEGER": ("INT",),
        "TEXT": ("CHAR", "CLOB", "TEXT"),
        "BLOB": ("BLOB",),
        "REAL": ("REAL", "FLOA", "DOUB"),
    }

    if not text:
        return "BLOB"

    matches = (name for name, parts in rules.items() if any(p in text for p in parts))
    return next(matches, "NUMERIC")
