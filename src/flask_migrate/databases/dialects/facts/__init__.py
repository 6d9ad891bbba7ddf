"""What statements do to the people using a database, by its backend."""

from __future__ import annotations

from .base import Facts

__all__ = ["Facts"]
