"""Make the plan that brings one database from where it stands to a target."""

from __future__ import annotations

import re
import typing as t

from ..errors import MultipleHeads
from ..plan import Direction
from ..plan import Plan
from ..plan import Step

if t.TYPE_CHECKING:
    from ..revisions.history import History

_BARE_STEPS = re.compile(r"-\d+")
_BACK = re.compile(r"-\d+$")
_COUNTED = re.compile(r"[+-]\d+$")


def make_plan(
    history: History,
    direction: Direction,
    *,
    target: str,
    heads: tuple[str, ...],
    database: str | None = None,
) -> Plan:
    """Return the steps from where a database stands to a target.

    :param history: the revision files.
    :param target: as Alembic reads it: an id, a part of one, ``head``, ``+1``, ``-1``.
    :param heads: the ids in the database's version table.
    :param database: its bind key.
    :raises HistoryError: the target is unknown, or leads nowhere from there.
    """
    if direction is Direction.DOWNGRADE:
        history.require_known(heads)
        _refuse_to_guess(target, heads)

    scripts = history.find_steps(direction, target, heads)
    return Plan(
        database=database,
        direction=direction,
        start=heads,
        target=target,
        steps=tuple(
            Step(
                revision=script.revision,
                direction=direction,
                message=script.doc,
                path=script.path,
            )
            for script in scripts
        ),
    )


def find_direction(history: History, target: str, heads: tuple[str, ...]) -> Direction:
    """Return which way a target is from where a database stands.

    :param target: as Alembic reads it.
    :param heads: the ids in the database's version table.
    """
    end = target.rpartition("@")[2]

    if end == "base" or _BACK.search(end):
        return Direction.DOWNGRADE

    if end in ("head", "heads") or _COUNTED.search(end):
        return Direction.UPGRADE

    history.require_known(heads)
    wanted = {script.revision for script in history.find(target)}
    applied = {script.revision for one in heads for script in history.walk(None, one)}
    is_behind = wanted <= applied and not wanted <= set(heads)
    return Direction.DOWNGRADE if is_behind else Direction.UPGRADE


def explain_empty(history: History, plan: Plan) -> str | None:
    """Say why a plan has no steps, where somebody may have expected some.

    :return: ``None`` where nothing has to be said: the database is at the target.
    """
    if plan.steps:
        return None

    if not history.revision_map.heads:
        return (
            f"There is no revision in {', '.join(history.version_folders)}: nothing to"
            " do. `flask db migrate` writes the first one."
        )

    if plan.direction is Direction.DOWNGRADE or _COUNTED.search(plan.target):
        return None

    reached = {script.revision for script in history.find(plan.target)}

    if reached <= set(plan.start):
        return None

    return (
        f"Nothing to do: {plan.target} is applied already, and the database"
        f"{f' {plan.database}' if plan.database else ''} is at"
        f" {', '.join(plan.start)}. `flask db downgrade {plan.target}` would go back."
    )


def _refuse_to_guess(target: str, heads: tuple[str, ...]) -> None:
    """Alembic 1.20 takes any one branch for ``-1`` where a database has several."""
    if len(heads) > 1 and _BARE_STEPS.fullmatch(target):
        raise MultipleHeads(
            f"The database stands at {len(heads)} heads ({', '.join(heads)}), so"
            f" {target} does not say which branch to downgrade.",
            heads=heads,
            hint=f"Write `flask db downgrade {heads[0]}@{target}`, or name a revision.",
        )
