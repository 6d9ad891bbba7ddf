"""What takes back the part of a step that is done, and loses nobody's rows."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa

from ..errors import UsageError
from ..results import JournalRow
from .dialects.base import Dialect
from .dialects.facts.base import StatementFacts
from .dialects.facts.statements import Reader
from .dialects.tokens import DefinitionError

Kind = t.Literal["table", "column", "index", "constraint"]

_KINDS = ("UNIQUE", "FULLTEXT", "SPATIAL")
_BY_HAND = (
    "Go on with `flask db upgrade`; or undo it by hand, then: flask db repair"
    " --mark-reverted"
)
_ROWS = (("INSERT", "INTO"), ("UPDATE",), ("DELETE", "FROM"))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What one statement has made.

    :param table: with its schema, if it was written.
    :param name: of the column, index or constraint; empty for the table itself.
    """

    kind: Kind
    table: tuple[str, ...]
    name: str = ""


class Reversal:
    """Takes back the statements of one step.

    :param connection: of the run.
    :param dialect: what is known of its backend.
    :param rows: of the journal, without what has failed.
    :raises UsageError: something cannot be taken back, or rows of others would be lost.
    """

    def __init__(
        self,
        connection: sa.Connection,
        dialect: Dialect,
        rows: cabc.Iterable[JournalRow],
    ) -> None:
        self._connection = connection
        self._preparer = connection.dialect.identifier_preparer
        facts = dialect.make_facts(connection)

        if not isinstance(facts, StatementFacts):
            raise UsageError(
                f"What is done cannot be undone here: the SQL of {dialect.title} is not"
                " known well enough.",
                hint=_BY_HAND,
            )

        self._facts = facts
        self._rows = sorted(rows, key=lambda row: row.position)
        self._made: list[Made] = []
        self._read()
        self._check_rows()

    @property
    def statements(self) -> cabc.Iterator[str]:
        """What to run, the last thing first; what is gone already is left out."""
        return (self._write(one) for one in reversed(self._made) if self._is_there(one))

    # -- reading ---------------------------------------------------------------

    def _read(self) -> None:
        tables: set[tuple[str, ...]] = set()

        for row in self._rows:
            made, touched = self._read_row(row)

            if made is not None and made.kind == "table":
                tables.add(made.table)
                self._made.append(made)
            elif touched in tables:
                pass  # it goes with its table
            elif made is not None:
                self._made.append(made)
            else:
                raise UsageError(
                    f"This statement cannot be undone: {row.statement[:300]}",
                    hint=_BY_HAND,
                )

    def _read_row(self, row: JournalRow) -> tuple[Made | None, tuple[str, ...]]:
        """Return what a statement has made, and the table that it touches."""
        try:
            reader = self._facts.make_reader(row.statement)
            made = _read_made(reader)

            if made is not None:
                return made, made.table

            for words in _ROWS:
                if reader.accept(*words):
                    return None, reader.path()
        except DefinitionError:
            pass  # nothing that we could take back

        return None, ()

    # -- looking ---------------------------------------------------------------

    def _check_rows(self) -> None:
        """Refuse if somebody has written where only the step has."""
        for made in self._made:
            if made.kind in ("table", "column") and self._is_there(made):
                count = self._count(made)

                if count:
                    what = f"{made.name} of " if made.name else ""
                    raise UsageError(
                        "Rows would be lost that the step has not written:"
                        f" {what}{'.'.join(made.table)} has {count}.",
                        hint="Go on with `flask db upgrade`, or keep them elsewhere"
                        " and empty it first.",
                    )

    def _count(self, made: Made) -> int:
        """Return how many rows of a table or column are not the step's own."""
        table = self._quote(made.table)

        if made.kind == "table":
            own = sum(self._count_own(row, made.table) for row in self._rows)
            found = self._ask(f"SELECT count(*) FROM {table}")[0]
            return max(int(found) - own, 0)

        column = self._preparer.quote(made.name)
        rows, filled = self._ask(f"SELECT count(*), count({column}) FROM {table}")

        if not filled:
            return 0

        # What the server has filled in is the same in each row.
        kinds = self._ask(f"SELECT count(DISTINCT {column}) FROM {table}")[0]
        return 0 if kinds == 1 and filled == rows else int(filled)

    def _count_own(self, row: JournalRow, table: tuple[str, ...]) -> int:
        reader = self._facts.make_reader(row.statement)
        count = max(row.row_count or 0, 0)

        if reader.accept("INSERT", "INTO"):
            return count if reader.path() == table else 0

        return 0

    def _ask(self, sql: str) -> t.Any:
        return self._connection.execute(literally(sql)).one()

    def _is_there(self, made: Made) -> bool:
        inspector = sa.inspect(self._connection)
        table, schema = made.table[-1], _schema_of(made)

        if made.kind == "table" or not inspector.has_table(table, schema=schema):
            return inspector.has_table(table, schema=schema)

        found: list[t.Any]

        if made.kind == "column":
            found = inspector.get_columns(table, schema=schema)
        elif made.kind == "index":
            found = inspector.get_indexes(table, schema=schema)
        else:
            found = [
                *inspector.get_foreign_keys(table, schema=schema),
                *inspector.get_unique_constraints(table, schema=schema),
                *inspector.get_check_constraints(table, schema=schema),
                inspector.get_pk_constraint(table, schema=schema),
            ]

        return made.name in {one["name"] for one in found}

    # -- writing ---------------------------------------------------------------

    def _write(self, made: Made) -> str:
        table, name = self._quote(made.table), self._preparer.quote(made.name)

        if made.kind == "table":
            return f"DROP TABLE {table}"

        if made.kind != "index":
            return f"ALTER TABLE {table} DROP {made.kind.upper()} {name}"

        # SQLAlchemy knows where an index belongs to its table, and where to a schema.
        some = sa.Column("some", sa.Integer)
        sa.Table(made.table[-1], sa.MetaData(), some, schema=_schema_of(made))
        drop = sa.schema.DropIndex(sa.Index(made.name, some))
        return str(drop.compile(dialect=self._connection.dialect)).strip()

    def _quote(self, path: tuple[str, ...]) -> str:
        return ".".join(map(self._preparer.quote, path))


