"""Steps that really run on a scratch database to see their SQL: SQLite."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import re
import sqlite3
import typing as t

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event

from ..operations import make_impl
from .recorder import ends_transaction
from .recorder import Recorder
from .written import NotedContext

_MACHINERY = re.compile(
    r"(?i)\s*(SELECT|PRAGMA|EXPLAIN|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT)\b"
)
"""What operations send to find their way, and what begins and ends transactions."""

_ASKS = re.compile(r"(?i)\s*(SELECT|WITH|VALUES)\b")


class Watch:
    """Notes what is sent to a scratch database, and who reads rows from it.

    :param connection: to the scratch database, which has no rows.
    :param recorder: of the current step.
    """

    def __init__(self, connection: sa.Connection, recorder: Recorder) -> None:
        self.recorder = recorder
        self._connection = connection
        self._read: set[str] = set()
        self._is_seen = False

    @contextlib.contextmanager
    def watching(self) -> cabc.Iterator[None]:
        """Watch for as long as steps run."""
        driver: sqlite3.Connection = t.cast(
            "sqlite3.Connection", self._connection.connection.driver_connection
        )
        # Listeners of the application may turn them on for every connection; with no
        # rows they protect nothing here.
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.set_authorizer(self._authorize)
        event.listen(self._connection, "before_cursor_execute", self._before)
        event.listen(self._connection, "after_cursor_execute", self._after)

        try:
            yield
        finally:
            event.remove(self._connection, "before_cursor_execute", self._before)
            event.remove(self._connection, "after_cursor_execute", self._after)
            driver.set_authorizer(None)

    def _authorize(self, action: int, table: str | None, *rest: t.Any) -> int:
        if not (self._is_seen or self.recorder.is_inside):
            self.recorder.lose("uses the driver's own cursor")

        if action == sqlite3.SQLITE_READ and table:
            self._read.add(table)

        return sqlite3.SQLITE_OK

    def _before(
        self, connection: sa.Connection, cursor: t.Any, statement: str, *rest: t.Any
    ) -> None:
        self._read.clear()
        self._is_seen = True
        self.recorder.asks = True

        if ends_transaction(statement):
            self.recorder.commits = True

        if not _MACHINERY.match(statement):
            self.recorder.note(statement)

    def _after(
        self, connection: sa.Connection, cursor: t.Any, statement: str, *rest: t.Any
    ) -> None:
        tables = {one for one in self._read if not one.startswith("sqlite_")}
        self._is_seen = False

        if tables and _ASKS.match(statement) and not self.recorder.is_inside:
            # It goes on, so that the steps after it find the schema that it makes.
            self.recorder.lose(f"reads {', '.join(sorted(tables))}")


def make_tried(
    live: MigrationContext, recorder: Recorder, connection: sa.Connection
) -> NotedContext:
    """Return a context whose steps run on a scratch database.

    :param connection: to it; commits by itself.
    """
    context = NotedContext(live, recorder, connection=connection)
    context.impl = make_impl(context)
    return context
