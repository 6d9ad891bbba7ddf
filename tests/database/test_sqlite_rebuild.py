"""A batch on SQLite rebuilds a table and loses nothing, or leaves it as it was."""

from __future__ import annotations

import io
import logging
import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from flask_migrate.errors import DataAtRisk
from flask_migrate.revisions.operations import make_impl
from flask_migrate.revisions.operations.sqlite import ForeignKeysEnforced
from tests.support.rebuilds import Database
from tests.support.rebuilds import open_database


@pytest.fixture
def db(tmp_path: pathlib.Path) -> t.Iterator[Database]:
    """A database in a new file, with a table that others can point to."""
    database = open_database(tmp_path / "app.db")
    database.run("CREATE TABLE p (id INTEGER PRIMARY KEY)", "INSERT INTO p VALUES (1)")
    yield database
    database.engine.dispose()


# -- what reflection does not see -----------------------------------------------------

PARTS = {
    "named check": "a INT, CONSTRAINT ck CHECK (a > 0)",
    "unnamed check": "a INT, CHECK (a > 0)",
    "unnamed check of a column": "a INT CHECK (a > 0)",
    "named check of a column": "a INT CONSTRAINT ck CHECK (a > 0)",
    "named unique": "a INT, CONSTRAINT uq UNIQUE (a)",
    "unnamed unique": "a INT, UNIQUE (a)",
    "unique of a column": "a INT UNIQUE",
    "named unique of a column": "a INT CONSTRAINT uq UNIQUE",
    "named key of a column": "a INT CONSTRAINT fk REFERENCES p (id)",
    "conflict clauses": "a INT NOT NULL ON CONFLICT REPLACE DEFAULT 7,"
    " UNIQUE (a) ON CONFLICT IGNORE",
    "deferrable key": "a INT, FOREIGN KEY (a) REFERENCES p (id)"
    " DEFERRABLE INITIALLY DEFERRED",
    "cascade of a column": "a INT REFERENCES p (id) ON DELETE CASCADE",
    "cascade of the table": "a INT, FOREIGN KEY (a) REFERENCES p (id)"
    " ON DELETE CASCADE ON UPDATE SET NULL",
    "key to itself": "a INT REFERENCES t (id) ON DELETE CASCADE",
    "default number": "a INT DEFAULT -5",
    "default text": "a TEXT DEFAULT 'it''s, (ok)'",
    "default expression": "a INT DEFAULT (abs(-1) + 2)",
    "default function": "a TEXT DEFAULT CURRENT_TIMESTAMP",
    "collation": "a TEXT COLLATE NOCASE",
    "declared type": "a MONEY",
    "type of several words": "a UNSIGNED BIG INT",
    "no type": "a",
    "generated, stored": "a INT, g INT GENERATED ALWAYS AS (a * 2) STORED",
    "generated, virtual": "a INT, g INT AS (a || 'x') VIRTUAL",
    "comments": "a INT /* dollars, not cents */",
    "quoted names": 'a INT, [b c] INT, `d,e` INT, "f""g" INT, \'h\' INT',
    "no comma between constraints": "a INT, CHECK (a > 0), UNIQUE (a)",
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_text_is_kept(db: Database, part: str) -> None:
    """A rebuild changes, in the stored text, what the batch names and nothing else."""
    before = f'CREATE TABLE "t" (id INTEGER PRIMARY KEY, n INT, x INT, {part})'
    db.run(before, "INSERT INTO t (id, n, x, a) VALUES (1, 2, 3, 1)")
    rows = db.fetch("SELECT * FROM t")

    with db.batch() as batch:
        batch.alter_column("n", nullable=False)

    assert db.get_sql("t") == before.replace("n INT", "n INT NOT NULL", 1)
    assert db.fetch("SELECT * FROM t") == rows

    with db.batch() as batch:
        batch.drop_column("x")

    after = before.replace("n INT", "n INT NOT NULL", 1).replace(" x INT,", "", 1)
    assert db.get_sql("t") == after
    assert db.fetch("SELECT * FROM t") == [(row[0], row[1], *row[3:]) for row in rows]


OPTIONS = ["STRICT", "WITHOUT ROWID", "STRICT, WITHOUT ROWID"]


@pytest.mark.parametrize("option", OPTIONS)
def test_option_is_kept(db: Database, option: str) -> None:
    """STRICT and WITHOUT ROWID outlive a rebuild."""
    db.run(f"CREATE TABLE t (id TEXT PRIMARY KEY, n INT) {option}")

    with db.batch() as batch:
        batch.alter_column("n", nullable=False)

    assert (db.get_sql("t") or "").endswith(f") {option}")


HANGERS = {
    "plain": "CREATE INDEX hanger on t (a)",
    "partial": "CREATE UNIQUE INDEX hanger ON t(a) WHERE a > 0 AND n is not null",
    "expression": "CREATE INDEX hanger ON t (lower(a), a || ':x')",
    "descending": "CREATE INDEX hanger ON t (a DESC, n)",
    "collated": "CREATE UNIQUE INDEX hanger ON t (a COLLATE NOCASE)",
    "trigger": "CREATE TRIGGER hanger AFTER UPDATE OF a ON t WHEN new.a > 0"
    " BEGIN INSERT INTO log VALUES (new.id, ':x'); END",
    "view": "CREATE VIEW hanger AS SELECT a, ':x' AS b FROM t",
    "trigger of another table": "CREATE TRIGGER hanger AFTER DELETE ON p"
    " BEGIN DELETE FROM t WHERE a = old.id; END",
    "trigger of a view": "CREATE TRIGGER hanger INSTEAD OF INSERT ON w"
    " BEGIN INSERT INTO t (a) VALUES (new.a); END",
}


@pytest.mark.parametrize("sql", HANGERS.values(), ids=HANGERS)
@pytest.mark.parametrize("change", ["alter", "drop"])
def test_hanger_is_kept(db: Database, sql: str, change: str) -> None:
    """Indexes, triggers and views come back from a rebuild as they were written."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INT, x INT)",
        "CREATE TABLE log (id INT, what TEXT)",
        "CREATE VIEW w AS SELECT a FROM t",
        sql,
    )

    with db.batch() as batch:
        if change == "alter":
            batch.alter_column("n", nullable=False)
        else:
            batch.drop_column("x")

    assert db.get_sql("hanger") == sql


def test_trigger_still_fires(db: Database) -> None:
    """A trigger works after a rebuild, and did not fire during it."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT)",
        "CREATE TABLE log (id INT)",
        "INSERT INTO t VALUES (1, 1)",
        "CREATE TRIGGER one AFTER INSERT ON t"
        " BEGIN INSERT INTO log VALUES (new.id); END",
        "CREATE TRIGGER two AFTER DELETE ON t BEGIN INSERT INTO log VALUES (-1); END",
    )

    with db.batch() as batch:
        batch.alter_column("n", nullable=False)

    db.run("INSERT INTO t VALUES (2, 2)")
    assert db.fetch("SELECT id FROM log") == [(2,)]


