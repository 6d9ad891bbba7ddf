"""The lease: one row beside the version table, kept by the server's own clock."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

if t.TYPE_CHECKING:
    from ...results import LockHolder


class LeaseRow:
    """What every run on a database reads and writes of the lease.

    The number of its key only grows, with every holder: the fence. A run that was
    taken for dead finds another number there, and stops.

    :param table: the version table.
    :param schema: of that table.
    :param clock: the server's clock, as seconds since 1970.
    """

    def __init__(self, *, table: str, schema: str | None, clock: str) -> None:
        # A change of the key, and no other one, waits for a transaction that has
        # checked it (FOR KEY SHARE): the heartbeat does not.
        self._table = sa.Table(
            f"{table}_lease",
            sa.MetaData(),
            sa.Column("fence", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("owner", sa.String(32)),
            sa.Column("host", sa.String(255)),
            sa.Column("pid", sa.Integer),
            sa.Column("acquired", sa.Double),
            sa.Column("heartbeat", sa.Double),
            sa.Column("expires", sa.Double),
            schema=schema,
        )
        self._now = sa.literal_column(clock, sa.Double)

    def ensure(self, connection: sa.Connection) -> None:
        """Make the table and its row; whoever calls this is alone."""
        if not self._exists(connection):
            self._table.create(connection)

        if connection.scalar(sa.select(self._table.c.fence)) is None:
            connection.execute(sa.insert(self._table).values(fence=0))

    def take(
        self, connection: sa.Connection, *, owner: str, seconds: float, **who: t.Any
    ) -> int | None:
        """Take the lease if nobody has it, or if it has expired.

        :param owner: unlike every other run's.
        :param seconds: until it expires.
        :param who: ``host`` and ``pid``.
        :return: the new fence, or nothing.
        """
        row = self._table.c
        fence = self._find(connection, sa.or_(row.owner.is_(None), self._is_over))

        if fence is None:
            return None

        now = self._now
        taken = connection.execute(
            sa.update(self._table)
            .where(row.fence == fence)
            .values(
                fence=fence + 1,
                owner=owner,
                acquired=now,
                heartbeat=now,
                expires=now + seconds,
                **who,
            )
        )
        return fence + 1 if taken.rowcount == 1 else None

    def renew(
        self, connection: sa.Connection, *, fence: int, owner: str, seconds: float
    ) -> bool:
        """Move the expiry, and tell whether the lease is still the owner's."""
        values = {"heartbeat": self._now, "expires": self._now + seconds}
        return self._update(connection, values, fence=fence, owner=owner)

    def give_back(self, connection: sa.Connection, *, fence: int, owner: str) -> bool:
        """Free the lease; the fence stays."""
        return self._update(connection, _NOBODY, fence=fence, owner=owner)

    def is_held(self, connection: sa.Connection, *, fence: int, owner: str) -> bool:
        """Tell whether a fence is the current one, until the transaction ends."""
        row = self._table.c
        query = sa.select(row.owner).where(row.fence == fence)
        # The names are those of the lock, whatever the run has made of its own.
        found = connection.scalar(
            query.with_for_update(read=True, key_share=True),
            execution_options={"schema_translate_map": None},
        )
        return bool(found == owner)

    def is_free(self, connection: sa.Connection) -> bool:
        """Tell whether no lease is alive, and shut out the holder of a dead one.

        Whoever calls this holds the lock that :meth:`take` needs too.
        """
        if not self._exists(connection):
            return True

        row = self._table.c
        dead = self._find(connection, sa.and_(row.owner.is_not(None), self._is_over))

        if dead is not None:
            values = {"fence": dead + 1, **_NOBODY}
            connection.execute(
                sa.update(self._table)
                .where(row.fence == dead, self._is_over)
                .values(**values)
            )

        query = sa.select(row.fence).where(row.owner.is_not(None))
        return connection.scalar(query) is None

    def free_expired(self, connection: sa.Connection, *, owner: str) -> bool:
        """Free a lease that has expired, and shut out its holder."""
        if not self._exists(connection):
            return False

        row = self._table.c
        freed = connection.execute(
            sa.update(self._table)
            .where(row.owner == owner, self._is_over)
            .values(fence=row.fence + 1, **_NOBODY)
        )
        return freed.rowcount == 1

    def read(self, connection: sa.Connection) -> LockHolder | None:
        """Return who has the lease; one that has expired is shown too."""
        from ...results import LockHolder

        if not self._exists(connection):
            return None

        row = self._table.c
        left = (row.expires - self._now).label("left")
        query = sa.select(self._table, left).where(row.owner.is_not(None))
        found = connection.execute(query).first()

        if found is None:
            return None

        return LockHolder(
            kind="lease",
            host=found.host,
            pid=found.pid,
            since=float(found.acquired),
            token=found.owner,
            fence=found.fence,
            expires_in=float(found.left),
        )

    @property
    def _is_over(self) -> sa.ColumnElement[bool]:
        return self._table.c.expires <= self._now

    def _find(
        self, connection: sa.Connection, condition: sa.ColumnElement[bool]
    ) -> int | None:
        """Return the fence if the row is as wanted, and nobody else has locked it.

        Locked is as good as taken: its holder is about to commit.
        """
        query = sa.select(self._table.c.fence).where(condition)
        return connection.scalar(query.with_for_update(skip_locked=True))

    def _exists(self, connection: sa.Connection) -> bool:
        name, schema = self._table.name, self._table.schema
        return sa.inspect(connection).has_table(name, schema=schema)

    def _update(
        self,
        connection: sa.Connection,
        values: dict[str, t.Any],
        *,
        fence: int,
        owner: str,
    ) -> bool:
        row = self._table.c
        changed = connection.execute(
            sa.update(self._table)
            .where(row.fence == fence, row.owner == owner)
            .values(**values)
        )
        return changed.rowcount == 1


_NOBODY: dict[str, t.Any] = {
    "owner": None,
    "acquired": None,
    "heartbeat": None,
    "expires": None,
}
