"""Migrations connect as a user of their own: MIGRATE_DATABASE_URI and --url."""

from __future__ import annotations

import asyncio
import itertools
import pathlib
import shutil
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.ext.asyncio import create_async_engine

from flask_migrate import Migrate
from tests.support.apps import RevisionFile
from tests.support.apps import three_tables
from tests.support.apps import write_repository
from tests.support.forks import run_flask
from tests.support.projects import Project
from tests.support.servers import Backend

NUMBERS = itertools.count(1)
PASSWORD = "pa%ss@w"
PLAIN = "plain"
"""The env.py of Flask-Migrate 2.0 cannot read a percent sign."""
REPOSITORIES = pathlib.Path(__file__).parents[1] / "compat" / "repositories"

pytestmark = pytest.mark.backends("postgresql", "mariadb")


class Urls(t.NamedTuple):
    """Two ways into one database."""

    app: sa.URL
    """Of a user who may read and write rows, and change no table."""
    owner: sa.URL
    """Of a user who may do everything."""


@pytest.fixture
def make_urls(
    make_database: t.Callable[[], str], backend: Backend
) -> t.Iterator[t.Callable[[], Urls]]:
    """A function that makes a database, and a user without rights on its schema."""
    cleanings: list[tuple[sa.URL, str]] = []

    def make() -> Urls:
        server = sa.make_url(make_database())
        number = next(NUMBERS)
        app, owner = f"app_{number}", f"owner_{number}"
        quoted = PASSWORD.replace("%", "%%")
        rows = "SELECT, INSERT, UPDATE, DELETE"
        statements = {
            "postgresql": [
                f"CREATE USER {app} PASSWORD '{quoted}'",
                f"CREATE USER {owner} PASSWORD '{PLAIN}'",
                "GRANT ALL ON SCHEMA public TO " + owner,
                # As PostgreSQL 15 has it by itself.
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
                f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT {rows} ON TABLES"
                f" TO {app}",
            ],
            "mariadb": [
                f"CREATE USER {app} IDENTIFIED BY '{quoted}'",
                f"CREATE USER {owner} IDENTIFIED BY '{PLAIN}'",
                f"GRANT {rows} ON {server.database}.* TO {app}",
                f"GRANT ALL ON {server.database}.* TO {owner}",
            ],
        }[backend.name]
        run_all(server, *statements)
        cleanings.extend(((server, app), (server, owner)))
        return Urls(
            server.set(username=app, password=PASSWORD),
            server.set(username=owner, password=PLAIN),
        )

    yield make

    for server, name in cleanings:
        if backend.name == "postgresql":
            run_all(server, f"DROP OWNED BY {name} CASCADE")

        run_all(server, f"DROP USER {name}")


@pytest.fixture
def urls(make_urls: t.Callable[[], Urls]) -> Urls:
    """The ways into the database of the test."""
    return make_urls()


def run_all(url: sa.URL, *statements: str) -> None:
    """Run statements, each for itself."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for one in statements:
            connection.exec_driver_sql(one)


def read_tables(url: sa.URL) -> set[str]:
    """Return the names of the tables."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    return set(sa.inspect(engine).get_table_names())


def show(url: sa.URL) -> str:
    """Return a URL with its password."""
    return url.render_as_string(hide_password=False)


def make_project(
    folder: pathlib.Path,
    engines: t.Any,
    *revisions: RevisionFile,
    template: str = "flask",
    config: t.Mapping[str, t.Any] | None = None,
) -> Project:
    """Make an application and its repository."""
    directory = folder / "migrations"
    write_repository(directory, *(revisions or three_tables()), template=template)
    app = Flask("shop")
    app.config.update(config or {})
    keys = engines if isinstance(engines, dict) else {None: engines}
    models = {key: sa.MetaData() for key in keys}
    migrate = Migrate(app, directory=directory, engines=engines, metadatas=models)
    return Project(app=app, migrate=migrate, folder=directory)


