"""The history of databases, as a list that a person reads."""

from __future__ import annotations

import collections.abc as cabc

from ..results import HistoryEntry
from ..views import DatabaseLog
from .layout import describe_run
from .layout import join_titles
from .layout import pack
from .layout import wrap

_INDENT = " " * 6


def format_logs(logs: cabc.Iterable[DatabaseLog]) -> str:
    """Return the entries of each database, the newest first."""
    return "\n\n".join("\n".join(_format_one(log)) for log in logs)


def _format_one(log: DatabaseLog) -> list[str]:
    lines = [line for entry in log.entries for line in _format_entry(entry)]
    return [join_titles(log.database, log.url), *(lines or ["  nothing yet"])]


def _format_entry(entry: HistoryEntry) -> list[str]:
    mark = "[X]" if entry.outcome == "done" else "[!]"
    message = f"  {entry.message}" if entry.message and entry.kind != "tag" else ""
    facts = describe_run(entry)
    version = [f"version {entry.app_version}"] if entry.app_version else []
    return [
        *wrap(f"{_describe_kind(entry)}{message}", first=f"  {mark} ", rest=_INDENT),
        *pack([*facts, *version, f"run {entry.run[:8]}"], first=_INDENT, rest=_INDENT),
        *wrap(entry.error or "", first=_INDENT),
    ]


def _describe_kind(entry: HistoryEntry) -> str:
    if entry.kind == "tag":
        return f"tag {entry.message} at {entry.revision}"

    if entry.kind == "stamp":
        return f"stamp to {entry.revision}"

    return f"{entry.kind} {entry.revision}"