def test_number_is_not_given_twice(db: Database) -> None:
    """AUTOINCREMENT goes on behind the highest number that ever was."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n INT)",
        "INSERT INTO t (n) VALUES (1), (2), (3)",
        "DELETE FROM t WHERE id > 1",
    )

    with db.batch() as batch:
        batch.alter_column("n", nullable=False)

    db.run("INSERT INTO t (n) VALUES (4)")
    assert db.fetch("SELECT id FROM t") == [(1,), (4,)]
    assert db.fetch("SELECT name, seq FROM sqlite_sequence") == [("t", 4)]


def test_hidden_row_number_is_kept(db: Database) -> None:
    """A table without a key keeps its row numbers: full-text indexes point to them."""
    db.run(
        "CREATE TABLE t (n INT)",
        "INSERT INTO t VALUES (1), (2), (3)",
        "DELETE FROM t WHERE n = 2",
    )

    with db.batch() as batch:
        batch.alter_column("n", nullable=False)

    assert db.fetch("SELECT rowid, n FROM t") == [(1, 1), (3, 3)]


def test_statistics_are_kept(db: Database) -> None:
    """What ANALYZE has found out is there after a rebuild."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT UNIQUE)",
        "CREATE INDEX ix ON t (n)",
        "INSERT INTO t (n) VALUES (1), (2)",
        "ANALYZE",
    )
    before = db.fetch("SELECT * FROM sqlite_stat1 ORDER BY 1, 2")

    with db.batch() as batch:
        batch.alter_column("n", nullable=False)

    assert db.fetch("SELECT * FROM sqlite_stat1 ORDER BY 1, 2") == before


