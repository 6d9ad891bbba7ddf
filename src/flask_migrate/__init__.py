"""Whimbrel: database migrations for Flask, with the names of Flask-Migrate.

See before you act, lose nothing, never stop the traffic, always able to come back.
"""

from __future__ import annotations

import importlib
import typing as t

if t.TYPE_CHECKING:
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


_PLACES = {
    "Config": "revisions.config",
    "Migrate": "extension",
    "MigrationError": "errors",
    "alembic_version": "revisions.config",
}
"""Where the names are that are no commands."""

_MODULES = ("cli", "commands", "errors", "events", "extension", "plan", "results")
"""Modules that can be reached without being imported by name."""


def __getattr__(name: str) -> t.Any:
    # An application that only serves requests takes `Migrate`, and never a command.
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    module = importlib.import_module(f".{_PLACES.get(name, 'commands')}", __name__)
    return getattr(module, name)


def __dir__() -> list[str]:
    # What a prompt completes, loaded or not.
    return sorted({*globals(), *__all__})
