"""The command group ``flask db``: no logic, only words in and words out."""

from __future__ import annotations

import typing as t

from .applying import COMMANDS as APPLYING
from .authoring import COMMANDS as AUTHORING
from .branching import COMMANDS as BRANCHING
from .gateway import Gateway
from .group import MigrationGroup
from .inspecting import COMMANDS as INSPECTING
from .planning import COMMANDS as PLANNING
from .repairing import COMMANDS as REPAIRING
from .returning import COMMANDS as RETURNING

if t.TYPE_CHECKING:
    from ..extension import Migrate

__all__ = ["db", "gateway", "make_group"]


def make_group(migrate: Migrate | None, name: str) -> MigrationGroup:
    """Return a command group of one extension.

    :param migrate: the extension; ``None`` for the current application's.
    :param name: what the group is called.
    """
    group = MigrationGroup(migrate, name)

    for command in (
        *AUTHORING,
        *INSPECTING,
        *PLANNING,
        *APPLYING,
        *REPAIRING,
        *RETURNING,
        *BRANCHING,
    ):
        group.add_command(command)

    return group


db: MigrationGroup = make_group(None, "db")
"""The group for the current application, whichever it is."""

gateway: Gateway = Gateway(db)
"""What the ``flask`` program finds as ``db`` before it has loaded any application."""
