"""What an application can listen to: Flask signals, and a structured log.

A receiver is called in the process and the thread of the run; an error that it raises
ends the run. The sender is the application, and ``event`` the
:class:`~flask_migrate.events.Event`.
"""

from __future__ import annotations

import logging
import typing as t

from blinker import NamedSignal
from blinker import Namespace
from flask import current_app

from .events import Event
from .events import EventKind
from .events import Listener

_NAMESPACE = Namespace()

run_started: NamedSignal = _NAMESPACE.signal("migrate-run-started")
"""A run begins on one database, and has steps to do."""
run_finished: NamedSignal = _NAMESPACE.signal("migrate-run-finished")
"""All steps of a run are done."""
run_failed: NamedSignal = _NAMESPACE.signal("migrate-run-failed")
"""A run has stopped."""
step_started: NamedSignal = _NAMESPACE.signal("migrate-step-started")
"""A step begins."""
step_finished: NamedSignal = _NAMESPACE.signal("migrate-step-finished")
"""A step is done and committed."""
step_failed: NamedSignal = _NAMESPACE.signal("migrate-step-failed")
"""A step has stopped."""

_SIGNALS = {
    EventKind.RUN_STARTED: run_started,
    EventKind.RUN_FINISHED: run_finished,
    EventKind.RUN_FAILED: run_failed,
    EventKind.STEP_STARTED: step_started,
    EventKind.STEP_FINISHED: step_finished,
    EventKind.STEP_FAILED: step_failed,
}

_log = logging.getLogger("flask_migrate.events")


def make_listener(also: Listener | None = None) -> Listener:
    """Return what sends the signals of the current application and writes the log.

    :param also: is told each event too.
    """
    app: t.Any = current_app._get_current_object()  # type: ignore[attr-defined]

    def listen(event: Event) -> None:
        # At DEBUG, which is off unless somebody wants it.
        if _log.isEnabledFor(logging.DEBUG):
            # Flat attributes, as the OpenTelemetry handler for logging takes them.
            extra = {f"migrate_{key}": value for key, value in event.to_dict().items()}
            _log.debug("%s", event.kind.value, extra=extra)

        if event.kind in _SIGNALS:
            _SIGNALS[event.kind].send(app, event=event)

        if also is not None:
            also(event)

    return listen
