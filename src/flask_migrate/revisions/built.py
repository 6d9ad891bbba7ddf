"""The fingerprints of the schemas that the scripts were seen to build.

To replay all scripts only to know their schema is slow; a second time it is known.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import json
import pathlib
import typing as t

from .cache import find_cached
from .cache import replace_cached
from .lineage import make_salt
from .lineage import Milestone
from .lineage import read_lineage

if t.TYPE_CHECKING:
    from .database_run import DatabaseRun
    from .history import History

NAME = "whimbrel-built.json"
_MOST = 32
"""How many are kept: a few for each database and branch that somebody works at."""


class BuiltSchemas:
    """The fingerprints of what scripts have built.

    Each is kept for the digest of a milestone, which stands for everything that decides
    what is built. What is unknown, damaged or cannot be written is built again.

    :param history: the revision files, beside which they are kept.
    """

    def __init__(self, history: History) -> None:
        folder = pathlib.Path(history.version_folders[0])
        self._path = find_cached(folder, NAME)

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self._read())

    def find(self, milestone: Milestone) -> str | None:
        """Return the fingerprint of the schema that is built, if that is known."""
        return self._read().get(milestone.digest)

    def keep(self, milestone: Milestone, fingerprint: str) -> None:
        """Remember what was built; what was known longest may be forgotten for it."""
        known = {**self._read()}
        known.pop(milestone.digest, None)
        latest = [*known.items(), (milestone.digest, fingerprint)][-_MOST:]

        with contextlib.suppress(OSError):
            replace_cached(self._path, json.dumps(dict(latest)).encode())

    def _read(self) -> cabc.Mapping[str, str]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._path.read_bytes())

            if isinstance(found, dict):
                return found

        return {}


def read_way(run: DatabaseRun) -> tuple[Milestone, ...]:
    """Return what the scripts make of a fresh database like this one, step by step."""
    return read_lineage(run.history, salt=make_salt(run))
