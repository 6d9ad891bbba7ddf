"""Whimbrel: database migrations for Flask, with the names of Flask-Migrate.

See before you act, lose nothing, never stop the traffic, always able to come back.
"""

from __future__ import annotations

import typing as t

from .commands import branches
from .commands import check
from .commands import current
from .commands import downgrade
from .commands import edit
from .commands import heads
from .commands import history
from .commands import init
from .commands import list_templates
from .commands import merge
from .commands import migrate
from .commands import revision
from .commands import show
from .commands import stamp
from .commands import upgrade
from .errors import MigrationError
from .extension import Migrate

if t.TYPE_CHECKING:
    from .revisions.config import Config

    alembic_version: tuple[int, ...]
    """The first three numbers of the version of Alembic that is installed."""

__all__ = [
    "Config",
    "Migrate",
    "MigrationError",
    "alembic_version",
    "branches",
    "check",
    "current",
    "downgrade",
    "edit",
    "heads",
    "history",
    "init",
    "list_templates",
    "merge",
    "migrate",
    "revision",
    "show",
    "stamp",
    "upgrade",
]


def __getattr__(name: str) -> t.Any:
    # Both need Alembic, which an application that only serves requests never loads.
    if name == "Config":
        from .revisions.config import Config

        return Config

    if name == "alembic_version":
        from .revisions.config import alembic_version

        return alembic_version

    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
