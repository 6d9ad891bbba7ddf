"""What statements do on MySQL and MariaDB."""

from __future__ import annotations

from .facts import MySQLFacts

__all__ = ["MySQLFacts"]
