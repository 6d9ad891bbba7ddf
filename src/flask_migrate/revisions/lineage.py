"""The way of a fresh database through the scripts, and one number for each stop on it.

Two databases that have gone the same way through the same scripts are the same, so what
one of them has become can be kept for the next one.
"""

from __future__ import annotations

import hashlib
import typing as t

from .border import crossing
from .loading import read_checksum

if t.TYPE_CHECKING:
    from .history import History


class Milestone(t.NamedTuple):
    """A database right after one revision.

    :param revision: its id.
    :param checksum: of its script.
    :param digest: 32 hexadecimal digits for all scripts up to here, in their order.
    """

    revision: str
    checksum: str
    digest: str


def read_lineage(history: History, *, salt: str = "") -> tuple[Milestone, ...]:
    """Return what a fresh database goes through up to the heads, the oldest first.

    Imports no script: the checksums are those of the index.

    :param salt: what else a database depends on; other databases have other digests.
    :raises RevisionFileError: a file cannot be read.
    """
    running = hashlib.sha256(salt.encode("utf-8", "surrogateescape"))
    milestones = []

    for revision, number in _read_line(history) or _read_graph(history):
        running.update(f"\0{revision}\0{number}".encode())
        milestones.append(Milestone(revision, number, running.hexdigest()[:32]))

    return tuple(milestones)


def _read_line(history: History) -> list[tuple[str, str]] | None:
    """Return each revision and its checksum, the oldest first, without Alembic's graph.

    :return: ``None`` where one does not simply follow the other.
    """
    outline = history.outline

    if outline is None or not outline.is_plain:
        return None

    found = []
    current: str | None = outline.head_id

    while current is not None:
        entry = outline.entries[current]
        down = entry.header.down if entry.header else ()
        found.append((current, entry.checksum))

        if isinstance(down, tuple):
            return None

        current = down

    return found[::-1] if len(found) == len(outline.entries) else None


def _read_graph(history: History) -> list[tuple[str, str]]:
    with crossing(history):
        found = history.iterate_revisions("heads", (), implicit_base=True)
        return [(one.revision, read_checksum(one)) for one in found][::-1]
