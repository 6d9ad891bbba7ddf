"""What MySQL's and MariaDB's dictionaries say of their tables; no table is read."""

from __future__ import annotations

import contextlib
import functools
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from ...tokens import read_tokens
from ..catalog import Catalog
from ..catalog import split_key
from ..statements import MYSQL
from ..statements import Path
from ..tables import Column
from ..tables import ForeignKey
from ..tables import Key
from ..tables import Table

_TABLE = """
    SELECT table_schema AS s, table_name AS n, table_type AS kind, table_rows AS number,
           data_length + index_length AS size, row_format AS format, engine AS engine
    FROM information_schema.tables WHERE table_name = :name
      AND table_schema = COALESCE(NULLIF(:schema, ''), DATABASE())
"""
_COLUMNS = """
    SELECT column_name AS n, column_type AS type, is_nullable AS nullable,
           column_default AS dflt, extra AS extra, character_set_name AS charset,
           collation_name AS collation, column_comment AS remark,
           generation_expression AS expression
    FROM information_schema.columns WHERE table_schema = :schema AND table_name = :name
    ORDER BY ordinal_position
"""
_INDEXES = """
    SELECT index_name AS n, non_unique AS more, column_name AS col, index_type AS kind
    FROM information_schema.statistics
    WHERE table_schema = :schema AND table_name = :name
    ORDER BY index_name, seq_in_index
"""
_FOREIGN_KEYS = """
    SELECT k.constraint_name AS n, k.table_schema AS s, k.table_name AS tab,
           k.column_name AS col, k.referenced_table_schema AS rs,
           k.referenced_table_name AS rt, k.referenced_column_name AS rc,
           r.delete_rule AS rule
    FROM information_schema.key_column_usage k
    JOIN information_schema.referential_constraints r
      ON r.constraint_schema = k.constraint_schema
     AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
    WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL
    ORDER BY k.table_name, k.constraint_name, k.ordinal_position
"""
# MariaDB names the table; MySQL has had checks since 8.0.16.
_MARIADB_CHECKS = """
    SELECT constraint_name AS n, check_clause AS clause
    FROM information_schema.check_constraints
    WHERE constraint_schema = :schema AND table_name = :name
"""
_MYSQL_CHECKS = """
    SELECT c.constraint_name AS n, c.check_clause AS clause
    FROM information_schema.check_constraints c
    JOIN information_schema.table_constraints t
      ON t.constraint_schema = c.constraint_schema
     AND t.constraint_name = c.constraint_name
    WHERE t.table_schema = :schema AND t.table_name = :name
"""
_VERSIONS = """
    SELECT total_row_versions AS number FROM information_schema.innodb_tables
    WHERE name = CONCAT(:schema, '/', :name)
"""


