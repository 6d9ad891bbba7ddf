"""Templates that are killed, and wanted by several at once."""

from __future__ import annotations

import os
import pathlib
import random
import signal
import sqlite3
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate.databases.dialects import sqlite_templates
from tests.support.apps import make_shop
from tests.support.audits import audit
from tests.support.forks import run_flask
from tests.support.forks import start_flask
from tests.support.kills import count_sent
from tests.support.kills import kill_at
from tests.support.projects import Project
from tests.support.rich import make_rich
from tests.support.servers import Backend

MOMENTS = 8
CROWD = 6


class Site(t.NamedTuple):
    """A shop whose database is not there, and what it holds when it is ready."""

    shop: Project
    url: sa.URL

    def drop(self) -> None:
        """Drop the database, if it is there."""
        self.shop.run("drop", "--confirm", str(self.url.database))

    def count(self, what: str) -> int:
        """Return how many databases of ours the server has."""
        is_mariadb = self.url.get_backend_name() == "mysql"
        home = self.url.set(database="" if is_mariadb else "postgres")
        query = "SHOW DATABASES" if is_mariadb else "SELECT datname FROM pg_database"

        with sa.create_engine(home, poolclass=sa.NullPool).connect() as connection:
            names = connection.exec_driver_sql(query).scalars()
            return sum(one.startswith(f"whimbrel_{what}_") for one in names)


@pytest.fixture
def site(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> t.Iterator[Site]:
    """A shop with one of everything in its revisions."""
    url = sa.make_url(database_url)
    url = url.set(database=f"{url.database}_new")
    site = Site(make_shop(tmp_path, url, *make_rich(backend.name)), url)
    yield site
    site.drop()
    site.shop.run("template", "--drop")


def choose_moments(sent: int) -> list[tuple[int, bool]]:
    """Return some moments of a process, its last words among them."""
    every = [(number, after) for number in range(1, sent) for after in (False, True)]
    dice = random.Random(5)
    return [*dice.sample(every, min(MOMENTS, len(every))), *every[-6:]]


def test_killed_while_it_is_copied(site: Site, backend: Backend) -> None:
    """The next one starts over, or goes on: it is ready, and all of it is there."""
    site.shop.run_well("prepare", "--no-template")
    expected = audit(site.url)
    site.drop()
    site.shop.run_well("template")
    sent = count_sent(lambda: site.shop.run_well("prepare"))
    assert audit(site.url) == expected

    for number, after in choose_moments(sent):
        site.drop()
        killed = run_flask(
            "db",
            "prepare",
            app=site.shop.app,
            prepare=kill_at(number, after_sending=after),
        )
        assert killed.exit_code == -signal.SIGKILL, (number, after, killed.output)
        site.shop.run_well("prepare")
        assert audit(site.url) == expected, (number, after)


def test_killed_while_it_is_built(site: Site) -> None:
    """What is not whole is no template; the next one builds it."""
    site.shop.run_well("prepare", "--no-template")
    expected = audit(site.url)
    site.drop()
    sent = count_sent(lambda: site.shop.run_well("template"))

    for number, after in choose_moments(sent):
        site.shop.run_well("template", "--drop")
        killed = run_flask(
            "db",
            "template",
            app=site.shop.app,
            prepare=kill_at(number, after_sending=after),
        )
        assert killed.exit_code == -signal.SIGKILL, (number, after, killed.output)
        site.shop.run_well("prepare")
        assert audit(site.url) == expected, (number, after)
        site.drop()
        site.shop.run_well("template")
        site.shop.run_well("prepare")
        assert audit(site.url) == expected, (number, after)
        site.drop()


class _Killer(sqlite3.Connection):
    """A connection whose copying is killed when a part of it is done."""

    def backup(self, target: sqlite3.Connection, **options: t.Any) -> None:
        """Copy a page, and then no more."""

        def stop(*progress: int) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        super().backup(target, pages=3, progress=stop)


@pytest.mark.backends("sqlite")
def test_killed_between_two_pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own journal takes back what was written of a file."""
    site.shop.run_well("template")

    def connect(*words: t.Any, **options: t.Any) -> sqlite3.Connection:
        return sqlite3.connect(*words, factory=_Killer, **options)

    def kill() -> None:
        monkeypatch.setattr(sqlite_templates, "connect", connect)

    killed = run_flask("db", "prepare", app=site.shop.app, prepare=kill)
    assert killed.exit_code == -signal.SIGKILL, killed.output
    site.shop.run_well("prepare")
    assert "r2 (head)" in site.shop.run_well("current").stdout


@pytest.mark.backends("mariadb")
def test_only_an_empty_database_is_marked(site: Site) -> None:
    """What was there before a copy was begun is nobody's to clear."""
    site.shop.run_well("template")
    site.shop.run_well("create")
    engine = sa.create_engine(site.url, poolclass=sa.NullPool)

    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE mine (id INTEGER)")
        connection.exec_driver_sql("INSERT INTO mine VALUES (1)")

    site.shop.run_well("prepare")
    assert audit(site.url).rows["mine"] == ["(1,)"]


@pytest.mark.parametrize("words", [(), ("--no-template",)], ids=["copy", "replay"])
def test_many_prepare_at_once(site: Site, words: tuple[str, ...]) -> None:
    """All succeed, and the database is the same as one that was replayed."""
    site.shop.run_well("prepare", "--no-template")
    expected = audit(site.url)
    site.drop()
    site.shop.run_well("template")
    children = [
        start_flask("db", "prepare", *words, app=site.shop.app) for _ in range(CROWD)
    ]
    outcomes = [child.wait() for child in children]
    assert [one.exit_code for one in outcomes] == [0] * CROWD, outcomes
    assert audit(site.url) == expected


def test_many_build_at_once(site: Site, backend: Backend) -> None:
    """All succeed, and one template stays."""
    is_server = "server" in backend.capabilities
    before = {one: site.count(one) for one in ("scratch", "template") if is_server}
    children = [start_flask("db", "template", app=site.shop.app) for _ in range(3)]
    outcomes = [child.wait() for child in children]
    assert [one.exit_code for one in outcomes] == [0] * 3, outcomes
    found = site.shop.run_well("template").stderr.splitlines()
    assert len(found) == 1
    assert found[0].endswith("kept")

    if is_server:
        # Others may have left something on the server.
        assert site.count("template") == before["template"] + 1
        assert site.count("scratch") == before["scratch"]
