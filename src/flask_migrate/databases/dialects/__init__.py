"""The backends: every question whose answer depends on one of them."""

from __future__ import annotations

from .base import Dialect
from .base import Limits
from .base import SessionGuard
from .mysql import MariaDB
from .mysql import MySQL
from .postgresql import PostgreSQL
from .sqlite import SQLite

__all__ = ["Dialect", "Limits", "SessionGuard", "get_dialect"]

_DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect for dialect in (SQLite(), PostgreSQL(), MySQL(), MariaDB())
}
_UNKNOWN = Dialect()


def get_dialect(name: str) -> Dialect:
    """Return what is known of a backend.

    :param name: SQLAlchemy's name of it, such as ``postgresql``.
    """
    return _DIALECTS.get(name, _UNKNOWN)
