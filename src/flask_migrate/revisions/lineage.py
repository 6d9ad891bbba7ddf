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
    :param digest: 32 hexadecimal digits for all scripts up to here, in their order.
    """

    revision: str
    digest: str


def read_lineage(history: History, *, salt: str = "") -> tuple[Milestone, ...]:
    """Return what a fresh database goes through up to the heads, the oldest first.

    Imports no script: the checksums are those of the index.

    :param salt: what else a database depends on; other databases have other digests.
    :raises RevisionFileError: a file cannot be read.
    """
    with crossing(history):
        scripts = list(history.iterate_revisions("heads", (), implicit_base=True))[::-1]

    running = hashlib.sha256(salt.encode("utf-8", "surrogateescape"))
    milestones = []

    for script in scripts:
        running.update(f"\0{script.revision}\0{read_checksum(script)}".encode())
        milestones.append(Milestone(script.revision, running.hexdigest()[:32]))

    return tuple(milestones)
