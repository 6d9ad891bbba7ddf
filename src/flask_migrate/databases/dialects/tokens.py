"""SQL as a row of tokens that, joined again, are the text that they came from."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import re


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


def read_tokens(sql: str, pattern: re.Pattern[str]) -> Tokens:
    """Split a text.

    :param pattern: one token with a group per kind, ``before`` for what stands in
        front of it.
    :raises DefinitionError: for a quote that is never closed.
    """
    found = []
    position = 0

    while position < len(sql):
        match = pattern.match(sql, position)

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


def behind_group(tokens: Tokens) -> Tokens:
    """Return what stands behind the first pair of parentheses."""
    depth = 0

    for place, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token.keyword, 0)

        if token.keyword == ")" and not depth:
            return tokens[place + 1 :]

    return ()


def is_same(one: str, other: str) -> bool:
    """Tell whether two names are one for a database that ignores case."""
    return one.casefold() == other.casefold()
