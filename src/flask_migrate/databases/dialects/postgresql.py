"""PostgreSQL: what its server answers, and how a session behaves."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import hashlib
import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from ...errors import DatabaseError
from ...errors import NotConfigured
from . import postgresql_ownership
from .base import describe_blocker
from .base import Dialect
from .base import first_line
from .base import Runner
from .base import SessionGuard
from .durability import Durability
from .durability import find_names
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
from .postgresql_session import PostgreSQLGuard
from .postgresql_session import quote_literal
from .renaming import PostgreSQLRenaming
from .renaming import Renaming
from .schemas import read_postgresql
from .session_locks import PostgreSQLLock

if t.TYPE_CHECKING:
    from .definitions import Definitions
    from .definitions import Items
    from .definitions import Kind
    from .definitions import Tried
    from .facts import Facts
    from .schemas import Schema
    from .templates import Templates


@contextlib.contextmanager
def _roll_back(connection: sa.Connection, *, alone: bool) -> cabc.Iterator[None]:
    """Take back what is done inside: here an error would end the transaction.

    :param alone: there is no transaction.
    """
    if alone:
        connection.exec_driver_sql("BEGIN")

        try:
            yield
        finally:
            connection.exec_driver_sql("ROLLBACK")

        return

    was_idle = not connection.in_transaction()
    nested = connection.begin_nested()

    try:
        yield
    finally:
        nested.rollback()

        if was_idle:
            connection.rollback()


_COMMITS = re.compile(
    r"(?i)\bCONCURRENTLY\b|\A(?:VACUUM|CALL|DO|CLUSTER|REINDEX|ALTER\s+SYSTEM"
    r"|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE)"
    r"|(?:CREATE|ALTER|DROP)\s+SUBSCRIPTION)\b"
)
_PROCEDURE = re.compile(r"(?i)(?:CALL|DO)\b")
_NO_DATABASE = re.compile(r'database "(?P<name>[^"]+)" does not exist')


class PostgreSQL(Dialect):
    """PostgreSQL 12 and later, by any driver."""

    name = "postgresql"
    tells_indexes = True
    tells_tables = True
    comments_constraints = True
    tells_match = True
    title = "PostgreSQL"
    two_phase = True
    drop_expression: str = "ALTER TABLE {table} ALTER COLUMN {column} DROP EXPRESSION"
    session_guard: type[SessionGuard] = PostgreSQLGuard
    migration_lock: type[MigrationLock] = PostgreSQLLock
    renaming: Renaming = PostgreSQLRenaming()
    database_options: tuple[str, ...] = ("encoding", "owner", "template")
    lock_timeout: float = 0.2
    session_query: str = "SELECT pg_backend_pid()"

    def judge_durability(self, sql: str, *, autocommit: bool) -> Durability:
        if is_read(sql):
            return Durability.READ

        if autocommit and _COMMITS.search(strip_comments(sql)):
            return Durability.COMMITS

        return Durability.ROLLS_BACK

    def probe(self, connection: sa.Connection, sql: str) -> str | None:
        if _PROCEDURE.match(strip_comments(sql)):
            return None

        rows = connection.execute(_OBJECTS, {"names": find_names(sql)}).all()
        return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()

    def can_join(self, dialect: sa.Dialect) -> bool:
        # Other drivers number their parameters.
        return dialect.paramstyle == "pyformat"

    def join(self, statements: cabc.Sequence[str]) -> str:
        *others, last = statements
        parts = (f"part_{number} AS ({one})" for number, one in enumerate(others))
        return f"WITH {', '.join(parts)} {last}"

    def holds_any_text(self, connection: sa.Connection) -> bool:
        return bool(connection.scalar(sa.text("SHOW server_encoding")) == "UTF8")

    running_query: str = (
        "SELECT 1 FROM pg_stat_activity WHERE pid = :session AND state = 'active'"
        " AND pid <> pg_backend_pid()"
    )
    tells_progress: bool = True

    def read_progress(
        self, connection: sa.Connection, session: int
    ) -> tuple[str | None, float | None]:
        row = connection.execute(_PROGRESS, {"pid": session}).first()

        if row is None:
            return None, None

        blocked = f"waiting for pid {row.blocker}" if row.blocker else None
        return row.phase or blocked, row.done

    def describe_blockers(self, connection: sa.Connection, sql: str) -> str | None:
        row = connection.execute(_BLOCKERS, {"names": find_names(sql)}).first()

        if row is None:
            return None

        return describe_blocker(
            f"pid {row.pid}", row.application_name, row.seconds, query=row.query
        )

    scratch_right = 'ALTER ROLE "{user}" CREATEDB'
    has_ground = True
    read_only: tuple[str, str] = ("SET TRANSACTION READ ONLY", "")

    def try_aside(
        self, connection: sa.Connection
    ) -> contextlib.AbstractContextManager[None]:
        return _roll_back(connection, alone=self.commits_each(connection))

    def write_temporary(
        self, name: str, column: str, *, like: str | None, others: cabc.Sequence[str]
    ) -> tuple[str, str]:
        rest = f", LIKE {like}" if like else ""
        return f"CREATE TEMPORARY TABLE {name} ({column}{rest})", f"DROP TABLE {name}"

    def make_facts(self, connection: sa.Connection) -> Facts:
        from .facts.postgresql import PostgreSQLFacts

        return PostgreSQLFacts(connection)

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

    def read_schema(
        self, connection: sa.Connection, schemas: tuple[str, ...]
    ) -> Schema:
        return read_postgresql(connection, schemas)

    def list_tables(
        self, connection: sa.Connection, schemas: tuple[str, ...]
    ) -> cabc.Collection[str]:
        from .schemas import list_postgresql

        return list_postgresql(connection, schemas)

    def read_definitions(
        self, connection: sa.Connection, schemas: cabc.Sequence[str | None]
    ) -> Definitions:
        from . import postgresql_definitions

        return postgresql_definitions.read_definitions(connection, schemas)

    def try_definitions(
        self, connection: sa.Connection, wanted: Items, *, live: Definitions
    ) -> Tried:
        from . import postgresql_definitions

        return postgresql_definitions.try_definitions(connection, wanted, live=live)

    def write_rename(
        self, kind: Kind, table: sa.Table, names: tuple[str, str], dialect: sa.Dialect
    ) -> str | None:
        preparer = dialect.identifier_preparer
        old, new = map(preparer.quote, names)

        if kind == "index":
            schema = f"{preparer.quote(table.schema)}." if table.schema else ""
            return f"ALTER INDEX {schema}{old} RENAME TO {new}"

        place = preparer.format_table(table)
        return f"ALTER TABLE {place} RENAME CONSTRAINT {old} TO {new}"

    def find_owned_tables(
        self, connection: sa.Connection
    ) -> frozenset[tuple[str, str]]:
        return postgresql_ownership.find_owned_tables(connection)

    def name_constraint(
        self, kind: str, table: str, columns: tuple[str, ...]
    ) -> str | None:
        from . import postgresql_definitions

        return postgresql_definitions.make_name(kind, table, columns)

    def copy_schema(self, source: sa.Connection, target: sa.Connection) -> None:
        # Nobody needs it: here DDL is tried on the live schema, and rolled back.
        pass

    def copy_ground(self, source: sa.Connection, target: sa.Connection) -> None:
        quote = target.dialect.identifier_preparer.quote_identifier
        was_idle = not source.in_transaction()
        schemas = list(source.scalars(OWN_SCHEMAS))
        extensions = source.execute(_EXTENSIONS).all()

        if was_idle:
            source.rollback()

        for schema in schemas:
            target.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}")

        for name, schema in extensions:
            # One that only a superuser may make stays away.
            with contextlib.suppress(exc.DBAPIError):
                target.exec_driver_sql(
                    f"CREATE EXTENSION IF NOT EXISTS {quote(name)}"
                    f" SCHEMA {quote(schema)} CASCADE"
                )

    def make_templates(self, url: sa.URL, **options: t.Any) -> Templates:
        from .postgresql_templates import PostgreSQLTemplates

        return PostgreSQLTemplates(url, **options)

    def hasten(self, connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET synchronous_commit TO off")

    def maintenance_url(self, url: sa.URL) -> sa.URL:
        return url.set(database="postgres")

    def read_clock(self, admin: sa.Connection) -> int:
        clock = "SELECT CAST(extract(epoch FROM now()) AS bigint)"
        return int(admin.exec_driver_sql(clock).scalar_one())

    def list_idle_databases(self, admin: sa.Connection) -> list[str]:
        query = sa.text(
            "SELECT datname FROM pg_database WHERE datname NOT IN"
            " (SELECT datname FROM pg_stat_activity WHERE datname IS NOT NULL)"
        )
        return list(admin.scalars(query))

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
                clauses.append(f"ENCODING {quote_literal(encoding)}")
            connection.exec_driver_sql(" ".join(clauses).replace("%", "%%"))

        run(url.set(database="postgres"), make)

    def drop_database(self, url: sa.URL, run: Runner) -> None:
        def drop(connection: sa.Connection) -> None:
            quote = connection.dialect.identifier_preparer.quote_identifier
            name = quote(url.database or "").replace("%", "%%")
            connection.exec_driver_sql(f"DROP DATABASE {name}")

        run(url.set(database="postgres"), drop)


_OBJECTS = sa.text(
    """
    SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_class AS c
    JOIN pg_index AS i ON i.indexrelid = c.oid
    WHERE i.indisvalid AND c.relname = ANY(:names)
    UNION ALL
    SELECT c.relname, CAST(i.inhparent AS text) FROM pg_class AS c
    JOIN pg_inherits AS i ON i.inhrelid = c.oid WHERE c.relname = ANY(:names)
    UNION ALL
    SELECT datname, 'database' FROM pg_database WHERE datname = ANY(:names)
    UNION ALL
    SELECT spcname, 'tablespace' FROM pg_tablespace WHERE spcname = ANY(:names)
    ORDER BY 1, 2
    """
)
"""What the statements that PostgreSQL refuses in a transaction make and drop."""

_PROGRESS = sa.text(
    """
    SELECT p.phase, (pg_blocking_pids(a.pid))[1] AS blocker,
           CAST(CASE WHEN p.tuples_total > 0 THEN p.tuples_done
                     ELSE p.blocks_done END AS float)
           / nullif(CASE WHEN p.tuples_total > 0 THEN p.tuples_total
                         ELSE p.blocks_total END, 0) AS done
    FROM pg_stat_activity AS a
    LEFT JOIN pg_stat_progress_create_index AS p ON p.pid = a.pid
    WHERE a.pid = :pid
    """
)

_BLOCKERS = sa.text(
    """
    SELECT a.pid, a.application_name, a.query,
           extract(epoch FROM clock_timestamp() - a.xact_start) AS seconds
    FROM pg_locks AS l
    JOIN pg_class AS c ON c.oid = l.relation
    JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.granted AND l.pid <> pg_backend_pid() AND c.relname = ANY(:names)
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY a.xact_start LIMIT 1
    """
)


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

OWN_SCHEMAS = sa.text(
    "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'"
    " AND nspname <> 'information_schema' ORDER BY nspname"
)
_EXTENSIONS = sa.text(
    "SELECT extname, nspname FROM pg_extension"
    " JOIN pg_namespace ON pg_namespace.oid = extnamespace ORDER BY pg_extension.oid"
)
