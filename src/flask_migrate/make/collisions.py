"""Collisions: what two branches of the code do to the same part of the schema."""

from __future__ import annotations

import collections
import collections.abc as cabc
import dataclasses
import typing as t

from ..diagnostic import Diagnostic
from ..revisions.touches import Action
from ..revisions.touches import Touch


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """One touch, and the revision that it is in.

    :param revision: its id.
    :param path: its file, as a person finds it.
    :param touch: what it does to what.
    """

    revision: str
    path: str
    touch: Touch


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """Two revisions of two branches that cannot both be right.

    :param ours: on this side.
    :param theirs: on the other one.
    :param reason: why they collide, in words.
    """

    ours: Touched
    theirs: Touched
    reason: str

    def to_diagnostic(self, *, base: str) -> Diagnostic:
        """Return the collision as a finding in our file.

        :param base: what the other side is called.
        """
        ours, theirs = self.ours, self.theirs
        return Diagnostic(
            code="collision",
            message=f"{ours.touch.thing}: {self.reason}: {ours.revision} here (op."
            f"{ours.touch.operation}, line {ours.touch.line}) and {theirs.revision} in"
            f" {base} (op.{theirs.touch.operation}, {theirs.path}:"
            f"{theirs.touch.line}).",
            hint="Merge first, and write your revision anew on top of the other.",
            path=ours.path,
            line=ours.touch.line,
        )

    def to_dict(self) -> dict[str, t.Any]:
        """Return the collision as plain values, for JSON."""
        return {
            "thing": str(self.ours.touch.thing),
            "reason": self.reason,
            **{
                side: {
                    "revision": one.revision,
                    "path": one.path,
                    "line": one.touch.line,
                    "operation": one.touch.operation,
                }
                for side, one in (("ours", self.ours), ("theirs", self.theirs))
            },
        }


def find_collisions(
    ours: cabc.Iterable[Touched], theirs: cabc.Iterable[Touched]
) -> tuple[Collision, ...]:
    """Return where two branches collide, once for a thing and two revisions.

    Both make a thing of one name, or both alter it, or one takes away or renames what
    the other needs.

    :param ours: what the revisions touch that only this side has.
    :param theirs: what those touch that only the other side has.
    """
    others: dict[t.Any, list[Touched]] = collections.defaultdict(list)

    for one in theirs:
        others[one.touch.thing].append(one)

    found: dict[t.Any, Collision] = {}

    for mine in ours:
        for other in others[mine.touch.thing]:
            key = (mine.touch.thing, mine.revision, other.revision)
            reason = _judge(mine.touch.action, other.touch.action)

            if reason:
                found.setdefault(key, Collision(ours=mine, theirs=other, reason=reason))

    return tuple(found.values())


def _judge(ours: Action, theirs: Action) -> str:
    """Return why two actions on one thing collide; empty if they do not."""
    if ours is theirs:
        return "" if ours is Action.USE else f"both sides {ours.value} it"

    if Action.DROP in (ours, theirs):
        other = theirs if ours is Action.DROP else ours
        return f"one side drops or renames it, the other one {other.value}s it"

    return ""
