"""SQL as SQLite reads it: words, names, literals, and what stands between them."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import re

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


class DefinitionError(ValueError):
    """A text is not understood, or cannot be changed in the way that was asked."""


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """One word, name, literal or sign.

    :param before: the spaces and comments in front of it.
    :param text: as typed.
    :param kind: ``word``, ``quoted``, ``string``, ``blob``, ``number`` or ``symbol``.
    """

    before: str
    text: str
    kind: str

    @property
    def keyword(self) -> str:
        """A bare word in capitals, or a sign; empty for what is quoted."""
        return self.text.upper() if self.kind in {"word", "symbol"} else ""

    @property
    def name(self) -> str:
        """The identifier that it spells, without quotes."""
        if self.kind not in {"quoted", "string"}:
            return self.text

        quote, inner = self.text[-1], self.text[1:-1]
        return inner if quote == "]" else inner.replace(quote * 2, quote)

    def spaced(self, before: str) -> Token:
        """Return the token with something else in front of it."""
        return dataclasses.replace(self, before=before)


Tokens = tuple[Token, ...]


def tokenize(sql: str) -> Tokens:
    """Split a text; joined again, the tokens are the text.

    :raises DefinitionError: for a quote that is never closed.
    """
    found = []
    position = 0

    while position < len(sql):
        match = _TOKEN.match(sql, position)

        if match is None:
            text = sql[position : position + 20].strip()
            raise DefinitionError(f"a quote is not closed: {text}")

        position = match.end()
        kind = match.lastgroup

        # Spaces at the very end belong to no token and mean nothing.
        if kind is not None and kind != "before":
            found.append(Token(match["before"], match[kind], kind))

    return tuple(found)


def join(tokens: cabc.Iterable[Token]) -> str:
    """Return the text of tokens."""
    return "".join(token.before + token.text for token in tokens)


def split(tokens: Tokens) -> list[Tokens]:
    """Split tokens at the commas that stand in no parentheses."""
    parts: list[list[Token]] = [[]]
    depth = 0

    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.keyword, 0)

        if token.keyword == "," and not depth:
            parts.append([])
        else:
            parts[-1].append(token)

    return [tuple(part) for part in parts]


def inside(tokens: Tokens) -> Tokens:
    """Return what stands in the first pair of parentheses."""
    depth = 0
    start = 0

    for place, token in enumerate(tokens):
        if token.keyword == "(":
            depth += 1
            start = start or place + 1
        elif token.keyword == ")":
            depth -= 1

            if not depth:
                return tokens[start:place]

    return ()


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


def is_same(one: str, other: str) -> bool:
    """Tell whether two names are one; SQLite ignores case."""
    return one.casefold() == other.casefold()


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
