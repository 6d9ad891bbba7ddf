"""Say what stopped a run, and what stays of it."""

from __future__ import annotations

import pathlib
import typing as t

import sqlalchemy as sa

from ..databases.dialects.base import hide_secrets
from ..errors import ConnectionFailed
from ..errors import find_line
from ..errors import Interrupted
from ..errors import LockNotAcquired
from ..errors import MigrationError
from ..errors import StepFailed
from ..errors import StoppedPartWay
from ..plan import Direction
from ..plan import Plan
from ..plan import Step

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun


class Terminated(KeyboardInterrupt):
    """SIGTERM has come; raised where Ctrl-C would be."""

    exit_code = 143


def explain_failure(
    plan: Plan, number: int, run: DatabaseRun, *, error: Exception | SystemExit
) -> MigrationError:
    """Say why a step has failed and what stays, and add it to the history.

    :param number: of the step in the plan, from 0.
    :param error: what it raised.
    """
    step = plan.steps[number]
    known = error if isinstance(error, MigrationError) else run.explain(error)
    reason = known.message if known else f"{type(error).__name__}: {error}"

    if run.context.as_sql:
        return _not_written(plan, number, error, hide_secrets(reason))

    verb = "applied" if step.direction is Direction.UPGRADE else "reverted"
    lines = [
        f"Revision {step} could not be {verb}: {hide_secrets(reason)}",
        *_where(step, error),
        *_what_stays(plan, number, run),
    ]
    hint = (known.hint if known else None) or _default_hint(plan)

    if isinstance(known, LockNotAcquired) and (blocker := run.describe_blockers(error)):
        lines.append(f"  held by {blocker}")

    _record(run, step, hide_secrets(reason))
    message = "\n".join(lines)

    if isinstance(known, (LockNotAcquired, ConnectionFailed)):
        return type(known)(message, hint=hint)

    kind = StoppedPartWay if run.has_part else StepFailed
    return kind(
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

    lines.append(_describe_part(step, run))

    return [f"  {line}" for line in lines]


def _describe_part(step: Step, run: DatabaseRun) -> str:
    if run.has_part:
        return (
            f"a part of {step.revision} is done and stays; the next run continues after"
            " it."
        )

    if run.dialect.keeps_part and not run.keeps_journal:
        return (
            f"{run.dialect.title} commits DDL by itself: what {step.revision} did"
            " before the failure stays."
        )

    return f"nothing of {step.revision} stays."


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


def _default_hint(plan: Plan) -> str:
    return f"Correct the revision, then run `flask db {plan.direction.value}` again."


def _record(run: DatabaseRun, step: Step, reason: str) -> None:
    # Inside a transaction of env.py nothing of this run will stay.
    if run.ledger is not None and not run.is_foreign:
        run.ledger.record_failure(step, reason)


def explain_interruption(
    plan: Plan, number: int, run: DatabaseRun, *, error: BaseException
) -> Interrupted:
    """Say which step was stopped by a signal, and what stays.

    :param number: of the step in the plan, from 0.
    :param error: what the signal raised.
    """
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
