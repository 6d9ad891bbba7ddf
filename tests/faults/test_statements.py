"""Statements that a database refuses, in the middle of a run."""

from __future__ import annotations

import itertools
import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from tests.faults.rows import check_answer
from tests.faults.rows import PASSWORD
from tests.faults.rows import read_database
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.projects import Project
from tests.support.servers import Backend


def make_step(revision: str, down: str | None, *lines: str) -> RevisionFile:
    """Return a revision of some lines."""
    return RevisionFile(revision=revision, down=down, upgrade="\n".join(lines))


def run_failing(
    url: str,
    folder: pathlib.Path,
    *lines: str,
    says: t.Iterable[str] = (),
    exit_code: int = 1,
) -> Project:
    """Upgrade through a1 and a2 to an a3 that fails; expect what every failure says."""
    step = make_step("a3", "a2", *lines)
    shop = make_shop(folder, url, make_table(1), make_table(2), step)
    result = shop.run("upgrade")
    check_answer(
        result,
        exit_code=exit_code,
        says=(
            'Revision a3 "a3" could not be applied',
            "a3_.py, line ",
            "statement: ",
            "applied 2 of 3; the database is at a2",
            *says,
        ),
    )
    tables = read_database(url)
    assert tables["alembic_version"] == [("a2",)]
    return shop


THERE_ALREADY = {
    "column": (
        "op.add_column('t1', sa.Column('id', sa.Integer))",
        "ALTER TABLE t1 ADD COLUMN id INTEGER",
    ),
    "table": ("op.create_table('t1', sa.Column('id', sa.Integer))", "CREATE TABLE t1"),
    "index": (
        "op.create_index('ix', 't1', ['id']); op.create_index('ix', 't1', ['id'])",
        "CREATE INDEX ix",
    ),
}


@pytest.mark.row(116)
@pytest.mark.parametrize("what", THERE_ALREADY)
def test_statement_error(
    database_url: str, tmp_path: pathlib.Path, backend: Backend, what: str
) -> None:
    """The revision, its line, the statement and what stays are named."""
    line, statement = THERE_ALREADY[what]
    has_part = what == "index" and "transactional_ddl" not in backend.capabilities
    run_failing(
        database_url,
        tmp_path,
        line,
        exit_code=5 if has_part else 1,
        says=("a3_.py, line 10", statement, "create_all()", "flask db stamp"),
    )
    assert set(read_database(database_url)) == {"alembic_version", "t1", "t2"}


def test_version_row_gone(database_url: str, tmp_path: pathlib.Path) -> None:
    """A version table that changes under a run stops it, with Alembic's sentence."""
    step = make_step("a3", "a2", "op.execute('DELETE FROM alembic_version')")
    shop = make_shop(tmp_path, database_url, make_table(1), make_table(2), step)
    check_answer(
        shop.run("upgrade"),
        exit_code=1,
        says=(
            'Revision a3 "a3" could not be applied: Online migration expected to match'
            " one row",
            "Another run changed the version table",
        ),
        hides=("CommandError",),
    )


