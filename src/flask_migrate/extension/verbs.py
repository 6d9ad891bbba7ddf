"""Every verb of a ``Migrate`` in one class."""

from __future__ import annotations

from .applying import Applying
from .authoring import Authoring
from .bookkeeping import Bookkeeping
from .existing import Existing
from .health import Answering
from .inspecting import Inspecting
from .planning import Planning
from .preparing import Preparing
from .repairing import Repairing
from .rollback import RollingBack


class AllVerbs(
    Authoring,
    Inspecting,
    Planning,
    Applying,
    Existing,
    Repairing,
    RollingBack,
    Bookkeeping,
    Preparing,
    Answering,
):
    """What a ``Migrate`` does; imported when the first verb is used."""
