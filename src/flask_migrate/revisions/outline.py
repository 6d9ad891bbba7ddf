"""A history that has one end, told from the index alone: without Alembic, in no time.

Nearly every command on nearly every day finds the database at the only head. To know
that, no graph is needed, and Alembic is not imported.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import dataclasses
import typing as t

from .descent import Descent
from .headers import Header
from .headers import Idents
from .index import Entry

if t.TYPE_CHECKING:
    from ..plan import Revision


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A sound history with exactly one head.

    :param entries: the files, by revision.
    :param children: the revisions that follow each.
    :param head: the newest revision.
    :param is_plain: nothing has a label or depends on something beside its parents.
    """

    entries: dict[str, Entry]
    children: dict[str, list[str]]
    head: str
    is_plain: bool

    def describe(self, revision: str) -> Revision:
        """Return one file's facts, where nothing has a label or a dependency."""
        from ..plan import Revision

        entry = self.entries[revision]
        header = entry.header
        assert header is not None  # or there would be no outline
        following = self.children.get(revision, ())
        documentation = (header.doc or "").strip()
        return Revision(
            revision=revision,
            down_revisions=_each(header.down),
            next_revisions=tuple(sorted(following)),
            is_head=not following,
            is_effective_head=not following,
            is_branch_point=len(following) > 1,
            is_merge_point=len(_each(header.down)) > 1,
            message=documentation.split("\n\n")[0],
            documentation=documentation,
            path=entry.path,
        )

    def walk(self) -> list[str]:
        """Return the ids, the newest first, where nothing has a dependency."""
        headers = {key: one.header for key, one in self.entries.items() if one.header}
        return Descent(
            lambda ident: _each(headers[ident].down),
            todo={*headers},
            heads=[self.head],
        ).walk()

    def is_unchanged(self, checksums: cabc.Mapping[str, str]) -> bool:
        """Tell whether all files are what they were when they were applied.

        :param checksums: from then, by revision.
        """
        return all(
            checksums.get(revision, entry.checksum) == entry.checksum
            for revision, entry in self.entries.items()
        )


def make_outline(files: cabc.Iterable[Entry]) -> Outline | None:
    """Return the outline of a history; ``None`` where Alembic has to look at it."""
    entries: dict[str, Entry] = {}
    headers: dict[str, Header] = {}

    for entry in files:
        header = entry.header

        if header is None or header.is_broken or header.revision in entries:
            return None

        entries[header.revision] = entry
        headers[header.revision] = header

    children: dict[str, list[str]] = collections.defaultdict(list)
    followed: dict[str, list[str]] = collections.defaultdict(list)

    for revision, header in headers.items():
        for parent in _each(header.down):
            children[parent].append(revision)

        for parent in {*_each(header.down), *_each(header.needs)}:
            followed[parent].append(revision)

    heads = [revision for revision in headers if revision not in children]

    if len(heads) != 1 or not _is_sound(headers, followed):
        return None

    return Outline(
        entries=entries,
        children=children,
        head=heads[0],
        is_plain=not any(one.labels or one.needs for one in headers.values()),
    )


def _each(idents: Idents) -> tuple[str, ...]:
    return (idents,) if isinstance(idents, str) else tuple(idents or ())


def _is_sound(
    headers: cabc.Mapping[str, Header], followed: cabc.Mapping[str, list[str]]
) -> bool:
    """Tell whether every revision can be reached, one after the other, from nothing.

    It cannot in a cycle, and after a revision that has no file.
    """
    waits = {
        revision: len({*_each(header.down), *_each(header.needs)})
        for revision, header in headers.items()
    }
    ready = [revision for revision, count in waits.items() if not count]
    labels = [label for header in headers.values() for label in _each(header.labels)]

    for revision in ready:
        for child in followed.get(revision, ()):
            waits[child] -= 1

            if not waits[child]:
                ready.append(child)

    return len(ready) == len(headers) and len({*labels}) == len(labels)
