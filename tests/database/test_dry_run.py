"""A dry run really runs the steps, says where, and leaves nothing of them."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import threading
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate.databases.snapshot import Snapshot
from flask_migrate.databases.snapshot import take_snapshot
from tests.support.apps import make_shop
from tests.support.apps import RevisionFile
from tests.support.servers import Backend

USERS = RevisionFile(
    revision="a1",
    upgrade="""
        op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))
        op.execute("INSERT INTO users (id) VALUES (1)")
    """,
    downgrade="op.drop_table('users')",
)
NAMES = RevisionFile(
    revision="a2",
    down="a1",
    upgrade="""
        op.add_column("users", sa.Column("name", sa.String(20)))
        op.execute("UPDATE users SET name = 'x'")
        with op.batch_alter_table("users") as batch:
            batch.create_unique_constraint("uq", ["name"])
    """,
    downgrade="""
        with op.batch_alter_table("users") as batch:
            batch.drop_constraint("uq", type_="unique")
            batch.drop_column("name")
    """,
)

State = tuple[Snapshot, list[t.Any]]


@contextlib.contextmanager
def unchanged(url: str) -> cabc.Iterator[None]:
    """Expect schema, rows and version table to be the same before and after."""
    before = read_state(url)
    yield
    assert read_state(url) == before


def read_state(url: str) -> State:
    """Return everything that a database holds."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    with engine.connect() as connection:
        snapshot = take_snapshot(connection)
        tables = sa.inspect(connection).get_table_names()
        rows = [
            (table, *map(tuple, connection.exec_driver_sql(f"SELECT * FROM {table}")))
            for table in sorted(tables)
        ]

    return snapshot, rows


def expected(backend: Backend, count: str) -> str:
    """Return the sentence that says where it was run."""
    titles = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

    if backend.name in titles:
        return f"dry run: ran {count} on {titles[backend.name]} and rolled back\n"

    return f"dry run: ran {count} on a scratch copy of the schema, without rows\n"


def test_both_ways(database_url: str, backend: Backend, tmp_path: pathlib.Path) -> None:
    """Forward and back, from the base and from the middle."""
    project = make_shop(tmp_path, database_url, USERS, NAMES)

    with unchanged(database_url):
        result = project.run_well("upgrade", "--dry-run")
        assert result.stderr.endswith(expected(backend, "2 steps"))
        assert not result.stdout

    project.run_well("upgrade", "a1")

    with unchanged(database_url):
        result = project.run_well("upgrade", "-n")
        assert result.stderr.endswith(expected(backend, "1 step"))

    project.run_well("upgrade")

    with unchanged(database_url):
        result = project.run_well("downgrade", "-n", "base")
        assert result.stderr.endswith(expected(backend, "2 steps"))
        assert project.run_well("upgrade", "-n").stderr.endswith("ran nothing\n")

    project.run_well("downgrade", "base")


def test_a_failure(database_url: str, tmp_path: pathlib.Path) -> None:
    """It is found, with the usual words, and the database is as it was."""
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="""
                op.create_table("orders", sa.Column("id", sa.Integer))
                op.execute("INSERT INTO nowhere VALUES (1)")
            """,
        ),
    )

    with unchanged(database_url):
        result = project.run("upgrade", "--dry-run")

    assert result.exit_code == 1
    assert 'Revision a2 "a2" could not be applied' in result.stderr
    assert "a2_.py, line 11" in result.stderr
    assert "applied 0 of 2; the database is as it was." in result.stderr
    assert "nothing of a2 stays." in result.stderr
    project.run_well("upgrade", "a1")


@pytest.mark.transactional_ddl
def test_rows_are_seen(database_url: str, tmp_path: pathlib.Path) -> None:
    """On the live database the rows that are there decide, too."""
    project = make_shop(tmp_path, database_url, USERS, NAMES)
    project.run_well("upgrade", "a1")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)

    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO users (id) VALUES (2)")

    with unchanged(database_url):
        result = project.run("upgrade", "--dry-run")

    assert result.exit_code == 1
    assert "uq" in result.stderr.lower() or "unique" in result.stderr.lower()


