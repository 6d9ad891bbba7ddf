"""What SQLite's schema says of its tables; no table is read but ``sqlite_stat1``."""

from __future__ import annotations

import functools
import typing as t

import sqlalchemy as sa

from ...sqlite_clauses import Clause
from ...sqlite_parser import parse_table
from ...sqlite_tokens import quote_name
from ...sqlite_tokens import tokenize
from ...tokens import DefinitionError
from ..catalog import Catalog
from ..catalog import split_key
from ..statements import find_names
from ..statements import Path
from ..tables import Column
from ..tables import ForeignKey
from ..tables import Key
from ..tables import Table

_KEYS = """
    SELECT m.name AS tab, f.id, f."table" AS target, f."from" AS col, f.on_delete
    FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
"""
_INDEXES = """
    SELECT l.name, l."unique" AS is_unique, l.origin, i.name AS col,
           (SELECT sql FROM sqlite_master m WHERE m.name = l.name) AS sql
    FROM pragma_index_list(:name) l, pragma_index_info(l.name) i
"""


class SQLiteCatalog(Catalog):
    """The tables of one database, at one point of a plan. Names ignore case.

    :param connection: for questions to the schema.
    """

    def find_owner(self, index: str) -> Table | None:
        """Return the table that an index belongs to."""
        found = next((table for table in self.known() if table.key(index)), None)
        sql = "SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = :name"
        rows = [] if found is not None else self.ask(sql, name=index)
        return self.find((rows[0].tbl_name,)) if rows else found

    def _read_foreign_keys(self) -> list[ForeignKey]:
        found: dict[tuple[str, int], ForeignKey] = {}

        for row in self.ask(_KEYS):
            target = self.find((row.target,))

            if target is not None:
                key = found.setdefault(
                    (row.tab, row.id),
                    ForeignKey(
                        name="",
                        table=self.get((row.tab,)),
                        columns=(),
                        target=target,
                        action=row.on_delete,
                    ),
                )
                key.columns = (*key.columns, row.col.lower())

        return list(found.values())

    @functools.cached_property
    def database(self) -> Table:
        """The whole file, which has one writer."""
        size = self.pragma("page_count") * self.pragma("page_size")
        return Table(name="main", live="main", kind="database", size=size)

    @functools.cached_property
    def stops_readers(self) -> bool:
        """Whether a long write must stop the readers before it has ended.

        Without a write-ahead log, what does not fit into the cache is written into the
        file, and nobody may read that (https://sqlite.org/lockingv3.html).
        """
        cache = self.pragma("cache_size")
        pages = cache if cache > 0 else -cache * 1024 // self.pragma("page_size")
        mode = self.ask("PRAGMA journal_mode")[0][0]
        return mode != "wal" and self.pragma("page_count") > pages

    @functools.cached_property
    def enforces(self) -> bool:
        """Whether foreign keys are enforced on this connection."""
        return self.pragma("foreign_keys") == 1

    def pragma(self, name: str) -> int:
        """Return a number that SQLite knows."""
        return int(self.ask(f"PRAGMA {name}")[0][0])

    def _make_key(self, path: Path) -> Path:
        names = tuple(name.lower() for name in path)
        return names[-1:] if names[:-1] == ("main",) else names

    def _make_name(self, path: Path) -> str:
        return ".".join(path[-len(self._make_key(path)) :])

    def _read(self, key: Path) -> sa.Row[t.Any] | None:
        schema, name = split_key(key)
        known = {row.name.lower() for row in self.ask("PRAGMA database_list")}

        if schema and schema not in known:
            return None

        place = quote_name(schema or "main").replace(":", r"\:")
        sql = f"""SELECT name, type, sql, :schema AS schema FROM {place}.sqlite_master
                  WHERE lower(name) = :name AND type IN ('table', 'view')"""
        return next(iter(self.ask(sql, schema=schema, name=name)), None)

    def _load(self, row: sa.Row[t.Any]) -> Table:
        path = (row.schema, row.name) if row.schema else (row.name,)
        table = Table(
            name=".".join(path), live=".".join(map(quote_name, path)), kind=row.type
        )

        if row.type == "table":
            self._read_definition(table, row.sql or "")

        # Of an attached database nobody asks for more.
        if row.type == "table" and not row.schema:
            table.rows = self._count_rows(row.name)
            self._read_indexes(table)
            self._read_users(table)

        return table

    def _read_definition(self, table: Table, sql: str) -> None:
        try:
            definition = parse_table(sql)
        except DefinitionError:
            # A virtual table, whose columns are not in its text.
            table.kind = "virtual table"
            return

        for column in definition.columns:
            clauses = {clause.kind: clause for clause in column.clauses}
            generated = clauses.get("GENERATED")
            is_stored = generated is not None and generated.has("STORED")
            kind = "STORED" if is_stored else "VIRTUAL"
            table.columns[column.name.lower()] = Column(
                name=column.name,
                live=column.name,
                type=column.type_text,
                nullable="NOT NULL" not in clauses,
                generated=kind if generated is not None else "",
            )

        for clause in definition.constraints:
            names = frozenset(find_names(clause.tokens))
            key = Key(name=clause.name or "", kind=clause.kind, names=names)
            table.keys.append(key)

        for column in definition.columns:
            for clause in column.clauses:
                if clause.kind in _DEPENDENT:
                    table.keys.append(_make_key(column.name.lower(), clause))

    def _read_indexes(self, table: Table) -> None:
        found: dict[str, Key] = {}

        for row in self.ask(_INDEXES, name=table.name):
            if row.origin != "c":
                continue

            names = frozenset(find_names(tokenize(row.sql or "")))
            key = found.setdefault(
                row.name,
                Key(
                    name=row.name,
                    kind="UNIQUE INDEX" if row.is_unique else "INDEX",
                    names=names,
                ),
            )
            key.columns = (*key.columns, (row.col or "").lower())

        table.keys += found.values()

    def _read_users(self, table: Table) -> None:
        sql = (
            "SELECT name, type, sql FROM sqlite_master WHERE type IN ('view','trigger')"
        )

        for row in self.ask(sql):
            names = frozenset(find_names(tokenize(row.sql)))

            if table.name.lower() in names:
                user = Table(name=row.name, live=quote_name(row.name), kind=row.type)
                table.views.append((user, names))

    def _count_rows(self, name: str) -> int | None:
        sql = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'"

        if not self.ask(sql):
            return None

        # The first number of any of its lines.
        rows = self.ask("SELECT stat FROM sqlite_stat1 WHERE tbl = :name", name=name)
        numbers = [str(row.stat).split()[0] for row in rows if row.stat]
        return int(numbers[0]) if numbers and numbers[0].isdigit() else None


_DEPENDENT = frozenset({"PRIMARY KEY", "UNIQUE", "CHECK", "GENERATED"})


def _make_key(column: str, clause: Clause) -> Key:
    is_key = clause.kind in {"PRIMARY KEY", "UNIQUE"}
    # A check goes with its column, and keeps the others that it mentions.
    names = frozenset() if is_key else frozenset(find_names(clause.tokens) - {column})
    return Key(
        name=clause.name or "",
        kind=clause.kind,
        columns=(column,) if is_key else (),
        names=names,
    )
