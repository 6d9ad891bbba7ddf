"""Who holds the migration locks, as text."""

from __future__ import annotations

import collections.abc as cabc

from ..results import LockHolder
from ..results import LockState


def format_locks(states: cabc.Iterable[LockState]) -> str:
    """Return one line for each database."""
    return "\n".join(
        f"{one.database or '<default>'}: "
        + ("free" if one.holder is None else _format_holder(one.holder))
        for one in states
    )


def _format_holder(holder: LockHolder) -> str:
    if holder.expires_in is None:
        return f"held by {holder} ({holder.kind})"

    left = round(holder.expires_in)
    when = f"expires in {left} s" if left > 0 else f"expired {-left} s ago"
    return f"held by {holder} (lease {holder.token}, {when})"
