"""Tables that stand as the models have them are not looked at, where that is exact."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from alembic.autogenerate import comparators
from alembic.util import PriorityDispatchResult

from flask_migrate.make.autogenerate.comparison import Answers
from tests.support.projects import make_project
from tests.support.roundtrip import compare
from tests.support.roundtrip import Trip

COMPARED = {
    "autogenerate_plugins": [
        "alembic.autogenerate.*",
        "flask_migrate.*",
        "~flask_migrate.unchanged",
    ]
}
"""The same comparison, of everything."""

EDITS = (
    "ALTER TABLE things ADD COLUMN extra integer",
    "ALTER TABLE things DROP COLUMN plain",
    "ALTER TABLE things RENAME COLUMN plain TO other",
    "ALTER TABLE things ALTER COLUMN name DROP NOT NULL",
    "ALTER TABLE things ALTER COLUMN plain SET NOT NULL",
    "ALTER TABLE things ALTER COLUMN name TYPE varchar(10)",
    "ALTER TABLE things ALTER COLUMN name TYPE text",
    'ALTER TABLE things ALTER COLUMN name TYPE varchar(9) COLLATE "C"',
    "ALTER TABLE things ALTER COLUMN amount TYPE numeric(10, 3)",
    "ALTER TABLE things ALTER COLUMN moment TYPE timestamptz",
    "ALTER TABLE things ALTER COLUMN plain SET DEFAULT 5",
    "ALTER TABLE things ALTER COLUMN name SET DEFAULT 'y'",
    "ALTER TABLE things ALTER COLUMN name SET DEFAULT 'X'",
    "ALTER TABLE things ALTER COLUMN name DROP DEFAULT",
    "ALTER TABLE things ALTER COLUMN moment SET DEFAULT clock_timestamp()",
    "ALTER TABLE things ALTER COLUMN id DROP DEFAULT",
    "ALTER SEQUENCE things_id_seq OWNED BY NONE",
    "ALTER SEQUENCE things_id_seq AS smallint",
    "ALTER SEQUENCE things_id_seq OWNED BY things.plain",
    "CREATE SEQUENCE other; ALTER TABLE things ALTER COLUMN plain"
    " SET DEFAULT nextval('other'); ALTER SEQUENCE other OWNED BY things.plain",
    "ALTER TABLE things ALTER COLUMN id DROP DEFAULT;"
    " ALTER TABLE things ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE things DROP COLUMN plain;"
    " ALTER TABLE things ADD COLUMN plain integer GENERATED ALWAYS AS (id + 1) STORED",
    "COMMENT ON TABLE things IS 'seen'",
    "COMMENT ON COLUMN things.name IS 'seen'",
    "COMMENT ON CONSTRAINT ck_name ON things IS 'seen'",
    "COMMENT ON CONSTRAINT things_pkey ON things IS 'seen'",
    "ALTER TABLE things DROP CONSTRAINT things_pkey",
    "ALTER TABLE things DROP CONSTRAINT things_pkey; ALTER TABLE things"
    " ADD PRIMARY KEY (id, name)",
    "ALTER TABLE things RENAME CONSTRAINT things_pkey TO other",
    "ALTER TABLE things DROP CONSTRAINT ck_name",
    "ALTER TABLE things DROP CONSTRAINT ck_name; ALTER TABLE things"
    " ADD CONSTRAINT ck_name CHECK (plain > 1)",
    "ALTER TABLE things RENAME CONSTRAINT ck_name TO other",
    "ALTER TABLE things ADD CHECK (plain > 7)",
    "ALTER TABLE things ADD CHECK (plain > 0)",
    "ALTER TABLE things DROP CONSTRAINT things_code_key",
    "ALTER TABLE things RENAME CONSTRAINT things_code_key TO other",
    "ALTER TABLE things ADD UNIQUE (code)",
    "ALTER TABLE things DROP CONSTRAINT things_code_key; ALTER TABLE things"
    " ADD UNIQUE (code) DEFERRABLE INITIALLY DEFERRED",
    "DROP INDEX ix_plain",
    "ALTER INDEX ix_plain RENAME TO other",
    "CREATE INDEX other ON things (moment)",
    "CREATE UNIQUE INDEX other ON things (moment)",
    "DROP INDEX ix_plain; CREATE UNIQUE INDEX ix_plain ON things (plain)",
    "DROP INDEX ix_plain; CREATE INDEX ix_plain ON things (plain DESC)",
    "DROP INDEX ix_plain; CREATE INDEX ix_plain ON things USING hash (plain)",
    "DROP INDEX ix_plain; CREATE INDEX ix_plain ON things (plain) WHERE plain > 1",
    "DROP INDEX ix_plain; CREATE INDEX ix_plain ON things (plain) INCLUDE (code)",
    "DROP INDEX ix_plain; CREATE INDEX ix_plain ON things (plain, code)",
    "ALTER TABLE things DROP CONSTRAINT things_owner_id_fkey",
    "ALTER TABLE things RENAME CONSTRAINT things_owner_id_fkey TO other",
    "ALTER TABLE things ADD FOREIGN KEY (plain) REFERENCES owners (id)",
    *(
        "ALTER TABLE things DROP CONSTRAINT things_owner_id_fkey; ALTER TABLE things"
        f" ADD FOREIGN KEY (owner_id) REFERENCES {rest}"
        for rest in (
            "owners (id) ON DELETE CASCADE",
            "owners (id) ON UPDATE SET NULL",
            "owners (id) DEFERRABLE",
            "owners (id) DEFERRABLE INITIALLY DEFERRED",
            "owners (id) MATCH FULL",
            "things (id)",
        )
    ),
)

KINDS = {
    *("schema", "table", "column", "index", "check_constraint"),
    *("unique_constraint", "foreign_key_constraint"),
}
"""What Alembic and we ask a user's ``include_name`` about."""
LINK = "ALTER TABLE things DROP FOREIGN KEY things_ibfk_1, ADD CONSTRAINT"
MARIADB_EDITS = (
    *(
        f"ALTER TABLE things {words}"
        for words in (
            "ADD extra integer",
            "DROP plain, DROP CONSTRAINT ck_name",
            "RENAME COLUMN code TO other",
            "MODIFY name varchar(9) DEFAULT 'x'",
            "MODIFY plain integer NOT NULL",
            "MODIFY plain integer unsigned",
            "MODIFY name varchar(10) NOT NULL DEFAULT 'x'",
            "MODIFY name varchar(9) COLLATE utf8mb4_bin NOT NULL DEFAULT 'x'",
            "MODIFY name varchar(9) NOT NULL DEFAULT 'X'",
            "MODIFY name varchar(9) NOT NULL",
            "MODIFY name varchar(9) NOT NULL DEFAULT 'x' COMMENT 'seen'",
            "MODIFY amount numeric(10, 3) DEFAULT 0",
            "MODIFY amount numeric(10, 2) DEFAULT 1",
            "MODIFY moment timestamp NULL DEFAULT now()",
            "MODIFY moment datetime DEFAULT now() ON UPDATE now()",
            "MODIFY moment datetime(6) DEFAULT now(6)",
            "MODIFY id integer NOT NULL",
            "MODIFY code varchar(9) INVISIBLE",
            "MODIFY code varchar(9) AS (concat('x', name)) STORED",
            "DROP PRIMARY KEY, ADD PRIMARY KEY (id, name)",
            "DROP CONSTRAINT ck_name",
            "DROP CONSTRAINT ck_name, ADD CONSTRAINT ck_name CHECK (plain > 1)",
            "DROP CONSTRAINT ck_name, ADD CONSTRAINT other CHECK (plain > 0)",
            "DROP CONSTRAINT ck_name, ADD CONSTRAINT ck_name CHECK (amount > 0)",
            "DROP CONSTRAINT ck_name, ADD CONSTRAINT ck_name CHECK ('plain' > 0)",
            "ADD CHECK (plain > 7)",
            "DROP KEY code",
            "DROP KEY code, ADD KEY code (code)",
            "DROP KEY code, ADD UNIQUE KEY code (code(3))",
            "RENAME KEY code TO other",
            "ADD UNIQUE KEY other (code)",
            "DROP KEY ix_plain",
            "RENAME KEY ix_plain TO other",
            "DROP KEY ix_plain, ADD UNIQUE KEY ix_plain (plain)",
            "DROP KEY ix_plain, ADD KEY ix_plain (plain DESC)",
            "DROP KEY ix_plain, ADD KEY ix_plain (plain, code)",
            "DROP KEY ix_plain, ADD KEY ix_plain (plain) USING BTREE",
            "ADD KEY other (moment)",
            "ADD KEY moment (moment)",
            "ADD FULLTEXT KEY other (name)",
            "DROP FOREIGN KEY things_ibfk_1",
            "ADD FOREIGN KEY (plain) REFERENCES owners (id)",
            "COMMENT 'seen'",
            "CHARACTER SET latin1",
            "CONVERT TO CHARACTER SET latin1",
            "COLLATE utf8mb4_bin",
            "ROW_FORMAT=COMPRESSED",
        )
    ),
    *(
        f"{LINK} {rest}"
        for rest in (
            "other FOREIGN KEY (owner_id) REFERENCES owners (id)",
            "x FOREIGN KEY (owner_id) REFERENCES owners (id) ON DELETE CASCADE",
            "x FOREIGN KEY (owner_id) REFERENCES owners (id) ON UPDATE SET NULL",
            "x FOREIGN KEY (owner_id) REFERENCES owners (id) ON DELETE NO ACTION",
            "x FOREIGN KEY (owner_id) REFERENCES things (id)",
        )
    ),
)
SQLITE_EDITS = (
    ("name VARCHAR(9)", "name VARCHAR(10)"),
    ("name VARCHAR(9)", "name TEXT"),
    ("name VARCHAR(9)", "name VARCHAR(9) COLLATE NOCASE"),
    ("name VARCHAR(9)", "Name VARCHAR(9)"),
    ("name VARCHAR(9)", '"name" varchar(9)'),
    ("DEFAULT 'x' NOT NULL", "DEFAULT 'x'"),
    ("DEFAULT 'x' NOT NULL", "DEFAULT 'X' NOT NULL"),
    ("DEFAULT 'x' NOT NULL", "NOT NULL"),
    ("DEFAULT CURRENT_TIMESTAMP", "DEFAULT CURRENT_DATE"),
    ("DEFAULT CURRENT_TIMESTAMP", 'DEFAULT "CURRENT_TIMESTAMP"'),
    ("plain INTEGER", "plain INTEGER NOT NULL"),
    ("plain INTEGER", "plain INTEGER UNIQUE"),
    ("plain INTEGER", "plain INTEGER AS (id + 1)"),
    ("plain INTEGER", "extra INTEGER, plain INTEGER"),
    ("owner_id", "other_id"),
    ("moment DATETIME", "other DATETIME"),
    ("moment DATETIME DEFAULT CURRENT_TIMESTAMP, ", ""),
    ("NUMERIC(10, 2)", "NUMERIC(10, 3)"),
    ("PRIMARY KEY (id)", "PRIMARY KEY (id, name)"),
    ("PRIMARY KEY (id)", "PRIMARY KEY (id) ON CONFLICT FAIL"),
    ("CONSTRAINT ck_name ", ""),
    ("ck_name", "other"),
    ("plain > 0", "plain > 1"),
    ("plain > 0", "plain>0"),
    ("plain > 0", "'plain' > 0"),
    ("UNIQUE (code), ", ""),
    ("UNIQUE (code)", "CONSTRAINT other UNIQUE (code)"),
    ("UNIQUE (code)", "UNIQUE (code, plain)"),
    ("UNIQUE (code)", "UNIQUE (code), UNIQUE (plain)"),
    (", FOREIGN KEY(owner_id) REFERENCES owners (id)", ""),
    ("REFERENCES owners (id)", "REFERENCES owners (id) ON DELETE CASCADE"),
    ("REFERENCES owners (id)", "REFERENCES owners (id) DEFERRABLE"),
    ("REFERENCES owners (id)", "REFERENCES things (id)"),
    ("(id) )", "(id) ) WITHOUT ROWID"),
    ("ON things (plain)", "ON things (plain DESC)"),
    ("ON things (plain)", "ON things (plain, code)"),
    ("ON things (plain)", "ON things (plain) WHERE plain > 1"),
    ("CREATE INDEX ix_plain", "CREATE UNIQUE INDEX ix_plain"),
    ("CREATE INDEX ix_plain", "CREATE INDEX other"),
    (
        "CREATE INDEX ix_plain",
        "CREATE INDEX other ON things (moment); CREATE INDEX ix_plain",
    ),
    ("CREATE INDEX ix_plain ON things (plain)", ""),
)
"""What is said otherwise in the texts that the database has of the tables."""