def test_view_that_was_broken_does_not_stop_a_rebuild(db: Database) -> None:
    """What did not work before may go on not working."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT)",
        "CREATE VIEW broken AS SELECT * FROM nowhere",
        "CREATE TRIGGER bad AFTER INSERT ON t BEGIN SELECT new.nil; END",
    )

    with db.batch() as batch:
        batch.alter_column("n", nullable=False)

    assert "NOT NULL" in (db.get_sql("t") or "")
    assert db.get_sql("bad") is not None


def test_attached_database(db: Database, tmp_path: pathlib.Path) -> None:
    """A rebuild in an attached database stays in it."""
    other = tmp_path / "other.db"

    with db.engine.connect() as connection:
        connection.exec_driver_sql(f"ATTACH '{other}' AS other")
        connection.commit()

    db.run(
        "CREATE TABLE other.t (id INTEGER PRIMARY KEY, n INT)",
        "CREATE INDEX other.ix ON t (n)",
        "CREATE TRIGGER other.tr AFTER INSERT ON t BEGIN SELECT 1; END",
    )

    with db.batch(schema="other") as batch:
        batch.alter_column("n", nullable=False)

    found = db.fetch("SELECT name FROM other.sqlite_master ORDER BY 1")
    assert found == [("ix",), ("t",), ("tr",)]
    assert db.fetch("SELECT name FROM main.sqlite_master ORDER BY 1") == [("p",)]


# -- rows -----------------------------------------------------------------------------


def test_enforced_keys_stop_a_rebuild(db: Database) -> None:
    """While SQLite enforces foreign keys, a rebuild refuses to begin."""
    db.run("CREATE TABLE c (p INT REFERENCES p (id) ON DELETE CASCADE)")

    with db.engine.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys = ON")

    with (
        pytest.raises(ForeignKeysEnforced, match="foreign_keys"),
        db.batch("p") as batch,
    ):
        batch.alter_column("id", nullable=False)


def test_children_are_kept(db: Database) -> None:
    """The rows that point to a rebuilt table stay, and still point to it."""
    db.run(
        "CREATE TABLE c (p INT REFERENCES p (id) ON DELETE CASCADE)",
        "INSERT INTO c VALUES (1)",
    )

    with db.batch("p") as batch:
        batch.alter_column("id", nullable=False)

    assert db.fetch("SELECT * FROM c") == [(1,)]
    assert db.fetch("PRAGMA foreign_key_list(c)")[0][2:4] == ("p", "p")
    assert db.fetch("PRAGMA foreign_key_check") == []


def test_rows_that_the_copy_swallows(db: Database) -> None:
    """A conflict clause that would leave out rows stops the rebuild."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT)",
        "INSERT INTO t (n) VALUES (1), (1)",
    )

    with (
        pytest.raises(DataAtRisk, match="the copy has 1 rows, the original 2"),
        db.batch() as batch,
    ):
        batch.create_unique_constraint("uq", ["n"], sqlite_on_conflict="IGNORE")

    assert db.fetch("SELECT n FROM t") == [(1,), (1,)]


def test_failing_copy_leaves_nothing(db: Database) -> None:
    """When rows do not fit, everything is as it was, and the retry works."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT)",
        "INSERT INTO t (n) VALUES (NULL)",
    )
    before = db.fetch("SELECT * FROM sqlite_master")

    with (
        pytest.raises(sa.exc.IntegrityError, match="NOT NULL"),
        db.batch() as batch,
    ):
        batch.alter_column("n", nullable=False)

    assert db.fetch("SELECT * FROM sqlite_master") == before
    db.run("UPDATE t SET n = 1")

    with db.batch() as batch:
        batch.alter_column("n", nullable=False)

    assert db.fetch("PRAGMA legacy_alter_table") == [(0,)]


# -- changes --------------------------------------------------------------------------


def test_every_change_of_a_column(db: Database) -> None:
    """Type, NULL and default change in place, beside what is not spoken of."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY,"
        " a VARCHAR(5) COLLATE NOCASE NOT NULL ON CONFLICT FAIL DEFAULT 'x'"
        " CHECK (a <> ''),"
        " b INT DEFAULT 5)"
    )

    with db.batch() as batch:
        batch.alter_column("a", type_=sa.String(9), nullable=True, server_default=None)
        batch.alter_column("b", nullable=False, server_default=sa.text("(1 + 1)"))
        batch.add_column(sa.Column("c", sa.Boolean(), server_default="1"))

    assert " ".join((db.get_sql("t") or "").split()) == (
        'CREATE TABLE "t" (id INTEGER PRIMARY KEY,'
        " a VARCHAR(9) COLLATE NOCASE CHECK (a <> ''),"
        " b INT DEFAULT (1 + 1) NOT NULL, c BOOLEAN DEFAULT '1')"
    )


def test_new_columns_where_they_are_wanted(db: Database) -> None:
    """``insert_before``, ``insert_after`` and ``partial_reordering`` still work."""
    db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, n INT)")

    with db.batch(recreate="always") as batch:
        batch.add_column(sa.Column("b", sa.Integer()), insert_after="id")
        batch.add_column(sa.Column("c", sa.Integer()), insert_before="n")

    names = [row[1] for row in db.fetch("PRAGMA table_info(t)")]
    assert names == ["id", "b", "a", "c", "n"]

    order = [("n", "a", "b", "c", "id")]

    with db.batch(recreate="always", partial_reordering=order):
        pass

    names = [row[1] for row in db.fetch("PRAGMA table_info(t)")]
    assert names == ["n", "a", "b", "c", "id"]
    assert "COLLATE NOCASE" in (db.get_sql("t") or "")


