"""Revisions that a database stands at and whose files are gone: explain, restore."""

from __future__ import annotations

import contextlib
import pathlib
import re
import typing as t

import sqlalchemy as sa

from ..errors import HistoryError
from ..errors import RevisionNotFound
from .applied import replay
from .checksums import checksum
from .loading import load_script

if t.TYPE_CHECKING:
    from alembic.script import Script

    from ..databases.recorder import Recorder
    from ..results import HistoryEntry
    from .database_run import DatabaseRun
    from .history import History


def find_missing(history: History, heads: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ids of a version table that no file has."""
    files = {script.revision for script in history.walk(None, None)}
    return tuple(head for head in heads if head and head not in files)


def explain_missing(error: RevisionNotFound, run: DatabaseRun) -> None:
    """Add to an error what the history knows of the revision that has no file.

    :param error: about an id of the version table.
    """
    if run.ledger is None:
        return

    with contextlib.suppress(sa.exc.SQLAlchemyError):
        recorder = run.ledger.recorder
        missing = find_missing(run.history, run.heads)
        known = replay(recorder.read()) if missing else {}

        known_here = [known[one] for one in missing if one in known]

        for entry in known_here:
            error.add_line(f"  {describe_entry(entry)}")

        if any(recorder.read_script(entry.revision) for entry in known_here):
            error.hint = (
                f"{error.hint} Or `flask db downgrade --from-history` goes back by the"
                " text that the history keeps."
            )


def describe_entry(entry: HistoryEntry) -> str:
    """Return which revision was applied, when and by whom, in one line."""
    when = entry.started.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    message = f' "{entry.message}"' if entry.message else ""
    verb = "stamped" if entry.kind == "stamp" else "applied"
    return f"{entry.revision}{message} was {verb} {when} by {entry.author}."


def restore_missing(run: DatabaseRun, folder: pathlib.Path) -> None:
    """Write the scripts that a database stands at and that have no file, and read them.

    What is in them comes from the database and will be run: only on demand.

    :param folder: a private one, which outlives the run.
    :raises HistoryError: the history does not keep one of them, or not unchanged.
    """
    assert run.ledger is not None  # online
    recorder = run.ledger.recorder
    files = {script.revision for script in run.history.walk(None, None)}
    wanted = [head for head in run.heads if head not in files]
    checksums = {
        entry.revision: entry.checksum
        for entry in (recorder.read() if wanted else ())
        if entry.kind == "upgrade" and entry.outcome == "done"
    }
    restored: dict[str, pathlib.Path] = {}

    while wanted:
        revision = wanted.pop()
        path = _write(recorder, revision, folder, known=checksums.get(revision))
        restored[revision] = path
        parents = _list_parents(load_script(path), revision)
        wanted += [one for one in parents if one not in files | restored.keys()]

    if restored:
        run.history.add_files(restored.values())


def _write(
    recorder: Recorder, revision: str, folder: pathlib.Path, *, known: str | None
) -> pathlib.Path:
    script = recorder.read_script(revision)

    if script is None:
        raise HistoryError(
            f"The file of {revision} is not in this checkout, and the history of this"
            " database does not keep its text.",
            hint="Restore the file from version control.",
        )

    path = folder / f"{re.sub(r'[^0-9A-Za-z]', '_', revision)}_from_history.py"
    path.write_bytes(script)

    if checksum(path) != known:
        raise HistoryError(
            f"The text of {revision} in the history is not the one that was applied:"
            " its checksum differs.",
            hint="Somebody has written to the history table. Restore the file from"
            " version control.",
        )

    return path


def _list_parents(script: Script, revision: str) -> tuple[str, ...]:
    if script.revision != revision:
        raise HistoryError(
            f"The text that the history keeps of {revision} is that of"
            f" {script.revision}.",
            hint="Restore the file from version control.",
        )

    return tuple(script._versioned_down_revisions)