def make_models() -> sa.MetaData:
    """Return two tables with a little of everything."""
    metadata = sa.MetaData()
    sa.Table("owners", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "things",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(9), nullable=False, server_default="x"),
        sa.Column("code", sa.String(9), unique=True),
        sa.Column("plain", sa.Integer),
        sa.Column("amount", sa.Numeric(10, 2), server_default="0"),
        sa.Column("moment", sa.DateTime, server_default=sa.func.now()),
        sa.Column("owner_id", sa.ForeignKey("owners.id")),
        sa.CheckConstraint("plain > 0", name="ck_name"),
        sa.Index("ix_plain", "plain"),
    )
    return metadata


@pytest.fixture
def connection(database_url: str) -> cabc.Iterator[sa.Connection]:
    """A connection to a database that has the models."""
    engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")

    with engine.connect() as connection:
        make_models().create_all(connection)
        yield connection

    engine.dispose()


@contextlib.contextmanager
def watching() -> cabc.Iterator[set[str]]:
    """Note the tables that are made of what was read."""
    seen: set[str] = set()

    def note(_inspector: object, table: sa.Table, _column: object) -> None:
        seen.add(table.name)

    sa.event.listen(sa.Table, "column_reflect", note)

    try:
        yield seen
    finally:
        sa.event.remove(sa.Table, "column_reflect", note)


