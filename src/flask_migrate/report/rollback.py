"""The way back, as a person reads it before agreeing to it."""

from __future__ import annotations

import collections.abc as cabc

from ..plan import Loss
from ..views import Rollback
from ..views import RollbackStep
from .layout import join_titles
from .layout import wrap


def format_rollbacks(rollbacks: cabc.Iterable[Rollback]) -> str:
    """Return the steps of each database, with what each of them loses."""
    return "\n\n".join("\n".join(_format_one(one)) for one in rollbacks)


def format_losses(rollback: Rollback) -> str:
    """Return only the steps that lose rows, or may."""
    steps = (one for one in rollback.steps if one.loses_rows)
    return "\n".join(line for one in steps for line in _format_step(one))


def _format_one(rollback: Rollback) -> list[str]:
    lines = [line for one in rollback.steps for line in _format_step(one)]
    return [
        join_titles(rollback.database, rollback.url),
        *(lines or ["  nothing to roll back"]),
        *([f"  needs --confirm {rollback.name}"] if rollback.loses_rows else []),
    ]


def _format_step(step: RollbackStep) -> list[str]:
    message = f"  {step.step.message}" if step.step.message else ""
    opaque = f"may lose rows: it {step.step.opaque}" if step.step.opaque else ""
    losses = [describe_loss(one) for one in step.losses]
    return [
        *wrap(f"{step.step.revision}{message}", first="  [-] ", rest=" " * 6),
        *(line for text in (*losses, opaque) for line in wrap(text, first=" " * 6)),
    ]


def describe_loss(loss: Loss) -> str:
    """Return what is lost, in words."""
    name = f"{loss.table}.{loss.column}" if loss.column else loss.table

    if loss.rows is None:
        return f"loses {name}, whose rows take too long to count"

    return f"loses {name}: {loss.rows} row{'' if loss.rows == 1 else 's'}"
