"""Run a plan on one database, and say what stays when a step fails."""

from __future__ import annotations

import asyncio
import pathlib
import typing as t

import sqlalchemy as sa

from ..databases.connections import explain
from ..databases.dialects.base import hide_secrets
from ..errors import ConnectionFailed
from ..errors import find_line
from ..errors import Interrupted
from ..errors import LockNotAcquired
from ..errors import MigrationError
from ..errors import StepFailed
from ..plan import Direction
from ..plan import Plan
from ..plan import Step

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun


class Terminated(KeyboardInterrupt):
    """SIGTERM has come; raised where Ctrl-C would be."""

    exit_code = 143


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

    for number, step in enumerate(plan.steps):
        try:
            run.apply(step)
        except KeyboardInterrupt as error:
            raise _interrupted(plan, number, run, error) from error
        except asyncio.CancelledError as error:
            # In an event loop; what has cancelled it comes along.
            cause = next(iter(error.args), error)
            raise _interrupted(plan, number, run, cause) from error
        except (Exception, SystemExit) as error:
            raise _failed(plan, number, run, error) from error


def _failed(
    plan: Plan, number: int, run: DatabaseRun, error: Exception | SystemExit
) -> MigrationError:
    step = plan.steps[number]
    known = error if isinstance(error, MigrationError) else explain(error, run.url)
    reason = known.message if known else f"{type(error).__name__}: {error}"

    if run.context.as_sql:
        return _not_written(plan, number, error, hide_secrets(reason))

    verb = "applied" if step.direction is Direction.UPGRADE else "reverted"
    lines = [
        f"Revision {step} could not be {verb}: {hide_secrets(reason)}",
        *_where(step, error),
        *_what_stays(plan, number, run),
    ]
    message = "\n".join(lines)
    hint = (known.hint if known else None) or _default_hint(plan, run)

    if isinstance(known, (LockNotAcquired, ConnectionFailed)):
        return type(known)(message, hint=hint)

    return StepFailed(
        message,
        revision=step.revision,
        applied=_kept(plan, number, run),
        total=len(plan.steps),
        hint=hint,
    )


def _not_written(
    plan: Plan, number: int, error: BaseException, reason: str
) -> StepFailed:
    """Say why a step cannot be written as SQL: most often, it wants to read."""
    step = plan.steps[number]
    before = plan.steps[number - 1].revision if number else None
    start = plan.start[0] if plan.start else "base"
    lines = [
        f"Revision {step} cannot be written as SQL: {reason}",
        *_where(step, error),
        "  A revision that reads the database needs one to run on.",
    ]
    return StepFailed(
        "\n".join(lines),
        revision=step.revision,
        total=len(plan.steps),
        hint=f"`flask db {plan.direction.value} --sql {start}:{before}` writes what"
        " comes before it."
        if before
        else None,
    )


def _where(step: Step, error: BaseException) -> list[str]:
    """Say which line of the file and which statement it was."""
    line = find_line(error, step.path)
    lines = [f"in {_shorten(step.path)}{f', line {line}' if line else ''}"]

    if isinstance(error, sa.exc.StatementError) and error.statement:
        statement = " ".join(hide_secrets(error.statement).split())
        lines.append(f"statement: {statement[:300]}")

    return [f"  {line}" for line in lines]


def _what_stays(plan: Plan, number: int, run: DatabaseRun) -> list[str]:
    kept = _kept(plan, number, run)
    step = plan.steps[number]
    lines = [f"{_verb(plan)} {len(kept)} of {len(plan.steps)}; {_stands(kept, run)}"]

    if run.dialect.keeps_part:
        lines.append(
            f"{run.dialect.title} commits DDL by itself: what {step.revision} did"
            " before the failure stays."
        )
    else:
        lines.append(f"nothing of {step.revision} stays.")

    return [f"  {line}" for line in lines]


def _kept(plan: Plan, number: int, run: DatabaseRun) -> tuple[str, ...]:
    done = plan.steps[:number] if run.keeps_steps else ()
    return tuple(step.revision for step in done)


def _verb(plan: Plan) -> str:
    return "applied" if plan.direction is Direction.UPGRADE else "reverted"


def _stands(kept: tuple[str, ...], run: DatabaseRun) -> str:
    name = f"the database {run.name}" if run.name else "the database"

    if not kept and not run.keeps_steps:
        return f"{name} is as it was."

    return f"{name} is at {', '.join(run.heads) or 'base'}."


def _default_hint(plan: Plan, run: DatabaseRun) -> str:
    again = f"`flask db {plan.direction.value}`"

    if run.dialect.keeps_part:
        return (
            "Undo by hand what the failed revision did, correct it, then run"
            f" {again} again."
        )

    return f"Correct the revision, then run {again} again."


def _interrupted(
    plan: Plan, number: int, run: DatabaseRun, error: BaseException
) -> Interrupted:
    code, word = (143, "SIGTERM") if isinstance(error, Terminated) else (130, "Ctrl-C")
    step = plan.steps[number]
    lines = [f"Stopped by {word} in revision {step}.", *_what_stays(plan, number, run)]
    return Interrupted(
        "\n".join(lines),
        signal_exit_code=code,
        hint=f"Run `flask db {plan.direction.value}` to go on.",
    )


def _shorten(path: str) -> str:
    """Return a path relative to the current folder where it is below it."""
    try:
        return str(pathlib.Path(path).relative_to(pathlib.Path.cwd()))
    except ValueError:
        return path