def look(
    connection: sa.Connection, metadata: sa.MetaData | None = None, **options: t.Any
) -> tuple[Trip, set[str]]:
    """Compare, and return what was found and which tables were looked at."""
    answers = Answers(renames="never", allow_mass_drop=True)

    with watching() as seen:
        trip = compare(
            connection, metadata or make_models(), answers=answers, options=options
        )

    return trip, seen


def test_nothing_is_looked_at(connection: sa.Connection) -> None:
    """Without a change no table is made."""
    trip, seen = look(connection)
    assert (trip.upgrade, seen) == ("", set())


def test_the_command_looks_at_nothing(
    connection: sa.Connection, tmp_path: pathlib.Path
) -> None:
    """What `flask db check` says to Alembic does not switch it off."""
    project = make_project(tmp_path, engines=connection.engine, metadatas=make_models())

    with watching() as seen:
        project.run_well("check", "--against", "database")

    assert seen == set()


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_found_as_ever(connection: sa.Connection, edit: str) -> None:
    """A table that was changed is compared in full, with the same result."""
    connection.exec_driver_sql(edit)
    check_edited(connection, is_renamed="RENAME COLUMN" in edit)


@pytest.mark.backends("mariadb")
@pytest.mark.parametrize("edit", MARIADB_EDITS)
def test_mariadb_finds_an_edit_as_ever(connection: sa.Connection, edit: str) -> None:
    """The same in the words of MariaDB."""
    connection.exec_driver_sql(edit)
    check_edited(connection, is_renamed="RENAME COLUMN" in edit)


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("edit", SQLITE_EDITS)
def test_sqlite_finds_an_edit_as_ever(
    connection: sa.Connection, edit: tuple[str, str]
) -> None:
    """The same by what is said otherwise in a text of SQLite."""
    texts = connection.scalars(
        sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = 'things' AND sql <> ''")
    )
    whole = ";".join(" ".join(one.split()) for one in texts)
    assert edit[0] in whole
    connection.exec_driver_sql("DROP TABLE things")

    for statement in whole.replace(*edit).split(";"):
        connection.exec_driver_sql(statement)

    check_edited(connection, is_renamed=edit[1].startswith(("other", "Name")))


