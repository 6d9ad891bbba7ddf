"""The migration lock as a lease, where a session cannot keep one."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import secrets
import socket
import threading
import typing as t

import sqlalchemy as sa

from ...errors import LockLost
from ...errors import MigrationError
from ..server import run_connected
from .lease import LeaseRow
from .locks import LockPolicy
from .locks import MigrationLock
from .locks import SessionLock

if t.TYPE_CHECKING:
    from ...results import LockHolder

T = t.TypeVar("T")

BEATS = 3
"""How often a lease is renewed in its time."""


class _Held(t.NamedTuple):
    """A lease, and the number that it was taken with."""

    row: LeaseRow
    fence: int


class LeaseLock(MigrationLock):
    """A row that its holder renews, in short transactions that any pooler allows.

    Runs that reach the server without the pooler hold the session's lock: the lease is
    taken under that lock, so that the two kinds keep each other out.

    :param session: the lock that a session would keep.
    """

    def __init__(self, session: SessionLock) -> None:
        self.table: str = session.table
        self.schema: str | None = session.schema
        self.policy: LockPolicy = session.policy
        self._session = session
        self._engine = session.make_engine()
        self._owner = secrets.token_hex(8)
        self._held: _Held | None = None
        self._heart: _Heart | None = None

    def try_acquire(self) -> bool:
        """Take the lease if it is free or has expired."""
        self._held = self._visit(self._engine, self._take)

        if self._held is not None:
            # In a thread and with a connection of its own: the run may be busy with
            # one statement for longer than the lease.
            self._heart = _Heart(self._renew, seconds=self.policy.lease / BEATS)

        return self._held is not None

    def read_holder(self) -> LockHolder | None:
        """Return who has the lease, or the session's lock."""
        return self._session.read_holder()

    def verify(self, connection: sa.Connection) -> None:
        """Refuse to commit where another run has taken the lease over.

        The row stays as it is until the transaction ends.
        """
        assert self._held is not None  # who has not acquired it commits nothing
        row, fence = self._held

        if row.is_held(connection, fence=fence, owner=self._owner):
            return

        raise LockLost(
            "Another run has taken the migration lock over, as this one did not renew"
            f" its lease for {self.policy.lease:g} s: it was stopped, or cut off from"
            " the server.",
            hint="`flask db status` says what the other run did; then run this again.",
        )

    def release(self) -> None:
        """Stop renewing, and free the lease."""
        if self._heart is not None:
            self._heart.stop()
            self._heart = None

        if self._held is not None:
            # One that cannot be freed expires.
            with contextlib.suppress(sa.exc.SQLAlchemyError, MigrationError):
                self._visit(self._engine, self._give_back)

            self._held = None

        self._session.release()
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            self._engine.dispose()

    def _take(self, connection: sa.Connection) -> _Held | None:
        row = self._session.make_row(connection)

        with self._session.briefly(connection) as is_alone:
            if not is_alone:
                return None

            row.ensure(connection)
            fence = row.take(
                connection,
                owner=self._owner,
                seconds=self.policy.lease,
                host=socket.gethostname()[:255],
                pid=os.getpid(),
            )
            connection.commit()
            return None if fence is None else _Held(row, fence)

    def _renew(self) -> bool:
        assert self._held is not None
        row, fence = self._held

        def work(connection: sa.Connection) -> bool:
            is_ours = row.renew(
                connection, fence=fence, owner=self._owner, seconds=self.policy.lease
            )
            connection.commit()
            return is_ours

        engine = self._session.make_engine()

        try:
            return self._visit(engine, work)
        finally:
            engine.dispose()

    def _give_back(self, connection: sa.Connection) -> None:
        assert self._held is not None
        row, fence = self._held
        row.give_back(connection, fence=fence, owner=self._owner)
        connection.commit()

    def _visit(self, engine: sa.Engine, work: cabc.Callable[[sa.Connection], T]) -> T:
        """Run some work on a connection, in whatever thread or event loop this is."""
        if self._session.isolation is not None:
            engine = engine.execution_options(isolation_level=self._session.isolation)

        if not engine.dialect.is_async:
            return run_connected(engine, work)

        from sqlalchemy.ext.asyncio import AsyncEngine

        return run_connected(AsyncEngine(engine), work)


class _Heart:
    """Calls a function again and again, until it returns false or is told to stop."""

    def __init__(self, beat: cabc.Callable[[], bool], *, seconds: float) -> None:
        self._beat = beat
        self._seconds = seconds
        self._is_over = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="flask-migrate-lease", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End it; a beat that hangs is not waited for."""
        self._is_over.set()
        self._thread.join(self._seconds)

    def _run(self) -> None:
        while not self._is_over.wait(self._seconds):
            # The next beat tries again; who cannot renew for too long finds out
            # before the next commit.
            with contextlib.suppress(Exception):
                if not self._beat():
                    return
