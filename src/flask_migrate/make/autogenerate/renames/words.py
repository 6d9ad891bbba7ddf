"""The words of a name, and what two names have in common."""

from __future__ import annotations

import collections.abc as cabc
import functools
import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")

_SHORT = {
    "acct": "account",
    "addr": "address",
    "amt": "amount",
    "attr": "attribute",
    "avg": "average",
    "cat": "category",
    "cfg": "config",
    "configuration": "config",
    "cnt": "count",
    "cust": "customer",
    "dept": "department",
    "desc": "description",
    "dob": "birthdate",
    "dt": "date",
    "emp": "employee",
    "fk": "id",
    "img": "image",
    "info": "information",
    "lang": "language",
    "lat": "latitude",
    "lng": "longitude",
    "lon": "longitude",
    "max": "maximum",
    "min": "minimum",
    "msg": "message",
    "no": "number",
    "num": "number",
    "org": "organization",
    "organisation": "organization",
    "pct": "percent",
    "pk": "id",
    "prev": "previous",
    "prod": "product",
    "pwd": "password",
    "qty": "quantity",
    "ref": "reference",
    "seq": "sequence",
    "tel": "phone",
    "telephone": "phone",
    "temp": "temporary",
    "tmp": "temporary",
    "ts": "timestamp",
    "txn": "transaction",
    "usr": "user",
    "val": "value",
}
"""Each short form, or other spelling, and the word that is meant."""

_OPPOSITES = (
    ("billing", "shipping"),
    ("start", "end"),
    ("begin", "end"),
    ("first", "last"),
    ("first", "middle"),
    ("middle", "last"),
    ("minimum", "maximum"),
    ("created", "updated"),
    ("created", "deleted"),
    ("updated", "deleted"),
    ("from", "to"),
    ("source", "target"),
    ("sender", "recipient"),
    ("sender", "receiver"),
    ("buyer", "seller"),
    ("width", "height"),
    ("latitude", "longitude"),
    ("in", "out"),
    ("home", "work"),
    ("home", "away"),
    ("gross", "net"),
    ("left", "right"),
    ("parent", "child"),
    ("next", "previous"),
    ("open", "close"),
    ("opened", "closed"),
    ("debit", "credit"),
    ("username", "password"),
    ("read", "write"),
    ("city", "country"),
    ("old", "new"),
)
"""Words that stand side by side in one table; neither is a new name of the other."""


@functools.cache
def split(name: str) -> tuple[str, ...]:
    """Return the words of a name, small, whole and in the singular."""
    small = (word.lower() for word in _WORD.findall(name))
    return tuple(_singular(_SHORT.get(word, word)) for word in small)


def are_opposite(old: cabc.Iterable[str], new: cabc.Iterable[str]) -> bool:
    """Tell whether the words that differ between two names are opposites."""
    gone, come = set(old) - set(new), set(new) - set(old)
    return any(
        (one in gone and other in come) or (other in gone and one in come)
        for one, other in _OPPOSITES
    )


def is_within(old: cabc.Iterable[str], new: cabc.Iterable[str]) -> bool:
    """Tell whether all words of one name are in the other one."""
    one, other = set(old), set(new)
    return bool(one and other) and (one <= other or other <= one)


def resemble(old: cabc.Sequence[str], new: cabc.Sequence[str]) -> float:
    """Return how many pairs of letters two names share, from 0 to 1."""
    one, other = _pairs("".join(old)), _pairs("".join(new))

    if not one or not other:
        return float("".join(old) == "".join(new))

    return 2 * len(one & other) / (len(one) + len(other))


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"

    if len(word) > 4 and re.search(r"(s|x|ch|sh)es$", word):
        return word[:-2]

    ends = word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if ends and len(word) > 3 else word