def check_edited(connection: sa.Connection, *, is_renamed: bool) -> None:
    """Demand that a comparison finds what one of everything does.

    :param is_renamed: something may be a rename: that is read in another way.
    """
    trip, seen = look(connection)
    expected, every = look(connection, **COMPARED)
    assert sorted(trip.upgrade.splitlines()) == sorted(expected.upgrade.splitlines())
    assert trip.notes == expected.notes
    assert every == {"owners", "things"}
    assert seen <= {"things"} or is_renamed
    assert not trip.is_detected or "things" in seen


def test_a_new_table_and_one_that_goes(connection: sa.Connection) -> None:
    """What is only on one side is found among tables that are not looked at."""
    connection.exec_driver_sql("CREATE TABLE strange (id integer)")
    metadata = make_models()
    sa.Table("fresh", metadata, sa.Column("id", sa.Integer, primary_key=True))
    trip, _ = look(connection, metadata)
    assert sorted(trip.operations) == ["CreateTableOp", "DropTableOp"]


def make_keyed(first: str, second: str) -> sa.MetaData:
    """Return models in which two columns, `a` and `b`, have these keys."""
    metadata = sa.MetaData()
    sa.Table(
        "homes",
        metadata,
        sa.Column("a", sa.Integer, key=first, unique=True),
        sa.Column("b", sa.Integer, key=second, unique=True),
    )
    sa.Table(
        "guests",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("home", sa.ForeignKey("homes.b")),
    )
    return metadata


