"""Random tables of SQLite: read, written, rebuilt; SQLite itself says what they are."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import pathlib
import tempfile
import typing as t

import sqlalchemy as sa
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st

from flask_migrate.databases.dialects.sqlite_clauses import Clause
from flask_migrate.databases.dialects.sqlite_parser import parse_table
from tests.support.rebuilds import Database
from tests.support.rebuilds import open_database

NAMES = ["a", "Bb", "order", "d e", 'f"g', "été", "i_1", "k-2", "m.n", "percent%"]
TYPES = ["INTEGER", "TEXT", "VARCHAR(20)", "MONEY", "NUMERIC(10, 2)", "REAL", ""]
SPACES = [" ", "\n  ", " /* x, ( */ ", " -- y'\n "]
DEFAULTS = ["5", "-1.5", "'it''s'", "(1 + 1)", "CURRENT_TIMESTAMP", "NULL"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """One column as a test writes it."""

    name: str
    type: str
    nullable: bool
    default: str | None
    extras: tuple[str, ...]

    def to_sql(self) -> str:
        """Return its definition."""
        name = quote(self.name)
        parts = [name, self.type, *(extra.format(name) for extra in self.extras)]
        parts += [] if self.nullable else ["NOT NULL"]
        parts += [f"DEFAULT {self.default}"] if self.default else []
        return " ".join(part for part in parts if part)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """A table as a test writes it."""

    columns: tuple[Column, ...]
    constraints: tuple[str, ...]
    option: str

    def to_sql(self, space: str = " ") -> str:
        """Return its ``CREATE TABLE``."""
        items = [column.to_sql() for column in self.columns]
        body = f",{space}".join([*items, *self.constraints])
        return f"CREATE TABLE{space}t{space}({space}{body}{space}){self.option}"

    def replace(self, old: Column, **changes: t.Any) -> Table:
        """Return the table with one column changed."""
        new = dataclasses.replace(old, **changes)
        columns = tuple(new if one is old else one for one in self.columns)
        return dataclasses.replace(self, columns=columns)

    def without(self, column: Column) -> Table:
        """Return the table without a column."""
        kept = tuple(one for one in self.columns if one is not column)
        return dataclasses.replace(self, columns=kept)


def quote(name: str) -> str:
    """Return a name in quotes."""
    return '"' + name.replace('"', '""') + '"'


@st.composite
def draw_columns(draw: st.DrawFn) -> tuple[Column, ...]:
    """Draw columns, each with properties of its own."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=5, unique=True))
    columns = []

    for name in names:
        extras = [
            "COLLATE NOCASE",
            "CHECK ({0} IS NOT 'never')",
            f"CONSTRAINT ck_{len(columns)} CHECK (length({{0}}) < 99)",
            "UNIQUE",
            "REFERENCES p (id) ON DELETE CASCADE DEFERRABLE",
        ]
        columns.append(
            Column(
                name=name,
                type=draw(st.sampled_from(TYPES)),
                nullable=draw(st.booleans()),
                default=draw(st.none() | st.sampled_from(DEFAULTS)),
                extras=tuple(
                    draw(st.lists(st.sampled_from(extras), max_size=3, unique=True))
                ),
            )
        )

    return tuple(columns)


@st.composite
def draw_tables(draw: st.DrawFn) -> Table:
    """Draw a table; its constraints leave the last column alone."""
    columns = draw(draw_columns())
    first, second = quote(columns[0].name), quote(columns[-2].name)
    key = draw(
        st.sampled_from(["INTEGER PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"])
    )
    options = ["", " WITHOUT ROWID"] if "AUTO" not in key else [""]
    ident = Column(name="id", type=key, nullable=True, default=None, extras=())
    constraints = [
        f"CHECK ({first} IS NOT 'x' OR {second} <> 'y')",
        f"CONSTRAINT named CHECK ({first} IS NOT '(')",
        f"UNIQUE ({second}, id)",
        f"CONSTRAINT uq UNIQUE ({first}, id)",
        f"FOREIGN KEY ({first}) REFERENCES p (id) ON UPDATE CASCADE",
        "FOREIGN KEY (id) REFERENCES t (id)",
    ]
    chosen = draw(st.lists(st.sampled_from(constraints), max_size=4, unique=True))
    return Table(
        columns=(ident, *columns),
        constraints=tuple(chosen),
        option=draw(st.sampled_from(options)),
    )


@contextlib.contextmanager
def database(*statements: str) -> cabc.Iterator[Database]:
    """Give a database in which some statements have run."""
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(pathlib.Path(folder, "app.db"))
        db.run("CREATE TABLE p (id INTEGER PRIMARY KEY)", *statements)
        yield db
        db.engine.dispose()