def test_constraints_come_and_go(db: Database) -> None:
    """A batch adds, drops and replaces constraints among those that stay."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, n INT CHECK (n > 0),"
        " CONSTRAINT uq_a UNIQUE (a), CONSTRAINT ck CHECK (a > 0), CHECK (a < 9),"
        " CONSTRAINT fk FOREIGN KEY (n) REFERENCES p (id))"
    )

    with db.batch() as batch:
        batch.drop_constraint("uq_a", type_="unique")
        batch.drop_constraint("ck", type_="check")
        batch.drop_constraint("fk", type_="foreignkey")
        batch.create_check_constraint("ck", sa.text("a > 1"))
        batch.create_unique_constraint("uq", ["a", "n"])
        batch.create_foreign_key("fk", "p", ["n"], ["id"], ondelete="CASCADE")

    assert " ".join((db.get_sql("t") or "").split()) == (
        'CREATE TABLE "t" (id INTEGER PRIMARY KEY, a INT, n INT CHECK (n > 0),'
        " CHECK (a < 9), CONSTRAINT ck CHECK (a > 1), CONSTRAINT uq UNIQUE (a, n),"
        " CONSTRAINT fk FOREIGN KEY(n) REFERENCES p (id) ON DELETE CASCADE)"
    )


def test_primary_key_is_replaced(db: Database) -> None:
    """A new primary key takes the place of the old one."""
    db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INT CHECK (n > 0))")

    with db.batch() as batch:
        batch.create_primary_key("pk", ["id", "n"])

    assert " ".join((db.get_sql("t") or "").split()) == (
        'CREATE TABLE "t" (id INTEGER, n INT CHECK (n > 0),'
        ' CONSTRAINT pk PRIMARY KEY ("id", "n"))'
    )

    with db.batch() as batch:
        batch.drop_constraint("pk", type_="primary")

    assert "PRIMARY KEY" not in (db.get_sql("t") or "")


def test_primary_key_gets_a_name(db: Database) -> None:
    """A key of the same columns is the same key, and keeps what else it says."""
    db.run("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)")

    with db.batch() as batch:
        batch.create_primary_key("pk", ["id"])

    assert db.get_sql("t") == (
        'CREATE TABLE "t" (id INTEGER CONSTRAINT pk PRIMARY KEY AUTOINCREMENT)'
    )

    with db.batch() as batch:
        batch.drop_constraint("pk", type_="primary")

    assert db.get_sql("t") == 'CREATE TABLE "t" (id INTEGER)'


def test_naming_convention(db: Database) -> None:
    """Constraints without a name are found by their convention, and get their names."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT UNIQUE,"
        " n INT REFERENCES p (id) ON DELETE CASCADE)"
    )
    convention = {
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }

    with db.batch(naming_convention=convention) as batch:
        batch.drop_constraint("uq_t_a", type_="unique")

    assert db.get_sql("t") == (
        'CREATE TABLE "t" (id INTEGER PRIMARY KEY, a INT, n INT,'
        ' CONSTRAINT fk_t_n_p FOREIGN KEY ("n") REFERENCES p (id) ON DELETE CASCADE)'
    )

    with db.batch() as batch:
        batch.drop_constraint("fk_t_n_p", type_="foreignkey")

    assert db.get_sql("t") == 'CREATE TABLE "t" (id INTEGER PRIMARY KEY, a INT, n INT)'


def test_indexes_come_and_go(db: Database) -> None:
    """An index that the batch drops is gone; new ones may be of expressions."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INT)",
        "CREATE INDEX old ON t (a)",
        "CREATE INDEX kept ON t (lower(a))",
    )

    with db.batch() as batch:
        batch.drop_index("old")
        batch.alter_column("n", nullable=False)
        batch.create_index("new", ["a"], unique=True)
        batch.create_index("shout", [sa.text("upper(a)")])

    names = "SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY 1"
    assert db.fetch(names) == [("kept",), ("new",), ("shout",)]
    assert "upper(a)" in (db.get_sql("shout") or "")


def test_list_of_values_is_replaced(db: Database) -> None:
    """An Enum with a new value is not held back by the check of the old one."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, s VARCHAR(1), n INT,"
        " CHECK (s IN ('a', 'b')), CHECK (n > 0))"
    )
    new = sa.Enum("a", "b", "c", create_constraint=True, native_enum=False)

    with db.batch() as batch:
        batch.alter_column("s", type_=new)

    db.run("INSERT INTO t (s, n) VALUES ('c', 1)")
    assert (db.get_sql("t") or "").count("CHECK") == 2