def _schema_of(made: Made) -> str | None:
    return ".".join(made.table[:-1]) or None


def literally(sql: str) -> sa.TextClause:
    """Return a statement in which no colon or percent sign means a value."""
    return sa.text(sql.replace(":", r"\:"))


def _read_made(reader: Reader) -> Made | None:
    """Return what a statement makes, ``None`` if it is not sure to be new."""
    if reader.accept("CREATE", "TABLE"):
        # With IF NOT EXISTS, it may be somebody else's.
        return None if reader.starts("IF") else Made(kind="table", table=reader.path())

    if reader.accept("ALTER", "TABLE"):
        reader.accept("ONLY")
        return _read_added(reader, reader.path())

    if reader.look(1) == ("CREATE",):
        return _read_index(reader)

    return None


def _read_added(reader: Reader, table: tuple[str, ...]) -> Made | None:
    if not reader.accept("ADD"):
        return None

    if reader.accept("CONSTRAINT"):
        made = Made(kind="constraint", table=table, name=reader.name())
    elif reader.accept("COLUMN") and not reader.starts("IF"):
        made = Made(kind="column", table=table, name=reader.name())
    else:
        return None

    while not reader.at_end:
        if reader.unit()[0].keyword == ",":
            return None  # more than one change

    return made


def _read_index(reader: Reader) -> Made | None:
    reader.expect("CREATE")
    reader.accept_any(*_KINDS)
    is_index = reader.accept("INDEX")
    reader.accept("CONCURRENTLY")

    if not is_index or reader.starts("IF"):
        return None

    name = reader.name()
    reader.expect("ON")
    reader.accept("ONLY")
    return Made(kind="index", table=reader.path(), name=name)
