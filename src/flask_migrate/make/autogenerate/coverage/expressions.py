"""Expressions as servers write them, without what makes no difference."""

from __future__ import annotations

import re

from ....databases.dialects.sqlite_tokens import tokenize
from ....databases.dialects.tokens import DefinitionError

_CAST = re.compile(
    r"""
    (?P<value> '(?:[^']|'')*' | [-\w.]+ | \(.*\) )
    :: (?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?  [\w\s(),]* (?:\[\d*\])*
    """,
    re.VERBOSE | re.DOTALL,
)
"""A value with the type that PostgreSQL writes behind it."""


def simplify(text: str) -> tuple[str, ...]:
    """Return an expression as something to compare: its words, in no certain case.

    Strings are as they are; casts and parentheses around all of it are left out.
    """
    text = unwrap(text)

    try:
        return tuple(token.keyword or token.text for token in tokenize(text))
    except DefinitionError:
        return (text,)


def unwrap(text: str) -> str:
    """Return an expression without casts and parentheses around all of it."""
    text = text.strip()

    while True:
        cast = _CAST.fullmatch(text)

        if cast and (not cast["value"].startswith("(") or _is_wrapped(cast["value"])):
            text = cast["value"].strip()
        elif _is_wrapped(text):
            text = text[1:-1].strip()
        else:
            return text


def _is_wrapped(text: str) -> bool:
    """Tell whether the first parenthesis is closed by the very last one."""
    if not text.startswith("(") or not text.endswith(")"):
        return False

    depth = 0

    for place, sign in enumerate(re.sub(r"'(?:[^']|'')*'", _blank, text)):
        depth += {"(": 1, ")": -1}.get(sign, 0)

        if not depth:
            return place == len(text) - 1

    return False


def _blank(found: re.Match[str]) -> str:
    return "x" * len(found[0])
