"""SQL texts as their parts: enough to know what a statement does, and no grammar.

What is not understood raises :class:`~.tokens.DefinitionError`; nobody guesses.
"""

from __future__ import annotations

import itertools
import re

from ..tokens import DefinitionError
from ..tokens import split
from ..tokens import Token
from ..tokens import Tokens

Path = tuple[str, ...]
"""A name with its schema, if it was written: ``("billing", "invoices")``."""


def _make_pattern(before: str, *kinds: str) -> re.Pattern[str]:
    # Possessive, so that a quote that is never closed is found out in one pass.
    alternatives = "|".join((*kinds, r"\Z"))
    return re.compile(rf"(?P<before>(?:\s++|{before})*+)(?:{alternatives})", re.DOTALL)


_NUMBER = r"(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
_WORD = r"(?P<word>[^\W\d][\w$]*)"
_ESCAPED = r"(?:[^{0}\\]|\\.|{0}{0})*+{0}"

POSTGRESQL = _make_pattern(
    # A comment may hold another one.
    r"--[^\n]*|/\*(?:[^*/]|\*(?!/)|/(?!\*)|/\*.*?\*/)*+\*/",
    r"(?P<string>[eE]'" + _ESCAPED.format("'") + r"|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*+'"
    r"|\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)",
    r'(?P<quoted>(?:[uU]&)?"(?:[^"]|"")*+")',
    _NUMBER,
    _WORD,
    r"(?P<symbol>[^'\"])",
)
MYSQL = _make_pattern(
    r"\#[^\n]*|--(?=\s|\Z)[^\n]*|/\*(?!M?!).*?\*/",
    # Code for some servers and a comment for others.
    r"(?P<hint>/\*M?!.*?\*/)",
    r"(?P<string>'" + _ESCAPED.format("'") + r'|"' + _ESCAPED.format('"') + r")",
    r"(?P<quoted>`(?:[^`]|``)*+`)",
    _NUMBER,
    _WORD,
    r"(?P<symbol>[^'\"`])",
)
"""How MySQL and MariaDB read, where a backslash escapes."""


class Reader:
    """A place in a row of tokens, and what may come next.

    :param folds: an unquoted name means its small letters, as on PostgreSQL.
    """

    def __init__(self, tokens: Tokens, *, folds: bool = False) -> None:
        self._tokens = tokens
        self._place = 0
        self._folds = folds

    @property
    def keyword(self) -> str:
        """The next word in capitals, or sign; empty at the end."""
        return "" if self.at_end else self._tokens[self._place].keyword

    @property
    def at_end(self) -> bool:
        """Whether everything has been read."""
        return self._place >= len(self._tokens)

    def starts(self, *words: str) -> bool:
        """Tell whether the next words are these."""
        return self.look(len(words)) == words

    def look(self, count: int) -> tuple[str, ...]:
        """Return the next words, without passing them."""
        found = self._tokens[self._place : self._place + count]
        return tuple(token.keyword for token in found)

    def accept(self, *words: str) -> bool:
        """Pass these words if they are the next ones."""
        found = self.starts(*words)
        self._place += len(words) * found
        return found

    def accept_any(self, *words: str) -> str:
        """Pass one of these words, and return it; or return an empty text."""
        word = self.keyword if self.keyword in words else ""
        self._place += bool(word)
        return word

    def expect(self, *words: str) -> None:
        """Pass these words.

        :raises DefinitionError: if something else stands there.
        """
        if not self.accept(*words):
            raise self.surprise(" ".join(words))

    def surprise(self, wanted: str) -> DefinitionError:
        """Return the error that says what is not understood."""
        rest = self._tokens[self._place : self._place + 3]
        found = " ".join(token.text for token in rest)
        where = f"where it says {found}" if found else "at the end"
        return DefinitionError(f"{wanted} is expected {where}")

    def take(self) -> Token:
        """Pass one token, whatever it is."""
        if self.at_end:
            raise self.surprise("more")

        self._place += 1
        return self._tokens[self._place - 1]

    def name(self) -> str:
        """Pass one identifier."""
        if self.at_end or self._tokens[self._place].kind not in _NAMES:
            raise self.surprise("a name")

        return self.spell(self.take())

    def spell(self, token: Token) -> str:
        """Return the identifier that a token means."""
        is_bare = token.kind == "word"
        return token.text.lower() if is_bare and self._folds else token.name

    def path(self) -> Path:
        """Pass a name with or without its schema."""
        names = [self.name()]

        while self.accept("."):
            names.append(self.name())

        return tuple(names)

    def paths(self) -> list[Path]:
        """Pass names that are separated by commas."""
        found = [self.path()]

        while self.accept(","):
            found.append(self.path())

        return found

    def group(self) -> Tokens:
        """Pass a pair of parentheses, and return what stands between them."""
        self.expect("(")
        start = self._place
        depth = 1

        while depth:
            depth += {"(": 1, ")": -1}.get(self.take().keyword, 0)

        return self._tokens[start : self._place - 1]

    def unit(self) -> Tokens:
        """Pass one token, or one pair of parentheses with everything in it."""
        start = self._place

        if self.keyword == "(":
            self.group()
        else:
            self.take()

        return self._tokens[start : self._place]

    def columns(self) -> tuple[str, ...]:
        """Pass a list of names in parentheses; what is an expression has no name."""
        parts = [self.read(part) for part in split(self.group())]
        return tuple(part.name() if part.is_plain else "" for part in parts)

    @property
    def is_plain(self) -> bool:
        """Whether it begins with a name, and not with an expression."""
        if self.at_end or self._tokens[self._place].kind not in _NAMES:
            return False

        # `name(20)` is a length on MySQL; anything else there is a call.
        words = self._tokens[self._place + 1 : self._place + 3]
        return words[:1] == () or words[0].keyword != "(" or words[-1].kind == "number"

    def skip_if_exists(self) -> bool:
        """Pass ``IF EXISTS`` or ``IF NOT EXISTS``."""
        return self.accept("IF", "EXISTS") or self.accept("IF", "NOT", "EXISTS")

    def rest(self) -> Tokens:
        """Pass everything that is left."""
        start, self._place = self._place, len(self._tokens)
        return self._tokens[start:]

    def read(self, tokens: Tokens) -> Reader:
        """Return a reader of a part, with the same habits."""
        return Reader(tokens, folds=self._folds)

    def expect_end(self) -> None:
        """Refuse what is left over."""
        if not self.at_end:
            raise self.surprise("nothing")


_NAMES = frozenset({"word", "quoted", "string"})


def split_statements(tokens: Tokens) -> list[Tokens]:
    """Split a text at its semicolons; what is empty is left out."""
    found: list[list[Token]] = [[]]

    for token in tokens:
        if token.keyword == ";":
            found.append([])
        else:
            found[-1].append(token)

    return [tuple(part) for part in found if part]


def has_words(tokens: Tokens, *words: str) -> bool:
    """Tell whether words stand somewhere, one behind the other."""
    keywords = [token.keyword for token in tokens]
    places = range(len(keywords) - len(words) + 1)
    return any(tuple(keywords[i : i + len(words)]) == words for i in places)


def find_calls(tokens: Tokens) -> set[str]:
    """Return the names of the functions that an expression calls, in small letters."""
    pairs = itertools.pairwise(tokens)
    return {
        token.name.lower()
        for token, following in pairs
        if following.keyword == "(" and token.kind in {"word", "quoted"}
    }


def find_names(tokens: Tokens) -> set[str]:
    """Return what may be a column in an expression, in small letters."""
    return {token.name.lower() for token in tokens if token.kind in {"word", "quoted"}}
