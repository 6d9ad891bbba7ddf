"""What is applied to a database, by the files and by what its history remembers."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

if t.TYPE_CHECKING:
    from alembic.script import Script

    from ..results import HistoryEntry
    from .history import History


def list_applied(history: History, heads: cabc.Iterable[str]) -> list[Script]:
    """Return the revisions that a database at these ids has, each once.

    :param heads: ids that have files.
    """
    found = {
        script.revision: script for head in heads for script in history.walk(None, head)
    }
    return list(found.values())


def list_ancestors(history: History, revision: str) -> list[Script]:
    """Return a revision and all that it follows, without what those depend on.

    :param revision: its id.
    """
    found: dict[str, Script] = {}
    left = [revision]

    while left:
        ident = left.pop()

        if ident not in found:
            found[ident] = history.get_revision(ident)
            left += found[ident]._versioned_down_revisions

    return list(found.values())


def list_followers(script: Script) -> frozenset[str]:
    """Return the revisions that follow a revision or depend on it."""
    # Alembic 1.20 has no public name that includes the dependencies.
    return frozenset(script._all_nextrev)


def replay(entries: cabc.Iterable[HistoryEntry]) -> dict[str, HistoryEntry]:
    """Return when each revision was applied last, where it was not reverted since.

    :param entries: of the history, the oldest first.
    """
    found: dict[str, HistoryEntry] = {}

    for entry in entries:
        is_stamp = entry.kind == "stamp"
        is_back = entry.direction == "downgrade"

        # A stamp back names where it leads to, and not what is gone.
        if entry.outcome != "done" or entry.kind == "tag" or (is_stamp and is_back):
            continue

        for revision in entry.revision.split(", "):
            # The last one comes last.
            found.pop(revision, None)

            if not is_back:
                found[revision] = entry

    return found
