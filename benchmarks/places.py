"""Databases for a measurement, on private servers as the tests have them."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import tempfile

from tests.support.servers import Backend
from tests.support.servers import BACKENDS
from tests.support.servers import Databases


class Places:
    """Makes databases, and drops them.

    :param databases: the servers.
    :param folder: of the SQLite files.
    """

    def __init__(self, databases: Databases, folder: pathlib.Path) -> None:
        self._databases = databases
        self._folder = folder

    @contextlib.contextmanager
    def made(self, backend: Backend) -> cabc.Iterator[str]:
        """Make an empty database for a while."""
        url = self._databases.create(backend, folder=self._folder)

        try:
            yield url
        finally:
            self._databases.drop(backend, url)


@contextlib.contextmanager
def serving() -> cabc.Iterator[Places]:
    """Run the servers for a while; each starts when it is needed."""
    databases = Databases()

    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            yield Places(databases, pathlib.Path(folder))
    finally:
        databases.close()


def choose(names: cabc.Iterable[str]) -> list[Backend]:
    """Return the backends of some names, or all."""
    chosen = set(names)
    return [one for one in BACKENDS.values() if not chosen or one.name in chosen]
