"""The backends: every question whose answer depends on one of them."""

from __future__ import annotations

import functools
import importlib

from .base import Dialect
from .base import Limits
from .base import SessionGuard

__all__ = ["Dialect", "Limits", "SessionGuard", "get_dialect"]

_PLACES = {
    "sqlite": ("sqlite", "SQLite"),
    "postgresql": ("postgresql", "PostgreSQL"),
    "mysql": ("mysql", "MySQL"),
    "mariadb": ("mysql", "MariaDB"),
}
"""The module and the class of each backend: a process needs one of them or two."""


@functools.cache
def get_dialect(name: str) -> Dialect:
    """Return what is known of a backend.

    :param name: SQLAlchemy's name of it, such as ``postgresql``.
    """
    if name not in _PLACES:
        return Dialect()

    module, kind = _PLACES[name]
    loaded = importlib.import_module(f".{module}", __name__)
    dialect: Dialect = getattr(loaded, kind)()
    return dialect
