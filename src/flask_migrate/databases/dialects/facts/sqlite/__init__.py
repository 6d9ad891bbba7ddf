"""What statements do on SQLite."""

from __future__ import annotations

from .facts import SQLiteFacts

__all__ = ["SQLiteFacts"]
