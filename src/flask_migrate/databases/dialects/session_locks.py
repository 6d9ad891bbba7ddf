"""The locks that a PostgreSQL or a MySQL server keeps for one connection."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import hashlib
import os
import socket
import typing as t
import zlib

import sqlalchemy as sa

from .locks import SessionLock

if t.TYPE_CHECKING:
    from ...results import LockHolder

PRODUCT = "flask_migrate"
_NAME = "flask-db"


class PostgreSQLLock(SessionLock):
    """An advisory lock with two keys: the product, and the version table's place."""

    clock = "extract(epoch from clock_timestamp())"
    isolation: t.ClassVar[str | None] = "READ COMMITTED"

    @contextlib.contextmanager
    def briefly(self, connection: sa.Connection) -> cabc.Iterator[bool]:
        """Hold it until the transaction ends."""
        query = sa.text("SELECT pg_try_advisory_xact_lock(:product, :scope)")
        yield bool(connection.scalar(query, self._keys()))

    def _is_pooled(self) -> bool:
        # A pooler makes up the number that the protocol tells at the beginning, as a
        # request to cancel comes to it first; the server's own number is another one.
        told = _told_pid(self._connection.connection.driver_connection)
        number = self._connection.scalar(sa.text("SELECT pg_backend_pid()"))
        return told is not None and told != number

    def _introduce(self) -> None:
        name = f"{_NAME} {socket.gethostname()} {os.getpid()}"[:63]
        self._connection.execute(
            sa.text("SELECT set_config('application_name', :name, false)"),
            {"name": name},
        )

    def _take(self) -> bool:
        query = sa.text("SELECT pg_try_advisory_lock(:product, :scope)")
        return bool(self._connection.scalar(query, self._keys()))

    def _give_back(self) -> None:
        query = sa.text("SELECT pg_advisory_unlock(:product, :scope)")
        self._connection.execute(query, self._keys())

    def _read_session(self) -> LockHolder | None:
        from ...results import LockHolder

        query = sa.text(
            """
            SELECT activity.pid, activity.application_name AS name,
                   extract(epoch from activity.backend_start) AS since
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
            return None

        word, _, rest = (row.name or "").partition(" ")
        host, _, pid = rest.rpartition(" ")
        is_ours = word == _NAME and pid.isdigit()
        return LockHolder(
            kind="session",
            host=host if is_ours else None,
            pid=int(pid) if is_ours else None,
            session=row.pid,
            since=None if row.since is None else float(row.since),
        )

    def _keys(self) -> dict[str, int]:
        return {"product": _signed_crc(PRODUCT), "scope": _signed_crc(self.scope)}


class MySQLLock(SessionLock):
    """A named lock; a server has one list of names, so the name holds the database."""

    # NOW() depends on the session's time zone, and one hour of a year comes twice.
    clock = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) / 1000000.0"

    @contextlib.contextmanager
    def briefly(self, connection: sa.Connection) -> cabc.Iterator[bool]:
        """Hold it on this connection; what is done in the block is committed in it."""
        name = {"name": self._name()}
        is_ours = bool(connection.scalar(sa.text("SELECT GET_LOCK(:name, 0)"), name))

        try:
            yield is_ours
        finally:
            if is_ours:
                connection.execute(sa.text("SELECT RELEASE_LOCK(:name)"), name)

    def _take(self) -> bool:
        query = sa.text("SELECT GET_LOCK(:name, 0)")
        return bool(self._connection.scalar(query, {"name": self._name()}))

    def _give_back(self) -> None:
        query = sa.text("SELECT RELEASE_LOCK(:name)")
        self._connection.execute(query, {"name": self._name()})

    def _read_session(self) -> LockHolder | None:
        from ...results import LockHolder

        query = sa.text(
            "SELECT id, host FROM information_schema.processlist"
            " WHERE id = IS_USED_LOCK(:name)"
        )
        row = self._connection.execute(query, {"name": self._name()}).first()

        if row is None:
            return None

        return LockHolder(kind="session", host=row.host, session=row.id)

    def _name(self) -> str:
        text = f"{self._engine.url.database}/{self.scope}"
        return f"{PRODUCT}:{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def _told_pid(driver: t.Any) -> int | None:
    """Return the number of the session that the protocol told to a driver."""
    if hasattr(driver, "get_server_pid"):
        return t.cast("int", driver.get_server_pid())  # asyncpg

    # psycopg and psycopg2.
    return getattr(getattr(driver, "info", None), "backend_pid", None)


def _signed_crc(text: str) -> int:
    """Return a 32-bit number with a sign, as PostgreSQL's two-key locks take."""
    number = zlib.crc32(text.encode())
    return number - 2**32 if number >= 2**31 else number
