"""What PostgreSQL's catalogs say of its tables; no table is read.

The answers are kept, and follow the statements of a plan: see :mod:`.tables`.
"""

from __future__ import annotations

import functools
import typing as t

import sqlalchemy as sa

from ...tokens import inside
from ...tokens import read_tokens
from ...tokens import Tokens
from ..catalog import Catalog
from ..catalog import split_key
from ..statements import Path
from ..statements import POSTGRESQL
from ..statements import Reader
from ..tables import Column
from ..tables import ForeignKey
from ..tables import Key
from ..tables import Table
from . import queries

_KINDS = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "S": "sequence",
    "i": "index",
    "I": "index",
    "f": "foreign table",
}
_ACTIONS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


class PostgreSQLCatalog(Catalog):
    """The tables of one database, at one point of a plan.

    :param connection: for questions to the catalogs.
    """

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self._by_oid: dict[int, Table] = {}
        self.time_zone: str = ""

    @property
    def version(self) -> int:
        """The major version of the server."""
        return int((self._connection.dialect.server_version_info or (12,))[0])

    # -- tables ------------------------------------------------------------------

    def drop(self, path: Path) -> None:
        """Forget a table, and whatever depends on it."""
        table = self.get(path)
        super().drop(path)

        for other in self._by_oid.values():
            other.views = [pair for pair in other.views if pair[0] is not table]
            other.children = [child for child in other.children if child is not table]

    def find_owner(self, path: Path) -> Table | None:
        """Return the table that an index belongs to."""
        known = self.known()
        found = next((table for table in known if table.key(path[-1])), None)
        return found or self._load_owner(path)

    def _load_owner(self, path: Path) -> Table | None:
        row = self._read(path[-2:])

        if row is None or _KINDS.get(row.relkind) != "index":
            return None

        sql = "SELECT indrelid FROM pg_index WHERE indexrelid = :oid"
        return self._find_by_oid(self.ask(sql, oid=row.oid)[0].indrelid)

    def _make_key(self, path: Path) -> Path:
        if len(path) == 3:
            path = path[1:]

        is_default = len(path) == 2 and path[0] == self._default_schema
        return path[1:] if is_default else path

    @functools.cached_property
    def _default_schema(self) -> str:
        return str(self.ask("SELECT current_schema() AS name")[0].name)

    def _find_by_oid(self, oid: int) -> Table:
        if oid in self._by_oid:
            return self._by_oid[oid]

        row = self.ask(queries.BY_OID, oid=oid)[0]
        return self._load(row)

    def _read(self, key: Path) -> sa.Row[t.Any] | None:
        schema, name = split_key(key)
        return next(iter(self.ask(queries.BY_NAME, schema=schema, name=name)), None)

    def _load(self, row: sa.Row[t.Any]) -> Table:
        if row.oid in self._by_oid:
            return self._by_oid[row.oid]

        path = (row.relname,) if row.is_default else (row.nspname, row.relname)
        quote = self._connection.dialect.identifier_preparer.quote_identifier
        table = Table(
            name=".".join(path),
            live=f"{quote(row.nspname)}.{quote(row.relname)}",
            kind=_KINDS.get(row.relkind, "other"),
            # -1: nobody has counted; a partitioned table is its partitions.
            rows=int(row.reltuples) if row.reltuples >= 0 else None,
            size=int(row.size) if row.reltuples >= 0 else None,
        )
        self._by_oid[row.oid] = table
        self._by_path.setdefault(path, table)
        self._load_columns(table, row)
        found = self.ask(queries.CONSTRAINTS, oid=row.oid)
        table.keys += [_make_constraint(one) for one in found]
        table.keys += [
            _make_index(one) for one in self.ask(queries.INDEXES, oid=row.oid)
        ]
        table.uses = {
            one.attname: one.use for one in self.ask(queries.USES, oid=row.oid)
        }
        self._load_family(table, row)
        return table

    def _load_columns(self, table: Table, row: sa.Row[t.Any]) -> None:
        found = self.ask(
            queries.COLUMNS, oid=row.oid, schema=row.nspname, name=row.relname
        )

        for one in found:
            table.columns[one.attname] = Column(
                name=one.attname,
                live=one.attname,
                type=one.type,
                nullable=not one.attnotnull,
                default=one.default,
                generated={"s": "STORED", "v": "VIRTUAL"}.get(one.attgenerated, ""),
                collation=one.collation or "",
                filled=1.0 if one.filled is None else one.filled,
            )

    def _load_family(self, table: Table, row: sa.Row[t.Any]) -> None:
        for one in self.ask(queries.CHILDREN, oid=row.oid):
            child = self._find_by_oid(one.inhrelid)
            child.parent = table
            child.is_default = one.is_default
            table.children.append(child)

        if row.relispartition and table.parent is None:
            sql = "SELECT inhparent FROM pg_inherits WHERE inhrelid = :oid"
            table.parent = self._find_by_oid(self.ask(sql, oid=row.oid)[0].inhparent)

        for one in self.ask(queries.READERS, oid=row.oid):
            view = self._find_by_oid(one.oid)
            table.views.append((view, frozenset(one.columns)))

    def find_sources(self, view: Table) -> list[Table]:
        """Return what a view reads, through other views too."""
        oid = next((oid for oid, one in self._by_oid.items() if one is view), None)
        rows = self.ask(queries.SOURCES, oid=oid) if oid is not None else []
        found = [self._find_by_oid(row.oid) for row in rows]
        below = [self.find_sources(one) for one in found if one.kind == "view"]
        return [*found, *(table for tables in below for table in tables)]

    # -- foreign keys ------------------------------------------------------------

    def _read_foreign_keys(self) -> list[ForeignKey]:
        return [
            ForeignKey(
                name=row.conname,
                table=self._find_by_oid(row.conrelid),
                columns=tuple(row.columns),
                target=self._find_by_oid(row.confrelid),
                target_columns=tuple(row.target_columns),
                action=_ACTIONS.get(row.confdeltype, "NO ACTION"),
                is_valid=row.convalidated,
            )
            for row in self.ask(queries.FOREIGN_KEYS)
        ]

    def keys_to(self, table: Table, *columns: str) -> list[ForeignKey]:
        """Return the foreign keys that point to a table, or to some columns of it."""
        return [
            key
            for key in self.foreign_keys
            if key.target is table
            and (not columns or not set(columns).isdisjoint(key.target_columns))
        ]

    def keys_from(self, table: Table, *columns: str) -> list[ForeignKey]:
        """Return the foreign keys of a table, or of some columns of it."""
        return [
            key
            for key in self.foreign_keys
            if key.table is table
            and (not columns or not set(columns).isdisjoint(key.columns))
        ]

    # -- types and functions -----------------------------------------------------

    def is_volatile(self, names: set[str], *, trusts_server: bool = False) -> bool:
        """Tell whether one of some functions may give another answer each time.

        :param trusts_server: those that came with the server do not count.
        """
        sql = """
            SELECT count(*) AS number FROM pg_proc p
            JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE p.provolatile = 'v' AND p.proname = ANY(:names)
              AND NOT (:trusts AND n.nspname = 'pg_catalog')
        """
        names = {name.rpartition(".")[2] for name in names}
        found = self.ask(sql, names=sorted(names), trusts=trusts_server)
        return bool(names) and found[0].number > 0

    def find_domain(self, name: str) -> tuple[str, bool] | None:
        """Return the type below a domain, and whether it refuses some of its values."""
        sql = """
            SELECT format_type(t.typbasetype, t.typtypmod) AS base,
                   t.typnotnull OR EXISTS (SELECT FROM pg_constraint k
                       WHERE k.contypid = t.oid AND k.contype = 'c') AS refuses
            FROM pg_type t WHERE t.typtype = 'd' AND t.typname = :name
        """
        rows = self.ask(sql, name=name.rpartition(".")[2].strip('"'))
        return (rows[0].base, rows[0].refuses) if rows else None

    def is_same_in_binary(self, old: str, new: str) -> bool:
        """Tell whether values of one type are, byte for byte, values of another."""
        sql = """
            SELECT count(*) AS number FROM pg_cast c
            WHERE c.castmethod = 'b' AND format_type(c.castsource, NULL) = :old
              AND format_type(c.casttarget, NULL) = :new
        """
        return bool(self.ask(sql, old=old, new=new)[0].number)

    def tables_of_domain(self, name: str) -> list[Table]:
        """Return the tables that have a column of a domain."""
        sql = """
            SELECT DISTINCT a.attrelid FROM pg_attribute a
            JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid
            WHERE t.typtype = 'd' AND t.typname = :name AND NOT a.attisdropped
              AND c.relkind IN ('r', 'p', 'm')
        """
        return [self._find_by_oid(row.attrelid) for row in self.ask(sql, name=name)]

    def has_utc(self) -> bool:
        """Tell whether the session's time zone makes local times and UTC one."""
        if not self.time_zone:
            sql = "SELECT current_setting('TimeZone') AS zone"
            self.time_zone = self.ask(sql)[0].zone

        # pg_timezone_names would do, and reads a file per zone.
        return self.time_zone.upper() in {"UTC", "ETC/UTC", "GMT", "ETC/GMT", "UCT"}


