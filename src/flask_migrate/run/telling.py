"""Tell who listens when a run and its steps begin and end."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import time
import typing as t

from ..databases.dialects.base import hide_secrets
from ..events import Event
from ..events import EventKind
from ..plan import Plan
from ..plan import Step

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun


@contextlib.contextmanager
def telling_of_run(run: DatabaseRun, plan: Plan) -> cabc.Iterator[None]:
    """Tell of a run on one database: that it begins, and how it ends."""
    kinds = (EventKind.RUN_STARTED, EventKind.RUN_FINISHED, EventKind.RUN_FAILED)

    with _telling(run, kinds, steps=len(plan.steps)):
        yield


@contextlib.contextmanager
def telling_of_step(run: DatabaseRun, step: Step) -> cabc.Iterator[None]:
    """Tell of one step: that it begins, and how it ends."""
    kinds = (EventKind.STEP_STARTED, EventKind.STEP_FINISHED, EventKind.STEP_FAILED)
    run.step = step

    try:
        with _telling(run, kinds, step=step):
            yield
    finally:
        run.step = None


@contextlib.contextmanager
def _telling(
    run: DatabaseRun, kinds: tuple[EventKind, EventKind, EventKind], **values: t.Any
) -> cabc.Iterator[None]:
    started, finished, failed = kinds
    began = time.monotonic()

    def tell(kind: EventKind, text: str = "") -> None:
        run.emit(
            Event(
                kind=kind,
                run=run.run_id,
                database=run.key,
                seconds=time.monotonic() - began,
                text=text,
                **values,
            )
        )

    tell(started)

    try:
        yield
    except BaseException as error:
        tell(failed, hide_secrets(str(error)))
        raise

    tell(finished)
