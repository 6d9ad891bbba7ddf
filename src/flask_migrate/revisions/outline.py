"""A history that has one end, told from the index alone: without Alembic, in no time.

Nearly every command on nearly every day finds the database at the only head. To know
that, no graph is needed, and Alembic is not imported.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import functools
import typing as t

from .descent import Descent
from .headers import Entry
from .headers import Header
from .headers import Idents

if t.TYPE_CHECKING:
    from ..plan import Revision


class Outline:
    """A sound history with exactly one head.

    :param head: the newest file.
    :param is_plain: nothing has a label or depends on something beside its parents.
    :param load: returns all files, where somebody asks for more than the head.
    """

    def __init__(
        self, *, head: Entry, is_plain: bool, load: cabc.Callable[[], list[Entry]]
    ) -> None:
        self.head: Entry = head
        self.is_plain: bool = is_plain
        self._load = load

    @property
    def head_id(self) -> str:
        """The id of the newest revision."""
        return self._header_of(self.head).revision

    @functools.cached_property
    def entries(self) -> dict[str, Entry]:
        """The files, by revision."""
        return {self._header_of(one).revision: one for one in self._load()}

    @functools.cached_property
    def _children(self) -> dict[str, list[str]]:
        """The revisions that follow each."""
        found: dict[str, list[str]] = collections.defaultdict(list)

        for revision, entry in self.entries.items():
            for parent in _each(self._header_of(entry).down):
                found[parent].append(revision)

        return found

    @staticmethod
    def _header_of(entry: Entry) -> Header:
        assert entry.header is not None  # or there would be no outline
        return entry.header

    def knows(self, revision: str) -> bool:
        """Tell whether a revision has a file."""
        return revision == self.head_id or revision in self.entries

    def describe(self, revision: str) -> Revision:
        """Return one file's facts, where nothing has a label or a dependency."""
        from ..plan import Revision

        is_head = revision == self.head_id
        entry = self.head if is_head else self.entries[revision]
        header = self._header_of(entry)
        following = () if is_head else tuple(sorted(self._children[revision]))
        documentation = (header.doc or "").strip()
        return Revision(
            revision=revision,
            down_revisions=_each(header.down),
            next_revisions=following,
            is_head=is_head,
            is_effective_head=is_head,
            is_branch_point=len(following) > 1,
            is_merge_point=len(_each(header.down)) > 1,
            message=documentation.split("\n\n")[0],
            documentation=documentation,
            path=entry.path,
        )

    def walk(self) -> list[str]:
        """Return the ids, the newest first, where nothing has a dependency."""
        entries = self.entries
        return Descent(
            lambda ident: _each(self._header_of(entries[ident]).down),
            todo={*entries},
            heads=[self.head_id],
        ).walk()

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


def make_outline(files: cabc.Iterable[Entry]) -> Outline | None:
    """Return the outline of a history; ``None`` where Alembic has to look at it."""
    entries = list(files)
    headers: dict[str, Header] = {}

    for entry in entries:
        header = entry.header

        if header is None or header.is_broken or header.revision in headers:
            return None

        headers[header.revision] = header

    parents = {parent for header in headers.values() for parent in _each(header.down)}
    heads = [
        one for one in entries if one.header and one.header.revision not in parents
    ]

    if len(heads) != 1 or not _is_sound(headers):
        return None

    is_plain = not any(one.labels or one.needs for one in headers.values())
    return Outline(head=heads[0], is_plain=is_plain, load=lambda: entries)


def _each(idents: Idents) -> tuple[str, ...]:
    return (idents,) if isinstance(idents, str) else tuple(idents or ())


def _is_sound(headers: cabc.Mapping[str, Header]) -> bool:
    """Tell whether every revision can be reached, one after the other, from nothing.

    It cannot in a cycle, and after a revision that has no file.
    """
    waits: dict[str, int] = {}
    followed: dict[str, list[str]] = collections.defaultdict(list)

    for revision, header in headers.items():
        needed = {*_each(header.down), *_each(header.needs)}
        waits[revision] = len(needed)

        for one in needed:
            followed[one].append(revision)

    ready = [revision for revision, count in waits.items() if not count]

    for revision in ready:
        for child in followed.get(revision, ()):
            waits[child] -= 1

            if not waits[child]:
                ready.append(child)

    labels = [label for header in headers.values() for label in _each(header.labels)]
    return len(ready) == len(headers) and len({*labels}) == len(labels)
