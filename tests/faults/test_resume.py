"""Runs that stopped in the middle of a revision, and what the next one makes of it."""

from __future__ import annotations

import pathlib

import pytest
import sqlalchemy as sa

from tests.support.apps import make_shop
from tests.support.apps import RevisionFile
from tests.support.audits import audit
from tests.support.projects import Project

NO_TRANSACTION = pytest.mark.without("transactional_ddl")
ON_POSTGRESQL = pytest.mark.backends("postgresql")
FIRST = RevisionFile(
    revision="r1",
    upgrade="""
        op.create_table('t', sa.Column('x', sa.Integer), sa.Column('y', sa.Integer))
        op.create_table('log', sa.Column('r', sa.String(50)))
    """,
)
STOP = "op.execute('SELECT * FROM nowhere')"


def make_stopping(
    folder: pathlib.Path, url: str, body: str, *, header: str = ""
) -> Project:
    """Make a shop at r1 whose r2 does some work; a `STOP` in it stops the run."""
    second = RevisionFile(revision="r2", down="r1", upgrade=body, header=header)
    project = make_shop(folder, url, FIRST, second)
    project.run_well("upgrade", "r1")
    return project


def change(project: Project, old: str, new: str) -> None:
    """Replace a text in the script of r2."""
    path = project.versions / "r2_.py"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def execute(url: str, *statements: str) -> None:
    """Execute statements, and commit."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@NO_TRANSACTION
def test_corrected_script(database_url: str, tmp_path: pathlib.Path) -> None:
    """The third statement of five is corrected: each of the five has run once."""
    project = make_stopping(
        tmp_path,
        database_url,
        """
        op.execute("INSERT INTO log VALUES ('one')")
        op.add_column('t', sa.Column('z', sa.Integer))
        op.execute('UPDATE t SET zz = 1')
        op.create_index('ix', 't', ['z'])
        op.execute("INSERT INTO log VALUES ('two')")
        """,
    )
    failed = project.run("upgrade")
    assert failed.exit_code == 5, failed.output
    assert "a part of r2 is done and stays" in failed.stderr
    # Until it is corrected it fails in the same way.
    assert project.run("upgrade").exit_code == 5
    change(project, "SET zz", "SET z")
    project.run_well("upgrade")
    found = audit(database_url)
    assert found.rows["log"] == ["('one',)", "('two',)"]
    assert [name for name, *_ in found.schema["t"]["indexes"]] == ["ix"]
    assert found.done == ["r1", "r2"]
    assert not found.journal


@NO_TRANSACTION
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sa.Column('z', sa.Integer)", "sa.Column('z', sa.Text)"),
        ("('one')", "('other')"),
        ("op.execute(\"INSERT INTO log VALUES ('one')\")\n", "\n"),
        ("op.add_column", "op.drop_column('t', 'y')\n    op.add_column"),
    ],
    ids=["changed DDL", "changed rows", "removed", "added before"],
)
def test_changed_script(
    database_url: str, tmp_path: pathlib.Path, old: str, new: str
) -> None:
    """What is done already is another thing in the script: exit 5, nothing changed."""
    project = make_stopping(
        tmp_path,
        database_url,
        f"""
        op.execute("INSERT INTO log VALUES ('one')")
        op.add_column('t', sa.Column('z', sa.Integer))
        {STOP}
        """,
    )
    assert project.run("upgrade").exit_code == 5
    before = audit(database_url)
    change(project, old, new)
    refused = project.run("upgrade")
    assert refused.exit_code == 5, refused.output
    assert "the script has changed since" in refused.stderr
    assert audit(database_url) == before


@NO_TRANSACTION
def test_loop_until_no_row_is_left(database_url: str, tmp_path: pathlib.Path) -> None:
    """A loop over row counts goes the same way again, up to where it was stopped."""
    project = make_stopping(
        tmp_path,
        database_url,
        """
        move = sa.text('UPDATE t SET y = x WHERE y IS NULL LIMIT 2')
        counts = []
        while count := op.get_bind().execute(move).rowcount:
            counts.append(count)
            op.create_table(f't{len(counts)}', sa.Column('x', sa.Integer))
            {stop}

        op.execute(f"INSERT INTO log VALUES ('{counts}')")
        """.replace("{stop}", "if len(counts) == 2: raise ValueError('stop')"),
    )
    execute(database_url, *["INSERT INTO t VALUES (1, NULL)"] * 5)
    failed = project.run("upgrade")
    assert failed.exit_code == 5, failed.output
    change(project, "raise ValueError('stop')", "pass")
    project.run_well("upgrade")
    found = audit(database_url)
    assert found.rows["log"] == ["('[2, 2, 1]',)"]
    assert found.rows["t"] == ["(1, 1)"] * 5
    assert {"t1", "t2", "t3"} <= set(found.schema)
    assert "t4" not in found.schema


@ON_POSTGRESQL
def test_invalid_index(
    database_url: str, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What a failed unique build has left is dropped, and built again."""
    project = make_stopping(
        tmp_path,
        database_url,
        """
        op.execute("INSERT INTO log VALUES ('one')")
        with op.get_context().autocommit_block():
            op.create_index(
                'ux', 't', ['x'], unique=True, postgresql_concurrently=True
            )
        op.execute("INSERT INTO log VALUES ('two')")
        """,
    )
    execute(database_url, "INSERT INTO t VALUES (1, 1), (1, 2)")
    failed = project.run("upgrade")
    assert failed.exit_code == 5, failed.output
    assert "could not create unique index" in failed.stderr
    assert project.run("upgrade").exit_code == 5
    execute(database_url, "DELETE FROM t WHERE y = 2")
    project.run_well("upgrade")
    assert "Dropping the invalid index" in caplog.text
    found = audit(database_url)
    assert found.rows["log"] == ["('one',)", "('two',)"]
    assert found.schema["t"]["indexes"] == [("ux", ("x",), True)]
    assert not found.journal


