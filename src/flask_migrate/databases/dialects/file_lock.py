"""The lock on a file beside an SQLite database."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import json
import os
import pathlib
import socket
import time
import typing as t

import sqlalchemy as sa

from ...errors import DatabaseError
from .locks import MigrationLock

if t.TYPE_CHECKING:
    from ...results import LockHolder


class FileLock(MigrationLock):
    """A lock on a file beside the database, which the system frees with its process."""

    def __init__(self, connection: sa.Connection, **options: t.Any) -> None:
        super().__init__(connection, **options)
        name = self._engine.url.database
        in_memory = not name or ":memory:" in name or "mode=memory" in name
        plain = (name or "").removeprefix("file:").partition("?")[0]
        self._path = None if in_memory else pathlib.Path(f"{plain}-migrate.lock")
        self._file: t.IO[str] | None = None

    def try_acquire(self) -> bool:
        """Take the lock on the file if it is free; one in memory is nobody else's."""
        if self._path is None:
            return True

        with _file_errors(self._path):
            file = _open_file(self._path)

            # A holder removes the file when it is done: a lock on the one that it has
            # removed keeps nobody out.
            if not _lock_file(file) or not _is_at(file, self._path):
                file.close()
                return False

        self._file = file
        self._write(
            {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
        )
        return True

    def read_holder(self) -> LockHolder | None:
        """Return the process that has written itself into the file."""
        from ...results import LockHolder

        if self._path is None or not _is_locked(self._path):
            return None

        try:
            found = json.loads(self._path.read_text("utf-8"))
            return LockHolder(
                kind="file", host=found["host"], pid=found["pid"], since=found["since"]
            )
        except (OSError, ValueError, KeyError):
            return LockHolder(kind="file")

    def release(self) -> None:
        """Remove the file and free the lock."""
        if self._file is not None and self._path is not None:
            # Windows removes no open file; the next holder takes it as it is.
            with contextlib.suppress(OSError):
                self._path.unlink()

            self._file.close()
            self._file = None

    def _write(self, holder: dict[str, t.Any]) -> None:
        """Say who holds the lock; on a full disk the lock holds without it."""
        assert self._file is not None  # only who has locked it writes

        if self._file.writable():
            with contextlib.suppress(OSError):
                self._file.truncate(0)
                self._file.write(json.dumps(holder))
                self._file.flush()


@contextlib.contextmanager
def waiting_for(path: pathlib.Path) -> cabc.Iterator[None]:
    """Hold a lock on a file, which stays there; waits until it is free."""
    with _file_errors(path), _open_file(path) as file:
        while not _lock_file(file):
            time.sleep(POLL_SECONDS)

        yield


POLL_SECONDS = 0.05
"""How often :func:`waiting_for` asks."""


def _open_file(path: pathlib.Path) -> t.IO[str]:
    """Open the lock file; where another user has made it, reading is enough."""
    try:
        return open(path, "a+", encoding="utf-8")
    except PermissionError:
        if not path.exists():
            raise

        return open(path, encoding="utf-8")


@contextlib.contextmanager
def _file_errors(path: pathlib.Path) -> cabc.Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be locked: {error.strerror or error}.",
            hint="Give the user of this process write permission on the folder of the"
            " database; --no-lock does without.",
        ) from error


def _is_at(file: t.IO[str], path: pathlib.Path) -> bool:
    """Tell whether a path still leads to an open file."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _is_locked(path: pathlib.Path) -> bool:
    """Tell whether somebody has locked a file; the one of a dead holder stays."""
    try:
        with open(path, encoding="utf-8") as file:
            return not _lock_file(file)
    except OSError:
        return False


def _lock_file(file: t.IO[str]) -> bool:
    """Lock an open file without waiting; false where somebody else has."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover  # Windows
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False

        return True

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False

    return True
