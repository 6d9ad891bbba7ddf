"""What a downgrade would take away, found before it runs."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import typing as t

import sqlalchemy as sa

from ..errors import RevisionFileError
from ..plan import Loss
from ..plan import Step
from ..views import COUNT_LIMIT
from ..views import RollbackStep

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun
    from ..revisions.recording import Gone
    from ..revisions.recording import Recording


def check_steps(
    run: DatabaseRun, steps: cabc.Iterable[Step]
) -> tuple[RollbackStep, ...]:
    """Look at every step of a way back before the first one runs.

    :raises RevisionFileError: a downgrade is not there, or is empty, or raises.
    """
    made: set[tuple[str, str | None]] = set()
    found: list[RollbackStep] = []

    for step in steps:
        recording = _record(run, step)
        losses = tuple(
            loss
            for loss in _count(run, recording.gone)
            # What only an earlier step of the way back will make holds no rows.
            if (loss.table, loss.column) not in made and (loss.table, None) not in made
        )
        made |= {(_name(one), one.column) for one in recording.made}
        found.append(
            RollbackStep(
                step=dataclasses.replace(step, opaque=recording.opaque), losses=losses
            )
        )

    return tuple(found)


def find_losses(run: DatabaseRun, step: Step) -> tuple[Loss, ...]:
    """Return the tables and columns with rows in them that a step would take away.

    :return: with how many rows, ``None`` where they cannot be counted now.
    """
    return _count(run, _record(run, step).gone)


def _record(run: DatabaseRun, step: Step) -> Recording:
    from ..revisions.loading import check_function
    from ..revisions.recording import changes_nothing
    from ..revisions.recording import record
    from ..revisions.recording import turn

    check_function(run.history.get_revision(step.revision), step.direction)
    recording = record(run, step)

    if recording.error is not None:
        error = recording.error
        raise RevisionFileError(
            f"The downgrade() of revision {step} raises {type(error).__name__}:"
            f" {error}. Nothing was done.",
            path=step.path,
            hint="Roll back to this revision or a later one:"
            f" `flask db rollback --to {step.revision}`.",
        ) from error

    is_empty = not (recording.count or recording.opaque)

    if is_empty and not changes_nothing(run, turn(step)):
        raise RevisionFileError(
            f"The downgrade() of revision {step} is empty, and its upgrade() is not:"
            " the database would not be what it was before. Nothing was done.",
            path=step.path,
            hint="Write its downgrade(); `flask db downgrade` goes back without.",
        )

    return recording


def _count(run: DatabaseRun, gone: cabc.Iterable[Gone]) -> tuple[Loss, ...]:
    connection = run.context.connection
    assert connection is not None  # online
    losses = [
        Loss(table=_name(one), column=one.column, rows=_count_rows(connection, one))
        for one in dict.fromkeys(gone)
    ]
    return tuple(loss for loss in losses if loss.rows != 0)


def _count_rows(connection: sa.Connection, gone: Gone) -> int | None:
    """Return how many rows hold data there, ``None`` where nothing is there now."""
    inspector = sa.inspect(connection)

    if not inspector.has_table(gone.table, schema=gone.schema):
        return None

    found = inspector.get_columns(gone.table, schema=gone.schema)
    names = {column["name"] for column in found}

    if gone.column is not None and gone.column not in names:
        return None

    table = sa.table(gone.table, schema=gone.schema)
    rows = sa.select(sa.literal(1).label("one")).select_from(table)

    if gone.column is not None:
        rows = rows.where(sa.column(gone.column).is_not(None))

    query = sa.select(sa.func.count()).select_from(
        rows.limit(COUNT_LIMIT + 1).subquery()
    )
    return connection.scalar(query)


def _name(gone: Gone) -> str:
    return f"{gone.schema}.{gone.table}" if gone.schema else gone.table


@contextlib.contextmanager
def reading(run: DatabaseRun) -> cabc.Iterator[sa.Connection]:
    """Read something, and leave no transaction behind that was not there."""
    connection = run.context.connection
    assert connection is not None  # online
    was_idle = not connection.in_transaction()

    try:
        yield connection
    finally:
        if was_idle:
            connection.rollback()