@pytest.mark.row(117)
def test_not_null_on_filled_table(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """A NOT NULL column on rows says which column, and what is to be done first."""
    insert = "op.execute('INSERT INTO t1 VALUES (1)')"
    two = make_step("a2", "a1", insert)
    three = make_step(
        "a3", "a2", "op.add_column('t1', sa.Column('n', sa.Integer, nullable=False))"
    )
    shop = make_shop(tmp_path, database_url, make_table(1), two, three)
    result = shop.run("upgrade")
    if backend.name == "mariadb":
        # It fills in a zero, by its own rules.
        assert result.exit_code == 0, result.output
        return

    check_answer(
        result,
        exit_code=1,
        says=(
            'Revision a3 "a3" could not be applied',
            "a3_.py, line 10",
            "NOT NULL" if backend.name == "sqlite" else '"n" of relation "t1" contains',
            "server_default",
            "nothing of a3 stays",
        ),
    )
    assert read_database(database_url)["t1"] == [(1,)]


def test_failing_data(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """What a failing revision did before stays only where DDL commits by itself."""
    keeps = "transactional_ddl" not in backend.capabilities
    shop = run_failing(
        database_url,
        tmp_path,
        "op.create_table('made', sa.Column('x', sa.Integer))",
        "op.execute('INSERT INTO t1 VALUES (1)')",
        "op.execute('INSERT INTO nowhere VALUES (1)')",
        says=("a3_.py, line 12", "nowhere", "INSERT INTO nowhere VALUES (1)"),
        exit_code=5 if keeps else 1,
    )
    tables = read_database(database_url)
    assert ("made" in tables) is keeps
    assert not tables["t1"]
    text = shop.run("upgrade").output
    assert ("a part of a3 is done and stays" in text) is keeps
    assert ("nothing of a3 stays" in text) is not keeps


def test_error_in_python(database_url: str, tmp_path: pathlib.Path) -> None:
    """An error of the revision's own code is named with its line, and undone."""
    step = make_step(
        "a3", "a2", "op.execute('INSERT INTO t1 VALUES (1)')", "prices = {}['gold']"
    )
    shop = make_shop(tmp_path, database_url, make_table(1), make_table(2), step)
    check_answer(
        shop.run("upgrade"),
        exit_code=1,
        says=(
            "Revision a3 \"a3\" could not be applied: KeyError: 'gold'",
            "a3_.py, line 11",
            "applied 2 of 3; the database is at a2",
        ),
    )
    assert not read_database(database_url)["t1"]


@pytest.mark.parametrize("leave", ["raise SystemExit(0)", "import sys; sys.exit()"])
def test_revision_that_ends_the_process(
    database_url: str, tmp_path: pathlib.Path, leave: str
) -> None:
    """A revision that calls exit has failed, and the program says so."""
    step = make_step("a3", "a2", "op.execute('INSERT INTO t1 VALUES (1)')", leave)
    shop = make_shop(tmp_path, database_url, make_table(1), make_table(2), step)
    check_answer(
        shop.run("upgrade"),
        exit_code=1,
        says=("Revision a3", "SystemExit", "applied 2 of 3; the database is at a2"),
    )
    assert not read_database(database_url)["t1"]


def test_failing_downgrade(database_url: str, tmp_path: pathlib.Path) -> None:
    """Going back is told in its own words."""
    three = make_table(3, downgrade="op.drop_table('nowhere')")
    shop = make_shop(tmp_path, database_url, make_table(1), make_table(2), three)
    shop.run_well("upgrade")
    check_answer(
        shop.run("downgrade", "base"),
        exit_code=1,
        says=(
            'Revision a3 "a3" could not be reverted',
            "a3_.py, line 12",
            "reverted 0 of 3; the database is at a3",
            "flask db downgrade",
        ),
    )


SECRETS = (
    f"op.execute(\"CREATE ROLE x PASSWORD '{PASSWORD}' NONSENSE\")",
    f"op.execute(\"CREATE USER x IDENTIFIED BY '{PASSWORD}' NONSENSE\")",
    f"op.execute(\"SELECT nonsense FROM x WHERE token='{PASSWORD}'\")",
    f"op.execute(\"SELECT nonsense('postgresql://a:{PASSWORD}@h/d')\")",
    "op.execute(sa.text('INSERT INTO nowhere VALUES (:x)').bindparams(x='sekret'))",
    "op.bulk_insert(sa.table('nowhere', sa.column('x')), [{'x': 'sekret'}])",
    f"raise ValueError('cannot log in to postgresql://a:{PASSWORD}@h/d')",
    f"raise ValueError('password={PASSWORD} is wrong')",
)


@pytest.mark.parametrize("line", SECRETS)
def test_secret_in_a_statement(
    database_url: str, tmp_path: pathlib.Path, line: str
) -> None:
    """A password in a statement, its parameters or an error is not repeated."""
    shop = make_shop(tmp_path, database_url, make_step("a1", None, line))
    check_answer(shop.run("upgrade"), exit_code=1, says=("Revision a1", "line 10"))


@pytest.mark.row(127)
def test_sql_of_a_revision_that_reads(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """A revision that reads the database cannot be written as SQL, and says so."""
    step = make_step("a3", "a2", "op.get_bind().execute(sa.text('SELECT 1')).scalar()")
    shop = make_shop(tmp_path, database_url, make_table(1), make_table(2), step)
    result = shop.run("upgrade", "--sql")
    check_answer(
        result,
        exit_code=1,
        says=(
            'Revision a3 "a3" cannot be written as SQL',
            "a3_.py, line 10",
            "reads the database",
            "flask db upgrade --sql base:a2",
        ),
        hides=("could not be applied", "nothing of a3 stays", "CREATE TABLE"),
    )
    assert result.stdout == ""


@pytest.mark.row(113)
@pytest.mark.server
def test_right_to_create(
    database_url: str, limited_url: str, tmp_path: pathlib.Path
) -> None:
    """A user without the right to make tables hears which right is missing."""
    shop = make_shop(tmp_path, limited_url)
    check_answer(
        shop.run("upgrade"),
        exit_code=1,
        says=("is not allowed to do this", "denied", "Grant it the right"),
    )
    assert not read_database(database_url)


@pytest.mark.row(130)
@pytest.mark.server
def test_right_to_create_more(
    database_url: str, limited_url: str, tmp_path: pathlib.Path
) -> None:
    """A user who may write the version table and make no other is told in the step."""
    shop = make_shop(tmp_path, database_url)
    shop.run_well("upgrade", "a1")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    name = sa.make_url(limited_url).username
    with engine.begin() as connection:
        quote = connection.dialect.identifier_preparer.quote
        connection.exec_driver_sql(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON alembic_version"
            f" TO {quote(str(name))}"
        )

    limited = tmp_path / "limited"
    limited.mkdir()
    check_answer(
        make_shop(limited, limited_url).run("upgrade"),
        exit_code=1,
        says=(
            'Revision a2 "a2" could not be applied',
            "is not allowed to do this",
            "CREATE TABLE t2",
            "applied 0 of 2; the database is at a1",
            "Grant it the right",
        ),
    )


@pytest.fixture
def limited_url(database_url: str, backend: Backend) -> t.Iterator[str]:
    """The URL of a user who may connect, and do nothing else."""
    name = f"limited_{next(NUMBERS)}"
    engine = sa.create_engine(
        database_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    database = sa.make_url(database_url).database
    with engine.connect() as connection:
        for statement in CREATE_USER[backend.name]:
            connection.exec_driver_sql(
                statement.format(name=name, password=PASSWORD, database=database)
            )

    yield (
        sa.make_url(database_url)
        .set(username=name, password=PASSWORD)
        .render_as_string(hide_password=False)
    )
    with engine.connect() as connection:
        if backend.name == "postgresql":
            connection.exec_driver_sql(f"DROP OWNED BY {name} CASCADE")

        connection.exec_driver_sql(f"DROP USER {name}")


NUMBERS = itertools.count(1)
CREATE_USER = {
    "postgresql": (
        "CREATE USER {name} PASSWORD '{password}' CONNECTION LIMIT 3",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    ),
    "mariadb": (
        "CREATE USER {name} IDENTIFIED BY '{password}' WITH MAX_USER_CONNECTIONS 3",
        "GRANT SELECT, LOCK TABLES ON {database}.* TO {name}",
    ),
}


@pytest.mark.row(114)
@pytest.mark.backends("postgresql", "mariadb")
def test_read_only_server(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """A replica is named as that, and the primary as where to go."""
    shop = make_shop(tmp_path, database_url)
    shop.run_well("upgrade", "a1")
    url = sa.make_url(database_url)
    if backend.name == "postgresql":
        url = url.update_query_dict({"options": "-cdefault_transaction_read_only=on"})
    else:
        url = url.update_query_dict(
            {"init_command": "SET SESSION TRANSACTION READ ONLY"}
        )

    before = read_database(database_url)
    replica = tmp_path / "replica"
    replica.mkdir()
    shop = make_shop(replica, url)
    check_answer(
        shop.run("upgrade"),
        exit_code=1,
        says=("read-only", "Connect to the primary", "the database is at a1"),
    )
    assert read_database(database_url) == before
    # Whoever only looks is welcome, and nothing to do is nothing to write.
    shop.run_well("current")
    shop.run_well("upgrade", "a1")


@pytest.mark.row(115)
@pytest.mark.server
def test_too_many_clients(
    database_url: str, limited_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """A server without a free connection says so, and that waiting helps."""
    engine = sa.create_engine(limited_url, pool_size=3)
    held = [engine.connect() for _ in range(3)]
    check_answer(
        make_shop(tmp_path, limited_url).run("upgrade"),
        exit_code=1,
        says=(
            "The database server at 127.0.0.1:",
            "has no free connection",
            "too many connections" if backend.name == "postgresql" else "max_user_",
            "Wait",
        ),
    )
    for connection in held:
        connection.close()

    engine.dispose()


TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}


def test_the_server_has_its_own_name(database_url: str, tmp_path: pathlib.Path) -> None:
    """What answers is called by its name: MariaDB behind ``mysql://`` too."""
    step = RevisionFile(revision="a1", upgrade="op.execute('NONSENSE')")
    result = make_shop(tmp_path, database_url, step).run("upgrade")
    title = TITLES[sa.make_url(database_url).get_backend_name()]
    assert f"could not be applied: {title} answered: " in result.stderr
