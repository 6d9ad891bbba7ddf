"""How often Python looks for garbage during a command."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import gc

AT_START = 100_000
"""New objects until the next look; 700 otherwise. What a start makes is no garbage."""

AT_WORK = 5_000
"""The same while a command works: the tables of a thousand revisions are garbage."""


@contextlib.contextmanager
def collecting_rarely(objects: int) -> cabc.Iterator[None]:
    """Look for garbage less often for a while, and never where it is switched off.

    :param objects: how many new ones there must be before each look.
    """
    before = gc.get_threshold()

    if before[0]:
        gc.set_threshold(max(objects, before[0]), *before[1:])

    try:
        yield
    finally:
        gc.set_threshold(*before)
