"""Watch a run from a thread beside it, and tell how its long statements get on."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import threading
import time
import typing as t

import sqlalchemy as sa
from sqlalchemy import event

from ..databases.dialects.base import hide_secrets
from ..events import Event
from ..events import EventKind

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun

TELL_SECONDS = 1.0
"""How often a statement that goes on is told of."""

ASK_SECONDS = 2.0
"""After how long the server is asked how far it is, on a connection of its own."""


class Watcher:
    """Tells of the statements of one run that take their time.

    :param run: the database; its events go where it says.
    """

    def __init__(self, run: DatabaseRun) -> None:
        self._run = run
        self._connection: sa.Connection = run.connection
        self._session = run.read_session()
        # The journal runs statements of its own inside the one that it follows.
        self._statements: list[tuple[t.Any, str, float]] = []
        self._is_over = threading.Event()
        self._observer: sa.Engine | None = None
        self._thread = threading.Thread(
            target=self._watch, name="flask-migrate-watch", daemon=True
        )

    def start(self) -> None:
        """Begin to watch."""
        for name, function in self._listeners:
            event.listen(self._connection, name, function)

        self._thread.start()

    def stop(self) -> None:
        """Stop watching, and close the connection that was asked on."""
        self._is_over.set()

        for name, function in self._listeners:
            event.remove(self._connection, name, function)

        self._thread.join()

        if self._observer is not None:
            self._observer.dispose()

    @property
    def _listeners(self) -> tuple[tuple[str, t.Any], ...]:
        return (
            ("before_cursor_execute", self._note_start),
            ("after_cursor_execute", self._note_end),
            ("rollback", self._note_rollback),
        )

    def _note_start(
        self,
        connection: sa.Connection,
        cursor: t.Any,
        statement: str,
        parameters: t.Any,
        context: t.Any,
        executemany: bool,
    ) -> None:
        self._statements.append((context, statement, time.monotonic()))

    def _note_end(self, *arguments: t.Any) -> None:
        context = arguments[4]

        while self._statements and self._statements.pop()[0] is not context:
            pass

    def _note_rollback(self, connection: sa.Connection) -> None:
        self._statements.clear()

    def _watch(self) -> None:
        while not self._is_over.wait(TELL_SECONDS):
            # A copy, because the run goes on meanwhile.
            for entry in self._statements[-1:]:
                self._tell(entry)

    def _tell(self, entry: tuple[t.Any, str, float]) -> None:
        _, statement, began = entry
        step = self._run.step
        seconds = time.monotonic() - began

        if seconds < TELL_SECONDS / 2:
            return

        phase, done = self._ask() if seconds > ASK_SECONDS else (None, None)

        if entry not in self._statements:
            # It has ended while the server was asked.
            return

        self._run.emit(
            Event(
                kind=EventKind.STATEMENT_RUNNING,
                run=self._run.run_id,
                database=self._run.key,
                step=step,
                seconds=seconds,
                text=" ".join(hide_secrets(statement).split()),
                phase=phase,
                done=done,
            )
        )

    def _ask(self) -> tuple[str | None, float | None]:
        """Ask the server how far it is, where it can say that."""
        dialect = self._run.dialect

        if not dialect.tells_progress:
            return None, None

        # An asynchronous driver cannot be asked from here; what it costs is a number.
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            if self._observer is None:
                self._observer = sa.create_engine(
                    self._connection.engine.url,
                    pool=self._connection.engine.pool.recreate(),
                )

            with self._observer.connect() as connection:
                return dialect.read_progress(connection, self._session)

        return None, None


@contextlib.contextmanager
def watching(run: DatabaseRun) -> cabc.Iterator[None]:
    """Watch a run for the time of its steps, if somebody listens."""
    if run.context.as_sql:
        yield
        return

    watcher = Watcher(run)
    watcher.start()

    try:
        yield
    finally:
        watcher.stop()
