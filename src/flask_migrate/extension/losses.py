"""What a way back would take away, found before it is gone."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import typing as t

import sqlalchemy as sa

from ..errors import RevisionFileError
from ..plan import Direction
from ..plan import Plan

if t.TYPE_CHECKING:
    from ..revisions.capture import Captured
    from ..revisions.database_run import DatabaseRun
    from ..views import RollbackStep


def check_steps(run: DatabaseRun, plan: Plan) -> tuple[RollbackStep, ...]:
    """Look at every step of a way back before the first one runs.

    :raises RevisionFileError: a downgrade is not there, or is empty, or raises.
    """
    from ..databases.effects import describe_effects
    from ..databases.effects import find_doubt
    from ..databases.effects import find_losses
    from ..databases.reading import read_only
    from ..revisions.capture import capture
    from ..revisions.loading import check_function
    from ..views import RollbackStep

    for step in plan.steps:
        check_function(run.history.get_revision(step.revision), step.direction)

    captured = capture(run, plan)

    for one in captured:
        _check(run, one)

    found = (dataclasses.replace(one.step, opaque=one.doubt) for one in captured)

    with reading(run) as connection, read_only(connection):
        steps = describe_effects(connection, found, counts=True, at_most=True)

    return tuple(
        RollbackStep(
            step=dataclasses.replace(step, opaque=find_doubt(step)),
            losses=find_losses(step),
        )
        for step in steps
    )


def _check(run: DatabaseRun, captured: Captured) -> None:
    step, error = captured.step, captured.error

    if captured.raises:
        raise RevisionFileError(
            f"The downgrade() of revision {step} raises {type(error).__name__}:"
            f" {error}. Nothing was done.",
            path=step.path,
            hint="Roll back to this revision or a later one:"
            f" `flask db rollback --to {step.revision}`.",
        ) from error

    if captured.is_idle and not _is_upgrade_idle(run, captured):
        raise RevisionFileError(
            f"The downgrade() of revision {step} is empty, and its upgrade() is not:"
            " the database would not be what it was before. Nothing was done.",
            path=step.path,
            hint="Write its downgrade(); `flask db downgrade` goes back without.",
        )


def _is_upgrade_idle(run: DatabaseRun, captured: Captured) -> bool:
    from ..revisions.capture import capture

    step = dataclasses.replace(captured.step, direction=Direction.UPGRADE)
    plan = Plan(
        direction=step.direction, start=run.heads, target=step.revision, steps=(step,)
    )
    (found,) = capture(run, plan)
    return found.is_idle


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
