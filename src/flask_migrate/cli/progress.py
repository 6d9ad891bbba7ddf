"""How long steps and statements take, while they run."""

from __future__ import annotations

import logging
import shutil
import sys
import typing as t

import click

if t.TYPE_CHECKING:
    from ..events import Event

REPORT_SECONDS = 30.0
"""How often a statement is told of where there is no terminal."""

SHORT_SECONDS = 0.5
"""What takes less is told of by nobody."""

_log = logging.getLogger("flask_migrate")


class ProgressLine:
    """Listens to a run, and shows what takes its time on standard error."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._is_drawn = False
        self._told_at = 0.0

    def __call__(self, event: Event) -> None:
        """Show one event."""
        from ..events import EventKind
        from ..report.running import format_step

        if event.kind is EventKind.STATEMENT_RUNNING:
            self._show(event)
            return

        self._clear()
        self._told_at = 0.0

        if (
            self._is_terminal
            and event.kind is EventKind.STEP_FINISHED
            and event.seconds >= SHORT_SECONDS
        ):
            click.echo(format_step(event), err=True)

    def _show(self, event: Event) -> None:
        from ..report.running import format_running

        if self._is_terminal:
            width = _measure_line()
            text = format_running(event, width=width)
            click.echo(f"\r{text:<{width}}", nl=False, err=True)
            self._is_drawn = True
        elif event.seconds - self._told_at >= REPORT_SECONDS:
            self._told_at = event.seconds
            _log.info("%s", format_running(event))

    def _clear(self) -> None:
        if self._is_drawn:
            click.echo(f"\r{'':<{_measure_line()}}\r", nl=False, err=True)
            self._is_drawn = False


def _measure_line() -> int:
    """Return how many characters a line takes without going on below."""
    return shutil.get_terminal_size().columns - 1
