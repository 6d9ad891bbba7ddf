"""Which revision leads to which: what Alembic knows of a history, in linear time."""

from __future__ import annotations

import collections.abc as cabc
import functools
import operator

from .descent import Descent
from .headers import Header
from .headers import Idents


def each(idents: Idents) -> tuple[str, ...]:
    """Return what may be one, several or nothing as a tuple."""
    return (idents,) if isinstance(idents, str) else tuple(idents or ())


class Relations:
    """The revisions of a sound history, as they lead to one another.

    :param headers: by revision, in the order of the files.
    """

    def __init__(self, headers: cabc.Mapping[str, Header]) -> None:
        self.headers: cabc.Mapping[str, Header] = headers
        self.parents: dict[str, tuple[str, ...]] = {
            revision: each(header.down) for revision, header in headers.items()
        }
        self.needs: dict[str, tuple[str, ...]] = self._resolve()

    def _resolve(self) -> dict[str, tuple[str, ...]]:
        """Return what revisions depend on, where a label stands for its revision."""
        labelled = {
            label: revision
            for revision, header in self.headers.items()
            for label in each(header.labels)
        }
        return {
            revision: tuple(labelled.get(one, one) for one in each(header.needs))
            for revision, header in self.headers.items()
            if header.needs
        }

    @functools.cached_property
    def order(self) -> list[str]:
        """The revisions that can be reached from nothing, each after what it needs."""
        return sort_up(
            {
                one: (*down, *self.needs.get(one, ()))
                for one, down in self.parents.items()
            }
            if self.needs
            else self.parents
        )

    @functools.cached_property
    def children(self) -> dict[str, list[str]]:
        """The revisions that follow each, where there are some."""
        return turn(self.parents)

    @functools.cached_property
    def users(self) -> dict[str, list[str]]:
        """The revisions that depend on each, where there are some."""
        return turn(self.needs)

    @functools.cached_property
    def heads(self) -> list[str]:
        """The revisions that none follows."""
        return [one for one in self.headers if one not in self.children]

    def is_effective_head(self, revision: str) -> bool:
        """Tell whether no revision follows one or depends on it."""
        return revision not in self.children and revision not in self.users

    @functools.cached_property
    def labels(self) -> dict[str, set[str]]:
        """The names of the branches that each revision is in.

        A label is that of all that comes after its revision, and of what comes before
        as long as one revision follows one, all the way from the end of the branch
        (``RevisionMap._add_branches`` of Alembic 1.20).
        """
        own = {one: {*each(header.labels)} for one, header in self.headers.items()}

        if not any(own.values()):
            return own

        found = {one: {*labels} for one, labels in own.items()}

        for revision in self.order:
            for parent in self.parents[revision]:
                found[revision] |= found[parent]

        ending: dict[str, set[str]] = {}

        for revision in reversed(self.order):
            following = self.children.get(revision, [])
            others = {*following, *self.users.get(revision, ())}
            is_single = len(others) < 2 and len(self.parents[revision]) < 2

            if is_single and all(one in ending for one in following):
                later = [ending[one] for one in following]
                ending[revision] = own[revision].union(*later)
                found[revision] |= ending[revision]

        return found

    def walk(self) -> list[str]:
        """Return all revisions, the newest first, in exactly Alembic's order."""
        repeated = find_repeated(self.parents, self.needs)

        def find_parents(revision: str) -> tuple[str, ...]:
            down = self.parents[revision]

            if revision not in self.needs:
                return down

            # The order is that of a set, so it has to be made as Alembic makes it.
            kept = set(self.needs[revision])
            kept.difference_update(repeated.get(revision, ()))
            return tuple(dict.fromkeys((*down, *kept)))

        return Descent(
            find_parents,
            todo={*self.headers},
            heads=[one for one in self.heads if self.is_effective_head(one)],
        ).walk()

    def find_ends(self, places: cabc.Collection[str]) -> list[str] | None:
        """Return what none that is applied follows, where a database is at some places.

        :return: ``None`` where one of the places is an ancestor of another one.
        """
        left = [one for place in places for one in self._list_needed(place)]
        before: set[str] = set()

        while left:
            one = left.pop()

            if one not in before:
                before.add(one)
                left += self._list_needed(one)

        if not before.isdisjoint(places):
            return None

        applied = before.union(places)
        return sorted(
            one for one in applied if applied.isdisjoint(self.children.get(one, ()))
        )

    def _list_needed(self, revision: str) -> tuple[str, ...]:
        return (*self.parents[revision], *self.needs.get(revision, ()))


def sort_up(needed: cabc.Mapping[str, cabc.Collection[str]]) -> list[str]:
    """Return revisions, each after those that it needs.

    Those in a cycle are left out, and those after a cycle or after one that is missing.

    :param needed: what each revision needs.
    """
    waits = {revision: len({*several}) for revision, several in needed.items()}
    followed = turn(needed)
    ready = [revision for revision, count in waits.items() if not count]

    for revision in ready:
        for child in followed.get(revision, ()):
            waits[child] -= 1

            if not waits[child]:
                ready.append(child)

    return ready


def turn(needed: cabc.Mapping[str, cabc.Collection[str]]) -> dict[str, list[str]]:
    """Return by whom each revision is needed, where there is somebody."""
    found: dict[str, list[str]] = {}

    for revision, several in needed.items():
        for one in several if len(several) < 2 else dict.fromkeys(several):
            found.setdefault(one, []).append(revision)

    return found


def find_repeated(
    parents: cabc.Mapping[str, cabc.Collection[str]],
    needs: cabc.Mapping[str, cabc.Collection[str]],
) -> dict[str, set[str]]:
    """Return the dependencies of each revision that an ancestor of it has as well.

    What all ancestors of a revision depend on is one number, with a bit for each that
    several depend on: the others cannot be repeated.

    :param parents: what each revision follows.
    :param needs: what it depends on beside that; those without may be left out.
    """
    shared = [one for one, several in turn(needs).items() if len(several) > 1]
    places = {one: place for place, one in enumerate(shared)}
    found: dict[str, set[str]] = {}
    known: dict[str, int] = {}

    for revision in sort_up(parents) if shared else ():
        numbers = [known[parent] for parent in parents[revision]]
        number = functools.reduce(operator.or_, numbers) if numbers else 0

        for one in needs.get(revision, ()):
            if one in places and number >> places[one] & 1:
                found.setdefault(revision, set()).add(one)

        for one in needs.get(revision, ()):
            if one in places:
                number |= 1 << places[one]

        known[revision] = number

    return found
