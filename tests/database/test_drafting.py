"""What the models are compared with, and the proof of what was written."""

from __future__ import annotations

import contextlib
import json
import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_migrate.databases.scratch import PREFIX
from tests.support.apps import make_shop
from tests.support.apps import RevisionFile
from tests.support.audits import audit
from tests.support.projects import Project
from tests.support.servers import Backend
from tests.support.tables import list_tables

USERS = RevisionFile(
    revision="a1",
    upgrade="""
        op.create_table(
            "users",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(20)),
        )
    """,
    downgrade="op.drop_table('users')",
)


def make_models(*columns: sa.Column[t.Any], **tables: sa.Column[t.Any]) -> sa.MetaData:
    """Return the models that `USERS` builds, with more columns and tables."""
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("users", metadata, key, sa.Column("name", sa.String(20)), *columns)

    for name, column in tables.items():
        sa.Table(name, metadata, column)

    return metadata


def run_sql(url: str, *statements: str) -> None:
    """Change a database behind the back of its scripts."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def read_new(project: Project) -> str:
    """Return the text of the revision that was written, if one was."""
    found = [one for one in project.versions.glob("*.py") if one.name != "a1_.py"]
    return found[0].read_text() if found else ""


def list_scratches(url: str) -> list[str]:
    """Return the scratch databases of a server."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    names = sa.inspect(engine).get_schema_names()

    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            names = list(connection.scalars(sa.text("SELECT datname FROM pg_database")))

    return [name for name in names if name.startswith(PREFIX)]


def test_proof(database_url: str, tmp_path: pathlib.Path) -> None:
    """What was written is run up, down and up elsewhere; the database is untouched."""
    models = make_models(sa.Column("email", sa.String(50)))
    shop = make_shop(tmp_path, database_url, USERS, metadata=models)
    shop.run_well("upgrade")
    result = shop.run_well("migrate", "-m", "x")
    assert "Proven on a scratch database: upgrade, nothing left" in result.stderr
    assert "email" in read_new(shop)
    columns = sa.inspect(sa.create_engine(database_url, poolclass=sa.NullPool))
    assert [one["name"] for one in columns.get_columns("users")] == ["id", "name"]
    assert list_scratches(database_url) == []


def test_a_database_that_is_behind(database_url: str, tmp_path: pathlib.Path) -> None:
    """The scripts say what the models are compared with; nobody has to upgrade."""
    models = make_models(sa.Column("email", sa.String(50)))
    shop = make_shop(tmp_path, database_url, USERS, metadata=models)
    result = shop.run_well("migrate", "-m", "x")
    assert "is not at the head" in result.stderr
    assert "add_column" in read_new(shop)
    assert "create_table" not in read_new(shop)
    assert list_tables(sa.create_engine(database_url, poolclass=sa.NullPool)) == set()


def test_an_experiment(database_url: str, tmp_path: pathlib.Path) -> None:
    """What somebody has tried on the database ends in no revision, and is named."""
    models = make_models(sa.Column("email", sa.String(50)))
    shop = make_shop(tmp_path, database_url, USERS, metadata=models)
    shop.run_well("upgrade")
    run_sql(
        database_url,
        "ALTER TABLE users ADD COLUMN email VARCHAR(50)",
        "CREATE TABLE spatial_ref_sys (id INTEGER)",
    )
    result = shop.run_well("migrate", "-m", "x")
    assert "column users.email" in result.stderr
    assert "add_column" in read_new(shop)
    assert "spatial_ref_sys" not in read_new(shop)


def test_against_the_database(database_url: str, tmp_path: pathlib.Path) -> None:
    """Who asks for it gets the difference to the database, whatever made that."""
    shop = make_shop(tmp_path, database_url, USERS, metadata=make_models())
    shop.run_well("upgrade")
    run_sql(database_url, "CREATE TABLE old (id INTEGER)")
    result = shop.run_well("migrate", "-m", "x", "--against", "database")
    assert "drop_table('old')" in read_new(shop)
    assert ("Proven" in result.stderr) is (
        sa.make_url(database_url).get_backend_name() != "postgresql"
    )


def test_check_wants_the_head(database_url: str, tmp_path: pathlib.Path) -> None:
    """Scripts ask `check` whether a database is behind, and go on doing so."""
    shop = make_shop(tmp_path, database_url, USERS, metadata=make_models())
    result = shop.run("check")
    assert result.exit_code == 1
    assert "Target database is not up to date." in result.stderr
    result = shop.run_well("check", "--against", "scripts")
    assert result.stdout == "No new upgrade operations detected.\n"


