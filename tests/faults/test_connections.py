"""Servers that cannot be reached, refuse us, are full, or go away."""

from __future__ import annotations

import dataclasses
import pathlib
import socket
import time
import typing as t

import pytest
import sqlalchemy as sa

from tests.faults.rows import check_answer
from tests.faults.rows import check_row
from tests.faults.rows import PASSWORD
from tests.faults.rows import Row
from tests.faults.rows import row_params
from tests.support.apps import make_shop
from tests.support.forks import run_flask

Change = t.Callable[[sa.URL], sa.URL | str]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place(Row):
    """A URL that leads nowhere, made from one that leads to a server."""

    url: Change


def wrong_password(url: sa.URL) -> sa.URL:
    """Knock with another password."""
    return url.set(password=PASSWORD)


def closed_port(url: sa.URL) -> sa.URL:
    """Go where nobody listens."""
    return url.set(port=free_port(), password=PASSWORD)


def unknown_host(url: sa.URL) -> sa.URL:
    """Go to a host that no name server knows."""
    return url.set(host="no-such-host.invalid", password=PASSWORD)


def unknown_user(url: sa.URL) -> sa.URL:
    """Be somebody else."""
    return url.set(username="nobody_here", password=PASSWORD)


def unescaped_at(url: sa.URL) -> str:
    """Forget to write an at sign in the password as %40."""
    return f"{url.drivername}://app:p@{PASSWORD}#w@{url.host}:{url.port}/shop"


def unescaped_at_and_slash(url: sa.URL) -> str:
    """Forget about a slash too."""
    return f"{url.drivername}://app:p@{PASSWORD}/w@{url.host}:{url.port}/shop"


UNREACHABLE = ("cannot be reached", "Check that it runs")
REFUSED = ("refuses the connection", "Check the user and the password")
ESCAPE = ("The database URL cannot be understood", "%40")

POSTGRESQL = [
    Place(
        number=49,
        what="wrong password",
        url=wrong_password,
        says=(*REFUSED, "password authentication failed"),
    ),
    Place(what="unknown user", url=unknown_user, says=REFUSED),
    Place(
        number=51,
        what="closed port",
        url=closed_port,
        says=(*UNREACHABLE, "127.0.0.1:", "refused"),
    ),
    Place(
        number=53,
        what="unknown host",
        url=unknown_host,
        says=(*UNREACHABLE, "no-such-host.invalid"),
    ),
    Place(
        number=55,
        what="no such database",
        url=lambda url: url.set(database="nodb"),
        says=('There is no database "nodb"', "127.0.0.1:", "flask db create"),
    ),
    Place(
        number=62,
        what="at sign in the password",
        url=unescaped_at,
        exit_code=2,
        says=ESCAPE,
    ),
    Place(
        what="slash in the password",
        url=unescaped_at_and_slash,
        exit_code=2,
        says=ESCAPE,
    ),
    Place(
        number=64,
        what="unknown parameter",
        url=lambda url: url.update_query_dict({"foo": "1"}).set(password=PASSWORD),
        exit_code=2,
        says=("foo", "parameter", "Correct what stands behind the `?` in the URL"),
    ),
    Place(
        what="no such socket",
        url=lambda url: f"{url.drivername}://app:{PASSWORD}@/shop?host=/nowhere",
        says=(*UNREACHABLE, "/nowhere"),
    ),
    Place(
        what="search_path without a schema",
        url=lambda url: url.update_query_dict({"options": "-csearch_path=nowhere"}),
        exit_code=2,
        says=("has no default schema", "search_path"),
    ),
]

MARIADB = [
    Place(
        number=50,
        what="wrong password",
        url=wrong_password,
        says=(*REFUSED, "Access denied for user"),
    ),
    Place(what="unknown user", url=unknown_user, says=REFUSED),
    Place(
        number=52,
        what="closed port",
        url=closed_port,
        says=(*UNREACHABLE, "127.0.0.1:", "refused"),
    ),
    Place(
        number=54,
        what="unknown host",
        url=unknown_host,
        says=(*UNREACHABLE, "no-such-host.invalid"),
    ),
    Place(
        number=56,
        what="no such database",
        url=lambda url: url.set(database="nodb"),
        says=('There is no database "nodb"', "127.0.0.1:", "flask db create"),
    ),
    Place(what="at sign in the password", url=unescaped_at, exit_code=2, says=ESCAPE),
    Place(
        what="slash in the password",
        url=unescaped_at_and_slash,
        exit_code=2,
        says=ESCAPE,
    ),
    Place(
        what="unknown parameter",
        url=lambda url: url.update_query_dict({"foo": "1"}).set(password=PASSWORD),
        exit_code=2,
        says=("foo", "parameter", "Correct what stands behind the `?` in the URL"),
    ),
    Place(
        what="no database in the URL",
        url=lambda url: url.set(database=""),
        exit_code=2,
        says=("has no default schema", "Name a database in the URL"),
    ),
]


