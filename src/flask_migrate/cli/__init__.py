"""The command group ``flask db``: no logic, only words in and words out."""

from __future__ import annotations

import typing as t

from .gateway import Gateway
from .group import MigrationGroup

if t.TYPE_CHECKING:
    from ..extension import Migrate

__all__ = ["db", "gateway", "make_group"]


def make_group(migrate: Migrate | None, name: str) -> MigrationGroup:
    """Return a command group of one extension; its commands are loaded when asked for.

    :param migrate: the extension; ``None`` for the current application's.
    :param name: what the group is called.
    """
    return MigrationGroup(migrate, name)


db: MigrationGroup = make_group(None, "db")
"""The group for the current application, whichever it is."""

gateway: Gateway = Gateway(db)
"""What the ``flask`` program finds as ``db`` before it has loaded any application."""