def test_a_script_that_cannot_be_replayed(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """Then the database is the reference, and the reason is said."""
    broken = RevisionFile(
        revision="a1", upgrade="op.execute('UPDATE legacy SET id = id + 1')"
    )
    models = make_models()
    shop = make_shop(tmp_path, database_url, broken, metadata=models)
    run_sql(database_url, "CREATE TABLE legacy (id INTEGER)")
    shop.run_well("upgrade")
    result = shop.run_well("migrate", "--allow-mass-drop", "--renames", "never")
    assert "could not be replayed" in result.stderr
    assert "legacy" in result.stderr
    assert "create_table('users'" in read_new(shop)
    refused = shop.run("migrate", "-m", "y", "--against", "scripts")
    assert refused.exit_code == 1


def test_a_script_with_an_engine_of_its_own(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """It would reach the live database from the scratch one, and is not replayed."""
    own = f"""
        engine = sa.create_engine({database_url!r}, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO legacy VALUES (1)")
    """
    script = RevisionFile(revision="a1", upgrade=own)
    shop = make_shop(tmp_path, database_url, script, metadata=make_models())
    run_sql(database_url, "CREATE TABLE legacy (id INTEGER)")
    shop.run_well("stamp", "head")

    result = shop.run("check", "--against", "scripts")
    assert result.exit_code == 1
    assert not audit(database_url).rows["legacy"]
    assert "a database connection of its own" in result.stderr


def test_what_fails_is_not_kept(database_url: str, tmp_path: pathlib.Path) -> None:
    """A revision that cannot run is refused, unless somebody wants it nevertheless."""

    def spoil(context: object, revision: object, scripts: list[t.Any]) -> None:
        from alembic.operations import ops

        scripts[0].upgrade_ops.ops.append(ops.ExecuteSQLOp("SELECT * FROM nowhere"))

    shop = make_shop(
        tmp_path,
        database_url,
        USERS,
        metadata=make_models(),
        process_revision_directives=spoil,
    )
    shop.run_well("upgrade")
    result = shop.run("migrate", "-m", "x")
    assert result.exit_code == 1
    assert "not kept, because it fails on a scratch database" in result.stderr
    assert "nowhere" in result.stderr
    assert read_new(shop) == ""
    assert list_scratches(database_url) == []
    shop.run_well("migrate", "-m", "x", "--no-verify")
    assert "nowhere" in read_new(shop)


def test_what_is_left_is_shown(database_url: str, tmp_path: pathlib.Path) -> None:
    """A hook that takes something out leaves a difference, and a way back is tried."""

    def halve(context: object, revision: object, scripts: list[t.Any]) -> None:
        scripts[0].upgrade_ops.ops.pop()

    shop = make_shop(
        tmp_path,
        database_url,
        USERS,
        metadata=make_models(
            left=sa.Column("id", sa.Integer), right=sa.Column("id", sa.Integer)
        ),
        process_revision_directives=halve,
    )
    result = shop.run_well("migrate", "-m", "x")
    assert "Not proven" in result.stderr
    assert read_new(shop).split("def downgrade")[0].count("create_table") == 1


@pytest.mark.server
def test_a_user_without_the_right(
    database_url: str, backend: Backend, tmp_path: pathlib.Path
) -> None:
    """Who may not make a scratch database is told so, and gets the old comparison."""
    admin = sa.create_engine(
        database_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
    )
    name = admin.url.database
    make = {
        "postgresql": (
            "CREATE ROLE teller LOGIN PASSWORD 'pw'",
            f'ALTER DATABASE "{name}" OWNER TO teller',
        ),
        "mariadb": (
            "CREATE USER teller IDENTIFIED BY 'pw'",
            f"GRANT ALL ON `{name}`.* TO teller",
        ),
    }[backend.name]
    drop = {
        "postgresql": ("DROP OWNED BY teller", f'ALTER DATABASE "{name}" OWNER TO'),
        "mariadb": ("DROP USER teller", ""),
    }[backend.name]

    with admin.connect() as connection, contextlib.ExitStack() as stack:
        owner = connection.engine.url.username

        def clean() -> None:
            if backend.name == "postgresql":
                connection.exec_driver_sql(f'{drop[1]} "{owner}"')

            connection.exec_driver_sql(drop[0])

            if backend.name == "postgresql":
                connection.exec_driver_sql("DROP ROLE teller")

        for statement in make:
            connection.exec_driver_sql(statement)

        stack.callback(clean)
        url = admin.url.set(username="teller", password="pw")
        models = make_models(sa.Column("email", sa.String(50)))
        shop = make_shop(
            tmp_path,
            url.render_as_string(hide_password=False),
            USERS,
            metadata=models,
        )
        shop.run_well("upgrade")
        result = shop.run_well("migrate", "-m", "x")
        assert "a scratch database" in result.stderr
        assert "Let the user make one" in result.stderr
        assert "Not proven" in result.stderr
        assert "pw" not in result.stderr
        assert "add_column" in read_new(shop)


@pytest.mark.backends("postgresql")
def test_ground(database_url: str, tmp_path: pathlib.Path) -> None:
    """What an administrator has made for the scripts is there on the scratch too."""
    script = RevisionFile(
        revision="a1",
        upgrade="""
            op.execute("CREATE TABLE area.users (id INTEGER PRIMARY KEY, word citext)")
        """,
        downgrade="op.drop_table('users', schema='area')",
    )
    run_sql(database_url, "CREATE SCHEMA area", "CREATE EXTENSION citext")
    metadata = sa.MetaData()
    sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("word", sa.dialects.postgresql.CITEXT),
        sa.Column("age", sa.Integer),
        schema="area",
    )
    shop = make_shop(tmp_path, database_url, script, metadata=metadata)
    shop.run_well("upgrade")
    result = shop.run_well("migrate", "-m", "x", "--against", "scripts")
    assert "Proven" in result.stderr
    assert "add_column" in read_new(shop)


@pytest.mark.parametrize("format", ["json", "github"])
def test_check_for_machines(tmp_path: pathlib.Path, format: str) -> None:
    """Every difference is a value, or an annotation."""
    models = make_models(
        sa.Column("email", sa.String(50)), tags=sa.Column("id", sa.Integer)
    )
    shop = make_shop(tmp_path, None, USERS, metadata=models)
    shop.run_well("upgrade")
    result = shop.run("check", "--format", format)
    assert result.exit_code == 1

    if format == "github":
        assert result.stdout.splitlines() == [
            "::error title=Models and migrations differ::add table tags",
            "::error title=Models and migrations differ::add column users.email",
        ]
        return

    values = json.loads(result.stdout)
    assert values["error"] == "DifferencesFound"
    assert [one["text"] for one in values["differences"]] == [
        "add table tags",
        "add column users.email",
    ]


def test_nothing_is_explained(tmp_path: pathlib.Path) -> None:
    """Who gets no revision reads what was compared, and which models were not."""

    class Other(orm.DeclarativeBase):
        pass

    class Stray(Other):
        __tablename__ = "strays"
        id = sa.Column(sa.Integer, primary_key=True)

    shop = make_shop(tmp_path, None, USERS, metadata=make_models())
    shop.run_well("upgrade")
    result = shop.run_well("migrate", "-m", "x")
    assert "No changes detected: 1 table in the models, 1 in sqlite://" in result.stderr
    assert "owns 1 table (strays)" in result.stderr
    assert read_new(shop) == ""


def test_tables_of_create_all(database_url: str, tmp_path: pathlib.Path) -> None:
    """Tables that stand there without a revision are named, with the way out."""
    models = make_models(posts=sa.Column("id", sa.Integer, primary_key=True))
    models.create_all(sa.create_engine(database_url, poolclass=sa.NullPool))
    shop = make_shop(tmp_path, database_url, USERS, metadata=models)
    shop.run_well("stamp", "head")
    result = shop.run_well("migrate", "-m", "x", "--rev-id", "b1")
    assert "posts: made by db.create_all(), it seems" in result.stderr
    assert "create_table('posts'" in read_new(shop)
    shop.run_well("stamp", "b1")
    shop.run_well("check")


def test_settings(database_url: str, tmp_path: pathlib.Path) -> None:
    """What the flags say can be said once, for the application."""
    models = make_models(sa.Column("email", sa.String(50)))
    config = {"MIGRATE_AGAINST": "database", "MIGRATE_VERIFY": False}
    shop = make_shop(tmp_path, database_url, USERS, metadata=models, config=config)
    assert "Target database is not up to date" in shop.run("migrate").stderr
    shop.run_well("upgrade")
    result = shop.run_well("migrate", "-m", "x")
    assert "roven" not in result.stderr
    (path,) = set(shop.versions.glob("*.py")) - {shop.versions / "a1_.py"}
    path.unlink()
    flags = ("--against", "auto", "--verify")
    assert "Proven" in shop.run_well("migrate", "-m", "x", *flags).stderr
