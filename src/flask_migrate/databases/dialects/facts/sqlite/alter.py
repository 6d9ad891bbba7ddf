"""What ALTER TABLE does on SQLite, and what a write there means."""

from __future__ import annotations

import time
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from .....plan import Effect
from .....plan import Impact
from .....plan import LockLevel
from ...sqlite_tokens import tokenize
from ...tokens import DefinitionError
from ...tokens import Tokens
from ..base import Draft
from ..base import StatementFacts
from ..definitions import CLAUSES
from ..definitions import ColumnText
from ..definitions import read_column
from ..definitions import read_constraint
from ..definitions import starts_constraint
from ..statements import find_calls
from ..statements import find_names
from ..statements import has_words
from ..statements import Path
from ..statements import Reader
from ..tables import Column
from ..tables import Key
from ..tables import Table
from .catalog import SQLiteCatalog

_SOURCE = "measured on SQLite 3.40 and 3.54"
COLUMN_CLAUSES = {**CLAUSES, "AS": 1}
_NATIVE = "measured on SQLite 3.54; reported from 3.53 on"


_NEW_COLUMN = "SQLite manual, ALTER TABLE ADD COLUMN"


class AlterFacts(StatementFacts):
    """``ALTER TABLE``, and the one writer of a database."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self.catalog: SQLiteCatalog = SQLiteCatalog(connection)
        # What was copied whole, where to, and which columns of it.
        self._copies: dict[Table, tuple[Table, set[str]]] = {}

    @property
    def version(self) -> tuple[int, ...]:
        """Of the library, which is a part of this process."""
        found = self.connection.dialect.server_version_info or ()
        return tuple(part for part in found if isinstance(part, int))

    def judge(self, draft: Draft) -> Effect:
        if self.catalog.database not in draft.locks:
            return draft.to_effect(Impact.FREE)

        if not draft.work:
            return draft.to_effect(Impact.BRIEF_WRITES)

        stops = self.catalog.stops_readers and draft.work != ["scan"]
        return draft.to_effect(Impact.LONG if stops else Impact.LONG_WRITES)

    def _tokenize(self, sql: str) -> Tokens:
        if "\0" in sql:
            raise DefinitionError("no server takes a text with a NUL in it")

        return tokenize(sql)

    def _find(self, path: Path) -> Table | None:
        return self.catalog.find(path)

    def _count(self, sql: str) -> int | None:
        driver: t.Any = self.connection.connection.driver_connection
        deadline = time.monotonic() + self.count_seconds
        limit = getattr(driver, "set_progress_handler", None)

        # The driver of asyncio would have to be awaited.
        if limit is None or self.connection.dialect.is_async:
            return int(self.connection.exec_driver_sql(sql).scalar_one())

        limit(lambda: time.monotonic() > deadline, 10_000)

        try:
            return int(self.connection.exec_driver_sql(sql).scalar_one())
        except exc.OperationalError as error:
            if "interrupted" in str(error.orig):
                return None
            raise
        finally:
            limit(None, 0)

    def write(self, draft: Draft, *tables: Table | None, source: str = _SOURCE) -> None:
        """Note that the statement is the only writer."""
        draft.source = source
        draft.lock(self.catalog.database, LockLevel.WRITER)

        for table in tables:
            draft.lock(table, LockLevel.WRITER)

    def alter_table(self, reader: Reader, draft: Draft) -> None:
        """``ALTER TABLE``, one action at a time."""
        path = reader.path()
        table = self.catalog.get(path)
        self.write(draft, table)

        if reader.accept("RENAME", "TO"):
            self.catalog.rename(path, (*path[:-1], reader.name()))
        elif reader.accept("RENAME"):
            reader.accept("COLUMN")
            old = reader.name().lower()
            reader.expect("TO")
            table.rename_column(old, reader.name().lower())
        elif reader.accept("DROP", "CONSTRAINT"):
            self._require_native(draft)
            key = table.key(reader.name())
            table.keys = [one for one in table.keys if one is not key]
        elif reader.accept("DROP"):
            reader.accept("COLUMN")
            self._drop_column(table, reader.name(), draft)
        elif reader.accept("ALTER"):
            self._alter_column(table, reader, draft)
        else:
            reader.expect("ADD")
            self._add(table, reader, draft)

    def _require_native(self, draft: Draft) -> None:
        draft.source = _NATIVE

        if self.version < (3, 53):
            draft.fail("SQLite before 3.53 has no such ALTER TABLE")

    def _add(self, table: Table, reader: Reader, draft: Draft) -> None:
        if starts_constraint(reader):
            text = read_constraint(reader)
            self._require_native(draft)
            draft.take_time("scan", table)
            draft.may_refuse(f"rows of {table.name} that break it", table)
            names = frozenset(find_names(text.expression))
            table.keys.append(Key(name=text.name, kind=text.kind, names=names))
            return

        reader.accept("COLUMN")
        text_of_column = read_column(reader, COLUMN_CLAUSES)
        self._refuse_column(table, text_of_column, draft)

        if text_of_column.has("CHECK"):
            draft.take_time("scan", table)

        table.columns[text_of_column.name.lower()] = make_column(text_of_column)

    def _refuse_column(self, table: Table, text: ColumnText, draft: Draft) -> None:
        default = text.get("DEFAULT")
        generated = text.get("GENERATED") or text.get("AS") or ()
        name = text.name

        if name.lower() in table.columns:
            draft.fail(f"{table.name} has a column {name}")

        if text.has("UNIQUE", "PRIMARY"):
            draft.fail(f"{name} would need an index; {_NEW_COLUMN}")

        if has_words(generated, "STORED"):
            draft.fail(f"{name} would need new rows; {_NEW_COLUMN}")

        if text.is_not_null and (default is None or _is_null(default)):
            if not generated:
                reason = f"any row of {table.name}: {name} has no value for it"
                draft.may_refuse(reason, table)
            else:
                draft.take_time("scan", table)

        if default is not None and _varies(default):
            reason = f"any row of {table.name}: the default of {name} is no constant"
            draft.may_refuse(reason, table)

        if text.has("CHECK"):
            reason = f"rows of {table.name} that break the check of {name}"
            draft.may_refuse(reason, table)

        reference = text.get("REFERENCES")
        has_value = default is not None and not _is_null(default)

        if reference is not None and has_value and self.catalog.enforces:
            draft.fail(f"{name} points to a row by default; {_NEW_COLUMN}")

    def _drop_column(self, table: Table, name: str, draft: Draft) -> None:
        column = table.column(name.lower())

        if column is None:
            draft.fail(f"{table.name} has no column {name}")
            return

        for reason in self._find_users(table, name.lower()):
            draft.fail(f"{reason} uses {table.name}.{name}")

        if column.generated != "VIRTUAL":
            draft.take_time("rewrite", table)
            draft.lose(table, name.lower())

        table.drop_column(name.lower())

    def _find_users(self, table: Table, name: str) -> list[str]:
        keys = [f"{key.kind.lower()} {key.name}".strip() for key in table.keys_of(name)]
        views = [user.name for user, names in table.views if name in names]
        mine = [key for key in self.catalog.foreign_keys if key.table is table]
        several = [key for key in mine if name in key.columns and len(key.columns) > 1]
        return [*keys, *views, *("a foreign key" for _ in several)]

    def _alter_column(self, table: Table, reader: Reader, draft: Draft) -> None:
        reader.accept("COLUMN")
        name = reader.name()
        self._require_native(draft)
        column = table.column(name.lower())

        if reader.accept("SET", "NOT", "NULL"):
            draft.take_time("scan", table)
            draft.may_refuse(f"rows of {table.name} with NULL in {name}", table)
        else:
            reader.expect("DROP", "NOT", "NULL")

        if column is None:
            draft.fail(f"{table.name} has no column {name}")


def _is_null(default: Tokens) -> bool:
    return [token.keyword for token in default] == ["NULL"]


def _varies(default: Tokens) -> bool:
    is_group = default[:1] != () and default[0].keyword == "("
    is_time = any(token.keyword in _TIMES for token in default)
    return is_time or (is_group and bool(find_calls(default) or _has_operator(default)))


def _has_operator(tokens: Tokens) -> bool:
    # `('x')` and `(3)` are constants; SQLite counts `(1 + 1)` as none.
    return len(tokens) > 3


_TIMES = ("CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME")


def make_column(text: ColumnText) -> Column:
    generated = text.get("GENERATED") or text.get("AS")
    is_stored = generated is not None and has_words(generated, "STORED")
    default = text.get("DEFAULT")
    return Column(
        name=text.name,
        nullable=not text.is_not_null,
        default=" ".join(token.text for token in default) if default else None,
        generated="" if generated is None else "STORED" if is_stored else "VIRTUAL",
    )
