"""Every revision as one database sees it: by its version table, journal and history."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from ..plan import Direction
from ..plan import Revision
from ..results import DatabaseStatus
from ..results import HistoryEntry
from ..results import JournalRow
from ..results import Progress
from ..results import RevisionStatus
from ..results import State
from .losses import reading

if t.TYPE_CHECKING:
    from alembic.script import Script

    from ..revisions.database_run import DatabaseRun


def read_books(
    run: DatabaseRun,
) -> tuple[tuple[HistoryEntry, ...], dict[str, Direction]]:
    """Return the history of a database, and the revisions that are half done.

    :return: the entries, the oldest first; and which way each revision was going.
    """
    assert run.ledger is not None  # online

    with reading(run):
        return run.ledger.recorder.read(), find_stopped(run.ledger.journal.read())


def find_stopped(rows: cabc.Iterable[JournalRow]) -> dict[str, Direction]:
    """Return the revisions of which a stopped run has left a part, and its direction.

    :param rows: of the journal.
    """
    steps = {row.step for row in rows if row.progress is not Progress.FAILED}
    pairs = (step.rpartition(" ") for step in sorted(steps))
    return {revision: Direction(direction) for revision, _, direction in pairs}


def read_status(run: DatabaseRun) -> DatabaseStatus:
    """Return every revision as a database sees it."""
    return _Standing(run).to_status()


class _Standing:
    def __init__(self, run: DatabaseRun) -> None:
        from ..revisions.applied import list_applied
        from ..revisions.applied import replay

        self._run = run
        self._scripts = run.history.walk(None, None)
        self._files = {script.revision for script in self._scripts}
        self._entries, self._stopped = read_books(run)
        self._known = replay(self._entries)
        self._missing = [head for head in run.heads if head not in self._files]
        heads = [head for head in run.heads if head in self._files]

        if self._missing:
            # What a missing file followed is known to the history only.
            self._missing = [
                *(one for one in self._known if one not in self._files | {*run.heads}),
                *self._missing,
            ]
            heads += [one for one in self._known if one in self._files]

        self._heads = tuple(dict.fromkeys(heads))
        self._applied = {
            script.revision for script in list_applied(run.history, self._heads)
        }
        self._changed = self._find_changed()

    def to_status(self) -> DatabaseStatus:
        found = [self._describe(script) for script in reversed(self._scripts)]
        missing = [self._describe_missing(revision) for revision in self._missing]
        return DatabaseStatus(
            database=self._run.key,
            url=self._run.safe_url,
            heads=self._run.heads,
            revisions=(*found, *missing),
        )

    def _find_changed(self) -> set[str]:
        checksums = {
            revision: entry.checksum
            for revision, entry in self._known.items()
            if entry.checksum
        }
        changed = self._run.history.find_changed(self._heads, checksums)
        return {script.revision for script in changed}

    def _describe(self, script: Script) -> RevisionStatus:
        revision = script.revision
        state, entry = self._judge(revision)
        return RevisionStatus(
            revision=self._run.history.describe(
                script, is_current=revision in self._run.heads
            ),
            state=state,
            entry=entry,
            stopped=self._stopped.get(revision),
            problem=self._run.history.find_problem(script),
        )

    def _judge(self, revision: str) -> tuple[State, HistoryEntry | None]:
        is_applied = revision in self._applied

        if revision in self._stopped:
            return State.FAILED, self._find_failure(revision)

        if is_applied:
            is_changed = revision in self._changed
            state = State.CHANGED if is_changed else State.APPLIED
            return state, self._known.get(revision)

        failure = self._find_failure(revision)
        return (State.FAILED if failure else State.PENDING), failure

    def _find_failure(self, revision: str) -> HistoryEntry | None:
        """Return the last entry of a revision, if it is a failure."""
        last = next(
            (one for one in reversed(self._entries) if one.revision == revision), None
        )
        return last if last is not None and last.outcome == "failed" else None

    def _describe_missing(self, revision: str) -> RevisionStatus:
        entry = self._known.get(revision)
        message = (entry.message if entry else None) or ""
        return RevisionStatus(
            revision=Revision(revision=revision, message=message),
            state=State.MISSING,
            entry=entry,
        )
