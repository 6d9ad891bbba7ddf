"""MySQL and MariaDB: what their servers answer, and how a session behaves."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from .base import describe_blocker
from .base import Dialect
from .base import first_line
from .base import Runner
from .base import SessionGuard
from .durability import changes_rows
from .durability import Durability
from .durability import is_read
from .durability import strip_comments
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
from .mysql_objects import read_objects
from .mysql_statements import can_join
from .mysql_statements import join
from .mysql_statements import run
from .renaming import MySQLRenaming
from .renaming import Renaming
from .session_locks import MySQLLock

if t.TYPE_CHECKING:
    from .definitions import Definitions
    from .definitions import Items
    from .definitions import Models
    from .definitions import Part
    from .definitions import Place
    from .definitions import Tried
    from .facts import Facts
    from .schemas import Schema
    from .templates import Templates


class MySQLGuard(SessionGuard):
    """Bound every wait for a metadata lock: the server's default is a day or more."""

    _is_set = False

    def before_step(self, *, rebuilds: bool) -> None:
        if self._is_set:
            return

        self._is_set = True
        is_mariadb = getattr(self.connection.dialect, "is_mariadb", False)
        # Whole seconds; MariaDB takes 0 for NOWAIT, MySQL begins at 1.
        seconds = round(self.limits.lock_timeout)
        self._execute(
            f"SET SESSION lock_wait_timeout = {max(0 if is_mariadb else 1, seconds)}"
        )

        if self.limits.statement_timeout and is_mariadb:
            limit = self.limits.statement_timeout
            self._execute(f"SET SESSION max_statement_time = {limit}")

    def begin_foreign(self) -> None:
        self.before_step(rebuilds=False)

    def close(self) -> None:
        if not self._is_set:
            return

        with contextlib.suppress(exc.SQLAlchemyError):
            self._execute("SET SESSION lock_wait_timeout = DEFAULT")

            if self.limits.statement_timeout:
                self._execute("SET SESSION max_statement_time = DEFAULT")


