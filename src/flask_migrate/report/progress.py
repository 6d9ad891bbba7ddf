"""What Flask-Migrate's commands say while they write files, in Alembic's own form."""

from __future__ import annotations

import collections.abc as cabc
import os
import sys
import textwrap


def format_actions(actions: cabc.Iterable[tuple[str, str]]) -> str:
    """Return what was made, one action a line.

    :param actions: a verb and a path each.
    """
    return "".join(
        f"{format_message(f'{verb} {path} ...')}  done\n" for verb, path in actions
    )


def format_message(text: str) -> str:
    """Return a message as Alembic lays it out: wrapped and indented on a terminal."""
    width = _terminal_width()

    if width is None:
        return text

    indent = "  "
    return "\n".join(
        textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
    )


def _terminal_width() -> int | None:
    # Alembic looks at standard input.
    try:
        return os.get_terminal_size(sys.__stdin__.fileno()).columns or None  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return None
