"""Lines of at most 80 columns, in which no id and no command is cut."""

from __future__ import annotations

import collections.abc as cabc
import datetime
import textwrap

from ..results import HistoryEntry

WIDTH = 80


def wrap(text: str, *, first: str = "", rest: str | None = None) -> list[str]:
    """Return a text in lines; a word that is longer than a line stays whole.

    :param first: what the first line begins with.
    :param rest: what the others begin with; as many spaces otherwise.
    """
    indent = " " * len(first) if rest is None else rest
    lines: list[str] = []

    for part in text.splitlines():
        lines += textwrap.wrap(
            part,
            WIDTH,
            initial_indent=indent if lines else first,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    return lines


def pack(parts: cabc.Iterable[str], *, first: str = "", rest: str = "") -> list[str]:
    """Return parts in lines, with commas between them; no part is cut.

    :param first: what the first line begins with.
    :param rest: what the others begin with.
    """
    lines: list[str] = []
    line = first

    for part in parts:
        joined = f"{line}{', ' if line not in (first, rest) else ''}{part}"

        if len(joined) > WIDTH and line not in (first, rest):
            lines.append(f"{line},")
            joined = f"{rest}{part}"

        line = joined

    return [*lines, line]


def describe_run(entry: HistoryEntry) -> list[str]:
    """Return when a step ran, how long it took and by whom, as parts."""
    seconds = [] if entry.seconds is None else [format_seconds(entry.seconds)]
    return [format_time(entry.started), *seconds, f"by {entry.author}"]


def format_time(moment: datetime.datetime) -> str:
    """Return a moment in the time zone of the reader."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def format_seconds(seconds: float) -> str:
    """Return a duration as people say it."""
    if seconds < 120:
        return f"{seconds:.2f} s"

    return str(datetime.timedelta(seconds=round(seconds)))


def join_titles(database: str | None, url: str) -> str:
    """Return the line above what is said of one database."""
    return f"{database or ''}  {url}".strip()
