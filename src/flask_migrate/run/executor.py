"""Run a plan on one database, step after step."""

from __future__ import annotations

import asyncio
import collections.abc as cabc
import functools
import logging
import random
import time
import typing as t

import sqlalchemy as sa

from ..plan import Plan
from ..plan import Step
from .failures import explain_failure
from .failures import explain_interruption
from .telling import telling_of_run
from .telling import telling_of_step
from .watching import watching

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun

_log = logging.getLogger("flask_migrate")


def execute(plan: Plan, run: DatabaseRun) -> None:
    """Run the steps of a plan, one after the other.

    :param plan: made for this database.
    :param run: the database.
    :raises StepFailed: naming the step, its statement, and what stays.
    :raises Interrupted: by Ctrl-C or SIGTERM; the current step was undone where the
        backend can do that.
    """
    run.check_table()
    run.check_lengths(plan.steps)
    run.check_parts(plan)

    with telling_of_run(run, plan), watching(run):
        _run_steps(plan, run)


def _run_steps(plan: Plan, run: DatabaseRun) -> None:
    for number, step in enumerate(plan.steps):
        try:
            with telling_of_step(run, step):
                keep_trying(run, functools.partial(run.apply, step), step)
        except KeyboardInterrupt as error:
            raise explain_interruption(plan, number, run, error=error) from error
        except asyncio.CancelledError as error:
            # In an event loop; what has cancelled it comes along.
            cause = next(iter(error.args), error)
            raise explain_interruption(plan, number, run, error=cause) from error
        except (Exception, SystemExit) as error:
            raise explain_failure(plan, number, run, error=error) from error


FIRST_PAUSE = 0.5
LAST_PAUSE = 5.0
REPORT_SECONDS = 10.0
"""How often a step that is tried again says what it waits for."""


def keep_trying(
    run: DatabaseRun, work: cabc.Callable[[], object], what: Step | str
) -> None:
    """Do something; try again for a while where others hold what it needs.

    Many short attempts keep those who queue behind us waiting for a moment only, where
    one long attempt would stop the whole site: measured on PostgreSQL 15 and
    MariaDB 10.11.

    :param work: leaves nothing behind when it fails.
    :param what: its name, for whoever waits.
    """
    deadline = time.monotonic() + run.settings.ddl_deadline
    report_at = time.monotonic()
    pause = FIRST_PAUSE

    while True:
        try:
            work()
            return
        except sa.exc.DBAPIError as error:
            now = time.monotonic()

            if now + pause > deadline or not run.may_retry(error):
                raise

            if now >= report_at:
                report_at = now + REPORT_SECONDS
                blocker = run.describe_blockers(error) or "another session"
                _log.info("Waiting for a lock in %s: held by %s", what, blocker)

        time.sleep(pause * random.uniform(0.5, 1.5))  # jitter
        pause = min(pause * 1.5, LAST_PAUSE)
