"""MySQL and MariaDB."""

from __future__ import annotations

from alembic.ddl import mysql


class MySQLImpl(mysql.MySQLImpl):
    """Alembic's operations on MySQL and MariaDB."""

    allow_lossy_casts: frozenset[str] = frozenset()
