"""The verb for steps that were stopped in the middle: repair."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import functools
import typing as t

from ..errors import UsageError
from ..plan import Direction
from ..results import JournalRow
from ..results import Progress
from ..results import StoppedStep
from .base import Directory
from .base import Verbs

if t.TYPE_CHECKING:
    from ..databases.journal import Journal
    from ..revisions.database_run import DatabaseRun

Remedy = t.Literal["resume", "undo", "mark-applied", "mark-reverted"]
"""What to do about a stopped step."""

Answer = t.Literal["done", "undone"]
"""What became of a statement of which nothing can tell."""


class Repairing(Verbs):
    """What a ``Migrate`` can do for a step that was stopped half-way.

    It is seldom needed: the next `upgrade` goes on by itself, unless the script has
    changed in what is done already.
    """

    def repair(
        self,
        directory: Directory = None,
        *,
        remedy: Remedy | None = None,
        in_doubt: Answer | None = None,
        lock_timeout: float | None = None,
    ) -> tuple[StoppedStep, ...]:
        """Return the steps that were stopped half-way, and settle them if asked to.

        :param remedy: ``resume``: what is done stays, and the next run does the rest
            of the script as it is now; ``undo``: tables, columns, indexes and
            constraints that were made are dropped, if nobody's rows are lost;
            ``mark-applied``: the rest was done by hand; ``mark-reverted``: what was
            done was undone by hand. ``None`` only looks.
        :param in_doubt: what became of a statement of which nothing can tell.
        :param lock_timeout: seconds to wait for another run; the setting otherwise.
        :raises UsageError: something is in doubt, and nobody has answered; or it cannot
            be undone.
        """
        from ..run.lock import holding

        opened = self._open(directory)
        limit = opened.state.read_settings().lock_timeout
        timeout = limit if lock_timeout is None else lock_timeout
        found: list[StoppedStep] = []

        def work(run: DatabaseRun) -> None:
            if remedy is None:
                found.extend(_find_stopped(run, in_doubt))
                return

            with holding(run, timeout=timeout):
                run.begin_writing()
                steps = _find_stopped(run, in_doubt)

                for step in steps:
                    _settle(run, step, remedy)

            found.extend(steps)

        opened.run(work, writes=remedy is not None)
        return tuple(found)


def _find_stopped(run: DatabaseRun, answer: Answer | None) -> list[StoppedStep]:
    journal = _journal_of(run)
    by_step: dict[str, list[JournalRow]] = {}

    for row in journal.read():
        progress = journal.look(row)

        if progress is Progress.BEGUN and answer is not None:
            progress = Progress.DONE if answer == "done" else Progress.FAILED

        found = dataclasses.replace(row, progress=progress)
        by_step.setdefault(row.step, []).append(found)

    return [_describe(run, step, rows) for step, rows in by_step.items()]


def _describe(
    run: DatabaseRun, step: str, rows: cabc.Iterable[JournalRow]
) -> StoppedStep:
    revision, _, direction = step.rpartition(" ")
    files = {one.revision: one for one in run.history.walk(None, None)}
    script = files.get(revision)
    return StoppedStep(
        database=run.key,
        revision=revision,
        direction=direction,
        message=script.doc if script is not None else "",
        rows=tuple(rows),
    )


def _settle(run: DatabaseRun, step: StoppedStep, remedy: Remedy) -> None:
    doubtful = [row for row in step.rows if row.progress is Progress.BEGUN]

    if doubtful and remedy == "resume":
        raise UsageError(
            "Nothing says whether this statement was done, and nobody has said so:"
            f" {doubtful[0].statement[:300]}",
            hint="Find out, then: flask db repair --resume --in-doubt done (or undone)",
        )

    if remedy == "undo":
        _undo(run, step)
        return

    if remedy == "resume":
        _journal_of(run).settle(map(_accept, step.rows))
        run.commit()
        return

    _journal_of(run).drop(f"{step.revision} {step.direction}")
    run.commit()

    if step.direction == Direction.UPGRADE.value:
        if remedy == "mark-applied":
            run.stamp((step.revision,))
    elif remedy == "mark-reverted":
        parents = run.history.find(step.revision)[0]._versioned_down_revisions
        run.stamp(parents or ("base",))


def _undo(run: DatabaseRun, step: StoppedStep) -> None:
    """Take back what a step has made.

    All of it is in doubt meanwhile: whatever stops us, `upgrade` goes on nowhere, and
    the next `repair --undo` looks what is still there.
    """
    from ..databases.reversal import literally
    from ..databases.reversal import Reversal
    from ..run.executor import keep_trying

    rows = [row for row in step.rows if row.progress is not Progress.FAILED]
    reversal = Reversal(run.connection, run.dialect, rows)
    doubtful = (
        dataclasses.replace(row, progress=Progress.BEGUN, probe=None) for row in rows
    )
    _journal_of(run).settle(doubtful)
    run.commit()

    def execute(sql: str) -> None:
        try:
            run.connection.execute(literally(sql))
            run.commit()
        except Exception:
            run.connection.rollback()
            raise

    for sql in reversal.statements:
        keep_trying(run, functools.partial(execute, sql), sql)

    _journal_of(run).drop(f"{step.revision} {step.direction}")
    run.commit()


def _accept(row: JournalRow) -> JournalRow:
    """Return a row that the script need not come by again, if it is done."""
    is_done = row.progress is Progress.DONE
    return dataclasses.replace(row, progress=Progress.SETTLED) if is_done else row


def _journal_of(run: DatabaseRun) -> Journal:
    assert run.ledger is not None  # online
    return run.ledger.journal
