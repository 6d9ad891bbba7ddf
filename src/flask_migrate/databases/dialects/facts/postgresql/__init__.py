"""What statements do on PostgreSQL."""

from __future__ import annotations

from .facts import PostgreSQLFacts

__all__ = ["PostgreSQLFacts"]
