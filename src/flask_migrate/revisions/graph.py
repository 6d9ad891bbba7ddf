"""The graph of the revisions, as Alembic answers it, in linear time.

Alembic 1.20 walks the whole history again for every revision in three places: where it
looks for the newest of a set, sorts across merges, and drops dependencies that an older
revision has too. Each method here gives what the one that it overrides gives.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from alembic.script.revision import Revision
from alembic.script.revision import RevisionMap

from .descent import Descent
from .relations import find_repeated


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
        repeated = find_repeated(
            {one.revision: one._versioned_down_revisions for one in revisions},
            {one.revision: one._resolved_dependencies for one in revisions},
        )

        for one in revisions:
            # The order is that of a set, so it has to be made as Alembic makes it.
            kept = set(one._resolved_dependencies)
            kept.difference_update(repeated.get(one.revision, ()))
            one._normalized_resolved_dependencies = tuple(kept)

    def _topological_sort(
        self, revisions: cabc.Collection[Revision], heads: t.Any
    ) -> list[str]:
        """Return the ids, the newest first, in exactly Alembic's order."""
        map_ = self._revision_map
        order = {ident: place for place, ident in enumerate(map_)}
        todo = {one.revision for one in revisions}
        return Descent(
            lambda ident: map_[ident]._normalized_down_revisions,  # type: ignore[union-attr]
            todo=todo,
            heads=sorted(todo & {one.revision for one in heads}, key=order.__getitem__),
        ).walk()
