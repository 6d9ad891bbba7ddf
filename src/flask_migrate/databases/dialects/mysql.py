"""MySQL and MariaDB: what their servers answer, and how a session behaves."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

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
from .locks import MySQLLock


class MySQLGuard(SessionGuard):
    """Bound every wait for a metadata lock: the server's default is a day or more."""

    _is_set = False

    def before_step(self, *, rebuilds: bool) -> None:
        if not self._is_set:
            seconds = max(1, round(self.lock_timeout))
            self._execute(f"SET SESSION lock_wait_timeout = {seconds}")
            self._is_set = True

    def begin_foreign(self) -> None:
        self.before_step(rebuilds=False)

    def close(self) -> None:
        if self._is_set:
            with contextlib.suppress(exc.SQLAlchemyError):
                self._execute("SET SESSION lock_wait_timeout = DEFAULT")


class MySQL(Dialect):
    """MySQL 8 and MariaDB 10.6, and later, by any driver."""

    name = "mysql"
    title = "MySQL"
    transactional_ddl: bool | None = False
    # It has XA transactions, and refuses DDL inside of them (XAER_RMFAIL).
    two_phase = False
    keeps_part = True
    session_guard: type[SessionGuard] = MySQLGuard
    migration_lock: type[MigrationLock] = MySQLLock
    database_options: tuple[str, ...] = ("encoding", "collation")

    def prepare_connect(
        self,
        dialect: sa.Dialect,
        arguments: list[t.Any],
        parameters: dict[str, t.Any],
        *,
        writes: bool,
        timeout: float,
    ) -> t.Any | None:
        seconds = max(1, round(timeout))
        parameters.setdefault("connect_timeout", seconds)
        return None

    def connect(
        self,
        dialect: sa.Dialect,
        arguments: list[t.Any],
        parameters: dict[str, t.Any],
    ) -> t.Any:
        if dialect.driver != "pymysql":
            return super().connect(dialect, arguments, parameters)

        # PyMySQL's connect_timeout ends when the socket is open: it would wait for
        # ever for a server that says nothing (measured on 1.2).
        limit = parameters.get("read_timeout")
        patience = limit or parameters["connect_timeout"]
        connection = dialect.connect(
            *arguments, **{**parameters, "read_timeout": patience}
        )
        connection._read_timeout = limit
        return connection

    def recognise(self, error: exc.SQLAlchemyError, where: str) -> Explanation | None:
        arguments = getattr(getattr(error, "orig", None), "args", ())
        number = arguments[0] if arguments else None
        why = first_line(error)

        if number == 1049:
            return explain_missing(where, why.split("'")[1] if "'" in why else why)

        return _EXPLANATIONS[number](where, why) if number in _EXPLANATIONS else None

    def database_exists(self, url: sa.URL, run: Runner) -> bool:
        statement = sa.text(
            "SELECT 1 FROM information_schema.schemata WHERE schema_name = :name"
        )
        return bool(
            run(
                url.set(database=""),
                lambda connection: connection.scalar(statement, {"name": url.database}),
            )
        )

    def make_database(
        self, url: sa.URL, options: cabc.Mapping[str, str], run: Runner
    ) -> None:
        def make(connection: sa.Connection) -> None:
            quote = connection.dialect.identifier_preparer.quote_identifier
            clauses = [f"CREATE DATABASE {quote(url.database or '')}"]
            if encoding := options.get("encoding", "utf8mb4"):
                clauses.append(f"CHARACTER SET {quote(encoding)}")
            if collation := options.get("collation"):
                clauses.append(f"COLLATE {quote(collation)}")
            connection.exec_driver_sql(" ".join(clauses).replace("%", "%%"))

        run(url.set(database=""), make)

    def drop_database(self, url: sa.URL, run: Runner) -> None:
        def drop(connection: sa.Connection) -> None:
            quote = connection.dialect.identifier_preparer.quote_identifier
            name = quote(url.database or "").replace("%", "%%")
            connection.exec_driver_sql(f"DROP DATABASE {name}")

        run(url.set(database=""), drop)


class MariaDB(MySQL):
    """MariaDB, where SQLAlchemy is told so by ``mariadb://``."""

    name = "mariadb"
    title = "MariaDB"


_EXPLANATIONS: dict[t.Any, cabc.Callable[[str, str], Explanation]] = {
    1044: explain_refused,
    1045: explain_refused,
    1698: explain_refused,
    1040: explain_full,
    1203: explain_full,
    1226: explain_full,
    1138: explain_nulls,
    2002: explain_unreachable,
    2003: explain_unreachable,
    2005: explain_unreachable,
    1050: explain_exists,
    1060: explain_exists,
    1061: explain_exists,
    1142: explain_denied,
    1143: explain_denied,
    1227: explain_denied,
    1205: explain_locked,
    1213: explain_locked,
    1290: explain_read_only,
    1792: explain_read_only,
    1836: explain_read_only,
    1927: explain_lost,
    2006: explain_lost,
    2013: explain_lost,
    2055: explain_lost,
}
"""By error number: MySQL's server and client error references."""
