"""Where databases stand, as a table that a person reads."""

from __future__ import annotations

import collections.abc as cabc

from ..results import DatabaseStatus
from ..results import State

MARKS = {State.APPLIED: "[X]", State.PENDING: "[ ]", State.MISSING: "[?]"}


def format_statuses(statuses: cabc.Iterable[DatabaseStatus]) -> str:
    """Return one table per database, a summary and the next command."""
    known = tuple(statuses)
    tables = [line for status in known for line in (*_format_one(status), "")]
    return "\n".join([*tables, _summarise(known), *_suggest(known)])


def _format_one(status: DatabaseStatus) -> list[str]:
    title = f"{status.database or ''}  {status.url}".strip()

    if not status.revisions:
        return [title, "  no revisions yet"]

    width = max(len(one.revision.revision) for one in status.revisions)
    return [
        title,
        *(
            f"  {MARKS[one.state]} {one.revision.revision:<{width}}"
            f"  {one.revision.message or _explain(one.state)}".rstrip()
            for one in status.revisions
        ),
    ]


def _explain(state: State) -> str:
    return "its file is not in this checkout" if state is State.MISSING else ""


def _summarise(statuses: tuple[DatabaseStatus, ...]) -> str:
    counts = {state: sum(one.count(state) for one in statuses) for state in State}
    parts = [
        f"{count} {state.value}"
        for state, count in counts.items()
        if count or state is not State.MISSING
    ]
    return ", ".join(parts)


def _suggest(statuses: tuple[DatabaseStatus, ...]) -> list[str]:
    states = {one.state for status in statuses for one in status.revisions}

    if State.MISSING in states:
        return ["next: check out the branch that has the missing files"]

    if State.PENDING in states:
        return ["next: flask db upgrade"]

    return [] if states else ['next: flask db migrate -m "first"']