def test_type_takes_its_check_along(db: Database) -> None:
    """The check of a Boolean goes with the type when the revision names that type."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, s BOOLEAN, CHECK (s IN (0, 1)),"
        " CHECK (s < 5))"
    )
    old = sa.Boolean(create_constraint=True)

    with db.batch() as batch:
        batch.alter_column("s", existing_type=old, type_=sa.Integer())

    sql = 'CREATE TABLE "t" (id INTEGER PRIMARY KEY, s INTEGER, CHECK (s < 5))'
    assert db.get_sql("t") == sql


def test_table_options_are_heard(db: Database) -> None:
    """``table_args`` and ``table_kwargs`` still work, and a check is not doubled."""
    db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, CHECK (n > 0))")
    extra = (sa.CheckConstraint("n > 0"), sa.CheckConstraint("n < 9", name="small"))
    options = {"sqlite_autoincrement": True, "sqlite_strict": True}

    with db.batch(recreate="always", table_args=extra, table_kwargs=options):
        pass

    assert " ".join((db.get_sql("t") or "").split()) == (
        'CREATE TABLE "t" (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER,'
        " CHECK (n > 0), CONSTRAINT small CHECK (n < 9)) STRICT"
    )


# -- names ----------------------------------------------------------------------------


def test_rename_reaches_everything(db: Database) -> None:
    """A new name arrives in checks, indexes, triggers, views and other tables."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT UNIQUE CHECK (a > 0), n INT)",
        "CREATE INDEX ix ON t (a DESC) WHERE a > 5",
        "CREATE TRIGGER tr AFTER UPDATE OF a ON t BEGIN SELECT new.a; END",
        "CREATE VIEW v AS SELECT t.a AS x FROM t",
        "CREATE TABLE c (t INT REFERENCES t (a))",
        "INSERT INTO t VALUES (1, 7, 1)",
    )

    with db.batch() as batch:
        batch.alter_column("a", new_column_name="b")
        batch.alter_column("n", nullable=False)
        batch.create_unique_constraint("uq", ["b", "n"])
        batch.create_index("ix_new", ["b", "n"])

    assert db.fetch("SELECT x FROM v") == [(7,)]
    assert "CHECK (b > 0)" in (db.get_sql("t") or "")
    assert "CONSTRAINT uq UNIQUE (b, n)" in (db.get_sql("t") or "")
    assert 't ("b" DESC) WHERE "b" > 5'.replace('"', "") in (
        (db.get_sql("ix") or "").replace('"', "")
    )
    assert "OF b" in (db.get_sql("tr") or "").replace('"', "")
    assert "REFERENCES t (b)" in (db.get_sql("c") or "").replace('"', "")
    assert db.get_sql("ix_new") is not None


def test_rename_alone_copies_nothing(db: Database) -> None:
    """A batch of nothing but renames is left to SQLite."""
    db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a INT)")

    with db.engine.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys = ON")

    with db.batch() as batch:
        batch.alter_column("a", new_column_name="b")

    assert db.get_sql("t") == "CREATE TABLE t (id INTEGER PRIMARY KEY, b INT)"


def test_columns_exchange_their_names(db: Database) -> None:
    """Two columns may take each other's name in one batch."""
    db.run("CREATE TABLE t (a INT, b TEXT)", "INSERT INTO t VALUES (1, 'x')")

    with db.batch() as batch:
        batch.alter_column("a", new_column_name="b")
        batch.alter_column("b", new_column_name="a")

    assert db.fetch("SELECT b, a FROM t") == [(1, "x")]
    assert db.get_sql("t") == 'CREATE TABLE "t" (b INT, a TEXT)'


def test_name_of_a_dropped_column_is_free(db: Database) -> None:
    """A column may take the name of one that the same batch drops."""
    db.run("CREATE TABLE t (a INT, b TEXT)", "INSERT INTO t VALUES (1, 'x')")

    with db.batch() as batch:
        batch.drop_column("b")
        batch.alter_column("a", new_column_name="b")

    assert db.fetch("SELECT * FROM t") == [(1,)]


def test_check_of_a_renamed_enum_is_kept(db: Database) -> None:
    """The check of an Enum stays when its column is renamed."""
    db.run("CREATE TABLE t (n INT, s TEXT, CONSTRAINT ck CHECK (s IN ('a', 'b')))")
    old = sa.Enum("a", "b", name="ck", create_constraint=True)

    with db.batch() as batch:
        batch.alter_column("n", nullable=False)
        batch.alter_column("s", new_column_name="state", existing_type=old)

    assert "CONSTRAINT ck CHECK (state IN ('a', 'b'))" in (db.get_sql("t") or "")


def test_rename_that_sqlite_refuses(db: Database) -> None:
    """A rename that SQLite cannot follow everywhere stops with its reason."""
    db.run(
        "CREATE TABLE t (a INT, n INT)",
        "CREATE VIEW broken AS SELECT * FROM nowhere",
    )

    with (
        pytest.raises(DataAtRisk, match=r"does not rename a to b: .*broken"),
        db.batch() as batch,
    ):
        batch.alter_column("a", new_column_name="b", nullable=False)


# -- what a dropped column takes along, and what stops it -----------------------------


def test_dropped_column_takes_its_own_along(db: Database) -> None:
    """Keys with the column go, and checks that are about nothing else."""
    db.run(
        "CREATE TABLE t (id INT, a INT UNIQUE CHECK (a > 0) REFERENCES p (id), b INT,"
        " PRIMARY KEY (id, a), UNIQUE (a, b), CHECK (a IN (1, 2)), CHECK (b > 0),"
        " FOREIGN KEY (a) REFERENCES p (id))"
    )

    with db.batch() as batch:
        batch.drop_column("a")

    assert db.get_sql("t") == (
        'CREATE TABLE "t" (id INT, b INT, CHECK (b > 0), PRIMARY KEY ("id"))'
    )


