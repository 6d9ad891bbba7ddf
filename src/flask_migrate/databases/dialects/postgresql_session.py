"""PostgreSQL: how a session behaves during a run."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import logging
import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc

from .base import SessionGuard
from .durability import is_read

_log = logging.getLogger("flask_migrate")

# A lock timeout would leave an invalid index or an unvalidated constraint behind:
# their waits are lock waits too (measured on PostgreSQL 12 to 18).
_EXEMPT = re.compile(r"(?i)\bCONCURRENTLY\b|\bVALIDATE\s+CONSTRAINT\b")
_BUILD = re.compile(
    r"(?i)\A\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r'(?P<name>"[^"]+"|[\w$]+)\s+ON\b'
)


class PostgreSQLGuard(SessionGuard):
    """Bound every wait for another session's lock, and clear what a build left.

    In a transaction the limits are set for that transaction only: behind a pooler, a
    setting of the session would be left to somebody else.
    """

    _is_active = False
    _is_exempt = False
    _is_session_set = False

    def open(self) -> None:
        event.listen(self.connection, "begin", self._on_begin)
        event.listen(self.connection, "before_cursor_execute", self._before_execute)

    def close(self) -> None:
        event.remove(self.connection, "begin", self._on_begin)
        event.remove(self.connection, "before_cursor_execute", self._before_execute)

        if self._is_session_set:
            # A connection that was lost has nothing to put back.
            with contextlib.suppress(exc.SQLAlchemyError):
                for name in self._limits():
                    self._execute(f"RESET {name}")

    def before_step(self, *, rebuilds: bool) -> None:
        self._is_active, self._is_exempt = True, False

    def begin_foreign(self) -> None:
        self._is_active = True
        self._on_begin(self.connection)

    def settle(self) -> None:
        # Deferred checks that still wait would also stop DDL on their table.
        self._execute("SET CONSTRAINTS ALL IMMEDIATE")
        self._execute("SET CONSTRAINTS ALL DEFERRED")

    def _on_begin(self, connection: sa.Connection) -> None:
        if not self._is_active or self._is_autocommit:
            return

        if _begin(connection, list(self._write("SET LOCAL"))):
            return

        cursor = connection.connection.cursor()

        try:
            self._set(cursor, "SET LOCAL")
        finally:
            cursor.close()

    def _before_execute(
        self,
        connection: sa.Connection,
        cursor: t.Any,
        statement: str,
        *arguments: t.Any,
    ) -> None:
        if not self._is_active:
            return

        if _EXEMPT.search(statement):
            self._is_exempt = True
            self._set(cursor, "SET", none=True)

            if match := _BUILD.search(statement):
                _clear_invalid(cursor, match["name"])
        elif (self._is_autocommit or self._is_exempt) and not is_read(statement):
            # What is set to 0 for a build must not leak onto what follows it.
            self._is_exempt = False
            self._set(cursor, "SET")

    @property
    def _is_autocommit(self) -> bool:
        options = self.connection.get_execution_options()
        return options.get("isolation_level") == "AUTOCOMMIT"

    def _limits(self) -> dict[str, float]:
        limits = {
            "lock_timeout": self.limits.lock_timeout,
            "statement_timeout": self.limits.statement_timeout,
        }
        return {name: limit for name, limit in limits.items() if limit}

    def _set(self, cursor: t.Any, verb: str, *, none: bool = False) -> None:
        self._is_session_set |= verb == "SET"

        for statement in self._write(verb, none=none):
            cursor.execute(statement)

    def _write(self, verb: str, *, none: bool = False) -> cabc.Iterator[str]:
        for name, limit in self._limits().items():
            yield f"{verb} {name} = {0 if none else _milliseconds(limit)}"


def _begin(connection: sa.Connection, first: list[str]) -> bool:
    """Begin a transaction with its first statements, in one message to the server.

    psycopg sends its BEGIN alone, and waits for the answer.

    :param first: change nothing that stays.
    :return: ``False`` where nothing was begun: another driver, a transaction that is
        open, or one that does not begin with a plain BEGIN.
    """
    if connection.dialect.driver != "psycopg":
        return False

    try:
        # Of psycopg 3.3; its documentation does not name it.
        from psycopg import generators
    except ImportError:
        return False

    from psycopg import Connection
    from psycopg import pq

    driver = connection.connection.driver_connection

    if not (
        isinstance(driver, Connection)
        and driver.info.transaction_status == pq.TransactionStatus.IDLE
        and not driver.autocommit
        and driver.isolation_level is None
        and driver.read_only is None
        and driver.deferrable is None
    ):
        return False

    with driver.lock:
        driver.pgconn.send_query("; ".join(["BEGIN", *first]).encode())
        answers = driver.wait(generators.execute(driver.pgconn))

    # What was refused is sent again in the ordinary way, and raises there.
    return all(one.status == pq.ExecStatus.COMMAND_OK for one in answers)


def _milliseconds(seconds: float) -> int:
    """Return a limit as the server takes it, where 0 would mean none."""
    return max(1, round(seconds * 1000))


def _clear_invalid(cursor: t.Any, name: str) -> None:
    """Drop the index that a failed build has left, so that it can be built again.

    It has the name, is used by no query, and makes every retry fail; with IF NOT EXISTS
    it would be taken for the index itself.
    """
    cursor.execute(
        "SELECT CAST(c.oid AS regclass) FROM pg_class AS c JOIN pg_index AS i"
        " ON i.indexrelid = c.oid WHERE NOT i.indisvalid"
        f" AND c.oid = to_regclass({quote_literal(name)})"
    )

    if row := cursor.fetchone():
        _log.warning("Dropping the invalid index %s that a failed build has left", name)
        cursor.execute(f"DROP INDEX CONCURRENTLY {row[0]}")


def quote_literal(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
