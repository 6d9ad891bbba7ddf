"""``alter_column`` on MySQL and MariaDB changes what it names, and nothing else."""

from __future__ import annotations

import collections.abc as cabc
import io
import logging
import typing as t

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import mysql

from flask_migrate.errors import DataAtRisk
from flask_migrate.errors import MigrationError
from flask_migrate.revisions.operations import make_impl

pytestmark = pytest.mark.backends("mariadb")

COLUMNS = {
    "id": "int(10) unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s 5% \\\\ \"x\" :a,b'",
    "a": "varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'x%y'",
    "e": "enum('a,b','it''s','c)') DEFAULT 'a,b'",
    "j": "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL"
    " CHECK (json_valid(`j`))",
    "b": "bit(3) DEFAULT b'101'",
    "d": "decimal(10,2) unsigned zerofill DEFAULT 00000001.50",
    "ts": "timestamp(3) NULL DEFAULT current_timestamp(3)"
    " ON UPDATE current_timestamp(3)",
    "dt": "datetime DEFAULT current_timestamp() COMMENT 'when'",
    "u": "char(36) DEFAULT uuid()",
    "x": "int(11) DEFAULT (1 + 1) CHECK (`x` > 0 and `x` <> '`x`')",
    "g": "int(11) GENERATED ALWAYS AS (`n` * 2) STORED COMMENT 'twice'",
    "v": "int(11) GENERATED ALWAYS AS (`n` * 3) VIRTUAL",
    "hidden": "int(11) INVISIBLE DEFAULT 3",
    "packed": "blob /*M!100301 COMPRESSED*/ DEFAULT NULL",
    "odd `name`%": "tinyint(1) NOT NULL",
    "n": "int(11) NOT NULL DEFAULT 1",
}


class Server:
    """A database with one table, and what the server says of its columns."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url)
        body = ", ".join(f"{quote(name)} {text}" for name, text in COLUMNS.items())
        self.run(f"CREATE TABLE `t%` ({body}, PRIMARY KEY (id))")

    def run(self, sql: str) -> None:
        """Run one statement as it stands."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(sql.replace("%", "%%"))

    def read(self) -> dict[str, str]:
        """Return the definition of every column, as the server writes it."""
        with self.engine.begin() as connection:
            row = connection.exec_driver_sql("SHOW CREATE TABLE `t%%`").one()

        lines = [line.strip().rstrip(",") for line in row[1].splitlines()[1:-1]]
        pairs = [line[1:].split("` ", 1) for line in lines if line.startswith("`")]
        return {name.replace("``", "`"): text for name, text in pairs}

    def alter(
        self, column: str, *, lossy: t.Iterable[str] = (), mode: str = "", **kw: t.Any
    ) -> None:
        """Run one ``alter_column``."""
        with self.engine.begin() as connection:
            if mode:
                connection.exec_driver_sql(f"SET SESSION sql_mode = '{mode}'")

            context = MigrationContext.configure(connection)
            context.impl = make_impl(context, allow_lossy_casts=frozenset(lossy))
            Operations(context).alter_column("t%", column, **kw)

            if mode:
                connection.exec_driver_sql("SET SESSION sql_mode = DEFAULT")


def quote(name: str) -> str:
    """Return a name in backticks."""
    return "`" + name.replace("`", "``") + "`"


@pytest.fixture
def server(database_url: str) -> cabc.Iterator[Server]:
    """The table in a new database."""
    one = Server(database_url)
    yield one
    one.engine.dispose()


def test_table_is_what_it_says(server: Server) -> None:
    """The server writes the columns as this module does: they can be compared."""
    assert server.read() == COLUMNS


@pytest.mark.parametrize("column", COLUMNS)
def test_comment_changes_nothing_else(server: Server, column: str) -> None:
    """A new comment leaves every column as it was, this one too."""
    text = '50% off: it\'s \\ "new"'
    server.alter(column, comment=text)
    after = server.read()
    comment = "COMMENT '50% off: it''s \\\\ \"new\"'"
    assert comment in after[column]
    own = after.pop(column).replace(comment, "").replace("  ", " ").strip()
    before = dict(COLUMNS)
    expected = before.pop(column).partition(" COMMENT")
    check = " CHECK" + COLUMNS[column].partition(" CHECK")[2]
    assert own in {expected[0], COLUMNS[column], expected[0] + check}
    assert after == before


