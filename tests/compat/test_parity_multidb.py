"""Several databases: one history, a version table in each of them."""

from __future__ import annotations

import pytest

from .apps import make_app
from .apps import TWO_DATABASES as APP
from .histories import TWO_DATABASES
from .places import Pair
from .places import Place

AUDIT = "audit.db"


def lay(pair: Pair, at: tuple[str, ...] | None = None, *, app: str = APP) -> None:
    """Put an application with two databases there, both at the same versions."""
    pair.init(TWO_DATABASES, at=at, app=app, template="flask-multidb")
    if at is not None:
        for place in pair.both:
            place.set_database(TWO_DATABASES, at, bind="audit")


def audit_tables(place: Place) -> list[str] | None:
    """Return the tables of the second database."""
    return place.tables(AUDIT)


def audit_versions(place: Place) -> list[str]:
    """Return the versions of the second database."""
    return place.versions(AUDIT)


def test_whole_way(pair: Pair) -> None:
    """Each database gets its own tables, and its own versions."""
    lay(pair)
    for _ in range(2):
        pair.flask("db upgrade", stdout="")
        assert pair.same(Place.tables) == ["alembic_version", "posts", "users"]
        assert pair.same(audit_tables) == ["alembic_version", "events"]
        assert pair.same(Place.versions) == pair.same(audit_versions) == ["bbb222"]
        pair.flask("db downgrade", stdout="")
        assert pair.same(Place.versions) == pair.same(audit_versions) == ["aaa111"]
        pair.flask("db downgrade base", stdout="")
        assert pair.same(audit_tables) == ["alembic_version"]


@pytest.mark.parametrize(
    ("command", "stdout"),
    [
        ("heads", "bbb222 (head)\n"),
        ("current", "aaa111\naaa111\n"),
        ("history", None),
        ("history -i", None),
        ("show current", None),
        ("current --verbose", None),
        ("branches", ""),
    ],
)
def test_listing(pair: Pair, command: str, stdout: str | None) -> None:
    """What is listed is listed for each database, the default one first."""
    lay(pair, ("aaa111",))
    pair.flask(f"db {command}", stdout=stdout)


def test_databases_apart(pair: Pair) -> None:
    """A database that is behind catches up; the other one has nothing to do."""
    pair.init(TWO_DATABASES, app=APP, template="flask-multidb")
    for place in pair.both:
        place.set_database(TWO_DATABASES, ("bbb222",))
        place.set_database(TWO_DATABASES, ("aaa111",), bind="audit")

    pair.flask("db current", stdout="bbb222 (head)\naaa111\n")
    pair.flask("db upgrade", says="Running upgrade aaa111 -> bbb222")
    assert pair.same(audit_versions) == ["bbb222"]


def test_each_database_is_announced(pair: Pair) -> None:
    """The log says which database is at work; the default one has no name."""
    lay(pair)
    pair.flask(
        "db upgrade",
        says=["Migrating database <default>", "Migrating database audit"],
    )


def test_migrate(pair: Pair) -> None:
    """The change of each database is drafted for that database alone."""
    app = make_app("users", "posts", "tags", binds={"audit": ["events", "alarms"]})
    lay(pair, ("bbb222",), app=app)
    pair.flask("db migrate --rev-id abc999 -m more")
    pair.flask("db upgrade")
    assert pair.same(Place.tables) == ["alembic_version", "posts", "tags", "users"]
    assert pair.same(audit_tables) == ["alarms", "alembic_version", "events"]
    pair.flask("db check", stdout="No new upgrade operations detected.\n")
    pair.flask("db downgrade")
    assert pair.same(audit_tables) == ["alembic_version", "events"]


def test_first_migrate(pair: Pair) -> None:
    """A new application gets its first revision for both databases."""
    pair.init(app=APP, template="flask-multidb")
    pair.flask("db migrate --rev-id abc999 -m first")
    pair.flask("db upgrade")
    assert pair.same(Place.tables) == ["alembic_version", "posts", "users"]
    assert pair.same(audit_tables) == ["alembic_version", "events"]


def test_nothing_changed(pair: Pair) -> None:
    """Only where all databases agree with their models there is nothing to write."""
    lay(pair, ("bbb222",))
    before = pair.same(Place.files)
    pair.flask("db migrate", stdout="", says="No changes in schema detected.")
    assert pair.same(Place.files) == before


def test_stamp(pair: Pair) -> None:
    """`stamp` goes to every database."""
    lay(pair)
    pair.flask("db stamp", stdout="")
    assert pair.same(Place.versions) == pair.same(audit_versions) == ["bbb222"]
    assert pair.same(audit_tables) == ["alembic_version"]


