"""PostgreSQL: what its server answers, and how a session behaves."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc

from ...errors import DatabaseError
from ...errors import NotConfigured
from .base import Dialect
from .base import first_line
from .base import Runner
from .base import SessionGuard
from .explanations import explain_denied
from .explanations import explain_exists
from .explanations import explain_full
from .explanations import explain_locked
from .explanations import explain_lost
from .explanations import explain_missing
from .explanations import explain_nulls
from .explanations import explain_read_only
from .explanations import explain_refused
from .explanations import explain_unreachable
from .explanations import Explanation
from .locks import MigrationLock
from .locks import PostgreSQLLock

# A lock timeout would leave an invalid index or an unvalidated constraint behind:
# their waits are lock waits too (measured on PostgreSQL 12 to 18).
_EXEMPT = re.compile(r"(?i)\bCONCURRENTLY\b|\bVALIDATE\s+CONSTRAINT\b")
_NO_DATABASE = re.compile(r'database "(?P<name>[^"]+)" does not exist')


class PostgreSQLGuard(SessionGuard):
    """Bound every wait for another session's lock."""

    _is_set = False

    def open(self) -> None:
        event.listen(self.connection, "before_cursor_execute", self._before_execute)

    def close(self) -> None:
        event.remove(self.connection, "before_cursor_execute", self._before_execute)

        if self._is_set:
            # Not in a failed transaction: its rollback puts the value back by itself.
            with contextlib.suppress(exc.SQLAlchemyError):
                self._execute("RESET lock_timeout")

    def _before_execute(
        self,
        connection: sa.Connection,
        cursor: t.Any,
        statement: str,
        *arguments: t.Any,
    ) -> None:
        if _EXEMPT.search(statement):
            cursor.execute("SET lock_timeout = 0")

    def before_step(self, *, rebuilds: bool) -> None:
        # Every time: a concurrent index has set it to 0.
        self._execute(f"SET lock_timeout = {int(self.lock_timeout * 1000)}")
        self._is_set = True

    def begin_foreign(self) -> None:
        self.before_step(rebuilds=False)


class PostgreSQL(Dialect):
    """PostgreSQL 12 and later, by any driver."""

    name = "postgresql"
    title = "PostgreSQL"
    two_phase = True
    session_guard: type[SessionGuard] = PostgreSQLGuard
    migration_lock: type[MigrationLock] = PostgreSQLLock
    database_options: tuple[str, ...] = ("encoding", "owner", "template")

    def prepare_connect(
        self,
        dialect: sa.Dialect,
        arguments: list[t.Any],
        parameters: dict[str, t.Any],
        *,
        writes: bool,
        timeout: float,
    ) -> t.Any | None:
        name = {"psycopg": "connect_timeout", "psycopg2": "connect_timeout"}.get(
            dialect.driver, "timeout"
        )
        parameters.setdefault(name, max(1, round(timeout)))
        return None

    def recognise(self, error: exc.SQLAlchemyError, where: str) -> Explanation | None:
        origin = getattr(error, "orig", None)
        state = getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None)
        text = str(origin)

        if match := _NO_DATABASE.search(text):
            return explain_missing(where, match["name"])

        if isinstance(error, exc.OperationalError) and state is None:
            return _explain_connection(text, where, first_line(error))

        return _explain_state(state or "", where, first_line(error))

    def database_exists(self, url: sa.URL, run: Runner) -> bool:
        statement = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
        return bool(
            run(
                url.set(database="postgres"),
                lambda connection: connection.scalar(statement, {"name": url.database}),
            )
        )

    def make_database(
        self, url: sa.URL, options: cabc.Mapping[str, str], run: Runner
    ) -> None:
        def make(connection: sa.Connection) -> None:
            quote = connection.dialect.identifier_preparer.quote_identifier
            clauses = [f"CREATE DATABASE {quote(url.database or '')}"]
            if owner := options.get("owner"):
                clauses.append(f"OWNER {quote(owner)}")
            if template := options.get("template"):
                clauses.append(f"TEMPLATE {quote(template)}")
            if encoding := options.get("encoding"):
                clauses.append(f"ENCODING {_literal(encoding)}")
            connection.exec_driver_sql(" ".join(clauses).replace("%", "%%"))

        run(url.set(database="postgres"), make)

    def drop_database(self, url: sa.URL, run: Runner) -> None:
        def drop(connection: sa.Connection) -> None:
            quote = connection.dialect.identifier_preparer.quote_identifier
            name = quote(url.database or "").replace("%", "%%")
            connection.exec_driver_sql(f"DROP DATABASE {name}")

        run(url.set(database="postgres"), drop)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _explain_connection(text: str, where: str, why: str) -> Explanation:
    lowered = text.lower()

    if "invalid connection option" in lowered or "invalid uri" in lowered:
        return (
            NotConfigured,
            f"The database URL has a parameter that libpq does not know: {why}",
            "Correct what stands behind the `?` in the URL.",
        )

    if "password authentication failed" in lowered or "no pg_hba.conf" in lowered:
        return explain_refused(where, _last_clause(text))

    if "too many clients" in lowered or "too many connections" in lowered:
        return explain_full(where, _last_clause(text))

    if "server closed the connection" in lowered or "connection is closed" in lowered:
        return explain_lost(where, why)

    return explain_unreachable(where, _last_clause(text))


def _last_clause(text: str) -> str:
    """Return the last part of libpq's sentence, which is the reason."""
    line = text.strip().splitlines()[0]
    return line.rsplit("failed: ", 1)[-1].removeprefix("FATAL:").strip()


def _explain_state(state: str, where: str, why: str) -> Explanation | None:
    """Explain by SQLSTATE (PostgreSQL manual, appendix A)."""
    if state in _STATES:
        return _STATES[state](where, why)

    # Connection exceptions, and a server that shuts down or starts up.
    return explain_lost(where, why) if state[:2] == "08" else None


def _explain_null(where: str, why: str) -> Explanation:
    # An INSERT without a value has the same state.
    if "contains null values" in why:
        return explain_nulls(where, why)

    return DatabaseError, why, None


def _explain_room(where: str, why: str) -> Explanation:
    return (
        DatabaseError,
        f"The server at {where} has no room left: {why}",
        "Free some space on the server, then run the command again.",
    )


_STATES: dict[str, cabc.Callable[[str, str], Explanation]] = {
    "23502": _explain_null,
    "25006": explain_read_only,
    "28000": explain_refused,
    "28P01": explain_refused,
    "42501": explain_denied,
    "42701": explain_exists,
    "42710": explain_exists,
    "42P07": explain_exists,
    "53100": _explain_room,
    "53300": explain_full,
    "55P03": explain_locked,
    "57P01": explain_lost,
    "57P02": explain_lost,
    "57P03": explain_unreachable,
}