@pytest.mark.parametrize("column", COLUMNS)
def test_rename_changes_nothing_else(server: Server, column: str) -> None:
    """A new name leaves all that the column is."""
    server.alter(column, new_column_name="new: `name`")
    text = COLUMNS[column].replace(quote(column), quote("new: `name`"))
    text = text.replace("'`new: ``name```'", "'`x`'")
    found = server.read()["new: `name`"]
    assert found == text


def test_type_keeps_what_it_can(server: Server) -> None:
    """A new type leaves NOT NULL, default, comment and character set."""
    server.alter("a", type_=sa.String(40))
    server.alter("n", type_=sa.BigInteger())
    server.alter("id", type_=mysql.BIGINT(unsigned=True))
    server.alter("e", type_=sa.Enum("a,b", "it's", "c)", "d%"))
    server.alter("ts", type_=mysql.TIMESTAMP(fsp=3))
    after = server.read()
    assert after["a"] == COLUMNS["a"].replace("20", "40")
    assert after["n"] == COLUMNS["n"].replace("int(11)", "bigint(20)")
    assert after["id"] == COLUMNS["id"].replace("int(10)", "bigint(20)")
    assert after["e"] == COLUMNS["e"].replace("'c)'", "'c)','d%'")
    assert after["ts"] == COLUMNS["ts"]


def test_type_replaces_what_belongs_to_it(server: Server) -> None:
    """A character set that the type names, or has no use for, replaces the old one."""
    server.alter("a", type_=mysql.VARCHAR(20, collation="utf8mb4_bin"))
    server.alter("j", type_=sa.Text())
    after = server.read()
    assert after["a"] == (
        "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'x%y'"
    )
    assert "json_valid" not in after["j"]
    server.alter("a", type_=sa.LargeBinary(), server_default=None)
    assert server.read()["a"] == "blob NOT NULL"


def test_null_and_default(server: Server) -> None:
    """NULL and DEFAULT change by themselves."""
    server.alter("n", nullable=True)
    server.alter("e", nullable=False)
    server.alter("j", nullable=False)
    server.alter("a", server_default="it's 5%")
    server.alter("dt", server_default=None)
    server.alter("x", server_default=sa.text("7"))
    after = server.read()
    assert after["n"] == "int(11) DEFAULT 1"
    assert after["e"] == "enum('a,b','it''s','c)') NOT NULL DEFAULT 'a,b'"
    assert after["j"] == COLUMNS["j"].replace("DEFAULT NULL", "NOT NULL")
    assert after["a"] == COLUMNS["a"].replace("x%y", "it''s 5%")
    assert after["dt"] == "datetime DEFAULT NULL COMMENT 'when'"
    assert after["x"] == COLUMNS["x"].replace("(1 + 1)", "7")


def test_on_update_belongs_to_the_default_that_is_known(server: Server) -> None:
    """ON UPDATE stays, unless the revision shows that it knows of it."""
    server.alter("ts", server_default=sa.text("CURRENT_TIMESTAMP(3)"))
    assert "ON UPDATE" in server.read()["ts"]
    both = sa.text("current_timestamp(3) ON UPDATE current_timestamp(3)")
    server.alter("ts", server_default=both)
    assert server.read()["ts"] == COLUMNS["ts"]
    server.alter("ts", server_default=None, existing_server_default=both)
    assert server.read()["ts"] == "timestamp(3) NULL DEFAULT NULL"


def test_what_exists_is_read_and_not_believed(server: Server) -> None:
    """The live table wins over an ``existing_`` argument that disagrees with it."""
    server.alter(
        "a",
        comment="new",
        existing_type=sa.Integer(),
        existing_nullable=True,
        existing_server_default=sa.text("'old'"),
        existing_comment="old",
    )
    assert server.read()["a"] == f"{COLUMNS['a']} COMMENT 'new'"


