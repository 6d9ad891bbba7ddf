"""One column of MySQL or MariaDB, as ``SHOW CREATE TABLE`` writes it.

MODIFY and CHANGE state a column again, and what they do not state is gone. The server's
own text has all of it, in a form that the server takes back, also what no catalogue
shows in one place: the checks of MariaDB's columns, INVISIBLE, COMPRESSED.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import re

from .tokens import DefinitionError
from .tokens import inside
from .tokens import is_same
from .tokens import join
from .tokens import read_tokens
from .tokens import split
from .tokens import Tokens

_ATTRIBUTES = {
    "CHARACTER": 2,
    "COLLATE": 1,
    "GENERATED": 3,
    "AS": 1,
    "NOT": 1,
    "NULL": 0,
    "DEFAULT": 1,
    "ON": 2,
    "AUTO_INCREMENT": 0,
    "COMMENT": 1,
    "CHECK": 1,
    "INVISIBLE": 0,
    "WITHOUT": 2,
}
"""What may follow a type, with how many words or groups at least belong to it."""

_TEXT_TYPES = ("CHAR", "TEXT", "ENUM", "SET")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDefinition:
    """One column.

    :param name: without quotes.
    :param type: as the server writes it, without a character set.
    :param attributes: the rest, each by its first word, in the server's order.
    """

    name: str
    type: str
    attributes: dict[str, str]

    @property
    def is_generated(self) -> bool:
        """Whether its values are computed from others."""
        return not self.attributes.keys().isdisjoint({"GENERATED", "AS"})

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """The attributes in an order that every server takes: a check comes last."""
        return tuple(
            sorted(self.attributes.items(), key=lambda pair: pair[0] == "CHECK")
        )

    def without(self, *keywords: str) -> ColumnDefinition:
        """Return the column without some attributes."""
        kept = {
            key: text for key, text in self.attributes.items() if key not in keywords
        }
        return dataclasses.replace(self, attributes=kept)

    def with_attribute(self, keyword: str, text: str) -> ColumnDefinition:
        """Return the column with an attribute added, or replaced in its place."""
        attributes = {**self.attributes, keyword: text}
        return dataclasses.replace(self, attributes=attributes)

    def with_type(self, text: str) -> ColumnDefinition:
        """Return the column with another type.

        A character set stays, unless the type names one, or has no characters. The
        check that MariaDB gives to JSON goes with it.
        """
        column = dataclasses.replace(self, type=text)
        words = text.upper().split()
        is_text = any(kind in words[0] for kind in _TEXT_TYPES)

        if not is_text or not {"CHARACTER", "COLLATE"}.isdisjoint(words):
            column = column.without("CHARACTER", "COLLATE")

        json = f"CHECK (json_valid({quote_name(self.name)}))"

        if self.attributes.get("CHECK") == json:
            column = column.without("CHECK")

        return column

    def with_null(self, allowed: bool) -> ColumnDefinition:
        """Return the column with NULL allowed or forbidden."""
        column = self.without("NULL", "NOT")

        if allowed:
            return column.with_attribute("NULL", "NULL")

        if self.attributes.get("DEFAULT", "").upper() == "DEFAULT NULL":
            column = column.without("DEFAULT")

        return column.with_attribute("NOT", "NOT NULL")

    def with_name(self, name: str, *, escapes: bool) -> ColumnDefinition:
        """Return the column under another name, in its own check too."""
        column = dataclasses.replace(self, name=name)
        check = self.attributes.get("CHECK")

        if check is None:
            return column

        tokens = (
            dataclasses.replace(token, text=quote_name(name))
            if token.kind == "quoted" and is_same(token.name, self.name)
            else token
            for token in read_tokens(check, _PATTERNS[escapes])
        )
        return column.with_attribute("CHECK", join(tokens))


def parse_column(sql: str, name: str, *, escapes: bool) -> ColumnDefinition | None:
    """Read one column.

    :param sql: what ``SHOW CREATE TABLE`` answers.
    :param escapes: whether a backslash escapes in a string; ``sql_mode`` says.
    :return: ``None`` if the table has no such column.
    :raises DefinitionError: if the text is not understood.
    """
    for item in read_items(sql, escapes=escapes):
        if item[0].kind == "quoted" and is_same(item[0].name, name):
            return _read(item)

    return None


def read_items(sql: str, *, escapes: bool) -> list[Tokens]:
    """Return the columns, keys and checks of a table, each as its tokens."""
    parts = split(inside(read_tokens(sql, _PATTERNS[escapes])))
    return [one for one in parts if one]


def read_words(
    sql: str, *, escapes: bool, reserved: cabc.Container[str] | None = None
) -> tuple[tuple[str, str], ...]:
    """Return an expression as something to compare.

    :param reserved: of a text that somebody has typed: the words that never name a
        column. The server itself puts every name of one into backticks.
    :raises DefinitionError: if the text is not understood.
    """
    tokens = read_tokens(sql, _PATTERNS[escapes])
    behind = (*(one.keyword for one in tokens[1:]), "")
    found = []

    for token, following in zip(tokens, behind, strict=True):
        is_bare = token.kind == "word" and token.text.isidentifier()
        is_name = (
            reserved is not None
            and is_bare
            and following != "("
            and token.text.lower() not in reserved
        )

        if is_name or token.text.startswith("`"):
            found.append(("name", token.name))
        else:
            found.append(("", token.text.lower() if is_bare else token.text))

    return tuple(found)


def quote_name(name: str) -> str:
    """Return a name in backticks."""
    return "`" + name.replace("`", "``") + "`"


def quote_text(text: str, *, escapes: bool) -> str:
    """Return a string literal.

    :param escapes: whether a backslash escapes in it.
    """
    text = text.replace("\\", "\\\\") if escapes else text
    return "'" + text.replace("'", "''") + "'"


def read_column(item: Tokens) -> ColumnDefinition | None:
    """Read one item of a table; ``None`` if it is no column.

    :raises DefinitionError: if the text is not understood.
    """
    return _read(item) if item[0].kind == "quoted" else None


def _read(item: Tokens) -> ColumnDefinition:
    parts: list[tuple[str, list[Tokens]]] = [("", [])]
    wanted = 1

    for unit in _group(item[1:]):
        keyword = _find_keyword(unit)

        if wanted > 0 or not keyword:
            parts[-1][1].append(unit)
            wanted -= 1
        else:
            parts.append((keyword, [unit]))
            wanted = _ATTRIBUTES.get(keyword, 0)

    texts = {key: "".join(map(join, units)).strip() for key, units in parts}

    if len(texts) != len(parts):
        raise DefinitionError(f"{item[0].text} says something twice")

    return ColumnDefinition(name=item[0].name, type=texts.pop(""), attributes=texts)


def _group(tokens: Tokens) -> cabc.Iterator[Tokens]:
    """Take what stands in parentheses as one."""
    depth = 0
    group: Tokens = ()

    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.keyword, 0)
        group = (*group, token)

        if not depth:
            yield group
            group = ()


def _find_keyword(unit: Tokens) -> str:
    """Return the word that begins an attribute; empty for what continues one."""
    token = unit[0]

    if token.kind == "hint":
        # `/*!80023 INVISIBLE */`: the server reads it, and each says another thing.
        return token.text

    return token.keyword if token.keyword in _ATTRIBUTES else ""


def _make_pattern(text: str) -> re.Pattern[str]:
    return re.compile(
        r"""
        (?P<before> \s* )
        (?:
            (?P<hint>   /\*.*?\*/ )
          | (?P<quoted> `(?:[^`]|``)*` | "(?:[^"]|"")*" )
          | (?P<string> """
        + text
        + r""" )
          | (?P<word>   [^\s`'"(),]+ )
          | (?P<symbol> [(),] )
          | \Z
        )
        """,
        re.VERBOSE | re.DOTALL,
    )


_PATTERNS = {
    False: _make_pattern(r"'(?:[^']|'')*'"),
    True: _make_pattern(r"'(?:[^'\\]|\\.|'')*'"),
}
"""By whether a backslash escapes in a string."""
