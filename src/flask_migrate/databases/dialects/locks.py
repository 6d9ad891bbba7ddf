"""The migration lock, as each backend can give it: one run per database at a time."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import hashlib
import json
import os
import pathlib
import socket
import time
import typing as t
import zlib

import sqlalchemy as sa

from ...errors import DatabaseError

PRODUCT = "flask_migrate"


class MigrationLock:
    """Held by one run on one database; everybody else polls for it.

    :param connection: of the run; the lock takes another one of the same engine.
    :param scope: what it is for: the version table, with its schema.
    """

    def __init__(self, connection: sa.Connection, *, scope: str) -> None:
        self.scope = scope
        self._engine = connection.engine

    @property
    def identity(self) -> str:
        """What it locks, unlike every other lock of this process."""
        return f"{self._engine.url.render_as_string()} {self.scope}"

    def try_acquire(self) -> bool:
        """Take the lock if it is free, without waiting.

        :return: whether it is ours now.
        """
        return True

    def describe_holder(self) -> str:
        """Say who holds it, in words."""
        return "another run"

    def release(self) -> None:
        """Give it back, and close what it needed."""


class SessionLock(MigrationLock):
    """A lock that a server keeps for one connection, and frees when it is gone.

    The connection commits by itself: a waiting transaction would hold a snapshot, which
    a concurrent index build of the holder waits for (measured on PostgreSQL 12 to 18).
    """

    def __init__(self, connection: sa.Connection, *, scope: str) -> None:
        super().__init__(connection, scope=scope)
        self._opened: sa.Connection | None = None

    @property
    def _connection(self) -> sa.Connection:
        if self._opened is None:
            # Made as the engine makes them, and outside of its pool, which may have
            # room for one connection only.
            own_pool = self._engine.pool.recreate()
            engine = sa.create_engine(self._engine.url, pool=own_pool)
            opened = engine.connect()
            self._opened = opened.execution_options(isolation_level="AUTOCOMMIT")
            self._introduce()

        return self._opened

    def _introduce(self) -> None:
        """Tell the server who this is, where it keeps that."""

    def release(self) -> None:
        """Close the connection, which frees the lock."""
        if self._opened is not None:
            # A connection that was lost has freed it already.
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                self._opened.close()
                self._opened.engine.dispose()

            self._opened = None


class PostgreSQLLock(SessionLock):
    """An advisory lock with two keys: the product, and the version table's place."""

    def _introduce(self) -> None:
        name = f"flask-db {socket.gethostname()} {os.getpid()}"[:63]
        self._connection.execute(
            sa.text("SELECT set_config('application_name', :name, false)"),
            {"name": name},
        )

    def try_acquire(self) -> bool:
        """Take the advisory lock if it is free."""
        query = sa.text("SELECT pg_try_advisory_lock(:product, :scope)")
        return bool(self._connection.scalar(query, self._keys()))

    def describe_holder(self) -> str:
        """Name the session that holds it, from the server's own views."""
        query = sa.text(
            """
            SELECT activity.pid, activity.application_name, activity.backend_start
            FROM pg_locks AS lock
            JOIN pg_stat_activity AS activity USING (pid)
            WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 2
              AND lock.database = (SELECT oid FROM pg_database
                                   WHERE datname = current_database())
              AND lock.classid::bigint = :product AND lock.objid::bigint = :scope
            """
        )
        # The view shows the keys as unsigned numbers.
        keys = {name: key & 0xFFFFFFFF for name, key in self._keys().items()}
        row = self._connection.execute(query, keys).first()

        if row is None:
            return "another run, which has just ended"

        since = row.backend_start.astimezone().strftime("%H:%M:%S")
        return f"{row.application_name or 'a session'}, pid {row.pid}, since {since}"

    def _keys(self) -> dict[str, int]:
        return {"product": _signed_crc(PRODUCT), "scope": _signed_crc(self.scope)}


class MySQLLock(SessionLock):
    """A named lock; a server has one list of names, so the name holds the database."""

    def try_acquire(self) -> bool:
        """Take the named lock if it is free."""
        query = sa.text("SELECT GET_LOCK(:name, 0)")
        return bool(self._connection.scalar(query, {"name": self._name()}))

    def describe_holder(self) -> str:
        """Name the connection that holds it, from the process list."""
        query = sa.text(
            "SELECT id, host, time FROM information_schema.processlist"
            " WHERE id = IS_USED_LOCK(:name)"
        )
        row = self._connection.execute(query, {"name": self._name()}).first()

        if row is None:
            return "another run, which has just ended"

        return f"connection {row.id} from {row.host}"

    def _name(self) -> str:
        text = f"{self._engine.url.database}/{self.scope}"
        return f"{PRODUCT}:{hashlib.sha256(text.encode()).hexdigest()[:40]}"


class FileLock(MigrationLock):
    """A lock on a file beside the database, which the system frees with its process."""

    def __init__(self, connection: sa.Connection, *, scope: str) -> None:
        super().__init__(connection, scope=scope)
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

    def describe_holder(self) -> str:
        """Name the process that has written itself into the file."""
        try:
            found = json.loads((self._path or pathlib.Path()).read_text("utf-8"))
            since = time.strftime("%H:%M:%S", time.localtime(found["since"]))
            return f"pid {found['pid']} on {found['host']}, since {since}"
        except (OSError, ValueError, KeyError):
            return "another run"

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


def _signed_crc(text: str) -> int:
    """Return a 32-bit number with a sign, as PostgreSQL's two-key locks take."""
    number = zlib.crc32(text.encode())
    return number - 2**32 if number >= 2**31 else number