def test_failure_leaves_no_half(pair: Pair) -> None:
    """A revision that fails on the second database moves no version of either."""
    lay(pair, ("aaa111",))
    path = "migrations/versions/bbb222_add_posts.py"
    text = pair.original.read(path).replace(
        "def upgrade_audit():\n    pass",
        "def upgrade_audit():\n    op.execute('SELECT * FROM nowhere')",
    )
    pair.write(path, text)
    pair.flask("db upgrade", code=1, says="no such table: nowhere")
    assert pair.same(audit_versions) == ["aaa111"]


@pytest.mark.differs
@pytest.mark.parametrize("command", ["upgrade --sql", "stamp --sql"])
def test_original_writes_hidden_files(pair: Pair, command: str) -> None:
    """The original writes ``.sql`` and ``audit.sql``; ours prints the SQL."""
    lay(pair)
    theirs, ours = (place.flask(f"db {command}") for place in pair.both)
    assert (theirs.exit_code, ours.exit_code) == (0, 0)
    assert theirs.stdout == ""
    names = {".sql", "audit.sql"}
    written = names.intersection(pair.original.files())
    assert written == names
    assert not names.intersection(pair.ours.files())
    for name in sorted(names):
        sql = pair.original.read(name)
        for statement in sql.split(";"):
            assert statement.strip() in ours.stdout


@pytest.mark.differs
def test_bind_is_added_later(pair: Pair) -> None:
    """A database that came after a revision has nothing to do in it.

    With the original it is a `KeyError`, and only `stamp` helps.
    """
    app = make_app("users", "posts", binds={"audit": ["events"], "stock": ["shelves"]})
    lay(pair, ("bbb222",), app=app)
    theirs = pair.original.flask("db upgrade")
    assert (theirs.exit_code, "KeyError" in theirs.stderr) == (1, True)
    ours = pair.ours.flask("db upgrade")
    assert ours.exit_code == 0, ours.output
    assert pair.ours.versions("stock.db") == ["bbb222"]
    migrated = pair.ours.flask("db migrate --rev-id abc999")
    assert migrated.exit_code == 0, migrated.output
    assert pair.ours.flask("db upgrade").exit_code == 0
    assert pair.ours.tables("stock.db") == ["alembic_version", "shelves"]


@pytest.mark.differs
def test_bind_key_is_no_identifier(pair: Pair) -> None:
    """A key such as ``my-db`` is a name; with the original it breaks every command."""
    app = make_app("users", binds={"my-db": ["events"]})
    pair.init(app=app, template="flask-multidb")
    for command in ("migrate --rev-id abc999", "heads"):
        theirs = pair.original.flask(f"db {command}")
        assert (theirs.exit_code, "SyntaxError" in theirs.stderr) == (1, True)

    for command in ("migrate --rev-id abc999", "upgrade", "check", "downgrade"):
        ours = pair.ours.flask(f"db {command}")
        assert ours.exit_code == 0, ours.output
        if command == "upgrade":
            assert pair.ours.tables("my-db.db") == ["alembic_version", "events"]


@pytest.mark.differs
def test_no_default_database(pair: Pair) -> None:
    """An application of binds alone is one; with the original it is a `KeyError`."""
    app = make_app(binds={"audit": ["events"]}).replace(
        'app.config["SQLALCHEMY_DATABASE_URI"]', "unused"
    )
    pair.init(app=app, template="flask-multidb")
    theirs = pair.original.flask("db migrate --rev-id abc999")
    assert (theirs.exit_code, "KeyError: None" in theirs.stderr) == (1, True)
    for command in ("migrate --rev-id abc999", "upgrade", "check"):
        ours = pair.ours.flask(f"db {command}")
        assert ours.exit_code == 0, ours.output

    assert pair.ours.tables(AUDIT) == ["alembic_version", "events"]


@pytest.mark.differs
def test_asynchronous(pair: Pair) -> None:
    """``aioflask-multidb`` works; the original's calls what SQLAlchemy 2 dropped."""
    app = make_app("users", "posts", binds={"audit": ["events"]})
    app = app.replace("sqlite:///", "sqlite+aiosqlite:///").replace(
        "db = SQLAlchemy()", ASYNC_DATABASE
    )
    pair.init(TWO_DATABASES, app=app, template="aioflask-multidb")
    theirs = pair.original.flask("db upgrade")
    assert theirs.exit_code == 1
    assert "no attribute '_sync_connection'" in theirs.stderr
    for command in ("upgrade", "check", "downgrade base", "upgrade", "current"):
        ours = pair.ours.flask(f"db {command}")
        assert ours.exit_code == 0, ours.output

    assert pair.ours.tables(AUDIT) == ["alembic_version", "events"]


ASYNC_DATABASE = """
from sqlalchemy.ext.asyncio import create_async_engine
class Database(SQLAlchemy):
    def _make_engine(self, bind_key, options, app):
        return create_async_engine(options.pop("url"), **options)
db = Database()
"""
