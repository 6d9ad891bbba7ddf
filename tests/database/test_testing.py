"""Databases for tests: new ones that are copies, and one for each process."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import sys
import textwrap

import pytest
import sqlalchemy as sa

from flask_migrate import MigrationError
from flask_migrate.testing import fresh_databases
from flask_migrate.testing import worker_url
from tests.support.apps import make_shop
from tests.support.apps import RevisionFile
from tests.support.projects import Project
from tests.support.servers import Backend

USERS = RevisionFile(
    revision="a1",
    upgrade="""
        op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))
        op.execute("INSERT INTO users (id) VALUES (1)")
        with open({log!r}, "a") as log:
            log.write(".")
    """,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A shop for tests, whose only script writes down that it runs."""

    shop: Project
    url: str
    log: pathlib.Path

    def count_runs(self) -> int:
        """Return how often the script has run."""
        return len(self.log.read_text()) if self.log.exists() else 0

    def run(self, sql: str) -> list[int]:
        """Run some SQL on the database; return the first column, where there is one."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)

        with engine.begin() as connection:
            found = connection.exec_driver_sql(sql)
            return [row[0] for row in found] if found.returns_rows else []


@pytest.fixture
def tested(database_url: str, tmp_path: pathlib.Path) -> Sample:
    """A shop whose database is called a test's."""
    known = sa.make_url(database_url)
    name = pathlib.PurePath(known.database or "")
    url = known.set(database=str(name.with_stem(f"{name.stem}_test")))
    text = url.render_as_string(hide_password=False)
    log = tmp_path / "log"
    script = dataclasses.replace(USERS, upgrade=USERS.upgrade.format(log=str(log)))
    shop = make_shop(tmp_path, text, script)
    return Sample(shop=shop, url=text, log=log)


def forget(tested: Sample) -> None:
    """Drop the templates."""
    tested.shop.run_well("template", "--drop")


def test_each_one_is_new(tested: Sample) -> None:
    """What a test has written is gone in the next one, and the script runs once."""
    for _ in range(3):
        with fresh_databases(tested.shop.app):
            assert tested.run("SELECT id FROM users") == [1]
            tested.run("INSERT INTO users (id) VALUES (2)")

    assert tested.count_runs() == 1
    forget(tested)


def test_nothing_is_left(tested: Sample) -> None:
    """In the end the database is gone, after an error too."""
    with pytest.raises(ZeroDivisionError), fresh_databases(tested.shop.app):
        assert 1 / 0

    with tested.shop.app.app_context():
        ((_, was_made),) = tested.shop.migrate.create()

    assert was_made
    forget(tested)


def test_another_script(tested: Sample) -> None:
    """A script that has changed is run, and only the new template is kept."""
    with fresh_databases(tested.shop.app):
        pass

    path = tested.shop.versions / "a1_.py"
    path.write_text(path.read_text().replace("VALUES (1)", "VALUES (7)"))

    with fresh_databases(tested.shop.app):
        assert tested.run("SELECT id FROM users") == [7]

    assert tested.count_runs() == 2
    forget(tested)


def test_seeds(tested: Sample) -> None:
    """The rows of the seeds are there."""

    @tested.shop.migrate.seed
    def fill() -> None:
        tested.run("INSERT INTO users (id) VALUES (5)")

    with fresh_databases(tested.shop.app):
        assert tested.run("SELECT id FROM users ORDER BY id") == [1, 5]

    forget(tested)


def test_a_script_that_fails(tested: Sample) -> None:
    """It says what it says in an upgrade."""
    path = tested.shop.versions / "a1_.py"
    path.write_text(path.read_text().replace("INTO users", "INTO nobody"))

    with (
        pytest.raises(MigrationError, match="nobody"),
        fresh_databases(tested.shop.app),
    ):
        pytest.fail("never comes here")


@pytest.mark.backends("postgresql", "mariadb")
def test_a_database_that_is_no_test(database_url: str, tmp_path: pathlib.Path) -> None:
    """Nothing is dropped whose name is not a test's."""
    name = sa.make_url(database_url).database
    assert "test" not in (name or "")
    shop = make_shop(tmp_path, database_url)
    shop.run_well("upgrade")

    fresh = fresh_databases(shop.app)

    with pytest.raises(MigrationError, match="name is not a test's") as caught, fresh:
        pytest.fail("never comes here")

    assert caught.value.exit_code == 2
    assert "a3" in shop.run_well("current").stdout


@pytest.mark.backends("sqlite")
def test_in_memory(tmp_path: pathlib.Path, database_url: str) -> None:
    """A database in memory cannot be a copy; the scripts run."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    shop = make_shop(tmp_path)
    shop.migrate.init_app(shop.app, engines=engine, directory=shop.folder)

    for _ in range(2):
        with fresh_databases(shop.app), engine.begin() as connection:
            assert "alembic_version" in sa.inspect(connection).get_table_names()
            connection.exec_driver_sql("CREATE TABLE mine (id INTEGER)")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+psycopg://me:pw@host/shop_test", "{}_gw3"),
        ("sqlite:////tmp/shop_test.db", "sqlite:////tmp/shop_test_gw3.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
    ],
)
def test_worker_url(monkeypatch: pytest.MonkeyPatch, url: str, expected: str) -> None:
    """Each worker has a name of its own; one process alone changes nothing."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert worker_url(url) == url
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw3")
    assert worker_url(url) == expected.format(url)


def test_two_workers(tested: Sample, tmp_path: pathlib.Path, backend: Backend) -> None:
    """pytest-xdist: two processes, two databases, one run of the script."""
    (tmp_path / "test_shop.py").write_text(
        textwrap.dedent(
            f"""
            import pytest
            import sqlalchemy as sa
            from flask import Flask
            from flask_migrate import Migrate
            from flask_migrate.testing import fresh_databases, worker_url

            URL = worker_url({tested.url!r})

            @pytest.fixture(scope="session")
            def engine():
                app = Flask("shop")
                engine = sa.create_engine(URL)
                Migrate(app, engines=engine, metadatas=sa.MetaData(),
                        directory={str(tested.shop.folder)!r})
                with fresh_databases(app):
                    yield engine
                engine.dispose()

            @pytest.mark.parametrize("number", range(8))
            def test_rows(engine, number):
                with engine.begin() as connection:
                    rows = connection.exec_driver_sql("SELECT id FROM users").all()
                    assert rows[0] == (1,)
                    connection.exec_driver_sql(
                        f"INSERT INTO users (id) VALUES ({{number + 10}})"
                    )
            """
        )
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "-p",
        "no:cacheprovider",
    ]
    answer = subprocess.run(
        [*command, str(tmp_path / "test_shop.py"), "--rootdir", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "8 passed" in answer.stdout
    assert tested.count_runs() == 1
    forget(tested)
