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
from .lineage import read_lineage

if t.TYPE_CHECKING:
    from .database_run import DatabaseRun
    from .history import History

NAME = "whimbrel-built.json"
_MOST = 32
"""How many are kept: a few for each database and branch that somebody works at."""


class BuiltSchemas:
    """The fingerprints of what scripts have built.

    A key stands for everything that decides what is built. What is unknown, damaged or
    cannot be written is built again.

    :param history: the revision files, beside which they are kept.
    """

    def __init__(self, history: History) -> None:
        folder = pathlib.Path(history.version_folders[0])
        self._path = find_cached(folder, NAME)

    def find(self, key: str) -> str | None:
        """Return the fingerprint of the schema that is built, if that is known."""
        return self._read().get(key)

    def keep(self, key: str, fingerprint: str) -> None:
        """Remember what was built; what was known longest may be forgotten for it."""
        known = {**self._read()}
        known.pop(key, None)
        latest = [*known.items(), (key, fingerprint)][-_MOST:]

        with contextlib.suppress(OSError):
            replace_cached(self._path, json.dumps(dict(latest)).encode())

    def _read(self) -> cabc.Mapping[str, str]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._path.read_bytes())

            if isinstance(found, dict):
                return found

        return {}


def make_key(run: DatabaseRun) -> str | None:
    """Return what decides the schema that all scripts build; ``None`` without any."""
    lineage = read_lineage(run.history, salt=make_salt(run))
    return lineage[-1].digest if lineage else None
