"""What runs just now and for how long, as one line."""

from __future__ import annotations

from ..events import Event


def format_running(event: Event, *, width: int | None = None) -> str:
    """Return the statement that runs, what the server does, and since when.

    :param width: characters at most; the statement gives way.
    """
    revision = event.step.revision if event.step is not None else ""
    share = None if event.done is None else f"{event.done:.0%}"
    parts = [one for one in (event.phase, share, f"{event.seconds:.0f} s") if one]
    end = f"  {', '.join(parts)}"
    begin = f"still running: {revision}  "
    text = event.text

    if width is not None:
        room = max(width - len(begin) - len(end), 0)
        text = text if len(text) <= room else f"{text[: max(room - 3, 0)]}..."

    return f"{begin}{text}{end}"[:width]


def format_step(event: Event) -> str:
    """Return a step that is done, and how long it took."""
    return f"  [X] {event.step}  {event.seconds:.1f} s"
