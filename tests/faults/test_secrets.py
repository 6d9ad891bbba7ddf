"""A password reaches the database, and nothing else: no output, no file, no log."""

from __future__ import annotations

import itertools
import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from tests.faults.rows import bare_logging
from tests.faults.rows import PASSWORD
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.projects import Project
from tests.support.servers import Backend

NUMBERS = itertools.count(1)
HARD = f"{PASSWORD}@/:#%&+ ?='{PASSWORD}"
"""Everything that a URL has a use for."""

COMMANDS = [
    *("upgrade a1", "current -v", "history -i -v", "check", "migrate -m x", "status"),
    *("upgrade --sql", "show current", "stamp --sql head", "ensure-version", "create"),
    *("drop", "drop --confirm nope", "downgrade nope", "upgrade", "heads", "downgrade"),
]


@pytest.fixture
def secret_url(database_url: str, backend: Backend) -> t.Iterator[sa.URL]:
    """The URL of a user with a hard password, on a server."""
    name = f"secret_{next(NUMBERS)}"
    engine = sa.create_engine(
        database_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    url = sa.make_url(database_url)
    quoted = HARD.replace("'", "''").replace("%", "%%")
    statements = {
        "postgresql": (
            f"CREATE USER {name} PASSWORD '{quoted}' SUPERUSER",
            f"DROP OWNED BY {name} CASCADE",
        ),
        "mariadb": (
            f"CREATE USER {name} IDENTIFIED BY '{quoted}'",
            f"GRANT ALL ON *.* TO {name}",
        ),
    }[backend.name]
    with engine.connect() as connection:
        connection.exec_driver_sql(statements[0])
        if backend.name == "mariadb":
            connection.exec_driver_sql(statements[1])

    yield url.set(username=name, password=HARD)
    with engine.connect() as connection:
        if backend.name == "postgresql":
            connection.exec_driver_sql(statements[1])

        connection.exec_driver_sql(f"DROP USER {name}")


def expect_no_secret(shop: Project, words: str) -> None:
    """Run a command, with its traceback, and look for the password everywhere."""
    with bare_logging():
        result = shop.run(*words.split())

    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert PASSWORD not in result.output, result.output
    for path in shop.folder.parent.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path


@pytest.mark.server
def test_every_command(
    secret_url: sa.URL, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No command says the password, not even with the traceback of its error."""
    monkeypatch.setenv("MIGRATE_TRACEBACK", "1")
    failing = RevisionFile(
        revision="a3", down="a2", upgrade="op.execute('SELECT nothing FROM nowhere')"
    )
    shop = make_shop(tmp_path, secret_url, make_table(1), make_table(2), failing)
    for words in COMMANDS:
        expect_no_secret(shop, words)

    assert shop.run("current").stdout.strip() in {"a1", "a2"}


BROKEN = {
    "port": "{driver}://app:sekret@127.0.0.1:1/shop",
    "host": "{driver}://app:sekret@no-such-host.invalid/shop",
    "at sign": "{driver}://app:p@sekret@127.0.0.1:1/shop",
    "at sign and slash": "{driver}://app:p@sekret/x@127.0.0.1:1/shop",
    "parameter": "{driver}://app@127.0.0.1:1/shop?password=sekret",
    "unknown parameter": "{driver}://app:sekret@127.0.0.1:1/shop?nonsense=sekret",
    "passfile": "{driver}://app@127.0.0.1:1/shop?passfile=/sekret",
}


@pytest.mark.parametrize("url", BROKEN.values(), ids=list(BROKEN))
@pytest.mark.parametrize(
    "driver", ["postgresql+psycopg", "postgresql+asyncpg", "mysql+pymysql"]
)
def test_broken_url(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, driver: str, url: str
) -> None:
    """Whatever is wrong with a URL, its secret is not in the answer."""
    monkeypatch.setenv("MIGRATE_TRACEBACK", "1")
    shop = make_shop(tmp_path)
    full = url.format(driver=driver)
    make = create_async_engine if "asyncpg" in driver else sa.create_engine
    engine: t.Any = make(full, poolclass=sa.NullPool)
    shop.migrate.init_app(
        shop.app, directory=shop.folder, engines=engine, metadatas=sa.MetaData()
    )
    for words in ("upgrade", "current -v", "create", "upgrade --sql"):
        expect_no_secret(shop, words)


def test_error_of_a_program(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An env.py that puts a URL into its own error does not get it printed."""
    monkeypatch.setenv("MIGRATE_TRACEBACK", "1")
    shop = make_shop(tmp_path)
    env = shop.folder / "env.py"
    env.write_text("raise RuntimeError('no answer from mysql://a:p@se' 'kret@h/d')\n")
    expect_no_secret(shop, "upgrade")
    text = shop.run("upgrade").stderr
    assert "\nRuntimeError: no answer from mysql://a:***@h/d" in text
    assert "Error: " + str(env) in text
