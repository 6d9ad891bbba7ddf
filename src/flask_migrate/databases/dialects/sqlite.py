"""SQLite: real transactions for DDL, and foreign keys that a rebuild cannot fire."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import typing as t

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc
from sqlalchemy import pool

from ...errors import DataAtRisk
from ...errors import DatabaseError
from .base import Dialect
from .base import first_line
from .base import Runner
from .base import SessionGuard
from .explanations import explain_exists
from .explanations import explain_locked
from .explanations import explain_nulls
from .explanations import Explanation
from .file_lock import FileLock
from .locks import MigrationLock
from .renaming import Renaming
from .renaming import SQLiteRenaming

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

Violations = frozenset[tuple[t.Any, ...]]


class SQLiteGuard(SessionGuard):
    """Begin transactions explicitly, and keep foreign keys quiet during a rebuild.

    Python's driver begins a transaction before INSERT, UPDATE and DELETE only, so DDL
    would commit by itself: https://docs.python.org/3.11/library/sqlite3.html#transaction-control
    """

    _begin = "BEGIN"
    _enforced = False
    _violations: Violations = frozenset()
    _raw: t.Any = None

    def open(self) -> None:
        self._raw = self.connection.connection.dbapi_connection
        event.listen(self.connection, "begin", self._on_begin)

    def close(self) -> None:
        event.remove(self.connection, "begin", self._on_begin)
        is_only_one = isinstance(self.connection.engine.pool, pool.StaticPool)

        if self._enforced and not is_only_one:
            # In env.py's transaction; it must not go back to the pool without its
            # foreign keys.
            self.connection.detach()

    def finish(self) -> None:
        self._enforce_again()

    def before_step(self, *, rebuilds: bool) -> None:
        # A write lock from the start: a reader that becomes a writer cannot wait.
        self._begin = "BEGIN IMMEDIATE"

        if rebuilds:
            self._stop_enforcing()

    def begin_foreign(self) -> None:
        driver = self.connection.connection.driver_connection

        if getattr(driver, "in_transaction", False):
            return

        self._stop_enforcing()
        self._execute("BEGIN IMMEDIATE")

    def check_step(self) -> None:
        if not self._enforced:
            return

        if found := self._find_violations() - self._violations:
            tables = ", ".join(sorted({str(row[0]) for row in found}))
            raise DataAtRisk(
                f"{len(found)} rows of {tables} would point to rows that are gone"
                " (PRAGMA foreign_key_check).",
                hint="Delete or correct those rows in the revision, before the rows"
                " that they point to.",
            )

    def after_step(self) -> None:
        self._begin = "BEGIN"
        self._enforce_again()

    def _on_begin(self, connection: sa.Connection) -> None:
        driver = connection.connection.driver_connection

        # An application's own "begin" listener may have done it already.
        if not getattr(driver, "in_transaction", False):
            self._execute(self._begin)

    def _stop_enforcing(self) -> None:
        # The pragma is ignored inside a transaction.
        if self._fetch("PRAGMA foreign_keys") == [(1,)]:
            self._execute("PRAGMA foreign_keys = OFF")
            self._enforced = True
            self._violations = self._find_violations()

    def _enforce_again(self) -> None:
        if self._enforced:
            self._enforced = False

            # The connection may be gone, if the run lost it.
            with contextlib.suppress(Exception):
                self._execute("PRAGMA foreign_keys = ON")

    def _find_violations(self) -> Violations:
        return frozenset(self._fetch("PRAGMA foreign_key_check"))

    def _execute(self, statement: str) -> None:
        # Past SQLAlchemy, which would begin a transaction first.
        self._fetch(statement)

    def _fetch(self, statement: str) -> list[tuple[t.Any, ...]]:
        cursor = self._raw.cursor()

        try:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()]
        except self.connection.dialect.loaded_dbapi.Error as error:
            # As SQLAlchemy would say it.
            raise exc.OperationalError(statement, None, error) from error
        finally:
            cursor.close()


class SQLite(Dialect):
    """SQLite 3.35 and later, by any driver."""

    name = "sqlite"
    tells_indexes = True
    alters_constraints = False
    title = "SQLite"
    transactional_ddl: bool | None = True
    default_collation: str | None = "BINARY"
    enforces_length = False
    session_guard: type[SessionGuard] = SQLiteGuard
    migration_lock: type[MigrationLock] = FileLock
    copies_schema = True
    captures_live = True
    renaming: Renaming = SQLiteRenaming()
    read_only: tuple[str, str] = (
        "PRAGMA query_only = ON",
        "PRAGMA query_only = OFF",
    )

    def make_facts(self, connection: sa.Connection) -> Facts:
        from .facts.sqlite import SQLiteFacts

        return SQLiteFacts(connection)

    def commits_each(self, connection: sa.Connection) -> bool:
        # The guard begins a transaction in any case.
        return False

    def prepare_connect(
        self,
        dialect: sa.Dialect,
        arguments: list[t.Any],
        parameters: dict[str, t.Any],
        *,
        writes: bool,
        timeout: float,
    ) -> t.Any | None:
        path = file_of_name(arguments[0]) if arguments else None

        if path is None or path.exists():
            return None

        if not writes:
            # SQLite makes a file for whoever looks; a file that is not there reads
            # as an empty database.
            return dialect.connect(":memory:", **parameters)

        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseError(
                f"The folder {path.parent} of the database cannot be made:"
                f" {error.strerror}.",
                hint="Check the path in the URL, and the permissions above it.",
            ) from error

        return None

    def recognise(self, error: exc.SQLAlchemyError, where: str) -> Explanation | None:
        why = first_line(error)
        found = _EXPLANATIONS.items()
        matches = (
            explain(where, why) for text, explain in found if text in why.lower()
        )
        return next(matches, None)

    def describe(self, url: sa.URL | None) -> str:
        path = file_of_name(url.database) if url is not None else None
        return str(path) if path is not None else "the SQLite database"

    def read_schema(
        self, connection: sa.Connection, schemas: tuple[str, ...]
    ) -> Schema:
        from .sqlite_schema import read_sqlite

        return read_sqlite(connection, schemas)

    def list_tables(
        self, connection: sa.Connection, schemas: tuple[str, ...]
    ) -> cabc.Collection[str]:
        from .sqlite_schema import list_tables

        return list_tables(connection, schemas)

    def leaves_database(self, statement: str, own: str) -> bool:
        return statement.lstrip().upper().startswith("ATTACH")

    def read_definitions(
        self, connection: sa.Connection, schemas: cabc.Sequence[str | None]
    ) -> Definitions:
        from . import sqlite_definitions

        return sqlite_definitions.read_definitions(connection, schemas)

    def try_definitions(
        self, connection: sa.Connection, wanted: Items, *, live: Definitions
    ) -> Tried:
        from . import sqlite_definitions

        return sqlite_definitions.try_definitions(connection, wanted)

    def recognise_tables(
        self, connection: sa.Connection, models: Models
    ) -> cabc.Mapping[Place, frozenset[Part]]:
        from . import sqlite_recognition

        return sqlite_recognition.recognise_tables(connection, models)

    def copy_schema(self, source: sa.Connection, target: sa.Connection) -> None:
        # A virtual table makes tables of its own; an index, a view or a trigger may
        # call a function that only the application's connections have.
        rows = source.exec_driver_sql(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            " AND substr(name, 1, 7) <> 'sqlite_'"
            " ORDER BY type <> 'table', sql NOT LIKE 'CREATE VIRTUAL%', rowid"
        )

        for kind, name, sql in rows.all():
            made = "SELECT 1 FROM sqlite_master WHERE name = ?"

            if target.exec_driver_sql(made, (name,)).first():
                continue

            with contextlib.suppress(*([] if kind == "table" else [exc.DBAPIError])):
                target.exec_driver_sql(sql)

    def make_templates(self, url: sa.URL, **options: t.Any) -> Templates | None:
        from .sqlite_templates import SQLiteTemplates

        # What a URI says, or another driver writes, is not for a plain copy.
        is_plain = url.get_driver_name() == "pysqlite" and not url.query
        is_file = file_of_name(url.database) is not None
        is_ours = is_plain and is_file and not (url.database or "").startswith("file:")
        return SQLiteTemplates(url, **options) if is_ours else None

    def database_exists(self, url: sa.URL, run: Runner) -> bool:
        return not self.is_absent(url)

    def is_absent(self, url: sa.URL) -> bool:
        path = file_of_name(url.database)
        return path is not None and not path.exists()

    def make_database(
        self, url: sa.URL, options: cabc.Mapping[str, str], run: Runner
    ) -> None:
        path = file_of_name(url.database)

        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def drop_database(self, url: sa.URL, run: Runner) -> None:
        path = file_of_name(url.database)

        if path is not None:
            for suffix in ("", "-journal", "-wal", "-shm"):
                pathlib.Path(f"{path}{suffix}").unlink(missing_ok=True)


def file_of_name(name: str | os.PathLike[str] | None) -> pathlib.Path | None:
    """Return the file of a database name, ``None`` for one in memory.

    :param name: as the driver takes it: a path, ``:memory:`` or a ``file:`` URI.
    """
    text = os.fspath(name) if name is not None else ""

    if not text or ":memory:" in text or "mode=memory" in text:
        return None

    return pathlib.Path(text.removeprefix("file:").partition("?")[0])


def _explain(sentence: str, hint: str) -> cabc.Callable[[str, str], Explanation]:
    return lambda where, why: (DatabaseError, f"{where} {sentence}: {why}", hint)


_EXPLANATIONS: dict[str, cabc.Callable[[str, str], Explanation]] = {
    "readonly database": _explain(
        "cannot be written",
        "Give the user of this process write permission on the file and its folder.",
    ),
    "unable to open database file": _explain(
        "cannot be opened",
        "Check the path in the URL, and that its folder exists and can be written.",
    ),
    "file is not a database": _explain(
        "is not an SQLite database",
        "Check the path in the URL; nothing was changed.",
    ),
    "database or disk is full": _explain(
        "has no room left",
        "Free some space, then run the command again.",
    ),
    "disk i/o error": _explain(
        "cannot be read or written",
        "Check the disk and the room on it, then run the command again.",
    ),
    "malformed": _explain(
        "is damaged",
        "Restore it from a backup; `PRAGMA integrity_check` says more.",
    ),
    "already exists": explain_exists,
    "cannot add a not null column": explain_nulls,
    "duplicate column name": explain_exists,
    "database is locked": explain_locked,
}
