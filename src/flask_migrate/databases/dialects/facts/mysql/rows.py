"""What statements that read and write rows do on MySQL and MariaDB."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from .....plan import Effect
from .....plan import Impact
from .....plan import LockLevel
from ...tokens import DefinitionError
from ...tokens import Tokens
from ..base import Draft
from ..base import StatementFacts
from ..statements import find_calls
from ..statements import has_words
from ..statements import MYSQL
from ..statements import Path
from ..statements import Reader
from ..tables import Table
from .algorithms import Server
from .alter import judge
from .catalog import MySQLCatalog


class RowFacts(StatementFacts):
    """``SELECT``, ``INSERT``, ``UPDATE``, ``DELETE``.

    DDL commits by itself, so that no lock is held any longer than its statement.
    """

    pattern = MYSQL

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self.catalog: MySQLCatalog = MySQLCatalog(connection)
        self.server: Server = _find_server(connection)
        self._checks_foreign_keys = True

    def judge(self, draft: Draft) -> Effect:
        levels = list(draft.locks.values())
        is_ddl = not draft.transactional

        if draft.work == ["rows"]:
            return draft.to_effect(Impact.ROWS if levels else Impact.FREE)

        if not levels or not is_ddl:
            return draft.to_effect(Impact.FREE)

        strongest = max(levels, key=list(LockLevel).index)
        return draft.to_effect(judge(strongest, draft.work))

    def _find(self, path: Path) -> Table | None:
        return self.catalog.find(path)

    def _count(self, sql: str) -> int | None:
        milliseconds = round(self.count_seconds * 1000)
        limited = {
            True: f"SET STATEMENT max_statement_time = {self.count_seconds} FOR {sql}",
            False: sql.replace(
                "SELECT",
                f"SELECT /*+ MAX_EXECUTION_TIME({milliseconds}) */",
                1,
            ),
        }

        try:
            found = self.connection.exec_driver_sql(limited[self.server.is_mariadb])
            return int(found.scalar_one())
        except exc.DBAPIError as error:
            arguments = getattr(error.orig, "args", ())

            # Too long: 1969 says MariaDB, 3024 MySQL; 1205 is a lock.
            if arguments and arguments[0] in {1969, 3024, 1205}:
                return None

            raise

    def _check_calls(self, tokens: Tokens) -> None:
        if self.catalog.is_routine(find_calls(tokens)):
            raise DefinitionError("it calls a function that may do anything")

    def insert(self, reader: Reader, draft: Draft) -> None:
        """``INSERT`` and ``REPLACE``."""
        draft.source = "MySQL manual, InnoDB Locking"
        reader.accept("IGNORE")
        reader.accept("INTO")
        table = self.catalog.get(reader.path())
        tokens = reader.rest()
        self._check_calls(tokens)
        draft.lock(table, LockLevel.LOCK_NONE)
        table.is_filled = True

        if has_words(tokens, "SELECT"):
            draft.take_time("rows")

    def update(self, reader: Reader, draft: Draft) -> None:
        """``UPDATE``: locks rows, one after the other, until the commit."""
        draft.source = "MySQL manual, InnoDB Locking"
        table = self.catalog.get(reader.path())
        self._check_calls(reader.rest())
        draft.lock(table, LockLevel.LOCK_NONE)
        draft.take_time("rows", table)

    def delete(self, reader: Reader, draft: Draft) -> None:
        """``DELETE``."""
        draft.source = "MySQL manual, InnoDB Locking"
        reader.expect("FROM")
        table = self.catalog.get(reader.path())
        tokens = reader.rest()
        self._check_calls(tokens)
        draft.lock(table, LockLevel.LOCK_NONE)
        draft.take_time("rows", table)
        draft.lose(table, is_part=has_words(tokens, "WHERE"))

        for key in self.catalog.foreign_keys:
            if key.target is table and key.action == "CASCADE":
                draft.lose(key.table, is_part=True)
            elif key.target is table and key.action in {"NO ACTION", "RESTRICT"}:
                reason = f"rows of {key.table.name} that point to {table.name}"
                draft.may_refuse(reason, key.table)

    def select(self, reader: Reader, draft: Draft) -> None:
        """``SELECT``: reads, if no function of it does more."""
        draft.source = "MySQL manual, InnoDB Locking"
        tokens = reader.rest()
        self._check_calls(tokens)

        if has_words(tokens, "FOR", "UPDATE") or has_words(tokens, "INTO"):
            raise DefinitionError("SELECT does more than read")


def _find_server(connection: sa.Connection) -> Server:
    dialect: t.Any = connection.dialect
    version = dialect.server_version_info or ()

    if getattr(dialect, "is_mariadb", False):
        version = getattr(dialect, "_mariadb_normalized_version_info", None) or version

    numbers = tuple(part for part in version if isinstance(part, int))
    return Server(
        is_mariadb=bool(getattr(dialect, "is_mariadb", False)), version=numbers
    )