def test_a_foreign_key_ends_at_a_name(database_url: str) -> None:
    """The key of a column may be the name of another one."""
    engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")

    with engine.connect() as connection:
        make_keyed("a", "b").create_all(connection)
        assert look(connection, make_keyed("a", "b"))[1] == set()
        assert "guests" in look(connection, make_keyed("b", "a"))[1]

    engine.dispose()


@pytest.mark.parametrize(
    "name",
    ["include_object", "compare_type", "compare_server_default"],
)
def test_a_hook_sees_every_table(connection: sa.Connection, name: str) -> None:
    """What a user's own function may say is not foretold."""
    answer = True if name == "include_object" else None
    assert look(connection, **{name: lambda *_: answer})[1] == {"owners", "things"}


@pytest.mark.parametrize("hidden", [None, "plain", "ix_plain", "ck_name"])
def test_a_table_of_which_a_name_is_hidden(
    connection: sa.Connection, hidden: str | None
) -> None:
    """A hook that hides something of a table decides about that table only."""

    def include_name(name: str | None, kind: str, parents: object) -> bool:
        assert kind in KINDS
        return name != hidden or name is None

    trip, seen = look(connection, include_name=include_name)
    expected, _ = look(connection, include_name=include_name, **COMPARED)
    assert seen == (set() if hidden is None else {"things"})
    assert sorted(trip.upgrade.splitlines()) == sorted(expected.upgrade.splitlines())


def test_a_comparator_of_others_sees_every_table(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else compares is not foretold."""
    seen = []

    def note(_context: object, _changes: object, _schema: object, name: str, *_: t.Any):  # type: ignore[no-untyped-def]
        seen.append(name)
        return PriorityDispatchResult.CONTINUE

    monkeypatch.setattr(comparators, "_registry", comparators.branch()._registry)
    comparators.dispatch_for("table")(note)
    look(connection)
    assert seen == ["owners", "things"]