def describe(db: Database) -> dict[str, t.Any]:
    """Return all that SQLite says of the table, in its own order."""
    columns = db.fetch("PRAGMA table_xinfo(t)")
    indexes = db.fetch(
        'SELECT name, "unique", origin, partial FROM pragma_index_list("t")'
    )
    keys = "SELECT seqno, cid, name, desc, coll, key FROM pragma_index_xinfo('{}')"
    # A name that SQLite makes up counts the indexes as they come.
    inside = sorted(
        repr((row[1:], db.fetch(keys.format(row[0].replace("'", "''")))))
        for row in indexes
    )
    foreign = sorted(repr(row[2:]) for row in db.fetch("PRAGMA foreign_key_list(t)"))
    sql = db.get_sql("t") or ""
    table = parse_table(sql)
    # No PRAGMA tells of checks and collations.
    clauses = sorted(
        f"{column.name}: {spell(clause)}"
        for column in table.columns
        for clause in column.clauses
        if clause.kind in {"CHECK", "COLLATE"}
    )
    checks = sorted(
        f"{one.clause.name} {spell(one.clause)}" for one in table.find_all("CHECK")
    )
    return {
        "columns": [(row[1], row[2].upper(), *row[3:]) for row in columns],
        "indexes": inside,
        "foreign keys": foreign,
        "clauses": clauses,
        "checks": checks,
        "autoincrement": "AUTOINCREMENT" in sql,
        "rowid": "WITHOUT ROWID" not in sql,
    }


def spell(clause: Clause) -> str:
    """Return a clause without the difference that quotes make around a name."""
    return " ".join(
        token.text if token.kind == "string" else token.name for token in clause.body
    )


QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@given(table=draw_tables(), space=st.sampled_from(SPACES))
@QUICK
def test_text_round_trips(table: Table, space: str) -> None:
    """What is read and written makes the same table, by what SQLite says of both."""
    sql = table.to_sql(space)
    written = parse_table(sql).to_sql()
    assert parse_table(written).to_sql() == written

    with database(sql) as one, database(written) as other:
        assert describe(one) == describe(other)


Edit = t.Callable[[t.Any], None]


@st.composite
def draw_edits(draw: st.DrawFn) -> tuple[Table, Table, dict[str, str], Edit]:
    """Draw a table, the same after an edit, the new names in it, and the edit."""
    table = draw(draw_tables())
    column = table.columns[-1]
    name = column.name
    new = draw(st.sampled_from([one for one in NAMES if one not in _names(table)]))
    added = Column(name=new, type="VARCHAR(3)", nullable=True, default=None, extras=())
    kept = tuple(one for one in table.constraints if "named" not in one)
    edits: list[tuple[Table, Edit]] = [
        (table, lambda batch: None),
        (
            table.replace(column, nullable=not column.nullable),
            lambda batch: batch.alter_column(name, nullable=not column.nullable),
        ),
        (
            table.replace(column, default="'new'"),
            lambda batch: batch.alter_column(name, server_default="new"),
        ),
        (
            table.replace(column, default=None),
            lambda batch: batch.alter_column(name, server_default=None),
        ),
        (
            table.replace(column, type="VARCHAR(77)"),
            lambda batch: batch.alter_column(name, type_=sa.String(77)),
        ),
        (table.without(column), lambda batch: batch.drop_column(name)),
        (
            dataclasses.replace(table, columns=(*table.columns, added)),
            lambda batch: batch.add_column(sa.Column(new, sa.String(3))),
        ),
        (
            dataclasses.replace(
                table,
                constraints=(
                    *table.constraints,
                    f"CONSTRAINT extra UNIQUE (id, {quote(name)})",
                ),
            ),
            lambda batch: batch.create_unique_constraint("extra", ["id", name]),
        ),
        (
            table.replace(column, name=new),
            lambda batch: batch.alter_column(name, new_column_name=new),
        ),
        (
            dataclasses.replace(table, constraints=kept),
            lambda batch: kept == table.constraints or batch.drop_constraint("named"),
        ),
    ]
    after, edit = draw(st.sampled_from(edits))
    names = {name: new} if new in _names(after) and after is not edits[6][0] else {}
    return table, after, names, edit


def _names(table: Table) -> set[str]:
    return {column.name for column in table.columns}


@given(drawn=draw_edits(), space=st.sampled_from(SPACES))
@QUICK
def test_rebuild_makes_the_table_that_was_meant(
    drawn: tuple[Table, Table, dict[str, str], Edit], space: str
) -> None:
    """A batch gives the table that one would write by hand, with all its rows."""
    before, after, names, edit = drawn

    with database(before.to_sql(space)) as db, database(after.to_sql()) as oracle:
        rows = _fill(db, before)

        with db.batch(recreate="always") as batch:
            edit(batch)

        assert describe(db) == describe(oracle)
        here = _names(after)
        kept = [names.get(one.name, one.name) for one in before.columns]
        places = [place for place, name in enumerate(kept) if name in here]
        expected = [tuple(row[place] for place in places) for row in rows]
        assert _read(db, [kept[place] for place in places]) == expected


def _fill(db: Database, table: Table) -> list[tuple[t.Any, ...]]:
    """Put rows into a table that satisfy all that a test writes into it."""
    names = ", ".join(quote(column.name) for column in table.columns)
    for number in (1, 5, 9):
        values = ", ".join([str(number)] + [f"'v{number}'"] * (len(table.columns) - 1))
        db.run(f"INSERT INTO t ({names}) VALUES ({values})")

    return _read(db, [column.name for column in table.columns])


def _read(db: Database, columns: t.Iterable[str]) -> list[tuple[t.Any, ...]]:
    names = ", ".join(quote(name) for name in columns)
    return db.fetch(f"SELECT {names} FROM t ORDER BY 1")
