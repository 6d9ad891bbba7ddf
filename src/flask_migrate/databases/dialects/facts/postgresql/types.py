"""Which changes of a type PostgreSQL makes without writing the table anew.

Measured on PostgreSQL 12 to 18 in one session per pair, by the table's file. A pair
that is not here is taken for a rewrite, and said to be unproven.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

from ...tokens import Tokens

# The manual's table of data types, "Aliases".
_ALIASES = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
    "smallserial": "smallint",
    "serial2": "smallint",
    "bool": "boolean",
    "varchar": "character varying",
    "char varying": "character varying",
    "char": "character",
    "bpchar": "character",
    "decimal": "numeric",
    "dec": "numeric",
    "float4": "real",
    "float8": "double precision",
    "float": "double precision",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "timestamp": "timestamp without time zone",
    "time": "time without time zone",
    "varbit": "bit varying",
}
SERIALS = frozenset(
    {"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"}
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServerType:
    """A type, under the server's own name.

    :param base: as ``format_type`` writes it, without what it limits.
    :param limits: the length, or the precision and the scale.
    """

    base: str
    limits: tuple[int, ...] = ()

    def __str__(self) -> str:
        limits = ", ".join(map(str, self.limits))
        return f"{self.base}({limits})" if limits else self.base


def read_type(tokens: Tokens) -> ServerType:
    """Return the type that a statement, or the server, writes."""
    words: list[str] = []
    limits: list[int] = []
    depth = 0

    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.keyword, 0)

        if token.kind == "number" and depth:
            limits.append(int(float(token.text)) if "x" not in token.text else 0)
        elif token.keyword not in {"(", ")", ","}:
            words.append(token.name if token.kind == "quoted" else token.text.lower())

    text = " ".join(words).replace(" . ", ".").replace(" [ ]", "[]")
    base, brackets, _ = text.partition("[")
    base = _ALIASES.get(base.removeprefix("pg_catalog."), base)

    if base == "double precision" and limits:
        # float(24) is a real.
        base, limits = ("real" if limits[0] <= 24 else base), []

    if base == "character" and not limits:
        limits = [1]

    return ServerType(base=base + ("[]" if brackets else ""), limits=tuple(limits))


class Answers(t.Protocol):
    """What only the server knows of types."""

    def is_same_in_binary(self, old: str, new: str) -> bool:
        """Tell whether values of one type are values of another."""
        ...

    def has_utc(self) -> bool:
        """Tell whether the session's time zone is UTC."""
        ...


def is_kept(old: ServerType, new: ServerType, answers: Answers) -> bool:
    """Tell whether the table keeps its rows as they are."""
    if old == new:
        return True

    if old.base == new.base:
        return _is_wider(old.base, old.limits, new.limits)

    # timestamp <-> timestamptz: the server compares offsets (PostgreSQL 12 and later).
    if {old.base, new.base} == _TIMESTAMPS:
        is_precise = _is_wider(old.base, old.limits, new.limits)
        return is_precise and answers.has_utc()

    return not new.limits and answers.is_same_in_binary(old.base, new.base)


_TIMESTAMPS = {"timestamp without time zone", "timestamp with time zone"}


def _is_longer(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    return not new or (bool(old) and new[0] >= old[0])


def _has_digits(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    if not new or not old:
        return not new

    scales = ((*old, 0)[1], (*new, 0)[1])
    return new[0] >= old[0] and scales[0] == scales[1]


def _is_more_precise(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    return (*new, 6)[0] >= (*old, 6)[0]


_WIDER: dict[str, cabc.Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "character varying": _is_longer,
    "bit varying": _is_longer,
    "numeric": _has_digits,
    "timestamp without time zone": _is_more_precise,
    "timestamp with time zone": _is_more_precise,
    "time without time zone": _is_more_precise,
    "time with time zone": _is_more_precise,
    "interval": _is_more_precise,
}


def _is_wider(base: str, old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    return _WIDER.get(base, _never)(old, new)


def _never(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    # character(10) to character(20) writes the table, as the spaces are in it.
    return False


def may_lose(old: ServerType, new: ServerType) -> bool:
    """Tell whether values may come out shorter or less exact, without an error."""
    if old.base == new.base and old.base in _ROUNDED:
        return not _is_wider(old.base, old.limits, new.limits) and new.limits != ()

    return (old.base, new.base) in _ROUNDING


_ROUNDED = frozenset(_WIDER) - {"character varying", "bit varying"}
_EXACT = ("numeric", "double precision", "real")
_WHOLE = ("integer", "bigint", "smallint")
_ROUNDING = frozenset(
    {
        *((old, new) for old in _EXACT for new in _WHOLE),
        ("numeric", "real"),
        ("numeric", "double precision"),
        ("double precision", "real"),
        ("timestamp without time zone", "date"),
        ("timestamp with time zone", "date"),
        ("timestamp with time zone", "timestamp without time zone"),
        ("timestamp without time zone", "time without time zone"),
        ("json", "jsonb"),
    }
)
"""Casts of the server that round or cut (PostgreSQL manual, Data Types)."""
_SIZES = {"smallint": 1, "integer": 2, "bigint": 3}


def may_refuse(old: ServerType, new: ServerType) -> bool:
    """Tell whether the server may refuse a value that is there."""
    if old.base in _SIZES and new.base in _SIZES:
        return _SIZES[new.base] < _SIZES[old.base]

    if new.base == "text" or (new.base in _EXACT and old.base in _SIZES):
        return bool(new.limits)

    if old.base == new.base:
        return not _is_wider(old.base, old.limits, new.limits)

    return old.base not in _SAFE or new.base not in _SAFE


_SAFE = frozenset({*_TIMESTAMPS, "date", "real", "double precision", "json", "jsonb"})