def test_a_user_of_its_own(urls: Urls, tmp_path: pathlib.Path) -> None:
    """What the application's user may not do, the one for migrations does."""
    engine = sa.create_engine(urls.app)
    project = make_project(tmp_path, engine)
    denied = project.run("upgrade")
    assert denied.exit_code == 1
    assert "is not allowed to do this" in denied.stderr
    assert "MIGRATE_DATABASE_URI" in denied.stderr
    assert not read_tables(urls.owner)

    project.app.config["MIGRATE_DATABASE_URI"] = show(urls.owner)
    project.run_well("upgrade")
    assert read_tables(urls.owner) >= {"t1", "t2", "t3"}
    status = project.run_well("status").stdout
    assert f"{urls.owner.username}:***@" in status

    for words in ("current -v", "history -i", "wait", "create", "lock"):
        assert PASSWORD not in project.run_well(*words.split()).output

    # The application's own pool has nothing of it.
    with engine.connect() as connection:
        user = connection.scalar(sa.text("SELECT CURRENT_USER"))
        assert str(user).startswith(str(urls.app.username))

    engine.dispose()
    project.run_well("downgrade", "base")
    assert not read_tables(urls.owner) & {"t1", "t2", "t3"}


def test_option_wins(urls: Urls, tmp_path: pathlib.Path) -> None:
    """`--url` of a command wins over the group's, and that one over the setting."""
    wrong = show(urls.owner.set(database="no_such_database"))
    right = show(urls.owner)
    config = {"MIGRATE_DATABASE_URI": wrong}
    engine = sa.create_engine(urls.app, poolclass=sa.NullPool)
    project = make_project(tmp_path, engine, config=config)
    assert "no_such_database" in project.run("upgrade").stderr

    project.run_well("--url", right, "upgrade", "a1")
    project.run_well("--url", wrong, "upgrade", "--url", right, "a2")
    project.run_well("stamp", "--url", right, "a2")
    project.run_well("downgrade", "--url", f"default={right}", "a1")
    assert project.run_well("--url", right, "current").stdout == "a1\n"