COMMITS = {
    "block": """
        with op.get_context().autocommit_block():
            op.execute("INSERT INTO users (id) VALUES (9)")
    """,
    "text": "op.execute('COMMIT')",
    "hidden": """
        if op.get_bind().execute(sa.text("SELECT count(*) FROM users")).scalar():
            with op.get_context().autocommit_block():
                op.execute("INSERT INTO users (id) VALUES (9)")
    """,
    "hidden text": """
        if op.get_bind().execute(sa.text("SELECT count(*) FROM users")).scalar():
            op.execute("INSERT INTO users (id) VALUES (9)")
            op.execute("COMMIT")
    """,
    "hidden call": """
        if op.get_bind().execute(sa.text("SELECT count(*) FROM users")).scalar():
            op.execute("INSERT INTO users (id) VALUES (9)")
            op.get_bind().commit()
    """,
}


@pytest.mark.transactional_ddl
@pytest.mark.parametrize("way", COMMITS)
def test_a_commit_in_the_middle(
    database_url: str, tmp_path: pathlib.Path, way: str
) -> None:
    """What could not be undone is refused, in the plan or when it comes."""
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(revision="a2", down="a1", upgrade=COMMITS[way]),
    )
    project.run_well("upgrade", "a1")

    with unchanged(database_url):
        result = project.run("upgrade", "--dry-run")

    assert result.exit_code == (1 if "hidden" in way else 2)
    assert "A dry run is not possible" in result.stderr
    assert "commits in the middle" in result.stderr


@pytest.mark.parametrize("engine", ["the application's", "a new one"])
def test_a_connection_of_its_own(
    database_url: str, tmp_path: pathlib.Path, engine: str
) -> None:
    """What a revision writes past its connection would stay, and is refused."""
    find = {
        "the application's": "migrate.find_databases()[0].engine",
        "a new one": f"sa.create_engine({database_url!r}, poolclass=sa.NullPool)",
    }
    project = make_shop(
        tmp_path,
        database_url,
        USERS,
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade=f"""
                from flask import current_app
                migrate = current_app.extensions["migrate"]
                engine = {find[engine]}
                with engine.begin() as connection:
                    connection.exec_driver_sql("INSERT INTO users (id) VALUES (7)")
            """,
        ),
    )
    project.run_well("upgrade", "a1")

    with unchanged(database_url):
        result = project.run("upgrade", "--dry-run")

    assert result.exit_code == 1
    assert "a database connection of its own" in result.stderr


@pytest.mark.backends("mariadb")
def test_another_database(
    database_url: str, make_database: t.Callable[[], str], tmp_path: pathlib.Path
) -> None:
    """A scratch copy does not stand for a second database, which stays untouched."""
    other = sa.make_url(make_database()).database
    project = make_shop(
        tmp_path,
        database_url,
        RevisionFile(
            revision="a1",
            upgrade=f'op.create_table("users", sa.Column("id", sa.Integer),'
            f' schema="{other}")',
        ),
    )
    result = project.run("upgrade", "--dry-run")
    assert result.exit_code == 1
    assert "names another database than its own" in result.stderr
    url = sa.make_url(database_url).set(database=other)
    assert read_state(url.render_as_string(hide_password=False))[0].objects == ()


