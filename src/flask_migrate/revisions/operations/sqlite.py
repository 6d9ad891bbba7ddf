"""SQLite."""

from __future__ import annotations

from alembic.ddl import sqlite

from ...errors import MigrationError


class ForeignKeysEnforced(MigrationError):
    """A table would be rebuilt while ``PRAGMA foreign_keys`` is on."""


class SQLiteImpl(sqlite.SQLiteImpl):
    """Alembic's operations on SQLite."""

    allow_lossy_casts: frozenset[str] = frozenset()
