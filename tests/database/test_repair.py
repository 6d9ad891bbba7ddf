"""Steps that were stopped half-way: what goes on by itself, and what is settled."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.projects import Project

LINES = (
    "op.create_table('half', sa.Column('x', sa.Integer))",
    "op.execute('INSERT INTO half VALUES (1)')",
    "op.add_column('half', sa.Column('y', sa.Integer))",
    "op.execute('INSERT INTO missing VALUES (1)')",
    "op.create_index('ix_half', 'half', ['x'])",
)
pytestmark = pytest.mark.without("transactional_ddl")


def make_step(*lines: str) -> RevisionFile:
    """Return the revision a2 with some lines."""
    return RevisionFile(
        revision="a2",
        down="a1",
        upgrade="\n".join(lines),
        downgrade="op.drop_table('half')",
    )


@pytest.fixture
def stopped(database_url: str, tmp_path: pathlib.Path) -> Project:
    """A shop whose a2 has failed at its fourth statement."""
    shop = make_shop(tmp_path, database_url, make_table(1), make_step(*LINES))
    assert shop.run("upgrade").exit_code == 5
    return shop


def rewrite(shop: Project, *lines: str) -> None:
    """Correct the script of a2."""
    (shop.versions / "a2_.py").write_text(make_step(*lines).text)


def read(url: str, sql: str) -> list[t.Any]:
    """Return the first column of a query."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(sql)))


CORRECTED = (*LINES[:3], "op.execute('INSERT INTO half (x) VALUES (2)')", LINES[4])


def test_corrected_script_goes_on(stopped: Project, database_url: str) -> None:
    """After the failing line is corrected, upgrade does the rest, each thing once."""
    rewrite(stopped, *CORRECTED)
    stopped.run_well("upgrade")
    assert read(database_url, "SELECT x FROM half ORDER BY x") == [1, 2]
    assert read(database_url, "SELECT version_num FROM alembic_version") == ["a2"]
    assert not read(database_url, "SELECT digest FROM alembic_version_journal")


def test_changed_script_is_refused(stopped: Project, database_url: str) -> None:
    """A script that has changed in what is done is refused; nothing is touched."""
    rewrite(stopped, LINES[0].replace("half", "other"), *CORRECTED[1:])
    result = stopped.run("upgrade")
    assert result.exit_code == 5
    assert "the script has changed since" in result.stderr
    assert "CREATE TABLE half" in result.stderr
    assert "CREATE TABLE other" in result.stderr
    assert "flask db repair" in result.stderr
    tables = sa.inspect(sa.create_engine(database_url, poolclass=sa.NullPool))
    assert "other" not in tables.get_table_names()
    # The journal has not forgotten what is done.
    assert stopped.run("upgrade").exit_code == 5


def test_show(stopped: Project) -> None:
    """repair lists each statement, done or not, and the ways out."""
    text = stopped.run_well("repair").stdout
    assert 'upgrade of a2 "a2" was stopped' in text
    assert "[X] CREATE TABLE half" in text
    assert "[X] ALTER TABLE half ADD COLUMN y INTEGER" in text
    assert "flask db repair --resume" in text
    found = json.loads(stopped.run_well("repair", "--format", "json").stdout)
    (step,) = found["steps"]
    assert step["revision"] == "a2"
    assert [row["progress"] for row in step["rows"]] == ["done"] * 3


def test_resume(stopped: Project, database_url: str) -> None:
    """repair --resume accepts what is done, whatever the script says now."""
    rewrite(stopped, CORRECTED[2], CORRECTED[3], CORRECTED[4])
    assert stopped.run("upgrade").exit_code == 5
    stopped.run_well("repair", "--resume")
    stopped.run_well("upgrade")
    assert read(database_url, "SELECT x FROM half ORDER BY x") == [1, 2]


def test_mark_applied(stopped: Project, database_url: str) -> None:
    """repair --mark-applied says that somebody has done the rest."""
    stopped.run_well("repair", "--mark-applied")
    assert stopped.run_well("current").stdout == "a2 (head)\n"
    assert "No step was stopped" in stopped.run_well("repair").stdout
    stopped.run_well("downgrade")


def test_mark_reverted(stopped: Project, database_url: str) -> None:
    """repair --mark-reverted says that it was undone by hand; it runs anew."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE half")

    rewrite(stopped, *CORRECTED)
    stopped.run_well("repair", "--mark-reverted")
    stopped.run_well("upgrade")
    assert read(database_url, "SELECT x FROM half ORDER BY x") == [1, 2]


def test_statement_in_doubt(database_url: str, tmp_path: pathlib.Path) -> None:
    """What nothing can tell of is asked, and answered by a flag."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE called (x INT)")
        connection.exec_driver_sql(
            "CREATE PROCEDURE note() INSERT INTO called VALUES (1)"
        )

    shop = make_shop(tmp_path, database_url, make_step("op.execute('CALL note()')"))
    (shop.versions / "a2_.py").write_text(
        make_step("op.execute('CALL note()')").text.replace("'a1'", "None")
    )
    shop.run_well("upgrade")
    shop.run_well("stamp", "base")
    # As a run leaves it that is killed while the server is at work.
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO alembic_version_journal"
            " (step, position, digest, parameters, statement, checksum, progress,"
            " session)"
            " VALUES ('a2 upgrade', 0, SHA2('CALL note()', 256), '', 'CALL note()',"
            " '', 'begun', 999999)"
        )

    result = shop.run("upgrade")
    assert result.exit_code == 5
    assert "nothing says whether it was done: CALL note()" in result.stderr
    result = shop.run("repair", "--resume")
    assert result.exit_code == 2
    assert "--in-doubt done" in result.stderr
    shop.run_well("repair", "--resume", "--in-doubt", "done")
    shop.run_well("upgrade")
    assert read(database_url, "SELECT x FROM called") == [1]


