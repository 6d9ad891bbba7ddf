"""The order in which Alembic lists revisions, found in linear time."""

from __future__ import annotations

import collections
import collections.abc as cabc


class Descent:
    """One walk down from some heads.

    Alembic keeps the ancestors of every head as a set, and asks whether one revision is
    in the set of another head. Here each revision knows how many of the revisions above
    it are still to come: it has to wait while there is one.

    :param find_parents: returns what a revision follows or depends on.
    :param todo: the ids wanted; the walk may pass others.
    :param heads: where it begins, in Alembic's order.
    """

    def __init__(
        self,
        find_parents: cabc.Callable[[str], cabc.Sequence[str]],
        *,
        todo: set[str],
        heads: list[str],
    ) -> None:
        self._find_parents = find_parents
        self._todo = todo
        self._heads = heads
        self._parents: dict[str, cabc.Sequence[str]] = {}
        self._children: dict[str, set[str]] = collections.defaultdict(set)
        self._open()

    def _open(self) -> None:
        """Count what is above every revision that the heads reach."""
        left = list(self._heads)

        while left:
            ident = left.pop()

            if ident not in self._parents:
                parents = self._find_parents(ident)
                self._parents[ident] = parents
                left += parents

                for parent in parents:
                    self._children[parent].add(ident)

    def walk(self) -> list[str]:
        """Return the ids."""
        output: list[str] = []
        place = 0

        while self._heads:
            candidate = self._heads[place]

            if self._children[candidate]:
                place = self._find_above(candidate)
                continue

            if candidate in self._todo:
                output.append(candidate)
                self._todo.remove(candidate)

            place = self._step(place)

        assert not self._todo
        return output

    def _find_above(self, ident: str) -> int:
        """Return the place of the first head from which a revision is reached."""
        seen: set[str] = set()
        left = [ident]

        while left:
            for child in self._children[left.pop()] - seen:
                seen.add(child)
                left.append(child)

        return next(place for place, head in enumerate(self._heads) if head in seen)

    def _step(self, place: int) -> int:
        """Replace a head by what is below it; return which one is next."""
        ident = self._heads[place]
        added = [
            one
            for one in self._parents[ident]
            if one in self._todo and one not in self._heads
        ]

        if added:
            self._heads[place] = added[0]
            self._heads += added[1:]
        else:
            del self._heads[place]
            place = max(place - 1, 0)

        self._close(ident)
        return place

    def _close(self, ident: str) -> None:
        """Forget a revision, and what no head reaches without it."""
        heads = set(self._heads)
        left = [ident]

        while left:
            gone = left.pop()

            for parent in self._parents[gone]:
                self._children[parent].discard(gone)

                if not self._children[parent] and parent not in heads:
                    left.append(parent)