def test_variable(
    urls: Urls, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FLASK_DB_URL in the environment keeps the password off the command line."""
    engine = sa.create_engine(urls.app, poolclass=sa.NullPool)
    project = make_project(tmp_path, engine)
    variables = {"FLASK_DB_URL": show(urls.owner)}
    outcome = run_flask("db", "upgrade", app=project.app, environment=variables)
    assert outcome.exit_code == 0, outcome.output
    assert "t3" in read_tables(urls.owner)


def test_binds(make_urls: t.Callable[[], Urls], tmp_path: pathlib.Path) -> None:
    """Each database may have a URL of its own; an unknown key is refused."""
    shop, audit = make_urls(), make_urls()
    engines = {
        None: sa.create_engine(shop.app, poolclass=sa.NullPool),
        "audit": sa.create_engine(audit.app, poolclass=sa.NullPool),
    }
    body = "op.create_table('t1', sa.Column('id', sa.Integer))"
    revision = RevisionFile(
        revision="a1",
        header=f"def upgrade(engine_name):\n    {body}",
    )
    project = make_project(tmp_path, engines, revision, template="flask-multidb")
    path = project.versions / "a1_.py"
    path.write_text(path.read_text().replace("def upgrade():\n    pass\n", ""))
    config = project.app.config
    config["MIGRATE_DATABASE_URI"] = {"default": show(shop.owner)}
    denied = project.run("upgrade")
    assert denied.exit_code == 1
    assert read_tables(shop.owner) >= {"t1"}
    assert not read_tables(audit.owner)

    project.run_well("--url", f"audit={show(audit.owner)}", "upgrade")
    assert read_tables(audit.owner) >= {"t1"}

    config["MIGRATE_DATABASE_URI"] = {"adit": show(audit.owner)}
    unknown = project.run("upgrade")
    assert unknown.exit_code == 2
    assert "'adit'" in unknown.stderr
    assert "<default>, audit" in unknown.stderr


def test_arguments_of_the_application(urls: Urls, tmp_path: pathlib.Path) -> None:
    """The application's connect_args hold too, but not its user in them."""
    seen: list[dict[str, t.Any]] = []

    @sa.event.listens_for(sa.Engine, "do_connect")
    def look(dialect: t.Any, record: t.Any, args: t.Any, values: t.Any) -> None:
        seen.append(dict(values))

    given = {"connect_timeout": 7, "user": "nobody"}
    engine = sa.create_engine(urls.app, poolclass=sa.NullPool, connect_args=given)
    engine.update_execution_options(schema_translate_map={"a": None})
    config = {"MIGRATE_DATABASE_URI": show(urls.owner)}
    project = make_project(tmp_path, engine, config=config)

    try:
        project.run_well("upgrade")
    finally:
        sa.event.remove(sa.Engine, "do_connect", look)

    # The application's engine was asked for its parameters, and has not connected.
    assert {one["user"] for one in seen[1:]} == {urls.owner.username}
    assert all(one["connect_timeout"] == 7 for one in seen)
    with project.app.app_context():
        (found,) = project.migrate.state.find_databases()

    options = found.sync_engine.get_execution_options()
    assert options["schema_translate_map"] == {"a": None}


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("driver", ["postgresql+psycopg", "postgresql+asyncpg"])
def test_asynchronous_application(
    urls: Urls, tmp_path: pathlib.Path, driver: str
) -> None:
    """An asynchronous application migrates by either kind of driver."""
    engine = create_async_engine(
        urls.app.set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool
    )
    config = {"MIGRATE_DATABASE_URI": show(urls.owner.set(drivername=driver))}
    project = make_project(tmp_path, engine, template="aioflask", config=config)
    project.run_well("upgrade")
    assert read_tables(urls.owner) >= {"t1", "t2", "t3"}


WRONG = {
    "nothing": "",
    "no URL": "sekret",
    "port": "postgresql://me:x@localhost:sekret/shop",
    "dialect": "nosuch://me:sekret@localhost/shop",
    "driver": "postgresql+psycopg2://me:sekret@localhost/shop",
    "at sign": "postgresql+psycopg://me:p@sekret@localhost/shop",
}


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("url", WRONG.values(), ids=list(WRONG))
def test_wrong_url(
    urls: Urls, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """A URL that cannot be used is refused, and its secret is not repeated."""
    monkeypatch.setenv("MIGRATE_TRACEBACK", "1")
    engine = sa.create_engine(urls.app, poolclass=sa.NullPool)
    config = {"MIGRATE_DATABASE_URI": url}
    project = make_project(tmp_path, engine, config=config)

    for words in (["upgrade"], ["--url", url, "current"], ["create"]):
        result = project.run(*words)
        assert result.exit_code == 2, result.output
        assert "sekret" not in result.output


@pytest.mark.backends("postgresql")
def test_unreachable(urls: Urls, tmp_path: pathlib.Path) -> None:
    """The error names the host of the URL for migrations, and no password."""
    wrong = urls.owner.set(host="127.0.0.1", port=1)
    engine = sa.create_engine(urls.app, poolclass=sa.NullPool)
    config = {"MIGRATE_DATABASE_URI": show(wrong)}
    result = make_project(tmp_path, engine, config=config).run("upgrade")
    assert "127.0.0.1:1 cannot be reached" in result.stderr
    assert str(wrong.password) not in result.stderr


OLD = sorted(path.parent.name for path in REPOSITORIES.glob("*/migrations"))


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("name", OLD)
def test_old_repositories(
    make_urls: t.Callable[[], Urls],
    tmp_path: pathlib.Path,
    name: str,
) -> None:
    """An env.py of Flask-Migrate ends up at the other URL, unmodified."""
    folder = tmp_path / name
    shutil.copytree(REPOSITORIES / name, folder)
    is_async, is_multidb = "aioflask" in name, "multidb" in name
    shop = make_urls()
    audit = make_urls() if is_multidb else None

    def place(url: sa.URL) -> str:
        driver = "postgresql+asyncpg" if is_async else "postgresql+psycopg"
        return show(url.set(drivername=driver))

    # The applications read the path of an SQLite file.
    text = (folder / "app.py").read_text()
    scheme = '"sqlite+aiosqlite:///" + ' if is_async else '"sqlite:///" + '
    (folder / "app.py").write_text(text.replace(scheme, ""))
    variables = {"BLOG": place(shop.app), "STAGE": "3"}
    texts: dict[str, str] = {"default": place(shop.owner)}
    if audit is not None:
        variables["AUDIT"] = place(audit.app)
        texts["audit"] = place(audit.owner)

    words = [word for key, url in texts.items() for word in ("--url", f"{key}={url}")]
    outcome = run_flask(
        "db",
        *(*words, "upgrade"),
        folder=folder,
        environment=variables,
        # What asyncio.run() of this process has taken away.
        prepare=lambda: asyncio.set_event_loop(asyncio.new_event_loop()),
    )
    assert outcome.exit_code == 0, outcome.output
    assert read_tables(shop.owner) >= {"user", "post"}
    if audit is not None:
        assert read_tables(audit.owner) >= {"event"}
