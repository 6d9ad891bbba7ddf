"""What PostgreSQL holds in a transaction, and for how long a count may take."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import exc

from .....plan import Effect
from .....plan import Impact
from .....plan import LockLevel
from ..base import Draft
from ..base import make_lock
from ..base import rank
from ..base import StatementFacts
from ..statements import Path
from ..statements import POSTGRESQL
from ..statements import Reader
from ..tables import Table
from .catalog import PostgreSQLCatalog
from .locks import AS
from .locks import MANUAL


class PostgreSQLSession(StatementFacts):
    """The tables, and the locks of one transaction.

    Locks stay until the commit: what takes its time while a stronger one is held
    blocks whom that one blocks.
    """

    pattern = POSTGRESQL
    folds = True

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self.catalog: PostgreSQLCatalog = PostgreSQLCatalog(connection)
        self._held: dict[Table, LockLevel] = {}

    def begin_step(self) -> None:
        self._held = {}

    def judge(self, draft: Draft) -> Effect:
        before = dict(self._held)

        for table, level in draft.locks.items():
            self._held[table] = max(before.get(table, level), level, key=rank)

        if not draft.transactional:
            # It runs alone, and its locks go with it.
            before = self._held = {}

        stronger = tuple(
            make_lock(table, level)
            for table, level in before.items()
            if rank(level) > rank(draft.locks.get(table, AS)) and level.blocks_writes
        )
        held = {**before, **self._held, **draft.locks}
        held = {table: self._held.get(table, level) for table, level in held.items()}
        levels = list((held if draft.work else draft.locks).values())
        return draft.to_effect(_judge(levels, draft.work), stronger)

    def _find(self, path: Path) -> Table | None:
        return self.catalog.find(path)

    def _count(self, sql: str) -> int | None:
        driver = self.connection.connection.dbapi_connection

        # All drivers have it; the server's own isolation level says nothing of it.
        if getattr(driver, "autocommit", False):
            return self._count_in_time(sql)

        with self.connection.begin_nested() as savepoint:
            return self._count_in_time(sql, savepoint)

    def _count_in_time(
        self, sql: str, savepoint: sa.NestedTransaction | None = None
    ) -> int | None:
        limit = self.connection.exec_driver_sql("SHOW statement_timeout").scalar()
        self.connection.exec_driver_sql(
            f"SET statement_timeout = '{self.count_seconds}s'"
        )

        try:
            return self.connection.exec_driver_sql(sql).scalar()
        except exc.DBAPIError as error:
            if savepoint is not None:
                savepoint.rollback()

            if not _is_timeout(error):
                raise

            return None
        finally:
            if savepoint is None or savepoint.is_active:
                self.connection.exec_driver_sql(f"SET statement_timeout = '{limit}'")

    def end(self, reader: Reader, draft: Draft) -> None:
        """``COMMIT`` and ``ROLLBACK``: the locks are free."""
        draft.source = MANUAL.format("COMMIT")
        reader.rest()
        self._held = {}


def _judge(levels: list[LockLevel], work: list[str]) -> Impact:
    """Return what locks mean: for how long, and for whom."""
    reads = any(level.blocks_reads for level in levels)
    writes = any(level.blocks_writes for level in levels)

    if not work:
        brief = Impact.BRIEF_WRITES if writes else Impact.FREE
        return Impact.BRIEF if reads else brief

    if reads or writes:
        return Impact.LONG if reads else Impact.LONG_WRITES

    if not levels:
        # All of it happens on tables that the plan made.
        return Impact.FREE

    return Impact.ROWS if work == ["rows"] else Impact.ONLINE


def _is_timeout(error: exc.DBAPIError) -> bool:
    origin = error.orig
    state = getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None)
    return state in {"57014", "55P03"}