class MySQL(Dialect):
    """MySQL 8 and MariaDB 10.6, and later, by any driver."""

    name = "mysql"
    indexes_foreign_keys = True
    names_primary_keys = False
    title = "MySQL"
    transactional_ddl: bool | None = False
    # It has XA transactions, and refuses DDL inside of them (XAER_RMFAIL).
    two_phase = False
    keeps_part = True
    any_text: cabc.Mapping[str, t.Any] = {
        "mysql_charset": "utf8mb4",
        "mysql_collate": "utf8mb4_bin",
    }
    no_default: tuple[type[t.Any], ...] = (sa.Text, sa.LargeBinary, sa.JSON)
    session_guard: type[SessionGuard] = MySQLGuard
    migration_lock: type[MigrationLock] = MySQLLock
    renaming: Renaming = MySQLRenaming()
    database_options: tuple[str, ...] = ("encoding", "collation")
    lock_timeout: float = 1.0
    session_query: str = "SELECT CONNECTION_ID()"
    nothing: str = "DO 0"

    def judge_durability(self, sql: str, *, autocommit: bool) -> Durability:
        if is_read(sql) or _KEEPS_NOTHING.match(strip_comments(sql)):
            return Durability.READ

        return Durability.ROLLS_BACK if changes_rows(sql) else Durability.COMMITS

    def commits_first(self, sql: str) -> bool:
        return bool(_COMMITS_FIRST.match(strip_comments(sql)))

    def probe(self, connection: sa.Connection, sql: str) -> str | None:
        return read_objects(connection, sql)

    def can_join(self, dialect: sa.Dialect) -> bool:
        return can_join(dialect)

    def join(self, statements: cabc.Sequence[str]) -> str:
        return join([*statements, "SELECT ROW_COUNT()"])

    running_query: str = (
        "SELECT 1 FROM information_schema.processlist WHERE id = :session"
        " AND command = 'Query' AND id <> CONNECTION_ID()"
    )
    tells_progress: bool = True

    def read_progress(
        self, connection: sa.Connection, session: int
    ) -> tuple[str | None, float | None]:
        # MariaDB alone has a column for the share.
        query = sa.text("SELECT * FROM information_schema.processlist WHERE id = :id")
        row = connection.execute(query, {"id": session}).mappings().first()

        if row is None:
            return None, None

        values = {key.lower(): value for key, value in row.items()}
        share = float(values.get("progress") or 0) / 100
        return values["state"] or None, share or None

    def describe_blockers(self, connection: sa.Connection, sql: str) -> str | None:
        # Which session holds a metadata lock is known to an optional plugin only; the
        # oldest transaction is the likely one.
        row = connection.execute(_OLDEST).first()

        if row is None:
            return None

        return describe_blocker(
            f"connection {row.id} of {row.user}", None, row.seconds, query=row.info
        )

    copies_schema = True
    scratch_right = "GRANT ALL ON `whimbrel\\_scratch\\_%`.* TO '{user}'@'...'"
    read_only: tuple[str, str] = (
        "SET SESSION TRANSACTION READ ONLY",
        "SET SESSION TRANSACTION READ WRITE",
    )

    def write_temporary(
        self, name: str, column: str, *, like: str | None, others: cabc.Sequence[str]
    ) -> tuple[str, str]:
        rest = f" SELECT * FROM {like} LIMIT 0" if like else ""
        return (
            f"CREATE TEMPORARY TABLE {name} ({column}){rest}",
            f"DROP TEMPORARY TABLE {name}",
        )

    def make_facts(self, connection: sa.Connection) -> Facts:
        from .facts.mysql import MySQLFacts

        return MySQLFacts(connection)

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

    def describe_server(self, connection: sa.Connection) -> str:
        is_mariadb = getattr(connection.dialect, "is_mariadb", False)
        text = super().describe_server(connection)
        return text.replace("MySQL", "MariaDB") if is_mariadb else text

    def name_server(self, connection: sa.Connection) -> sa.URL:
        # `mysql://` leads to MariaDB as well; SQLAlchemy sees it when it connects.
        url = connection.engine.url
        is_mariadb = getattr(connection.dialect, "is_mariadb", False)
        driver = url.drivername.replace("mysql", "mariadb", 1) if is_mariadb else None
        return url if driver is None else url.set(drivername=driver)

    def read_schema(
        self, connection: sa.Connection, schemas: tuple[str, ...]
    ) -> Schema:
        from .mysql_schema import read_mysql

        return read_mysql(connection, schemas)

    def list_tables(
        self, connection: sa.Connection, schemas: tuple[str, ...]
    ) -> cabc.Collection[str]:
        from .mysql_schema import list_mysql

        return list_mysql(connection, schemas)

    def read_definitions(
        self, connection: sa.Connection, schemas: cabc.Sequence[str | None]
    ) -> Definitions:
        from . import mysql_definitions

        return mysql_definitions.read_definitions(connection, schemas)

    def try_definitions(
        self, connection: sa.Connection, wanted: Items, *, live: Definitions
    ) -> Tried:
        from . import mysql_definitions

        return mysql_definitions.try_definitions(connection, wanted)

    def recognise_tables(
        self, connection: sa.Connection, models: Models
    ) -> cabc.Mapping[Place, frozenset[Part]]:
        from . import mysql_recognition

        return mysql_recognition.recognise_tables(connection, models)

    def name_constraint(
        self, kind: str, table: str, columns: tuple[str, ...]
    ) -> str | None:
        return columns[0] if kind == "uq" else None

    def copy_schema(self, source: sa.Connection, target: sa.Connection) -> None:
        from .mysql_schema import make_all
        from .mysql_schema import show_created
        from .mysql_schema import without_owner

        schema = source.dialect.default_schema_name or ""
        left = [
            without_owner(sql, schema)
            for _, _, sql in show_created(source, schema)
            if sql
        ]
        run(target, "SET SESSION foreign_key_checks = 0")
        make_all(target, left)
        run(target, "SET SESSION foreign_key_checks = 1")

    def make_templates(self, url: sa.URL, **options: t.Any) -> Templates:
        from .mysql_templates import MySQLTemplates

        return MySQLTemplates(url, **options)

    def leaves_database(self, statement: str, own: str) -> bool:
        first = statement.split(None, 1)[0].upper() if statement.strip() else ""

        if first in ("SELECT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "SET"):
            return False

        named = (match["place"] for match in _QUALIFIED.finditer(statement))
        return first == "USE" or any(one != own for one in named)

    def make_scratch(
        self, source: sa.Connection, admin: sa.Connection, *, name: str
    ) -> None:
        quote = admin.dialect.identifier_preparer.quote_identifier
        query = "SELECT @@character_set_database, @@collation_database"
        encoding, collation = source.exec_driver_sql(query).one()
        run(
            admin,
            f"CREATE DATABASE {quote(name)} CHARACTER SET {quote(encoding)}"
            f" COLLATE {quote(collation)}",
        )

    def read_clock(self, admin: sa.Connection) -> int:
        return int(admin.exec_driver_sql("SELECT UNIX_TIMESTAMP()").scalar_one())

    def list_idle_databases(self, admin: sa.Connection) -> list[str]:
        query = sa.text(
            "SELECT schema_name FROM information_schema.schemata"
            " WHERE schema_name NOT IN (SELECT db FROM information_schema.processlist"
            " WHERE db IS NOT NULL)"
        )
        return list(admin.scalars(query))

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


_COMMITS_FIRST = re.compile(
    r"(?i)(?:(?:CREATE|ALTER|DROP|RENAME)\s+(?:OR\s+REPLACE\s+)?TABLE"
    r"|(?:CREATE|DROP)\s+(?:(?:UNIQUE|FULLTEXT|SPATIAL)\s+)?INDEX"
    r"|TRUNCATE\s+TABLE)\b"
)
"""Read as far as to know what it is, and before its tables are opened.

https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/
https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html
"""
_KEEPS_NOTHING = re.compile(r"(?i)(?:DO|KILL)\b")
_OLDEST = sa.text(
    "SELECT p.id, p.user, p.info,"
    " TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) AS seconds"
    " FROM information_schema.innodb_trx AS t"
    " JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id"
    " WHERE p.id <> CONNECTION_ID() ORDER BY t.trx_started LIMIT 1"
)


class MariaDB(MySQL):
    """MariaDB, where SQLAlchemy is told so by ``mariadb://``."""

    name = "mariadb"
    title = "MariaDB"
    any_text: cabc.Mapping[str, t.Any] = {
        "mariadb_charset": "utf8mb4",
        "mariadb_collate": "utf8mb4_bin",
    }


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

_QUALIFIED = re.compile(
    r"""(?:\b(?:TABLE|INTO|UPDATE|FROM|JOIN|EXISTS|REFERENCES|VIEW|TRIGGER)
        |\bINDEX\b[^(]*\bON)
        \s+(?P<quote>`?)(?P<place>[^`\s.();]+)(?P=quote)\s*\.\s*[`\w]""",
    re.IGNORECASE | re.VERBOSE,
)
"""A table in a named database, where a statement says what it works on."""