def read(sql: str) -> Tokens:
    """Return the tokens of a text that the server wrote."""
    return read_tokens(sql, POSTGRESQL)


def _make_constraint(row: sa.Row[t.Any]) -> Key:
    kinds = {"p": "PRIMARY KEY", "u": "UNIQUE", "c": "CHECK", "x": "EXCLUDE"}
    kind = kinds[row.contype]
    is_check = kind == "CHECK"
    return Key(
        name=row.conname,
        kind=kind,
        columns=tuple(row.columns),
        proves=find_proven(inside(read(row.definition))) if is_check else frozenset(),
        is_valid=row.convalidated,
    )


def _make_index(row: sa.Row[t.Any]) -> Key:
    text = f"{row.expressions or ''} {row.predicate or ''}"
    names = {token.name.lower() for token in read(text) if token.kind != "string"}
    return Key(
        name=row.relname,
        kind="UNIQUE INDEX" if row.indisunique else "INDEX",
        columns=tuple(row.columns),
        names=frozenset(names),
        is_valid=row.indisvalid,
    )


def find_proven(expression: Tokens) -> frozenset[str]:
    """Return the columns that a check proves to be not NULL, where it is valid.

    Only ``a IS NOT NULL``, alone or in a row of AND: as the server does
    (``NotNullImpliedByRelConstraints``).
    """
    while expression and expression[0].keyword == "(" and _is_group(expression):
        expression = expression[1:-1]

    parts = _split_and(expression)

    if len(parts) > 1:
        return frozenset().union(*map(find_proven, parts))

    words = [token.keyword for token in expression[1:]]
    is_proof = words == ["IS", "NOT", "NULL"]
    return (
        frozenset({Reader(expression, folds=True).name()}) if is_proof else frozenset()
    )


def _is_group(tokens: Tokens) -> bool:
    return tokens[-1].keyword == ")" and inside(tokens) == tokens[1:-1]


def _split_and(tokens: Tokens) -> list[Tokens]:
    parts: list[Tokens] = [()]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.keyword, 0)

        if not depth and token.keyword in {"OR", "BETWEEN", "CASE"}:
            return [tokens]

        if not depth and token.keyword == "AND":
            parts.append(())
        else:
            parts[-1] = (*parts[-1], token)

    return parts
