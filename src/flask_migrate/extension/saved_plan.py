"""A plan that somebody has looked at: read it, hold it against what is, run it."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import json
import os
import pathlib
import typing as t

from ..errors import BadOption
from ..errors import PlanOutdated
from ..errors import RevisionNotFound
from ..plan import Direction
from ..plan import Plan
from ..plan import Step
from ..revisions.checksums import checksum
from .moving import Move
from .planning import find_fingerprint

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun

_AGAIN = "Plan again, and look at the new plan: `flask db plan {target} -o plan.json`."


def read_plans(
    source: Plan | cabc.Sequence[Plan] | str | os.PathLike[str],
) -> tuple[Plan, ...]:
    """Return plans, from a file where its name is given.

    :raises BadOption: the file cannot be read, or holds no plan.
    """
    if isinstance(source, Plan):
        return (source,)

    if not isinstance(source, (str, os.PathLike)):
        return tuple(source)

    try:
        values = json.loads(pathlib.Path(source).read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadOption(
            f"The plan {os.fspath(source)} cannot be read: {reason}.",
            hint="`flask db plan -o plan.json` writes one.",
        ) from error

    if not isinstance(values, dict) or values.get("schema") != 1:
        raise BadOption(
            f"{os.fspath(source)} is no plan of this version: it has no schema 1.",
            hint="`flask db plan -o plan.json` writes one.",
        )

    try:
        return tuple(Plan.from_dict(one) for one in values["plans"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadOption(
            f"{os.fspath(source)} is no plan: {type(error).__name__}: {error}.",
            hint="`flask db plan -o plan.json` writes one.",
        ) from error


def check_names(plans: tuple[Plan, ...], seen: cabc.Collection[str | None]) -> None:
    """Refuse a plan of a database that the application does not have.

    :raises PlanOutdated: naming it.
    """
    for plan in plans:
        if plan.database not in seen:
            raise PlanOutdated(
                f"The plan is for the database {plan.database or '<default>'}, and this"
                " application runs no such one; nothing was changed.",
                hint=_hint(plan),
            )


@dataclasses.dataclass(slots=True, kw_only=True)
class SavedMove(Move):
    """Runs saved plans, each only where everything is as it was planned.

    :param plans: by the bind key.
    :param seen: the databases that were checked.
    """

    plans: dict[str | None, Plan]
    seen: set[str | None] = dataclasses.field(default_factory=set)

    def check(self, run: DatabaseRun) -> None:
        """Check one database, and change nothing.

        :raises PlanOutdated: saying what is different.
        """
        self.seen.add(run.key)

        if run.key in self.plans:
            self._plan(run)

    def work(self, run: DatabaseRun) -> None:
        """Run the plan of one database, if there is one."""
        if run.key in self.plans:
            # Slots give the class another identity: `super()` would not find it.
            Move.work(self, run)

    def _plan(self, run: DatabaseRun) -> Plan:
        plan = self.plans[run.key]
        heads = set(run.heads)

        if heads == set(plan.end) and heads != set(plan.start):
            return dataclasses.replace(plan, start=run.heads, steps=())

        if heads != set(plan.start):
            raise PlanOutdated(
                f"The plan begins at {_list(plan.start)}, and the database"
                f"{f' {run.key}' if run.key else ''} is at {_list(run.heads)}; nothing"
                " was changed.",
                hint=_hint(plan),
            )

        steps = tuple(_check_script(run, plan, step) for step in plan.steps)
        _check_schema(run, plan)
        return dataclasses.replace(plan, steps=steps)


def _check_script(run: DatabaseRun, plan: Plan, step: Step) -> Step:
    """Return a step with its file as it is here.

    :raises PlanOutdated: the file is missing, or another one.
    """
    try:
        (script,) = run.history.find(step.revision)
    except RevisionNotFound as error:
        raise PlanOutdated(
            f"No file has the revision {step.revision} of the plan; nothing was"
            " changed.",
            hint="Check out the commit that the plan was made from.",
        ) from error

    if checksum(script.path) != step.checksum:
        raise PlanOutdated(
            f"The script of {step} has changed since the plan was made; nothing was"
            f" changed in the database.\n  {script.path}",
            hint=_hint(plan),
        )

    return dataclasses.replace(step, path=script.path)


def _check_schema(run: DatabaseRun, plan: Plan) -> None:
    if not plan.fingerprint:
        raise PlanOutdated(
            f"The plan {plan.target} was made for a range of revisions, and not for a"
            " database as it was; nothing was changed.",
            hint=_hint(dataclasses.replace(plan, target=plan.target.partition(":")[2])),
        )

    if plan.steps and find_fingerprint(run) != plan.fingerprint:
        raise PlanOutdated(
            "The schema of the database"
            f"{f' {run.key}' if run.key else ''} is another one than when the plan was"
            " made: somebody has changed a table, an index or a constraint meanwhile;"
            " nothing was changed.",
            hint=_hint(plan),
        )


def _hint(plan: Plan) -> str:
    is_default = plan.target == "head" and plan.direction is Direction.UPGRADE
    return _AGAIN.format(target="" if is_default else plan.target).replace("  ", " ")


def _list(heads: tuple[str, ...]) -> str:
    return ", ".join(heads) or "base"