@pytest.mark.backends("sqlite")
def test_foreign_keys(database_url: str, tmp_path: pathlib.Path) -> None:
    """A rebuild with foreign keys on is tried too, and they are on again after it."""
    project = make_shop(tmp_path, database_url, USERS, NAMES)
    project.run_well("upgrade", "a1")

    with project.app.app_context():
        (database,) = project.migrate.state.find_databases()

    @sa.event.listens_for(database.sync_engine, "connect")
    def enforce(connection: t.Any, record: t.Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    with unchanged(database_url):
        project.run_well("upgrade", "--dry-run")


@pytest.mark.backends("postgresql")
def test_deferred_constraints(database_url: str, tmp_path: pathlib.Path) -> None:
    """What a commit would check is checked after each step."""
    project = make_shop(
        tmp_path,
        database_url,
        RevisionFile(
            revision="a1",
            upgrade="""
                op.execute("CREATE TABLE t (id int PRIMARY KEY)")
                op.execute(
                    "CREATE TABLE u (t int REFERENCES t DEFERRABLE INITIALLY DEFERRED)"
                )
            """,
        ),
        RevisionFile(
            revision="a2",
            down="a1",
            upgrade="""
                op.execute("INSERT INTO u VALUES (1)")
                op.execute("INSERT INTO t VALUES (1)")
            """,
        ),
        RevisionFile(
            revision="a3", down="a2", upgrade="op.execute('ALTER TABLE u ADD a int')"
        ),
        RevisionFile(
            revision="a4", down="a3", upgrade="op.execute('INSERT INTO u VALUES (2)')"
        ),
    )

    with unchanged(database_url):
        project.run_well("upgrade", "-n", "a3")
        result = project.run("upgrade", "-n")

    assert 'Revision a4 "a4" could not be applied' in result.stderr
    assert "violates foreign key" in result.stderr


def test_no_file_is_made(tmp_path: pathlib.Path) -> None:
    """A dry run on a SQLite database that is not there leaves none."""
    project = make_shop(tmp_path, None, USERS, NAMES)
    project.run_well("upgrade", "--dry-run")
    assert not list(tmp_path.glob("shop.db*"))


def test_it_writes_no_sql(tmp_path: pathlib.Path) -> None:
    """--dry-run and --sql do not go together."""
    result = make_shop(tmp_path).run("upgrade", "--dry-run", "--sql")
    assert result.exit_code == 2
    assert "flask db plan --sql" in result.stderr


@pytest.mark.backends("postgresql")
def test_two_phases(database_url: str, tmp_path: pathlib.Path) -> None:
    """Inside a transaction of env.py's own, too."""
    project = make_shop(tmp_path, database_url, USERS, NAMES, template="flask-multidb")
    env = project.folder / "env.py"
    env.write_text(env.read_text().replace("two_phase=False", "two_phase=True"))
    path = str(tmp_path / "plan.json")

    for file in project.versions.glob("*.py"):
        text = file.read_text()
        file.write_text(text.replace("grade():", "grade(engine_name):"))

    with unchanged(database_url):
        result = project.run_well("upgrade", "--dry-run")
        assert "ran 2 steps on PostgreSQL and rolled back" in result.stderr
        assert "2 steps" in project.run_well("plan", "-o", path).stdout

    project.run_well("apply", path)
    assert "ran 2 steps" in project.run_well("downgrade", "-n", "base").stderr


@pytest.mark.backends("postgresql")
def test_lock_timeouts_apply(database_url: str, tmp_path: pathlib.Path) -> None:
    """Another session's lock ends a dry run as it would end the upgrade."""
    config = {"MIGRATE_DDL_LOCK_TIMEOUT": 0.1}
    project = make_shop(tmp_path, database_url, USERS, NAMES, config=config)
    project.run_well("upgrade", "a1")
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)

    with engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE users IN ACCESS SHARE MODE")
        result = project.run("upgrade", "--dry-run")

    assert result.exit_code == 4
    assert "the database is as it was." in result.stderr
    project.run_well("upgrade", "--dry-run")


def test_the_migration_lock_is_held(database_url: str, tmp_path: pathlib.Path) -> None:
    """A dry run waits for another run as an upgrade does."""
    project = make_shop(tmp_path, database_url, USERS)
    seen: list[int] = []

    def work() -> None:
        seen.append(project.run("upgrade", "-n", "--lock-timeout", "0").exit_code)

    with project.app.app_context(), project.migrate.lock():
        # Another thread does not hold the lock of this one.
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert seen == [4]
