"""prepare and seed: from nothing to ready, again and again."""

from __future__ import annotations

import pathlib
import shutil
import threading

import pytest
import sqlalchemy as sa

from flask_migrate.errors import LockNotAcquired
from tests.support.apps import make_shop
from tests.support.projects import Project


def make_new_shop(database_url: str, tmp_path: pathlib.Path) -> tuple[Project, str]:
    """Make a shop whose database does not exist, and return its name."""
    url = sa.make_url(database_url)
    name = f"{url.database}_new"
    return make_shop(tmp_path, url.set(database=name)), name


def test_prepare(database_url: str, tmp_path: pathlib.Path) -> None:
    """It makes the database, upgrades it and calls the seeds, each time."""
    shop, name = make_new_shop(database_url, tmp_path)
    calls: list[str] = []

    @shop.migrate.seed
    def write_rows() -> None:
        with shop.app.app_context():
            (state,) = shop.migrate.current()

        calls.append(state.heads[0])

    @shop.migrate.seed
    async def write_more_rows() -> None:
        calls.append("async")

    shop.run_well("prepare")
    shop.run_well("prepare")
    assert calls == ["a3", "async", "a3", "async"]
    assert "a3 (head)" in shop.run_well("current").stdout
    shop.run_well("drop", "--confirm", name)


def test_one_seeds_at_a_time(database_url: str, tmp_path: pathlib.Path) -> None:
    """While one process seeds, another one waits for the migration lock."""
    shop = make_shop(tmp_path, database_url)
    answers: list[type[Exception] | None] = []

    def try_lock() -> None:
        # A thread has no lock of its own yet, as another process has none.
        try:
            with shop.app.app_context(), shop.migrate.lock(timeout=0):
                answers.append(None)
        except LockNotAcquired as error:
            answers.append(type(error))

    @shop.migrate.seed
    def write_rows() -> None:
        thread = threading.Thread(target=try_lock)
        thread.start()
        thread.join()

    shop.run_well("prepare")
    try_lock()
    assert answers == [LockNotAcquired, None]


def test_nothing_is_made_without_revisions(tmp_path: pathlib.Path) -> None:
    """A folder of revisions that was not deployed stops it before the database."""
    shop = make_shop(tmp_path)
    shutil.rmtree(shop.versions)
    assert shop.run("prepare").exit_code == 3
    assert not (tmp_path / "shop.db").exists()


def test_seed_that_fails(tmp_path: pathlib.Path) -> None:
    """A seed that fails is named, its secrets are not, and the upgrade stays."""
    shop = make_shop(tmp_path)

    @shop.migrate.seed
    def write_rows() -> None:
        raise RuntimeError("cannot reach mail://ana:sekret@host")

    result = shop.run("prepare")
    assert result.exit_code == 3
    assert "write_rows has failed: RuntimeError" in result.stderr
    assert "sekret" not in result.output
    assert "a3 (head)" in shop.run_well("current").stdout


@pytest.mark.transactional_ddl
def test_nothing_is_dropped(database_url: str, tmp_path: pathlib.Path) -> None:
    """Rows, and tables that no revision knows, stay."""
    shop = make_shop(tmp_path, database_url)
    shop.run_well("prepare")
    engine = sa.create_engine(database_url)

    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO t1 (id) VALUES (1)"))
        connection.execute(sa.text("CREATE TABLE mine (id INTEGER)"))

    shop.run_well("prepare")
    assert sa.inspect(engine).has_table("mine")

    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM t1")) == 1

    engine.dispose()