def list_tables(url: str) -> list[str]:
    """Return the tables that are not Alembic's or ours."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    names = sa.inspect(engine).get_table_names()
    return sorted(name for name in names if not name.startswith("alembic_"))


def test_undo(stopped: Project, database_url: str) -> None:
    """repair --undo takes the part back, and the corrected script runs anew."""
    before = list_tables(database_url)
    stopped.run_well("repair", "--undo")
    assert set(before) - set(list_tables(database_url)) == {"half"}
    assert "No step was stopped" in stopped.run_well("repair").stdout
    rewrite(stopped, *CORRECTED)
    stopped.run_well("upgrade")
    assert read(database_url, "SELECT x FROM half ORDER BY x") == [1, 2]


def test_undo_loses_no_rows(stopped: Project, database_url: str) -> None:
    """Rows that somebody else has written meanwhile are no part of the step."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO half (x) VALUES (7)")

    result = stopped.run("repair", "--undo")
    assert result.exit_code == 2
    assert "not written: half has 1." in result.stderr
    assert read(database_url, "SELECT x FROM half ORDER BY x") == [1, 7]
    # Nothing of the journal is gone either.
    assert "[X] CREATE TABLE half" in stopped.run_well("repair").stdout


EARLIER = (
    "op.add_column('t1', sa.Column('extra', sa.Integer, server_default='5'))",
    "op.create_index('ix_extra', 't1', ['extra'])",
    "op.create_check_constraint('ck_extra', 't1', 'extra > 0')",
)


def make_earlier(tmp_path: pathlib.Path, url: str, *more: str) -> Project:
    """Return a shop whose a2 has changed a table that was there, and failed."""
    failing = "op.execute('INSERT INTO missing VALUES (1)')"
    # What comes before DDL is committed by it.
    lines = (EARLIER[0], *more, *EARLIER[1:], failing)
    shop = make_shop(tmp_path, url, make_table(1), make_step(*lines))
    assert shop.run("upgrade").exit_code == 5
    return shop


def test_undo_in_a_table_that_was_there(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """A column, an index and a constraint are dropped; the table stays."""
    shop = make_earlier(tmp_path, database_url)
    shop.run_well("repair", "--undo")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    inspector = sa.inspect(engine)
    assert "extra" not in {one["name"] for one in inspector.get_columns("t1")}
    assert not inspector.get_indexes("t1")
    assert not inspector.get_check_constraints("t1")
    assert shop.run_well("current").stdout == "a1\n"


def test_undo_goes_on_after_a_stop(database_url: str, tmp_path: pathlib.Path) -> None:
    """An undo that stops half-way leaves doubt, and is finished by the next one."""
    shop = make_earlier(tmp_path, database_url)
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        # Somebody's foreign key needs the index: the second statement is refused.
        connection.exec_driver_sql("CREATE TABLE other (id INT PRIMARY KEY)")
        connection.exec_driver_sql(
            "ALTER TABLE t1 ADD CONSTRAINT fk_extra"
            " FOREIGN KEY (extra) REFERENCES other (id)"
        )

    result = shop.run("repair", "--undo")
    assert result.exit_code == 3, result.output
    assert "ix_extra" in result.stderr
    assert "Traceback" not in result.stderr
    assert not sa.inspect(engine).get_check_constraints("t1")

    result = shop.run("upgrade")
    assert result.exit_code == 5
    assert "nothing says whether it was done" in result.stderr

    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE t1 DROP CONSTRAINT fk_extra")

    shop.run_well("repair", "--undo")
    columns = sa.inspect(engine).get_columns("t1")
    assert "extra" not in {one["name"] for one in columns}
    assert "No step was stopped" in shop.run_well("repair").stdout


def test_undo_refuses_what_it_cannot_take_back(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """An UPDATE of rows that were there has no way back; nothing is touched."""
    shop = make_earlier(tmp_path, database_url, "op.execute('UPDATE t1 SET extra = 6')")
    result = shop.run("repair", "--undo")
    assert result.exit_code == 2
    assert "cannot be undone: UPDATE t1 SET extra = 6" in result.stderr
    assert "--mark-reverted" in result.stderr
    assert "[X] CREATE INDEX ix_extra" in shop.run_well("repair").stdout