def test_key_that_goes_is_named(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    """A key of several columns goes with one of them, not without a word."""
    db.run("CREATE TABLE t (b INT, a INT, UNIQUE (a, b), UNIQUE (b), UNIQUE (a))")

    with caplog.at_level(logging.WARNING), db.batch() as batch:
        batch.drop_column("a")

    assert [record.getMessage() for record in caplog.records] == [
        "t: UNIQUE ( a , b ) goes with a column of it"
    ]
    assert db.get_sql("t") == 'CREATE TABLE "t" (b INT, UNIQUE (b))'


def test_column_is_dropped_and_added(db: Database) -> None:
    """A column may be dropped and made anew in one batch, and is empty then."""
    db.run("CREATE TABLE t (n INT, a TEXT COLLATE NOCASE)")
    db.run("INSERT INTO t VALUES (2, 'x')")

    with db.batch() as batch:
        batch.drop_column("a")
        batch.add_column(sa.Column("a", sa.Integer()))

    assert db.get_sql("t") == 'CREATE TABLE "t" (n INT, \n\ta INTEGER)'
    assert db.fetch("SELECT n, a FROM t") == [(2, None)]


@pytest.mark.parametrize("new_name", ["a", "b"])
def test_column_is_not_added_over_another(db: Database, new_name: str) -> None:
    """A new column does not take the place, and the values, of one that is there."""
    db.run("CREATE TABLE t (n INT, a TEXT)", "INSERT INTO t VALUES (2, 'x')")

    def change() -> None:
        with db.batch(recreate="always") as batch:
            batch.alter_column("a", new_column_name=new_name)
            batch.add_column(sa.Column("a", sa.Integer()))

    with pytest.raises(DataAtRisk, match="a column a is added while there is one"):
        change()

    assert db.fetch("SELECT n, a FROM t") == [(2, "x")]


NEEDS = {
    "check": ("a INT, n INT, CHECK (a > n)", "", "CHECK"),
    "named check": ("a INT, n INT, CONSTRAINT ck CHECK (a > n)", "", "ck needs it"),
    "check of a column": ("a INT, n INT CHECK (n > a)", "", "n CHECK"),
    "generated column": ("a INT, n INT AS (a * 2)", "", "GENERATED|AS"),
    "index": ("a INT, n INT", "CREATE INDEX ix ON t (n, a)", "index ix"),
    "expression": ("a INT, n INT", "CREATE INDEX ix ON t (abs(a))", "index ix"),
    "partial index": (
        "a INT, n INT",
        'CREATE INDEX ix ON t (n) WHERE "a" > 0',
        "index ix",
    ),
    "view": ("a INT, n INT", "CREATE VIEW v AS SELECT a FROM t", "view v .*: a"),
    "view with quotes": (
        "a INT, n INT",
        'CREATE VIEW v AS SELECT "a" FROM t',
        "view v .*: a",
    ),
    "trigger": (
        "a INT, n INT",
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT new.a; END",
        r"trigger tr of t .*new\.a",
    ),
    "trigger that waits": (
        "a INT, n INT",
        "CREATE TRIGGER tr AFTER UPDATE OF n, a ON t BEGIN SELECT 1; END",
        "trigger tr",
    ),
    "trigger of another table": (
        "a INT, n INT",
        "CREATE TRIGGER tr AFTER DELETE ON p BEGIN DELETE FROM t WHERE a = 1; END",
        "trigger tr of p .*: a",
    ),
    "foreign key": (
        "a INT UNIQUE, n INT",
        "CREATE TABLE c (t INT REFERENCES t (a))",
        "foreign key of c",
    ),
}


@pytest.mark.parametrize("case", NEEDS.values(), ids=NEEDS)
def test_needed_column_is_not_dropped(db: Database, case: tuple[str, str, str]) -> None:
    """A column that something else needs stays, and the message names what does."""
    columns, other, reason = case
    db.run(f"CREATE TABLE t ({columns})", other or "SELECT 1")
    before = db.fetch("SELECT * FROM sqlite_master")

    with pytest.raises(DataAtRisk, match=reason) as caught, db.batch() as batch:
        batch.drop_column("a")

    assert caught.value.hint
    assert db.fetch("SELECT * FROM sqlite_master") == before


def test_text_that_is_not_understood(db: Database) -> None:
    """A definition beyond the parser is left alone, and the message says where."""
    db.run("CREATE TABLE t (n INT CONSTRAINT a CONSTRAINT b UNIQUE)")

    with (
        pytest.raises(DataAtRisk, match="CONSTRAINT b") as caught,
        db.batch() as batch,
    ):
        batch.alter_column("n", nullable=False)

    assert "op.execute" in str(caught.value.hint)


def test_type_that_strict_forbids(db: Database) -> None:
    """A STRICT table refuses a type in words."""
    db.run("CREATE TABLE t (n INT) STRICT")

    with (
        pytest.raises(DataAtRisk, match="STRICT, and n cannot be BIGINT"),
        db.batch() as batch,
    ):
        batch.alter_column("n", type_=sa.BigInteger())


def test_type_that_autoincrement_forbids(db: Database) -> None:
    """AUTOINCREMENT keeps its INTEGER."""
    db.run("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)")

    with (
        pytest.raises(DataAtRisk, match="AUTOINCREMENT needs"),
        db.batch() as batch,
    ):
        batch.alter_column("id", type_=sa.BigInteger())


# -- copy_from ------------------------------------------------------------------------


def test_given_table_is_taken(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    """With ``copy_from`` the definition is the user's; what it lacks is said."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, n INT,"
        " CHECK (n > 0))",
        "CREATE INDEX ix ON t (lower(a))",
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END",
        "INSERT INTO t VALUES (1, 'x', 1)",
    )
    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("a", sa.Text()),
        sa.Column("n", sa.Integer()),
    )

    with caplog.at_level(logging.WARNING), db.batch(copy_from=table) as batch:
        batch.alter_column("n", nullable=False)

    assert "n INTEGER NOT NULL" in (db.get_sql("t") or "")
    assert db.get_sql("ix") == "CREATE INDEX ix ON t (lower(a))"
    assert db.get_sql("tr") is not None
    assert "COLLATE NOCASE of a" in caplog.text
    assert "CHECK ( n > 0 )" in caplog.text


def test_given_table_forgets_a_column(db: Database) -> None:
    """A ``copy_from`` without one of the columns would lose its values."""
    db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, n INT)")
    table = sa.Table("t", sa.MetaData(), sa.Column("n", sa.Integer()))

    with (
        pytest.raises(DataAtRisk, match="copy_from has no id, a"),
        db.batch(copy_from=table) as batch,
    ):
        batch.alter_column("n", nullable=False)


def test_written_sql_is_alembics() -> None:
    """SQL that is only written knows no live table, and is what Alembic writes."""

    def write(*, ours: bool) -> str:
        buffer = io.StringIO()
        context = MigrationContext.configure(
            dialect_name="sqlite", opts={"as_sql": True, "output_buffer": buffer}
        )
        context.impl = make_impl(context) if ours else context.impl
        table = sa.Table(
            "t",
            sa.MetaData(),
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("a", sa.Text()),
            sa.Index("ix", "a"),
        )

        with Operations(context).batch_alter_table("t", copy_from=table) as batch:
            batch.alter_column("a", new_column_name="b", type_=sa.Integer())

        return buffer.getvalue()

    assert write(ours=True) == write(ours=False)


# -- what a failed run of plain Alembic has left --------------------------------------


def test_leftover_is_cleaned(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    """The copy of an earlier run is explained, and dropped beside its original."""
    db.run("CREATE TABLE t (n INT)", "CREATE TABLE _alembic_tmp_t (n INT)")

    with caplog.at_level(logging.WARNING), db.batch() as batch:
        batch.alter_column("n", nullable=False)

    assert "_alembic_tmp_t, its copy of t" in caplog.text
    assert db.get_sql("_alembic_tmp_t") is None


def test_leftover_is_all_there_is(db: Database) -> None:
    """Where the original is gone, the copy is not touched."""
    db.run(
        "CREATE TABLE _alembic_tmp_t (n INT)", "INSERT INTO _alembic_tmp_t VALUES (1)"
    )

    with (
        pytest.raises(DataAtRisk, match="the rows are in it") as caught,
        db.batch() as batch,
    ):
        batch.alter_column("n", nullable=False)

    assert "RENAME TO t" in str(caught.value.hint)
    assert db.fetch("SELECT * FROM _alembic_tmp_t") == [(1,)]


def test_leftover_has_more_rows(db: Database) -> None:
    """A copy with more rows than the original may be what is left of them."""
    db.run(
        "CREATE TABLE t (n INT)",
        "CREATE TABLE _alembic_tmp_t (n INT)",
        "INSERT INTO _alembic_tmp_t VALUES (1)",
    )

    with pytest.raises(DataAtRisk, match="has more rows"), db.batch() as batch:
        batch.alter_column("n", nullable=False)


# -- values ---------------------------------------------------------------------------

TEXTS = ["abc", "12abc", "7", "2.0", "007", "", " 8 ", "1e3", "12345678901234567890"]


def test_lossy_change_is_counted(db: Database) -> None:
    """A change of type that would rewrite values stops, and shows no value."""
    db.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, age TEXT)",
        "INSERT INTO t (age) VALUES ('abc'), ('12abc'), ('7'), (NULL)",
    )

    with pytest.raises(DataAtRisk) as caught, db.batch() as batch:
        batch.alter_column("age", type_=sa.Integer())

    assert str(caught.value) == (
        "t.age: 2 of 4 rows would change when TEXT becomes INTEGER (rowid 1, 2)"
    )
    assert "--allow-lossy-cast t.age" in str(caught.value.hint)
    assert db.fetch("SELECT age FROM t") == [("abc",), ("12abc",), ("7",), (None,)]


def test_lossy_change_is_allowed(db: Database) -> None:
    """With the consent for this column the values are cast."""
    db.run(
        "CREATE TABLE t (age TEXT)", "INSERT INTO t VALUES ('abc'), ('12abc'), ('7')"
    )

    with db.batch(lossy=["t.age"]) as batch:
        batch.alter_column("age", type_=sa.Integer())

    assert db.fetch("SELECT age FROM t") == [(0,), (12,), (7,)]


CASTS: list[tuple[str, list[t.Any], sa.types.TypeEngine[t.Any], list[t.Any] | None]] = [
    ("TEXT", ["7", "-3", "2.0", None], sa.Integer(), [7, -3, 2, None]),
    ("TEXT", ["1.5", "10.50", "0.5", "0"], sa.Numeric(), [1.5, 10.5, 0.5, 0]),
    ("TEXT", ["007"], sa.Integer(), None),
    ("TEXT", ["1.9"], sa.Integer(), None),
    ("TEXT", [""], sa.Integer(), None),
    ("TEXT", ["12345678901234567890"], sa.Numeric(), None),
    ("TEXT", ["true"], sa.Boolean(), None),
    ("REAL", [2.0, -1.0], sa.Integer(), [2, -1]),
    ("REAL", [1.9], sa.Integer(), None),
    ("REAL", [1e300], sa.Integer(), None),
    ("REAL", [0.5], sa.String(), ["0.5"]),
    ("REAL", [0.1 + 0.2], sa.String(), None),
    ("INTEGER", [5, 2**53], sa.Float(), [5.0, 2.0**53]),
    ("INTEGER", [2**53 + 1], sa.Float(), None),
    ("NUMERIC", [2**53 + 1], sa.Float(), None),
    ("INTEGER", [42], sa.String(), ["42"]),
    ("TEXT", ["2024-01-31"], sa.Date(), ["2024-01-31"]),
    ("TEXT", ["2024-01-31 10:00:00"], sa.DateTime(), ["2024-01-31 10:00:00"]),
    ("DATETIME", ["2024-01-31 10:00:00"], sa.String(), ["2024-01-31 10:00:00"]),
    ("TEXT", ["{}"], sa.JSON(), ["{}"]),
    ("REAL", [0.5], sa.Uuid(), ["0.5"]),
    ("REAL", [0.1 + 0.2], sa.Uuid(), None),
    ("TEXT COLLATE NOCASE", ["a", "B"], sa.String(9), ["a", "B"]),
    ("BLOB", [b"ab"], sa.String(), ["ab"]),
    ("", ["x", 1], sa.String(), ["x", "1"]),
]


@pytest.mark.parametrize(("old", "values", "new", "expected"), CASTS)
def test_cast(
    db: Database,
    old: str,
    values: list[t.Any],
    new: sa.types.TypeEngine[t.Any],
    expected: list[t.Any] | None,
) -> None:
    """A value stays what it is under its new type, or the change stops."""
    db.run(f"CREATE TABLE t (v {old})")

    with db.engine.begin() as connection:
        for value in values:
            connection.exec_driver_sql("INSERT INTO t VALUES (?)", (value,))

    if expected is None:
        with (
            pytest.raises(DataAtRisk, match=r"t\.v: 1 of 1 rows"),
            db.batch() as batch,
        ):
            batch.alter_column("v", type_=new)
    else:
        with db.batch() as batch:
            batch.alter_column("v", type_=new)

        assert db.fetch("SELECT v FROM t") == [(value,) for value in expected]


# -- what stays Alembic's -------------------------------------------------------------


def test_outside_a_batch_alembic_speaks(db: Database) -> None:
    """An operation that SQLite lacks fails as it does with Alembic."""
    db.run("CREATE TABLE t (n INT)")

    with (
        pytest.raises(NotImplementedError, match="batch mode"),
        db.operations() as op,
    ):
        op.create_unique_constraint("uq", "t", ["n"])

    with db.operations() as op:
        op.alter_column("t", "n", new_column_name="m")
        op.add_column("t", sa.Column("o", sa.Integer()))
        op.rename_table("t", "u")
        op.drop_table("u")

    assert db.get_sql("u") is None


def test_registry_of_alembic_is_untouched() -> None:
    """Other users of Alembic in the process keep its own implementation."""
    from alembic.ddl import impl

    assert impl._impls["sqlite"].__module__ == "alembic.ddl.sqlite"
    assert impl._impls["mysql"].__module__ == "alembic.ddl.mysql"