def test_autoincrement(server: Server) -> None:
    """AUTO_INCREMENT stays until it is spoken of."""
    server.alter("id", autoincrement=False)
    assert "AUTO_INCREMENT" not in server.read()["id"]
    server.alter("id", autoincrement=True)
    assert server.read()["id"] == COLUMNS["id"]


def test_backslash_may_be_a_backslash(server: Server) -> None:
    """Texts are right also where ``sql_mode`` takes away the escapes."""
    mode = "NO_BACKSLASH_ESCAPES,ANSI_QUOTES,STRICT_ALL_TABLES"
    server.alter("x", new_column_name="y", comment="a\\", mode=mode)
    after = server.read()
    text = COLUMNS["x"].replace("`x` > 0 and `x` <>", "`y` > 0 and `y` <>")
    before_check, _, check = text.partition(" CHECK")
    assert after["y"] == f"{before_check} COMMENT 'a\\\\' CHECK{check}"


def test_computed_column_gets_no_default(server: Server) -> None:
    """A default and a computation exclude each other, in words."""
    with pytest.raises(MigrationError, match=r"t%\.g cannot change between"):
        server.alter("g", server_default="1")

    with pytest.raises(MigrationError, match=r"t%\.n cannot change between"):
        server.alter("n", server_default=sa.Computed("id * 2"))


def test_session_that_is_not_strict(server: Server) -> None:
    """Where the server would cut values with a warning only, the change stops."""
    mode = "NO_ENGINE_SUBSTITUTION"

    with pytest.raises(DataAtRisk, match="not strict") as caught:
        server.alter("a", type_=sa.String(2), mode=mode)

    assert "--allow-lossy-cast t%.a" in str(caught.value.hint)
    server.alter("a", comment="harmless", mode=mode)
    server.alter("a", type_=sa.String(19), mode=mode, lossy=["t%.a"])
    assert server.read()["a"].startswith("varchar(19)")


def test_column_that_is_not_there(server: Server) -> None:
    """The server itself says that a column is missing."""
    with pytest.raises(sa.exc.OperationalError, match="Unknown column 'nil'"):
        server.alter("nil", nullable=False, existing_type=sa.Integer())


def test_nothing_to_change(server: Server) -> None:
    """An operation without a change does nothing."""
    server.alter("a", existing_nullable=True)
    assert server.read() == COLUMNS


# -- SQL that is only written ---------------------------------------------------------


def write(**arguments: t.Any) -> str:
    """Return the SQL of one ``alter_column``."""
    buffer = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="mysql", opts={"as_sql": True, "output_buffer": buffer}
    )
    context.impl = make_impl(context)
    Operations(context).alter_column("t", "c", **arguments)
    return buffer.getvalue().strip()


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ({"type_": sa.String(9)}, "existing_nullable"),
        ({"nullable": False}, "existing_type"),
        ({"comment": "x"}, "existing_type=... and existing_nullable"),
        (
            {"server_default": sa.func.now(), "existing_type": sa.DateTime()},
            "existing_nullable",
        ),
    ],
)
def test_written_sql_asks_for_what_it_lacks(
    arguments: dict[str, t.Any], missing: str
) -> None:
    """Without the live table, what must be stated must be in the revision."""
    with pytest.raises(MigrationError) as caught:
        write(**arguments)

    assert missing in str(caught.value.hint)


def test_written_sql(caplog: pytest.LogCaptureFixture) -> None:
    """What is stated is written as Alembic writes it, with a word about the rest."""
    with caplog.at_level(logging.WARNING):
        sql = write(type_=sa.String(9), existing_nullable=False)

    assert sql == "ALTER TABLE t MODIFY c VARCHAR(9) NOT NULL;"
    assert "t.c: the SQL states the whole column again" in caplog.text
    caplog.clear()
    assert write(server_default="x") == "ALTER TABLE t ALTER COLUMN c SET DEFAULT 'x';"
    assert not caplog.text
