"""template, and prepare with one: a new database is a copy of a built one."""

from __future__ import annotations

import dataclasses
import logging
import pathlib
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from flask_migrate.databases.snapshot import take_snapshot
from flask_migrate.databases.template import Place as PlaceKind
from flask_migrate.databases.template import Template
from flask_migrate.databases.template import Templates
from flask_migrate.errors import LockNotAcquired
from flask_migrate.extension.shelves import find_shelves
from flask_migrate.extension.shelves import read_lineage
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.audits import audit
from tests.support.projects import Project
from tests.support.rich import make_rich
from tests.support.servers import Backend


@dataclasses.dataclass(kw_only=True)
class Place:
    """A shop whose database is not there yet.

    :param url: of the database.
    :param shop: the application.
    """

    url: sa.URL
    shop: Project
    logged: pytest.LogCaptureFixture

    def execute(self, *statements: str, database: str | None = None) -> None:
        """Run statements on the database of the shop, or on another one."""
        url = self.url if database is None else self.url.set(database=database)
        engine = sa.create_engine(url, poolclass=sa.NullPool)

        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def open(self) -> tuple[Templates, str]:
        """Return where the templates are, and whose they are."""
        migrate = self.shop.migrate

        with self.shop.app.app_context():
            opened = migrate._open(None)
            (shelf,) = find_shelves(opened.scripts, migrate._choose(None))
            return shelf.templates, read_lineage(opened.scripts, shelf).owner

    def find(self) -> list[Template]:
        """Return the templates that there are."""
        templates, owner = self.open()
        return [*templates.find(owner)]

    def prepare(self, *words: str) -> int:
        """Prepare the database; return how many revisions had to run for that."""
        self.logged.clear()
        self.shop.run_well("prepare", *words)
        return self.logged.text.count("Running upgrade")

    def drop(self) -> None:
        """Drop the database."""
        self.shop.run_well("drop", "--confirm", str(self.url.database))


