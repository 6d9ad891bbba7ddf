"""Random input, and an oracle that knows what must come of it."""

from __future__ import annotations
