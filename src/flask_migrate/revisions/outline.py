"""A history, told from the index alone: without Alembic, in no time.

Nearly every command on nearly every day finds the database at the heads. To know that,
no graph is needed, and Alembic is not imported.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import typing as t

from .headers import Entry
from .headers import Header
from .relations import each
from .relations import Relations

if t.TYPE_CHECKING:
    from ..plan import Revision


class Head(t.NamedTuple):
    """A revision that none follows.

    :param entry: its file.
    :param labels: the names of its branch.
    :param is_effective: none depends on it either.
    """

    entry: Entry
    labels: tuple[str, ...]
    is_effective: bool

    @property
    def revision(self) -> str:
        """Its id."""
        return _header_of(self.entry).revision


class Files(t.Protocol):
    """Where the files of a history are known."""

    @property
    def entries(self) -> cabc.Sequence[Entry]:
        """All of them, in a stable order."""


class Outline:
    """A sound history.

    :param heads: what none follows, in the order of the files.
    :param files: asked where somebody wants more than the heads.
    """

    def __init__(self, heads: cabc.Iterable[Head], *, files: Files) -> None:
        self.heads: dict[str, Head] = {one.revision: one for one in heads}
        self.files: Files = files

    @functools.cached_property
    def entries(self) -> dict[str, Entry]:
        """The files, by revision."""
        return {_header_of(one).revision: one for one in self.files.entries}

    @functools.cached_property
    def relations(self) -> Relations:
        """Which revision leads to which."""
        return Relations({key: _header_of(one) for key, one in self.entries.items()})

    @property
    def effective_heads(self) -> tuple[str, ...]:
        """What the version table of a database holds that has everything."""
        return tuple(key for key, one in self.heads.items() if one.is_effective)

    def is_at_end(self, places: cabc.Iterable[str], *, target: str = "heads") -> bool:
        """Tell whether a database is where an upgrade leads, if that is plain to see.

        :param places: the ids in its version table.
        :param target: of the upgrade.
        """
        is_plain = target == "heads" or (target == "head" and len(self.heads) == 1)
        return is_plain and sorted(places) == sorted(self.effective_heads)

    def describe(self, revision: str) -> Revision:
        """Return one file's facts."""
        from ..plan import Revision

        head = self.heads.get(revision)

        if head is not None:
            # What is asked for most is known without the others.
            entry, labels, is_effective = head
            following: tuple[str, ...] = ()
        else:
            entry, is_effective = self.entries[revision], False
            labels = tuple(sorted(self.relations.labels[revision]))
            following = tuple(sorted(self.relations.children[revision]))

        header = _header_of(entry)
        documentation = (header.doc or "").strip()
        return Revision(
            revision=revision,
            down_revisions=each(header.down),
            dependencies=each(header.needs),
            branch_labels=labels,
            next_revisions=following,
            is_head=head is not None,
            is_effective_head=is_effective,
            is_branch_point=len(following) > 1,
            is_merge_point=len(each(header.down)) > 1,
            message=documentation.split("\n\n")[0],
            documentation=documentation,
            path=entry.path,
        )

    def walk(self) -> list[str]:
        """Return the ids, the newest first, in exactly Alembic's order."""
        return self.relations.walk()

    def list_current(self, places: tuple[str, ...]) -> list[str] | None:
        """Return what a database stands at, dependencies included, in order.

        :param places: the ids in its version table.
        :return: ``None`` where there is something to be said about them.
        """
        if self.is_at_end(places):
            return sorted(self.heads)

        is_known = all(one in self.entries for one in places)
        is_sound = is_known and len({*places}) == len(places)
        return self.relations.find_ends(places) if is_sound else None

    def is_unchanged(self, checksums: cabc.Mapping[str, str]) -> bool:
        """Tell whether all files are what they were when they were applied.

        :param checksums: from then, by revision.
        """
        if not checksums:
            return True

        return all(
            checksums.get(revision, entry.checksum) == entry.checksum
            for revision, entry in self.entries.items()
        )


def make_outline(files: Files) -> Outline | None:
    """Return the outline of a history; ``None`` where Alembic has to look at it."""
    entries: dict[str, Entry] = {}

    for entry in files.entries:
        header = entry.header

        if header is None or header.is_broken or header.revision in entries:
            return None

        entries[header.revision] = entry

    relations = Relations({key: _header_of(one) for key, one in entries.items()})

    if not entries or not _is_sound(relations):
        return None

    heads = (
        Head(
            entry=entries[one],
            labels=tuple(sorted(relations.labels[one])),
            is_effective=relations.is_effective_head(one),
        )
        for one in relations.heads
    )
    return Outline(heads, files=files)


def _header_of(entry: Entry) -> Header:
    assert entry.header is not None  # or there would be no outline
    return entry.header


def _is_sound(relations: Relations) -> bool:
    """Tell whether every revision can be reached, one after the other, from nothing.

    It cannot in a cycle, and after a revision that has no file. A name must be one, and
    have a letter.
    """
    headers = relations.headers
    labels = [label for header in headers.values() for label in each(header.labels)]
    return (
        len(relations.order) == len(headers)
        and len({*labels}) == len(labels)
        and all(labels)
        and headers.keys().isdisjoint(labels)
    )
