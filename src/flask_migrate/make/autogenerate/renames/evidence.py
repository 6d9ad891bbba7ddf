"""What speaks for and against two columns, or tables, being the same.

Every weight is the logarithm of a likelihood ratio: how much more often it is seen with
a true rename than with two things that have nothing to do with each other. The first
values come from 224 hand-written renames of public histories; there no rename changed
its type, 15 in 100 changed whether NULL is allowed, and 14 in 100 shared no word.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import math

from . import words

WEIGHTS = {
    # Before anything is known; most of what comes and goes are different things.
    "column": -2.0,
    "table": -2.5,
    "same type": 2.0,
    "same rare type": 2.7,
    "same type, other size": 1.1,
    "other type of the same family": 0.3,
    "stored the same way": -1.0,
    "type that cannot be read": 0.5,
    "only one of them may be NULL": -0.4,
    "references the same table": 2.0,
    "only one is a foreign key": -1.0,
    "both in the primary key": 2.0,
    "only one is in the primary key": -2.0,
    "both unique": 1.0,
    "both indexed": 0.7,
    "only one is unique": -0.6,
    "only one is indexed": -0.2,
    "same check": 1.5,
    "same default": 0.8,
    "other default": -0.5,
    "same comment": 2.0,
    "same expression": 2.5,
    "only one is computed": -2.0,
    "same place": 0.7,
    "other place": -0.1,
    "nothing else fits": 0.5,
    "same name in other words": 2.5,
    "one name is within the other": 1.4,
    "similar name": 0.9,
    "same last word": 0.4,
    "name a little alike": 0.3,
    "name hardly alike": -0.3,
    "no common name": -0.8,
    "opposite names": -2.2,
    "named after the renamed table": 1.5,
    "the same change of name elsewhere": 0.8,
    "same columns": 4.5,
    "nearly the same columns": 3.5,
    "most columns the same": 2.0,
    "some columns the same": 0.3,
    "few columns the same": -2.5,
    "references follow": 2.0,
    "references do not follow": -0.7,
    "references the same tables": 0.7,
}
"""Each piece of evidence in the words that a user reads, and its weight."""

_LETTERS = (
    (0.6, "similar name"),
    (0.4, "name a little alike"),
    (0.2, "name hardly alike"),
)
_SAID = 0.25
"""A reason that weighs less than this is not worth a reader's time."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that is known of one pair.

    :param reasons: names of :data:`WEIGHTS`, without the first two.
    :param prior: ``column`` or ``table``.
    """

    reasons: tuple[str, ...]
    prior: str

    @property
    def score(self) -> float:
        """The odds that the two are the same, as a logarithm."""
        return WEIGHTS[self.prior] + sum(WEIGHTS[reason] for reason in self.reasons)

    @property
    def probability(self) -> float:
        """The same, from 0 to 1."""
        return 1 / (1 + math.exp(-self.score))

    def add(self, *reasons: str) -> Case:
        """Return the case with more reasons."""
        return dataclasses.replace(self, reasons=(*self.reasons, *reasons))

    def describe(self) -> tuple[str, ...]:
        """Return the reasons that tell something, the strongest first."""
        said = [one for one in self.reasons if abs(WEIGHTS[one]) >= _SAID]
        return tuple(sorted(said, key=lambda one: -abs(WEIGHTS[one])))


def weigh_names(old: str, new: str) -> cabc.Iterator[str]:
    """Yield what two names say."""
    one, other = words.split(old), words.split(new)

    if words.are_opposite(one, other):
        yield "opposite names"
    elif sorted(one) == sorted(other) or "".join(one) == "".join(other):
        yield "same name in other words"
    elif words.is_within(one, other):
        yield "one name is within the other"
    else:
        yield _weigh_letters(words.resemble(one, other))

        if one and other and one[-1] == other[-1]:
            yield "same last word"


def _weigh_letters(share: float) -> str:
    found = (word for limit, word in _LETTERS if share >= limit)
    return next(found, "no common name")