@pytest.fixture
def place(
    database_url: str, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> t.Iterator[Place]:
    """A shop with three revisions."""
    caplog.set_level(logging.INFO)
    url = sa.make_url(database_url)
    url = url.set(database=f"{url.database}_new")
    place = Place(url=url, shop=make_shop(tmp_path, url), logged=caplog)
    yield place
    place.shop.run("template", "--drop")
    place.shop.run("drop", "--confirm", str(url.database))


def is_unlocked(shop: Project) -> bool:
    """Tell whether another run could begin now; called in a thread of its own."""
    try:
        with shop.app.app_context(), shop.migrate.lock(timeout=0):
            return True
    except LockNotAcquired:
        return False


def read_snapshot(url: sa.URL | str) -> t.Any:
    """Return all of a schema."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    with engine.connect() as connection:
        schemas = sa.inspect(connection).get_schema_names()
        mine = [one for one in schemas if one == "side"]
        return take_snapshot(connection, schemas=mine).objects


def read_next_keys(url: sa.URL, backend: Backend) -> list[t.Any]:
    """Return what new rows get where nobody gives it."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    queries = ["SELECT max(id) FROM people", "SELECT max(age) FROM people"]

    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO people (age) VALUES (9)")
        connection.exec_driver_sql("INSERT INTO pets (owner) VALUES (1)")

        if backend.name == "postgresql":
            queries += ["SELECT nextval('counted')", "SELECT m FROM side.moods"]

        if backend.name == "mariadb":
            connection.exec_driver_sql("INSERT INTO counts VALUES ()")
            queries += ["SELECT GROUP_CONCAT(id, '/', secret) FROM counts"]

        return [connection.exec_driver_sql(query).scalar() for query in queries]


def test_a_copy_is_what_the_scripts_build(
    database_url: str, tmp_path: pathlib.Path, backend: Backend
) -> None:
    """Schema, rows, the next keys, where it stands and how it came there."""
    url = sa.make_url(database_url)
    url = url.set(database=f"{url.database}_new")
    shop = make_shop(tmp_path, url, *make_rich(backend.name))
    found = []

    for words in ("--no-template",), ():
        result = shop.run_well("prepare", *words)
        found.append(
            (
                read_snapshot(url),
                audit(url),
                read_next_keys(url, backend),
                shop.run_well("current").stdout,
                [line.split(",")[0] for line in shop.run_well("log").stdout.split()],
                "upgrade" in result.stderr,
            )
        )
        shop.run_well("drop", "--confirm", str(url.database))
        shop.run_well("template")

    shop.run_well("template", "--drop")
    replayed, copied = found
    assert copied[:4] == replayed[:4]
    assert len(copied[4]) == len(replayed[4])


def test_what_is_there_is_kept(place: Place) -> None:
    """Built once; a second time it is there already, until it is dropped."""
    first = place.shop.run_well("template").stderr
    second = place.shop.run_well("template").stderr
    assert first.strip().endswith("MB): built")
    assert second == first.replace("built", "kept")
    assert place.prepare() == 0
    assert place.shop.run_well("template", "--drop").stderr.endswith("dropped\n")
    assert place.find() == []
    assert place.shop.run_well("template", "--drop").stderr == ""
    place.drop()
    assert place.prepare() == 3


def test_a_new_revision(place: Place) -> None:
    """The old template still serves, and the rest is run; a new one takes its place."""
    place.shop.run_well("template")
    old = place.find()
    (place.shop.versions / "a4_.py").write_text(make_table(4).text)
    assert place.prepare() == 1
    place.drop()
    place.shop.run_well("template")
    (new,) = place.find()
    assert [new] != old
    assert place.prepare() == 0


def test_a_script_that_changes(place: Place) -> None:
    """What it builds now is not what was kept."""
    place.shop.run_well("template")
    path = place.shop.versions / "a3_.py"
    path.write_text(path.read_text() + "\n# changed\n")
    assert place.prepare() == 3


def test_nobody_wants_it(place: Place) -> None:
    """With --no-template all revisions run."""
    place.shop.run_well("template")
    assert place.prepare("--no-template") == 3


def test_a_database_with_something_in_it(place: Place) -> None:
    """It is never touched, whatever is in it."""
    place.shop.run_well("template")
    place.shop.run_well("create")
    place.execute("CREATE TABLE mine (id INTEGER)", "INSERT INTO mine VALUES (1)")
    assert place.prepare() == 3
    assert audit(place.url).rows["mine"] == ["(1,)"]


def test_a_database_that_is_filled_meanwhile(place: Place) -> None:
    """Where a copy begins, it is looked at once more."""
    place.shop.run_well("template")
    (template,) = place.find()
    templates, _ = place.open()
    assert templates.look() is PlaceKind.FREE
    place.shop.run_well("create")
    place.execute("CREATE TABLE mine (id INTEGER)")
    assert templates.look() is PlaceKind.TAKEN
    assert not templates.copy(template)
    assert set(audit(place.url).schema) == {"mine"}


def test_an_empty_database(place: Place, backend: Backend) -> None:
    """It may be filled; PostgreSQL copies only into a database that it makes."""
    place.shop.run_well("template")
    place.shop.run_well("create")
    assert place.prepare() == (3 if backend.name == "postgresql" else 0)
    assert "a3 (head)" in place.shop.run_well("current").stdout


def damage(template: Template, place: Place, backend: Backend) -> None:
    """Change a template behind our back."""
    if backend.name == "sqlite":
        path = pathlib.Path(template.place)
        path.write_bytes(path.read_bytes()[:-100] + b"x" * 100)
    elif backend.name == "mariadb":
        place.execute(
            "DELETE FROM whimbrel_template WHERE name = 't2'", database=template.place
        )
    else:
        for word in ("true", "false"):
            engine = sa.create_engine(
                place.url.set(database="postgres"),
                poolclass=sa.NullPool,
                isolation_level="AUTOCOMMIT",
            )

            with engine.connect() as connection:
                connection.exec_driver_sql(
                    f"ALTER DATABASE {template.place} ALLOW_CONNECTIONS {word}"
                )

            if word == "true":
                place.execute("DROP TABLE t2", database=template.place)


def test_a_template_that_is_not_what_it_was(place: Place, backend: Backend) -> None:
    """It is seen, said and dropped; the revisions run."""
    place.shop.run_well("template")
    (template,) = place.find()
    damage(template, place, backend)
    assert place.prepare() == 3
    assert "is not what it was" in place.logged.text
    assert place.find() == []
    assert set(audit(place.url).schema) >= {"t1", "t2", "t3"}


LOST = {
    "postgresql": """
        op.execute('''DO $$ BEGIN EXECUTE format(
            'ALTER DATABASE %I SET work_mem = 64000', current_database()
        ); END $$''')
    """,
    "mariadb": "op.execute('CREATE PROCEDURE p() SELECT 1')",
}


@pytest.mark.server
def test_what_a_copy_would_lack(place: Place, backend: Backend) -> None:
    """Then there is no template, and it is said why."""
    script = RevisionFile(revision="a4", down="a3", upgrade=LOST[backend.name])
    (place.shop.versions / "a4_.py").write_text(script.text)
    result = place.shop.run("template")
    assert result.exit_code == 2
    assert "a copy would not have" in result.stderr
    assert place.find() == []
    assert place.prepare() == 4


def test_a_script_that_reaches_the_application_s_database(
    place: Place, backend: Backend
) -> None:
    """It is refused, and nothing is written there."""
    place.shop.run_well("prepare")
    before = audit(place.url)
    script = RevisionFile(
        revision="a4",
        down="a3",
        header="from flask import current_app",
        upgrade="""
            databases = current_app.extensions['migrate'].find_own_databases()
            with databases[0].engine.begin() as connection:
                connection.execute(sa.text('DELETE FROM alembic_version'))
        """,
    )
    (place.shop.versions / "a4_.py").write_text(script.text)
    result = place.shop.run("template")
    assert result.exit_code != 0
    assert "a database connection of its own" in result.stderr
    assert audit(place.url) == before
    assert place.find() == []


def test_an_env_py_that_connects_by_itself(place: Place) -> None:
    """It would run the revisions on the application's own database."""
    env = place.shop.folder / "env.py"
    url = place.url.render_as_string(hide_password=False)
    env.write_text(
        "import sqlalchemy as sa\n"
        "from alembic import context\n"
        f"with sa.create_engine({url!r}, poolclass=sa.NullPool).connect() as c:\n"
        "    context.configure(connection=c)\n"
        "    with context.begin_transaction():\n"
        "        context.run_migrations()\n"
    )
    place.shop.run_well("create")
    result = place.shop.run("template")
    assert result.exit_code == 2
    assert "env.py connects to" in result.stderr
    assert audit(place.url).schema == {}
    assert place.find() == []


def test_an_env_py_that_looks_elsewhere(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version table that the template does not have: the copy is taken back."""
    env = place.shop.folder / "env.py"
    env.write_text(
        "import os\n"
        "from flask import current_app\n"
        "current_app.extensions['migrate'].configure_args['version_table'] ="
        " os.environ.get('VERSIONS', 'versions')\n" + env.read_text()
    )
    place.shop.run_well("template")
    monkeypatch.setenv("VERSIONS", "others")
    templates, _ = place.open()
    undo, kept_off = templates.undo_copy, []

    def note(self: Templates) -> None:
        with ThreadPoolExecutor() as pool:
            kept_off.append(not pool.submit(is_unlocked, place.shop).result())
        undo()

    monkeypatch.setattr(type(templates), "undo_copy", note)
    assert place.prepare() == 3
    assert "finds no revision" in place.logged.text
    assert "others" in audit(place.url).schema
    # Where the database itself is replaced, nobody may be connected to it.
    assert kept_off == [not templates.makes_database]


@pytest.mark.schemas
def test_a_version_table_in_a_schema(
    database_url: str, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is copied with the rest, and known where it is."""
    caplog.set_level(logging.INFO)
    url = sa.make_url(database_url)
    url = url.set(database=f"{url.database}_new")
    shop = make_shop(
        tmp_path,
        url,
        RevisionFile(revision="a1"),
        version_table="versions",
        version_table_schema="public",
    )
    shop.run_well("template")
    caplog.clear()
    shop.run_well("prepare")
    assert "Running upgrade" not in caplog.text
    assert "versions" in audit(url).schema
    assert "a1 (head)" in shop.run_well("current").stdout
    shop.run_well("template", "--drop")
    shop.run_well("drop", "--confirm", str(url.database))


def test_several_databases(
    make_database: t.Callable[[], str],
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each has its own template."""
    caplog.set_level(logging.INFO)
    urls = [sa.make_url(make_database()) for _ in range(2)]
    first, second = (url.set(database=f"{url.database}_new") for url in urls)
    body = "op.create_table('t_' + (engine_name or 'main'), sa.Column('x', sa.Text))"
    script = RevisionFile(revision="a1", upgrade=body)
    text = script.text.replace("():", "(engine_name):")
    shop = make_shop(tmp_path, first, template="flask-multidb")

    for path in shop.versions.glob("*.py"):
        path.unlink()

    (shop.versions / "a1_.py").write_text(text)
    engines = {
        None: sa.create_engine(first, poolclass=sa.NullPool),
        "users": sa.create_engine(second, poolclass=sa.NullPool),
    }
    models = {None: sa.MetaData(), "users": sa.MetaData()}
    shop.migrate.init_app(shop.app, engines=engines, metadatas=models)
    built = shop.run_well("template").stderr.splitlines()
    assert len(built) == 2
    assert built[1].startswith("users: ")
    caplog.clear()
    shop.run_well("prepare")
    assert "Running upgrade" not in caplog.text
    assert set(audit(first).schema) == {"alembic_version", "t_main"}
    assert set(audit(second).schema) == {"alembic_version", "t_users"}
    shop.run_well("drop", "--confirm", str(first.database))
    shop.run_well("drop", "--bind", "users", "--confirm", str(second.database))
    shop.run_well("template", "--drop")


def test_no_revision(tmp_path: pathlib.Path) -> None:
    """There is nothing to keep."""
    shop = make_shop(tmp_path)

    for path in shop.versions.glob("*.py"):
        path.unlink()

    result = shop.run("template")
    assert result.exit_code == 2
    assert "There is no revision" in result.stderr
    shop.run_well("prepare")


def test_a_database_in_memory(tmp_path: pathlib.Path) -> None:
    """It cannot be copied, and needs no template."""
    shop = make_shop(tmp_path, "sqlite://")
    result = shop.run("template")
    assert result.exit_code == 2
    assert "cannot be copied" in result.stderr
    shop.run_well("prepare")


def test_an_asynchronous_engine(tmp_path: pathlib.Path) -> None:
    """It has no templates: prepare runs the revisions."""
    shop = make_shop(tmp_path)
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}", poolclass=sa.NullPool
    )
    shop.migrate.init_app(shop.app, engines=engine, metadatas=sa.MetaData())
    result = shop.run("template")
    assert result.exit_code == 2
    assert "on a synchronous engine" in result.stderr
    shop.run_well("prepare")
    assert "a3 (head)" in shop.run_well("current").stdout


@pytest.mark.backends("mariadb")
def test_a_user_without_the_right(
    mariadb_url: str, database_url: str, tmp_path: pathlib.Path
) -> None:
    """The command says which one is missing; prepare needs none."""
    url = sa.make_url(database_url)
    admin = sa.create_engine(mariadb_url, poolclass=sa.NullPool)
    shop = make_shop(tmp_path, url.set(username="poor", password="poor"))

    with admin.connect() as connection:
        for statement in (
            "CREATE USER poor@'%%' IDENTIFIED BY 'poor'",
            f"GRANT ALL ON {url.database}.* TO poor@'%%'",
        ):
            connection.exec_driver_sql(statement)

        try:
            result = shop.run("template")
            shop.run_well("prepare")
        finally:
            connection.exec_driver_sql("DROP USER poor@'%%'")

    assert result.exit_code == 3
    assert "A template could not be made" in result.stderr
    assert "GRANT ALL ON `whimbrel\\_template\\_%`.* TO 'poor'" in result.stderr
