"""What a SQLite database says of itself: stored texts, columns, and what compiles."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from ....databases.dialects.sqlite_tokens import quote_name
from ....databases.dialects.sqlite_tokens import tokenize
from ....databases.dialects.tokens import join

Row = tuple[t.Any, ...]

_EVENTS = ("INSERT", "UPDATE", "DELETE")
_STATISTICS = ("sqlite_stat1", "sqlite_stat4")
_COMPUTED = (2, 3)
"""What ``table_xinfo`` says of generated columns: virtual and stored."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One row of ``sqlite_schema``.

    :param kind: ``table``, ``index``, ``trigger`` or ``view``.
    :param table: the table that it belongs to.
    :param sql: as SQLite keeps it: ``CREATE INDEX name ON ...``.
    """

    kind: str
    name: str
    table: str
    sql: str

    @property
    def title(self) -> str:
        """What to call it in a message."""
        return f"{self.kind} {self.name}"

    def to_sql(self, schema: str) -> str:
        """Return the statement that makes it again in a schema."""
        tokens = tokenize(self.sql)
        words = [token.keyword for token in tokens]
        place = words.index(self.kind.upper()) + 1
        name = tokens[place].spaced(f" {quote_name(schema)}.")
        return join((*tokens[:place], name, *tokens[place + 1 :]))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """What SQLite made of a statement.

    :param error: why it does not compile.
    :param literals: the text constants of its program.
    """

    error: str | None = None
    literals: frozenset[str] = frozenset()


class Catalog:
    """The objects of one schema, read by SQL.

    :param schema: the name of an attached database; ``main`` by default.
    """

    def __init__(self, connection: sa.Connection, schema: str | None = None) -> None:
        self._connection = connection
        self.schema: str = schema or "main"

    def fetch(self, sql: str, *parameters: t.Any) -> list[Row]:
        """Run a statement as it stands, and return its rows."""
        result = self._connection.exec_driver_sql(sql, parameters or None)
        return [tuple(row) for row in result] if result.returns_rows else []

    def run(self, sql: str) -> None:
        """Run a statement as it stands: a colon in it is no parameter."""
        self._connection.exec_driver_sql(sql)

    def quote(self, name: str) -> str:
        """Return a table's name with its schema."""
        return f"{quote_name(self.schema)}.{quote_name(name)}"

    def has_pragma(self, name: str) -> bool:
        """Tell whether a switch of the connection is on."""
        return self.fetch(f"PRAGMA {name}") == [(1,)]

    @contextlib.contextmanager
    def legacy_alter(self, wanted: bool) -> cabc.Iterator[None]:
        """Rename with or without a look at the views and triggers of the database.

        SQLite refuses to rename a table while a view lacks the one that it reads from.
        """
        before = self.has_pragma("legacy_alter_table")
        self.run(f"PRAGMA legacy_alter_table = {int(wanted)}")

        try:
            yield
        finally:
            self.run(f"PRAGMA legacy_alter_table = {int(before)}")

    def find_objects(self, kind: str, *, of: str | None = None) -> list[StoredObject]:
        """Return the objects of a kind that have a text of their own, oldest first.

        :param of: only those of this table.
        """
        rows = self.fetch(
            "SELECT type, name, tbl_name, sql"
            f" FROM {quote_name(self.schema)}.sqlite_master"
            " WHERE type = ? AND sql IS NOT NULL"
            " AND (? IS NULL OR tbl_name = ? COLLATE NOCASE) ORDER BY rowid",
            *(kind, of, of),
        )
        return [
            StoredObject(kind=row[0], name=row[1], table=row[2], sql=row[3])
            for row in rows
        ]

    def find_table(self, name: str) -> StoredObject | None:
        """Return a table by its name."""
        return next(iter(self.find_objects("table", of=name)), None)

    def find_columns(self, table: str) -> list[str]:
        """Return the columns of a table or view that can be written."""
        rows = self.fetch(
            "SELECT name, hidden FROM pragma_table_xinfo(?, ?)", table, self.schema
        )
        return [name for name, hidden in rows if hidden not in _COMPUTED]

    def find_references(self, table: str) -> list[tuple[str, str]]:
        """Return who points to a table, as other table and column of this one."""
        return [
            (name, column)
            for name, column in self.fetch(
                'SELECT m.name, f."to" FROM'
                f" {quote_name(self.schema)}.sqlite_master AS m"
                " JOIN pragma_foreign_key_list(m.name, ?) AS f"
                " WHERE m.type = 'table' AND f.\"table\" = ? COLLATE NOCASE"
                ' AND f."to" IS NOT NULL AND m.name <> f."table" COLLATE NOCASE',
                *(self.schema, table),
            )
        ]

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int(self.fetch(f"SELECT count(*) FROM {self.quote(table)}")[0][0])

    def get_sequence(self, table: str) -> int | None:
        """Return the last number that AUTOINCREMENT gave in a table."""
        if self.find_table("sqlite_sequence") is None:
            return None

        rows = self.fetch(
            f"SELECT seq FROM {self.quote('sqlite_sequence')} WHERE name = ?", table
        )
        return rows[0][0] if rows else None

    def set_sequence(self, table: str, value: int) -> None:
        """Let AUTOINCREMENT go on behind a number."""
        name = self.quote("sqlite_sequence")
        self.fetch(f"DELETE FROM {name} WHERE name = ?", table)
        self.fetch(f"INSERT INTO {name} (name, seq) VALUES (?, ?)", table, value)

    def get_statistics(self, table: str) -> dict[str, list[Row]]:
        """Return what ANALYZE has noted of a table, by the table of notes."""
        return {
            one.name: self.fetch(
                f"SELECT * FROM {self.quote(one.name)} WHERE tbl = ?", table
            )
            for one in self.find_objects("table")
            if one.name in _STATISTICS
        }

    def set_statistics(self, notes: dict[str, list[Row]]) -> None:
        """Give back what ANALYZE has noted: dropping a table forgets it."""
        indexes = f"SELECT name FROM {quote_name(self.schema)}.sqlite_master"

        for name, rows in notes.items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                self.fetch(
                    f"INSERT INTO {self.quote(name)} SELECT {marks}"
                    f" WHERE ? IS NULL OR ? IN ({indexes})",
                    *(*row, row[1], row[1]),
                )

    def compile_all(self) -> dict[str, Compilation]:
        """Compile every view and trigger, and run none.

        :return: by the title of the object.
        """
        views = {
            one.title: self._compile(f"SELECT * FROM {self.quote(one.name)}")
            for one in self.find_objects("view")
        }
        triggers = {
            f"{one.title} of {one.table}": self._compile_trigger(one)
            for one in self.find_objects("trigger")
        }
        return {**views, **triggers}

    def _compile_trigger(self, trigger: StoredObject) -> Compilation:
        """Compile a statement that fires a trigger: there is no nearer way to it."""
        words = [token.keyword for token in tokenize(trigger.sql)[3:]]
        event = next(word for word in words if word in _EVENTS)
        table = self.quote(trigger.table)

        if event == "INSERT":
            return self._compile(f"INSERT INTO {table} DEFAULT VALUES")

        if event == "DELETE":
            return self._compile(f"DELETE FROM {table}")

        try:
            names = [quote_name(name) for name in self.find_columns(trigger.table)]
        except exc.DBAPIError as error:
            return Compilation(error=str(error.orig))

        changes = ", ".join(f"{name} = {name}" for name in names)
        return self._compile(f"UPDATE {table} SET {changes}")

    def _compile(self, sql: str) -> Compilation:
        try:
            program = self.fetch(f"EXPLAIN {sql}")
        except exc.DBAPIError as error:
            return Compilation(error=str(error.orig))

        literals = (str(row[5]) for row in program if row[1] == "String8")
        return Compilation(literals=frozenset(literals))


def find_update_columns(trigger: StoredObject) -> tuple[str, ...]:
    """Return the columns in the ``UPDATE OF`` of a trigger."""
    tokens = tokenize(trigger.sql)[3:]
    words = [token.keyword for token in tokens]

    if "OF" not in words:
        return ()

    start = words.index("OF")

    if start == 0 or words[start - 1] != "UPDATE":
        return ()

    end = words.index("ON", start)
    return tuple(one.name for one in tokens[start + 1 : end] if one.keyword != ",")
