"""What a new type, or a column restated, is for MySQL and MariaDB."""

from __future__ import annotations

import dataclasses

from ...tokens import Tokens

_ALIASES = {
    "integer": "int",
    "bool": "tinyint",
    "boolean": "tinyint",
    "dec": "decimal",
    "numeric": "decimal",
    "fixed": "decimal",
    "double precision": "double",
    "real": "double",
    "character varying": "varchar",
    "character": "char",
    "int4": "int",
    "int8": "bigint",
    "json": "longtext",
}
_WHOLE = ("tinyint", "smallint", "mediumint", "int", "bigint")
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext")
_DEFAULTS = {"decimal": ("10", "0"), "char": ("1",), "bit": ("1",), "binary": ("1",)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ColumnType:
    """A type, as the server keeps it.

    :param base: its name.
    :param arguments: the length, or the values of an enum.
    :param flags: ``unsigned``, ``zerofill``.
    """

    base: str
    arguments: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()

    @property
    def length(self) -> int:
        """The number of characters, or of digits."""
        text = "".join(self.arguments[:1])
        return int(text) if text.isdigit() else 0

    @property
    def is_text(self) -> bool:
        """Whether it has a character set."""
        return self.base in {*_TEXTS, "enum", "set"}


def read_type(tokens: Tokens, *, is_mariadb: bool) -> ColumnType:
    """Return the type that a statement, or the server, writes."""
    words: list[str] = []
    arguments: list[str] = []
    flags = set()
    depth = 0

    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.keyword, 0)

        if depth and token.keyword not in {"(", ","}:
            arguments.append(token.name)
        elif token.keyword in {"UNSIGNED", "ZEROFILL"}:
            flags.add(token.text.lower())
        elif token.keyword not in {"(", ")", ",", "SIGNED"}:
            words.append(token.text.lower())

    base = " ".join(words)

    if base != "json" or is_mariadb:
        base = _ALIASES.get(base, base)

    if base in _WHOLE:
        # The width in int(11) is for display only.
        arguments = []

    return ColumnType(
        base=base,
        arguments=tuple(arguments) or _DEFAULTS.get(base, ()),
        flags=frozenset(flags),
    )


def compare_types(
    old: ColumnType, new: ColumnType, *, bytes_per_character: int, is_mariadb: bool
) -> str:
    """Return what a change of type is, as a key of the measurements."""
    if old == new:
        return "same type"

    if old.base == new.base == "varchar" and new.length > old.length:
        before = old.length * bytes_per_character
        after = new.length * bytes_per_character
        # One byte or two for the length of a value; MariaDB knows a way from 127.
        is_same_size = (before > 255) == (after > 255)
        is_near = is_mariadb and before <= 127
        return "longer text" if is_same_size or is_near else "other type"

    if old.base == new.base and old.base in {"enum", "set"}:
        return "more values" if _has_more(old, new) else "other type"

    return "other type"


def _has_more(old: ColumnType, new: ColumnType) -> bool:
    is_appended = new.arguments[: len(old.arguments)] == old.arguments
    # An enum counts in one byte up to 255 values, a set has one bit for each.
    step = 8 if old.base == "set" else 255
    sizes = [(len(one.arguments) - 1) // step for one in (old, new)]
    return is_appended and sizes[0] == sizes[1]


def may_refuse(old: ColumnType, new: ColumnType) -> bool:
    """Tell whether the server may refuse a value that is there (strict mode)."""
    if old == new:
        return False

    if old.base in _WHOLE and new.base in _WHOLE:
        is_wider = _WHOLE.index(new.base) >= _WHOLE.index(old.base)
        return not is_wider or old.flags != new.flags

    if old.base in _TEXTS and new.base in _TEXTS:
        return _size(new) < _size(old)

    if old.base == new.base == "decimal":
        return _digits(new) < _digits(old)

    return not (old.base in {*_WHOLE, "date", "datetime", "enum"} and _size(new) >= 30)


def may_lose(old: ColumnType, new: ColumnType) -> bool:
    """Tell whether values may come out less exact, without an error."""
    if old.base == new.base == "decimal":
        return _scale(new) < _scale(old)

    exact = {"decimal", "double", "float"}
    is_whole = old.base in exact and new.base in _WHOLE
    is_rounded = old.base in {"decimal", "double"} and new.base == "float"
    is_day = old.base in {"datetime", "timestamp"} and new.base == "date"
    return is_whole or is_rounded or is_day


def _digits(one: ColumnType) -> int:
    return one.length - _scale(one)


def _scale(one: ColumnType) -> int:
    text = "".join(one.arguments[1:2])
    return int(text) if text.isdigit() else 0


def _size(one: ColumnType) -> int:
    sizes = {"tinytext": 255, "text": 65535, "mediumtext": 2**24, "longtext": 2**32}
    return sizes.get(one.base, one.length if one.base in _TEXTS else 0)