class MySQLCatalog(Catalog):
    """The tables of one server, at one point of a plan.

    :param connection: for questions to ``information_schema``.
    """

    @functools.cached_property
    def is_mariadb(self) -> bool:
        """Whether the server is MariaDB, by its own word."""
        return bool(getattr(self._connection.dialect, "is_mariadb", False))

    def _read_foreign_keys(self) -> list[ForeignKey]:
        found: dict[tuple[str, str], ForeignKey] = {}

        for row in self.ask(_FOREIGN_KEYS):
            target = self.find((row.rs, row.rt))

            if target is None:
                # In a database that this user may not see.
                continue

            key = found.setdefault(
                (row.tab, row.n),
                ForeignKey(
                    name=row.n,
                    table=self.get((row.s, row.tab)),
                    columns=(),
                    target=target,
                    action=row.rule,
                ),
            )
            key.columns = (*key.columns, row.col)
            key.target_columns = (*key.target_columns, row.rc)

        return list(found.values())

    def max_bytes(self, charset: str) -> int:
        """Return how many bytes one character of a character set may take."""
        sql = """
            SELECT maxlen AS number FROM information_schema.character_sets
            WHERE character_set_name = :name
        """
        rows = self.ask(sql, name=charset)
        return int(rows[0].number) if rows else 4

    def is_routine(self, names: set[str]) -> bool:
        """Tell whether one of some functions is stored, and may do anything."""
        sql = "SELECT routine_name AS n FROM information_schema.routines"
        return bool(names) and any(row.n.lower() in names for row in self.ask(sql))

    def _make_key(self, path: Path) -> Path:
        is_default = len(path) == 2 and path[0] == self._database
        return path[1:] if is_default else path

    @functools.cached_property
    def _database(self) -> str:
        return str(self.ask("SELECT DATABASE() AS name")[0].name)

    def _read(self, key: Path) -> sa.Row[t.Any] | None:
        schema, name = split_key(key)
        return next(iter(self.ask(_TABLE, schema=schema, name=name)), None)

    def _load(self, row: sa.Row[t.Any]) -> Table:
        quote = self._connection.dialect.identifier_preparer.quote_identifier
        is_default = row.s == self._database
        table = Table(
            name=row.n if is_default else f"{row.s}.{row.n}",
            live=f"{quote(row.s)}.{quote(row.n)}",
            kind="view" if row.kind == "VIEW" else "table",
            rows=row.number,
            size=row.size,
            options={"format": row.format or "", "engine": (row.engine or "").lower()},
        )

        for one in self.ask(_COLUMNS, schema=row.s, name=row.n):
            table.columns[one.n] = _make_column(one)

        table.keys = [*self._indexes(row.s, row.n), *self._checks(row.s, row.n)]
        table.options["versions"] = str(self._count_versions(row.s, row.n))
        return table

    def _indexes(self, schema: str, name: str) -> list[Key]:
        found: dict[str, Key] = {}

        for row in self.ask(_INDEXES, schema=schema, name=name):
            kind = "INDEX" if row.more else "UNIQUE"
            kind = "PRIMARY KEY" if row.n == "PRIMARY" else kind
            kind = row.kind if row.kind in {"FULLTEXT", "SPATIAL"} else kind
            key = found.setdefault(row.n, Key(name=row.n, kind=kind))
            key.columns = (*key.columns, row.col or "")

        return list(found.values())

    def _checks(self, schema: str, name: str) -> list[Key]:
        sql = _MARIADB_CHECKS if self.is_mariadb else _MYSQL_CHECKS
        rows: t.Sequence[sa.Row[t.Any]] = []

        # MySQL 5.7 has no checks, and no such table.
        with contextlib.suppress(exc.DBAPIError):
            rows = self.ask(sql, schema=schema, name=name)

        return [
            Key(
                name=row.n,
                kind="CHECK",
                names=frozenset(
                    token.name.lower()
                    for token in read_tokens(row.clause, MYSQL)
                    if token.kind in {"quoted", "word"}
                ),
            )
            for row in rows
        ]

    def _count_versions(self, schema: str, name: str) -> int:
        """Return how many INSTANT changes the rows have behind them (MySQL 8.0.29)."""
        # Older servers do not count them, and not every user may look.
        with contextlib.suppress(exc.DBAPIError):
            rows = (
                [] if self.is_mariadb else self.ask(_VERSIONS, schema=schema, name=name)
            )
            return int(rows[0].number or 0) if rows else 0

        return 0


def _read_default(text: str | None) -> str | None:
    # MariaDB writes NULL as a word.
    return None if text is None or text == "NULL" else text


def _make_column(row: sa.Row[t.Any]) -> Column:
    extra = row.extra.upper()
    is_stored = "STORED" in extra or "PERSISTENT" in extra
    is_generated = "GENERATED" in extra and "DEFAULT_GENERATED" not in extra
    generated = is_generated or bool(row.expression)
    return Column(
        name=row.n,
        live=row.n,
        type=row.type,
        nullable=row.nullable == "YES",
        default=row.expression if generated else _read_default(row.dflt),
        generated="" if not generated else "STORED" if is_stored else "VIRTUAL",
        charset=row.charset or "",
        collation=row.collation or "",
        comment=row.remark or "",
    )
