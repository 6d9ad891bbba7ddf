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
        _refuse_to_guess(target, heads)

    steps = history.find_steps(direction, target, heads)
    return Plan(
        database=database,
        direction=direction,
        start=heads,
        target=target,
        steps=tuple(
            Step(
                revision=step.revision.revision,
                direction=direction,
                message=step.revision.doc,
                path=step.revision.path,
            )
            for step in steps
        ),
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
