"""The graph of the revisions, as Alembic answers it, in linear time.

Alembic 1.20 walks the whole history again for every revision in three places: where it
looks for the newest of a set, sorts across merges, and drops dependencies that an older
revision has too. Each method here gives what the one that it overrides gives.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import typing as t

from alembic.script.revision import Revision
from alembic.script.revision import RevisionMap


class Graph(RevisionMap):
    """Alembic's map of revisions."""

    def _filter_into_branch_heads(self, targets: t.Any) -> set[t.Any]:
        """Return those that no other one follows."""
        found = set(targets)
        parents = {
            self._revision_map[parent]
            for one in found
            for parent in one._versioned_down_revisions
        }
        return found.difference(
            self._get_ancestor_nodes(parents, include_dependencies=False)
        )

    def _normalize_depends_on(
        self, revisions: cabc.Collection[Revision], map_: t.Any
    ) -> None:
        """Leave out the dependencies that an ancestor has as well."""
        users: dict[str, set[Revision]] = collections.defaultdict(set)
        # Labels lead to revisions too.
        for one in filter(None, set(map_.values())):
            for needed in one._resolved_dependencies:
                users[needed].add(one)

        repeated: dict[Revision, set[str]] = collections.defaultdict(set)

        for needed, several in users.items():
            if len(several) > 1:
                children = {map_[one] for user in several for one in user.nextrev}
                later = self._get_descendant_nodes(
                    children, map_, include_dependencies=False
                )

                for one in several.intersection(later):
                    repeated[one].add(needed)

        for one in revisions:
            # The order is that of a set, so it has to be made as Alembic makes it.
            kept = set(one._resolved_dependencies)
            kept.difference_update(repeated[one])
            one._normalized_resolved_dependencies = tuple(kept)

    def _topological_sort(
        self, revisions: cabc.Collection[Revision], heads: t.Any
    ) -> list[str]:
        """Return the ids, the newest first, in exactly Alembic's order."""
        return _Descent(self._revision_map, revisions, heads).walk()


class _Descent:
    """One walk down from some heads.

    Alembic keeps the ancestors of every head as a set, and asks whether one revision is
    in the set of another head. Here each revision knows how many of the revisions above
    it are still to come: it has to wait while there is one.
    """

    def __init__(
        self, map_: t.Any, revisions: cabc.Iterable[Revision], heads: t.Any
    ) -> None:
        self._map = map_
        self._todo = {one.revision for one in revisions}
        order = {ident: number for number, ident in enumerate(map_)}
        first = {one.revision for one in heads} & self._todo
        self._heads = sorted(first, key=order.__getitem__)
        self._parents: dict[str, tuple[str, ...]] = {}
        self._children: dict[str, set[str]] = collections.defaultdict(set)
        self._open()

    def _open(self) -> None:
        """Count what is above every revision that the heads reach."""
        left = list(self._heads)

        while left:
            ident = left.pop()

            if ident not in self._parents:
                parents = self._map[ident]._normalized_down_revisions
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