@pytest.mark.parametrize("row", row_params(POSTGRESQL))
def test_postgresql(row: Place, postgresql_url: str, tmp_path: pathlib.Path) -> None:
    """PostgreSQL out of reach: where, why, and what to look at."""
    url = row.url(sa.make_url(postgresql_url))
    check_row(row, make_shop(tmp_path, url))


@pytest.mark.parametrize(
    "row", row_params(row for row in POSTGRESQL if row.number in {49, 51, 53, 55, 62})
)
def test_asyncpg(row: Place, postgresql_url: str, tmp_path: pathlib.Path) -> None:
    """A driver whose errors SQLAlchemy does not know is told in the same words."""
    url = row.url(sa.make_url(postgresql_url).set(drivername="postgresql+asyncpg"))
    # The server's own sentence, and no more of libpq's.
    check_row(row, make_any_shop(tmp_path, url))


@pytest.mark.parametrize("row", row_params(MARIADB))
def test_mariadb(row: Place, mariadb_url: str, tmp_path: pathlib.Path) -> None:
    """MariaDB out of reach: where, why, and what to look at."""
    url = row.url(sa.make_url(mariadb_url))
    check_row(row, make_shop(tmp_path, url))


# The commands that Flask-Migrate does not have fail with 3.
COMMANDS = [
    pytest.param("migrate", 1, marks=pytest.mark.row(137)),
    ("upgrade", 1),
    ("upgrade --create", 1),
    ("downgrade", 1),
    ("stamp", 1),
    ("current", 1),
    ("check", 1),
    ("show current", 1),
    ("history -i", 1),
    ("ensure-version", 3),
    ("create", 3),
    ("drop --confirm shop", 3),
]
DRIVERS = {
    "psycopg": "postgresql+psycopg",
    "asyncpg": "postgresql+asyncpg",
    "pymysql": "mysql+pymysql",
}


@pytest.mark.parametrize(("words", "code"), COMMANDS)
def test_every_command_without_a_server(
    words: str, code: int, tmp_path: pathlib.Path
) -> None:
    """Each command that needs the database says the same."""
    url = f"postgresql+psycopg://app:{PASSWORD}@127.0.0.1:{free_port()}/shop"
    row = Row(what=words, words=tuple(words.split()), exit_code=code, says=UNREACHABLE)
    check_row(row, make_shop(tmp_path, url))


@pytest.mark.parametrize("words", ["heads", "history", "show", "branches"])
def test_commands_that_need_no_server(words: str, tmp_path: pathlib.Path) -> None:
    """What only the files can answer is answered."""
    url = f"postgresql+psycopg://app:{PASSWORD}@127.0.0.1:{free_port()}/shop"
    check_row(Row(what=words, words=(words,), exit_code=0), make_shop(tmp_path, url))


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=list(DRIVERS))
@pytest.mark.parametrize("place", [closed_port, unknown_host])
def test_every_driver_without_a_server(
    driver: str, place: Change, tmp_path: pathlib.Path
) -> None:
    """Whatever the driver raises, the sentence is the same."""
    url = place(sa.make_url(f"{driver}://app@127.0.0.1/shop"))
    # Only the number of the error says so where the driver's words are not its own.
    hides = ("[Errno",) if "asyncpg" in driver else ()
    row = Row(what="down", says=UNREACHABLE, hides=hides)
    check_row(row, make_any_shop(tmp_path, url))


def make_any_shop(folder: pathlib.Path, url: t.Any) -> t.Any:
    """Make a shop with whatever kind of engine a URL asks for."""
    from sqlalchemy.ext.asyncio import create_async_engine

    if not sa.make_url(url).get_dialect().is_async:
        return make_shop(folder, url)

    engine = create_async_engine(url, poolclass=sa.NullPool)
    shop = make_shop(folder)
    shop.migrate.init_app(
        shop.app, directory=shop.folder, engines=engine, metadatas=sa.MetaData()
    )
    return shop


@pytest.mark.parametrize(
    "driver",
    [
        pytest.param("postgresql+psycopg", marks=pytest.mark.row(138)),
        pytest.param("mysql+pymysql", marks=pytest.mark.row(139)),
        "postgresql+asyncpg",
    ],
)
def test_server_that_never_answers(driver: str, tmp_path: pathlib.Path) -> None:
    """A server that takes the connection and says nothing is given up in time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        shop = make_any_shop(
            tmp_path, f"{driver}://app:{PASSWORD}@127.0.0.1:{port}/shop"
        )
        shop.app.config["MIGRATE_CONNECT_TIMEOUT"] = 1
        began = time.monotonic()
        outcome = run_flask("db", "upgrade", app=shop.app)
        took = time.monotonic() - began

    check_answer(
        outcome,
        exit_code=1,
        says=(
            f"The database server at 127.0.0.1:{port} cannot be reached",
            "no answer after",
            "MIGRATE_CONNECT_TIMEOUT",
        ),
    )
    assert took < 4
