"""Where databases stand, as a table that a person reads."""

from __future__ import annotations

import collections.abc as cabc

from ..plan import Direction
from ..results import DatabaseStatus
from ..results import RevisionStatus
from ..results import State
from .layout import describe_run
from .layout import join_titles
from .layout import pack
from .layout import wrap

MARKS = {
    State.APPLIED: "[X]",
    State.PENDING: "[ ]",
    State.MISSING: "[?]",
    State.CHANGED: "[~]",
    State.FAILED: "[!]",
}
_INDENT = " " * 6


def format_statuses(statuses: cabc.Iterable[DatabaseStatus]) -> str:
    """Return one table per database, a summary and the next command."""
    known = tuple(statuses)
    tables = [line for status in known for line in (*_format_one(status), "")]
    return "\n".join([*tables, _summarise(known), *_suggest(known)])


def _format_one(status: DatabaseStatus) -> list[str]:
    title = join_titles(status.database, status.url)

    if not status.revisions:
        return [title, "  no revisions yet"]

    width = max(len(one.revision.revision) for one in status.revisions)
    return [
        title,
        *(
            line
            for one in status.revisions
            for line in _format_revision(one, width=width)
        ),
    ]


def _format_revision(status: RevisionStatus, *, width: int) -> list[str]:
    head = f"  {MARKS[status.state]} {status.revision.revision:<{width}}  "
    facts = [line for fact in _explain(status) for line in wrap(fact, first=_INDENT)]
    when = _describe_entry(status)
    lines = [*facts, *when] if status.state is State.MISSING else [*when, *facts]

    if status.revision.message:
        return [*wrap(status.revision.message, first=head), *lines]

    # A missing file that no history knows has a reason in the place of its message.
    return [f"{head}{' '.join(lines).strip()}".rstrip()]


def _describe_entry(status: RevisionStatus) -> list[str]:
    entry = status.entry

    if entry is None:
        return []

    parts = describe_run(entry)
    verb = "failed " if entry.outcome == "failed" else ""
    verb = "stamped " if entry.kind == "stamp" else verb
    return pack([f"{verb}{parts[0]}", *parts[1:]], first=_INDENT, rest=_INDENT)


def _explain(status: RevisionStatus) -> list[str]:
    """Return what else there is to say of a revision, one sentence each."""
    problem = [f"its file is broken: {status.problem}"] if status.problem else []
    return [*_explain_state(status), *problem]


def _explain_state(status: RevisionStatus) -> list[str]:
    match status.state:
        case State.MISSING:
            return ["its file is not in this checkout"]
        case State.CHANGED:
            return ["its script has changed since it was applied"]
        case State.FAILED:
            reason = (status.entry.error if status.entry else None) or ""
            return [reason, _explain_failure(status)]
        case _:
            return []


def _explain_failure(status: RevisionStatus) -> str:
    if status.stopped is None:
        return "failed, nothing of it stays"

    return f"stopped half-way: the next {status.stopped.value} continues"


def _summarise(statuses: tuple[DatabaseStatus, ...]) -> str:
    counts = {state: sum(one.count(state) for one in statuses) for state in State}
    always = (State.APPLIED, State.PENDING)
    parts = [
        f"{count} {state.value}"
        for state, count in counts.items()
        if count or state in always
    ]
    return ", ".join(parts)


def _suggest(statuses: tuple[DatabaseStatus, ...]) -> list[str]:
    found = [one for status in statuses for one in status.revisions]
    states = {one.state for one in found}

    if any(one.stopped is Direction.DOWNGRADE for one in found):
        return ["next: flask db downgrade"]

    if State.MISSING in states:
        return ["next: check out the branch that has the missing files"]

    if states & {State.PENDING, State.FAILED}:
        return ["next: flask db upgrade"]

    return [] if states else ['next: flask db migrate -m "first"']
