"""How often Python looks for garbage while a command starts."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import gc

OBJECTS = 100_000
"""New objects until the next look; 700 otherwise. What a start makes is no garbage."""


@contextlib.contextmanager
def collecting_rarely() -> cabc.Iterator[None]:
    """Look for garbage less often for a while, and never where it is switched off."""
    before = gc.get_threshold()

    if before[0]:
        gc.set_threshold(max(OBJECTS, before[0]), *before[1:])

    try:
        yield
    finally:
        gc.set_threshold(*before)
