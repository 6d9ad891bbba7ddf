"""The migration lock, as each backend can give it: one run per database at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import typing as t

import sqlalchemy as sa

from ..server import OURS
from .lease import LeaseRow

if t.TYPE_CHECKING:
    from ...results import LockHolder

_log = logging.getLogger("flask_migrate")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LockPolicy:
    """How the migration lock is kept.

    :param kind: ``auto``, ``session`` or ``lease``.
    :param lease: seconds after which a lease that nobody renews may be taken over.
    """

    kind: str = "auto"
    lease: float = 15.0


AUTO = LockPolicy()
"""The lock that fits the connection."""


class MigrationLock:
    """Held by one run on one database; everybody else polls for it.

    :param connection: of the run; the lock takes another one of the same engine.
    :param table: the version table, which it is for.
    :param schema: of that table.
    :param policy: how it is kept.
    """

    def __init__(
        self,
        connection: sa.Connection,
        *,
        table: str,
        schema: str | None = None,
        policy: LockPolicy = AUTO,
    ) -> None:
        self.table = table
        self.schema = schema
        self.policy = policy
        self._engine = connection.engine

    @property
    def scope(self) -> str:
        """What it is for, in one word."""
        return f"{self.schema or ''}.{self.table}"

    @property
    def identity(self) -> str:
        """What it locks, unlike every other lock of this process."""
        return f"{self._engine.url.render_as_string()} {self.scope}"

    def try_acquire(self) -> bool:
        """Take the lock if it is free, without waiting.

        :return: whether it is ours now.
        """
        return True

    def settle(self) -> MigrationLock:
        """Return the lock to take here: another kind where this one does not hold."""
        return self

    def read_holder(self) -> LockHolder | None:
        """Return who holds it now, without taking it."""
        return None

    def describe_holder(self) -> str:
        """Say who holds it, in words."""
        holder = self.read_holder()
        return "another run, which has just ended" if holder is None else str(holder)

    def verify(self, connection: sa.Connection) -> None:
        """Refuse to go on where the lock was lost; called before each commit.

        :param connection: of the run, in the transaction that is to be committed.
        :raises LockLost: somebody else holds it now.
        """

    def release_expired(self, token: str) -> bool:
        """Free a lease whose holder is gone.

        :param token: of the lease, as :meth:`read_holder` returned it.
        :return: whether it was freed; one that is renewed is not.
        """
        return False

    def release(self) -> None:
        """Give it back, and close what it needed."""

    def close(self) -> None:
        """The same, under the name that ``contextlib.closing`` calls."""
        self.release()


class SessionLock(MigrationLock):
    """A lock that a server keeps for one connection, and frees when it is gone.

    The connection commits by itself: a waiting transaction would hold a snapshot, which
    a concurrent index build of the holder waits for (measured on PostgreSQL 12 to 18).
    """

    clock: t.ClassVar[str]
    """The server's clock, as seconds since 1970."""
    isolation: t.ClassVar[str | None] = None
    """In which a short transaction sees what others have just committed."""

    def __init__(
        self,
        connection: sa.Connection,
        *,
        table: str,
        schema: str | None = None,
        policy: LockPolicy = AUTO,
    ) -> None:
        super().__init__(connection, table=table, schema=schema, policy=policy)
        self._opened: sa.Connection | None = None

    def make_engine(self) -> sa.Engine:
        """Return an engine of its own that connects as the run's does.

        The pool of the run may have room for one connection only.
        """
        return sa.create_engine(
            self._engine.url,
            pool=self._engine.pool.recreate(),
            execution_options=OURS,
        )

    def make_row(self, connection: sa.Connection) -> LeaseRow:
        """Return the lease beside the version table.

        Its schema is named: ``env.py`` may have given the run another search path.

        :param connection: of the lock's own engine.
        """
        schema = self.schema or connection.dialect.default_schema_name
        return LeaseRow(table=self.table, schema=schema, clock=self.clock)

    def settle(self) -> MigrationLock:
        """Return a lease where a pooler stands before the server, or where asked."""
        from .lease_lock import LeaseLock

        if self.policy.kind == "session":
            return self

        if self.policy.kind == "auto":
            if not self._is_pooled():
                return self

            _log.info(
                "A pooler stands before the database server, and may give each"
                " transaction another session: the migration lock is a row in %s_lease"
                " instead. With a direct URL in MIGRATE_DATABASE_URI it is not needed.",
                self.table,
            )

        self.release()
        return LeaseLock(self)

    def try_acquire(self) -> bool:
        """Take the lock if it is free, and if no lease holds its place."""
        if not self._take():
            return False

        if self.make_row(self._connection).is_free(self._connection):
            return True

        self._give_back()
        return False

    def read_holder(self) -> LockHolder | None:
        """Return the session that holds it, or who has the lease."""
        row = self.make_row(self._connection)
        return self._read_session() or row.read(self._connection)

    def release_expired(self, token: str) -> bool:
        """Free a lease that was not renewed in time."""
        row = self.make_row(self._connection)
        return row.free_expired(self._connection, owner=token)

    def briefly(self, connection: sa.Connection) -> t.ContextManager[bool]:
        """Hold the session's lock during one transaction, which any pooler allows.

        :return: whether it is held, as the value of the block.
        """
        raise NotImplementedError

    @property
    def _connection(self) -> sa.Connection:
        if self._opened is None:
            opened = self.make_engine().connect()
            self._opened = opened.execution_options(isolation_level="AUTOCOMMIT")
            self._introduce()

        return self._opened

    def _is_pooled(self) -> bool:
        """Tell whether something else than the server answers on the connection."""
        return False

    def _introduce(self) -> None:
        """Tell the server who this is, where it keeps that."""

    def _take(self) -> bool:
        """Take the session's lock if it is free."""
        raise NotImplementedError

    def _give_back(self) -> None:
        """Free the session's lock, and keep the connection."""
        raise NotImplementedError

    def _read_session(self) -> LockHolder | None:
        """Return the session that holds the lock, from the server's own views."""
        raise NotImplementedError

    def release(self) -> None:
        """Close the connection, which frees the lock."""
        if self._opened is not None:
            # A connection that was lost has freed it already.
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                self._opened.close()
                self._opened.engine.dispose()

            self._opened = None