def test_rows_that_commit_at_once(database_url: str, tmp_path: pathlib.Path) -> None:
    """An autocommit block works on each backend, with rows and tables in it."""
    project = make_stopping(
        tmp_path,
        database_url,
        f"""
        with op.get_context().autocommit_block():
            op.execute("INSERT INTO log VALUES ('one')")
            op.create_table('u', sa.Column('x', sa.Integer))
            op.execute("INSERT INTO log VALUES ('two')")

        op.execute("INSERT INTO log VALUES ('three')")
        {STOP}
        """,
    )
    assert project.run("upgrade").exit_code == 5
    change(project, STOP, "pass")
    project.run_well("upgrade")
    found = audit(database_url)
    assert found.rows["log"] == ["('one',)", "('three',)", "('two',)"]
    assert not found.journal


def test_undo_of_what_commits_at_once(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """repair --undo takes back, on each backend, what an autocommit block has made."""
    project = make_stopping(
        tmp_path,
        database_url,
        f"""
        with op.get_context().autocommit_block():
            op.create_table('u', sa.Column('x', sa.Integer))
            op.execute('INSERT INTO u VALUES (1)')
            op.create_index('ix y', 't', ['y'])
            op.add_column('t', sa.Column('z:z', sa.Integer))
            {STOP}
        """,
    )
    before = audit(database_url).schema
    assert project.run("upgrade").exit_code == 5
    project.run_well("repair", "--undo")
    found = audit(database_url)
    assert found.schema.keys() == before.keys()
    assert found.schema["t"] == before["t"]
    assert not found.journal
    assert project.run_well("current").stdout.startswith("r1")


@ON_POSTGRESQL
def test_refused_rows_in_autocommit(database_url: str, tmp_path: pathlib.Path) -> None:
    """Rows refused where each statement commits: the server's own words are shown."""
    project = make_stopping(
        tmp_path,
        database_url,
        """
        with op.get_context().autocommit_block():
            op.execute("INSERT INTO log VALUES ('one')")
            op.execute("INSERT INTO log VALUES (1/0)")
        """,
    )
    failed = project.run("upgrade")
    assert failed.exit_code == 5, failed.output
    assert "division by zero" in failed.stderr
    change(project, "1/0", "1")
    project.run_well("upgrade")
    assert audit(database_url).rows["log"] == ["('1',)", "('one',)"]


@ON_POSTGRESQL
@pytest.mark.parametrize("sql", ["REINDEX SCHEMA public", "CLUSTER", "VACUUM t"])
def test_what_refuses_a_transaction(
    sql: str, database_url: str, tmp_path: pathlib.Path
) -> None:
    """A statement that the server runs outside of transactions only is not wrapped."""
    project = make_stopping(
        tmp_path,
        database_url,
        f"""
        with op.get_context().autocommit_block():
            op.execute({sql!r})
        """,
    )
    project.run_well("upgrade")
    assert not audit(database_url).journal


@ON_POSTGRESQL
def test_refused_rows_that_the_script_expects(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """A script may try, catch what is refused, and go on, between commits too."""
    project = make_stopping(
        tmp_path,
        database_url,
        """
        with op.get_context().autocommit_block():
            op.execute("INSERT INTO log VALUES ('one')")
            try:
                op.execute("INSERT INTO log VALUES (1/0)")
            except sa.exc.DBAPIError:
                pass
            op.execute("INSERT INTO log VALUES ('two')")
        """,
    )
    project.run_well("upgrade")
    found = audit(database_url)
    assert found.rows["log"] == ["('one',)", "('two',)"]
    assert not found.journal


@NO_TRANSACTION
def test_what_the_server_cannot_read(database_url: str, tmp_path: pathlib.Path) -> None:
    """What is no SQL commits nothing that came before it; corrected, it goes on."""
    project = make_stopping(
        tmp_path,
        database_url,
        """
        op.execute("INSERT INTO log VALUES ('one')")
        op.execute('CREATE TABLE u (x integer')
        """,
    )
    result = project.run("upgrade")
    assert "nothing of r2 stays" in result.stderr
    found = audit(database_url)
    assert not found.rows["log"]
    change(project, "x integer", "x integer)")
    project.run_well("upgrade")
    assert audit(database_url).rows["log"] == ["('one',)"]


@NO_TRANSACTION
def test_what_a_savepoint_takes_back(database_url: str, tmp_path: pathlib.Path) -> None:
    """A statement that is refused is known for it, though its row was rolled back."""
    project = make_stopping(
        tmp_path,
        database_url,
        f"""
        try:
            with op.get_bind().begin_nested():
                op.execute('CREATE TABLE u (')
        except sa.exc.DBAPIError:
            pass
        op.create_table('u', sa.Column('x', sa.Integer))
        {STOP}
        """,
    )
    assert project.run("upgrade").exit_code != 0
    change(project, STOP, "pass")
    project.run_well("upgrade")
    assert audit(database_url).done == ["r1", "r2"]


@NO_TRANSACTION
def test_generated_key(database_url: str, tmp_path: pathlib.Path) -> None:
    """The key of a row that was added before the stop is still known after it."""
    project = make_stopping(
        tmp_path,
        database_url,
        f"""
        table = op.create_table(
            'p', sa.Column('id', sa.Integer, primary_key=True), sa.Column('n', sa.Text)
        )
        op.execute("INSERT INTO p VALUES (7, 'x')")
        found = op.get_bind().execute(table.insert().values(n='y'))
        key = found.inserted_primary_key[0]
        op.add_column('p', sa.Column('z', sa.Integer))
        {STOP}
        op.execute(f"INSERT INTO log VALUES ('{{key}}')")
        """,
    )
    assert project.run("upgrade").exit_code == 5
    change(project, STOP, "pass")
    project.run_well("upgrade")
    found = audit(database_url)
    assert found.rows["log"] == ["('8',)"]
    assert len(found.rows["p"]) == 2


@NO_TRANSACTION
@pytest.mark.parametrize("ending", ["COMMIT", "LOCK TABLES log WRITE", "BEGIN"])
def test_rows_that_a_statement_commits(
    database_url: str, tmp_path: pathlib.Path, ending: str
) -> None:
    """Rows that some other statement commits are known to be there."""
    project = make_stopping(
        tmp_path,
        database_url,
        f"""
        op.execute("INSERT INTO log VALUES ('one')")
        op.execute('{ending}')
        op.execute("INSERT INTO log VALUES ('two')")
        {STOP}
        """,
    )
    assert project.run("upgrade").exit_code == 5
    change(project, STOP, "op.execute('UNLOCK TABLES')")
    project.run_well("upgrade")
    assert audit(database_url).rows["log"] == ["('one',)", "('two',)"]


@NO_TRANSACTION
def test_interrupted_after_a_statement(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """Ctrl-C between a statement and its row in the journal: it was done."""
    project = make_stopping(
        tmp_path,
        database_url,
        """
        def interrupt(connection, cursor, statement, *rest):
            if 'ADD COLUMN' in statement: raise KeyboardInterrupt
        sa.event.listen(op.get_bind(), 'after_cursor_execute', interrupt, insert=True)
        try:
            op.add_column('t', sa.Column('z', sa.Integer))
        finally:
            sa.event.remove(op.get_bind(), 'after_cursor_execute', interrupt)
        """,
    )
    assert project.run("upgrade").exit_code == 130
    change(project, "raise KeyboardInterrupt", "pass")
    project.run_well("upgrade")
    assert audit(database_url).done == ["r1", "r2"]


@NO_TRANSACTION
def test_text_that_the_database_cannot_hold(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """Any character in a script may pass, whatever the database's own encoding is."""
    name = sa.make_url(database_url).database
    execute(database_url, f"ALTER DATABASE {name} CHARACTER SET latin1")
    project = make_stopping(
        tmp_path, database_url, "op.execute('ALTER TABLE t COMMENT ' + repr('\u6f22'))"
    )
    path = project.versions / "r2_.py"
    path.write_text(
        path.read_text("utf-8").replace('"""r2"""', '"""\u6f22"""'), "utf-8"
    )
    change(project, "'ALTER TABLE t", "'CREATE TABLE u (x INT) CHARSET utf8mb4")
    project.run_well("upgrade")
    assert audit(database_url).done == ["r1", "r2"]


@ON_POSTGRESQL
def test_message_that_the_database_cannot_hold(
    postgresql_url: str, tmp_path: pathlib.Path
) -> None:
    """A PostgreSQL of one language takes revisions with a message of another."""
    url = sa.make_url(postgresql_url).set(database="latin")
    admin = sa.create_engine(
        postgresql_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(
            "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'"
        )
        try:
            message = RevisionFile(revision="r1", message="\u6f22", upgrade="pass")
            project = make_shop(tmp_path, url, message)
            project.run_well("upgrade")
        finally:
            connection.exec_driver_sql("DROP DATABASE latin WITH (FORCE)")


@ON_POSTGRESQL
def test_engine_that_commits_by_itself(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """With an engine in autocommit, a revision is still whole or not there."""
    body = f"op.execute(\"INSERT INTO log VALUES ('one')\")\n{STOP}"
    second = RevisionFile(revision="r2", down="r1", upgrade=body)
    project = make_shop(tmp_path, database_url, FIRST, second)
    engine = sa.create_engine(
        database_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
    )
    project.migrate.init_app(
        project.app, directory=project.folder, engines=engine, metadatas=sa.MetaData()
    )
    failed = project.run("upgrade")
    assert failed.exit_code in (1, 5)
    change(project, STOP, "pass")
    project.run_well("upgrade")
    assert audit(database_url).rows["log"] == ["('one',)"]


@NO_TRANSACTION
def test_downgrade_below_a_part(database_url: str, tmp_path: pathlib.Path) -> None:
    """With a part of r2 done, r1 is not taken away from under it."""
    project = make_stopping(
        tmp_path,
        database_url,
        f"op.add_column('t', sa.Column('z', sa.Integer))\n{STOP}",
    )
    assert project.run("upgrade").exit_code == 5
    before = audit(database_url)
    refused = project.run("downgrade")
    assert refused.exit_code == 5, refused.output
    assert "r2" in refused.stderr
    assert audit(database_url) == before


@NO_TRANSACTION
def test_part_that_something_else_has_finished(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """After a stamp over it, what is known of a part does not stop a later run."""
    project = make_stopping(
        tmp_path,
        database_url,
        f"op.add_column('t', sa.Column('z', sa.Integer))\n{STOP}",
    )
    assert project.run("upgrade").exit_code == 5
    change(project, STOP, "pass")
    change(
        project,
        "def downgrade():\n    pass",
        "def downgrade():\n    op.drop_column('t', 'z')",
    )
    execute(database_url, "UPDATE alembic_version SET version_num = 'r2'")
    project.run_well("downgrade")
    project.run_well("upgrade")
    assert [name for name, *_ in audit(database_url).schema["t"]["columns"]][2:] == [
        "z"
    ]
    assert not audit(database_url).journal


@ON_POSTGRESQL
def test_loop_over_rows_that_are_left(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """A loop over what is left is not taken for what is done: it is asked for."""
    project = make_stopping(
        tmp_path,
        database_url,
        """
        left = sa.text('SELECT x FROM t WHERE y IS NULL ORDER BY x')
        change = sa.text('UPDATE t SET y = 1 WHERE x = :x')
        with op.get_context().autocommit_block():
            for (x,) in op.get_bind().execute(left).all():
                op.get_bind().execute(change, {'x': x})
                if x == 1: raise ValueError('stop')
        """,
    )
    execute(database_url, "INSERT INTO t VALUES (1, NULL), (2, NULL), (3, NULL)")
    assert project.run("upgrade").exit_code == 5
    before = audit(database_url).rows["t"]
    result = project.run("upgrade")
    assert result.exit_code == 5
    assert "flask db repair" in result.stderr
    assert audit(database_url).rows["t"] == before
    project.run_well("repair", "--resume")
    project.run_well("upgrade")
    assert audit(database_url).rows["t"] == ["(1, 1)", "(2, 1)", "(3, 1)"]
