"""Repositories that Flask-Migrate wrote, from 2.0 to 4.1: unmodified, there and back.

``repositories/README.md`` says how they were made.
"""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

import pytest

from .environments import Result
from .environments import Worker
from .places import Place

pytestmark = pytest.mark.differs

REPOSITORIES = Path(__file__).with_name("repositories")
NAMES = sorted(path.parent.name for path in REPOSITORIES.glob("*/migrations"))

NO_ORIGINAL = {
    # They call `get_engine(app, bind)`, which Flask-SQLAlchemy 3 does not know.
    "2.7.0-flask-multidb",
    "3.0.0-flask-multidb",
    # They call `_sync_connection()`, which SQLAlchemy 2 does not know, and hang.
    "3.1.0-aioflask-multidb",
    "4.0.0-aioflask-multidb",
    "4.1.0-aioflask-multidb",
}
"""Where Flask-Migrate 4.1 cannot run ``env.py`` with the libraries of today."""

FORGETS_A_TABLE = {"2.0.0-flask-multidb", "3.1.0-flask-multidb"}
"""Where it takes the tables of the second database for removed ones.

These ``env.py`` files look for them in the first database's metadata, where
Flask-SQLAlchemy 3 no longer puts them; `migrate` then writes a ``drop_table``.
"""

HEAD = "3a2b3c4d5e6f"
HISTORY = """\
2a2b3c4d5e6f -> 3a2b3c4d5e6f (head), stage 3
1a2b3c4d5e6f -> 2a2b3c4d5e6f, stage 2
<base> -> 1a2b3c4d5e6f, stage 1
"""


class OldPlace(Place):
    """A copy of one of the repositories, at a stage of its application."""

    def run(self, command: str, *, stage: int = 3) -> Result:
        """Run ``flask db``; it must succeed."""
        result = self.flask(f"db {command}", **self.variables(stage))
        assert result.exit_code == 0, f"{self.name}: {command}\n{result.output}"
        return result

    def variables(self, stage: int) -> dict[str, str]:
        """Return what the applications read of the environment."""
        return {
            "AUDIT": str(self.folder / "audit.db"),
            "BLOG": str(self.folder / "blog.db"),
            "STAGE": str(stage),
        }

    def drafted(self) -> str:
        """Return the text of the one revision that was not there before."""
        folder = self.folder / "migrations" / "versions"
        (path,) = (
            path for path in folder.glob("*.py") if "a2b3c4d5e6f" not in path.name
        )
        return path.read_text()

    def stable(self, text: str) -> str:
        """Return the text as it is: the ids are known here."""
        return text


@pytest.fixture(params=NAMES)
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of one repository and its application."""
    name: str = request.param
    folder = tmp_path / name
    shutil.copytree(REPOSITORIES / name, folder)
    return folder


@pytest.fixture
def place(repository: Path, our_worker: Worker) -> OldPlace:
    """Our package at work in the copy."""
    return OldPlace("ours", repository, our_worker, repository)


@pytest.fixture
def original_place(repository: Path, original_worker: Worker) -> OldPlace:
    """Flask-Migrate 4.1 at work in the same copy, on the same database."""
    return OldPlace("original", repository, original_worker, repository)


def heads_of(place: OldPlace) -> str:
    """Return what `current` prints at the head: one line for each database."""
    return f"{HEAD} (head)\n" * (2 if "multidb" in place.folder.name else 1)


def columns_of(place: OldPlace, table: str, database: str = "blog.db") -> list[t.Any]:
    """Return the names of the columns of a table."""
    return place.execute(
        f"SELECT name FROM pragma_table_info('{table}')", database=database
    )


def test_every_version_is_here() -> None:
    """Each version has each of the templates that it had, so that none is left out."""
    found: dict[str, set[str]] = {name.split("-", 1)[0]: set() for name in NAMES}
    for name in NAMES:
        version, template = name.split("-", 1)
        found[version].add(template)

    old = {"flask", "flask-multidb"}
    new = {*old, "aioflask", "aioflask-multidb"}
    assert found == {
        **dict.fromkeys(("2.0.0", "2.7.0", "3.0.0"), old),
        **dict.fromkeys(("3.1.0", "4.0.0", "4.1.0"), new),
    }


def test_files_are_read(place: OldPlace) -> None:
    """What needs no database says what it said: heads, history and show."""
    assert place.run("heads").stdout == f"{HEAD} (head)\n"
    assert place.run("history").stdout == HISTORY
    assert "Parent: 2a2b3c4d5e6f\n" in place.run("show").stdout
    assert not (place.folder / "blog.db").exists()


def test_upgrade_from_nothing(place: OldPlace) -> None:
    """An old repository makes the schema of its models, and `check` agrees."""
    place.run("upgrade")
    assert place.run("current").stdout == heads_of(place)
    assert columns_of(place, "user") == ["id", "name", "email"]
    assert columns_of(place, "post") == ["id", "title", "user_id"]
    if "multidb" in place.folder.name:
        assert columns_of(place, "event", "audit.db") == ["id", "what", "level"]

    assert place.run("check").stdout == "No new upgrade operations detected.\n"


def test_migrate_writes_the_change_alone(place: OldPlace) -> None:
    """No change is no file, and a new column is a revision with nothing else in it."""
    place.run("upgrade")
    before = place.files("migrations")
    assert "No changes in schema detected." in place.run("migrate").stderr
    assert place.files("migrations") == before
    place.run("migrate -m bodies", stage=4)
    text = place.drafted()
    operations = [line.strip() for line in text.splitlines() if "op." in line]
    assert operations == [
        "with op.batch_alter_table('post', schema=None) as batch_op:",
        "batch_op.add_column(sa.Column('body', sa.Text(), nullable=True))",
        "with op.batch_alter_table('post', schema=None) as batch_op:",
        "batch_op.drop_column('body')",
    ]


def test_rows_survive_the_walk(place: OldPlace) -> None:
    """A new revision is applied over rows, and the way down and up is whole."""
    place.run("upgrade")
    place.execute("INSERT INTO user (id, name) VALUES (1, 'Ada')")
    place.execute("INSERT INTO post (id, title, user_id) VALUES (7, 'Notes', 1)")
    place.run("migrate -m bodies", stage=4)
    place.run("upgrade", stage=4)
    assert place.execute("SELECT id, title, user_id, body FROM post") == [
        (7, "Notes", 1, None)
    ]
    place.run("downgrade", stage=4)
    assert place.execute("SELECT id, title, user_id FROM post") == [(7, "Notes", 1)]
    place.run("downgrade base", stage=4)
    assert place.tables() == ["alembic_version"]
    place.run("upgrade", stage=4)
    assert columns_of(place, "post") == ["id", "title", "user_id", "body"]
    assert place.run("check", stage=4).stdout == "No new upgrade operations detected.\n"


def consent_of(place: OldPlace) -> str:
    """Return the options that consent to losing something in each database."""
    names = [str(place.folder / name) for name in ("blog.db", "audit.db")]
    return " ".join(f"--confirm {name}" for name in names)


def test_new_commands(place: OldPlace) -> None:
    """What is new works on what is old: status, log, tag, rollback, redo, leave."""
    databases = 2 if "multidb" in place.folder.name else 1
    place.run("upgrade")
    shown = place.run("status --check").stdout
    assert shown.count("  [X] 3a2b3c4d5e6f  stage 3\n") == databases
    place.run("tag v1")
    place.run("redo")
    place.run("rollback -n 2")
    assert columns_of(place, "user") == ["id", "name"]
    place.run("upgrade")
    place.execute("INSERT INTO user (id, name, email) VALUES (1, 'Ada', 'a@b')")
    result = place.flask("db rollback --to base", **place.variables(3))
    assert result.exit_code == 2
    assert "loses user.email: 1 row" in result.stderr
    logged = place.run("log").stdout
    assert logged.count("  [X] downgrade 2a2b3c4d5e6f") == databases
    words = consent_of(place)
    place.run(f"rollback --to base {words}")
    place.run(f"leave {words}")
    assert place.tables() == ["alembic_version"]


def test_plan_dry_run_and_apply(place: OldPlace) -> None:
    """An old repository can be planned, tried and applied, there and back."""
    seen = place.run("plan -o plan.json").stdout
    assert f"base -> {HEAD}   3 steps" in seen
    assert "create table user" in seen
    assert "?" not in seen
    # An env.py of 2.0 opens the file itself, which makes an empty one.
    assert not any(path.stat().st_size for path in place.folder.glob("*.db"))
    place.run("upgrade 1a2b3c4d5e6f")
    before = place.execute("SELECT name, sql FROM sqlite_master")
    assert "dry run: ran 2 steps on SQLite" in _plain(place.run("upgrade -n").stderr)
    place.run("plan -o plan.json")
    assert place.execute("SELECT name, sql FROM sqlite_master") == before
    place.run("apply plan.json")
    assert place.run("current").stdout == heads_of(place)
    place.run("plan base -o back.json")
    assert "ran 3 steps" in place.run("downgrade -n base").stderr
    place.run("apply back.json")
    assert place.tables() == ["alembic_version"]


def _plain(text: str) -> str:
    """Return what is said of the default database, as of the only one."""
    return text.replace("dry run: audit: ", "dry run: ")


LOGGING = """
import io, logging
from app import app
from flask_migrate import current, downgrade, migrate, upgrade

heard = io.StringIO()
handler = logging.StreamHandler(heard)
logging.getLogger().addHandler(handler)
logging.getLogger().setLevel(logging.DEBUG)
shop = logging.getLogger("shop")
before = list(logging.getLogger().handlers)
with app.app_context():
    upgrade()
    current()
    migrate()
    downgrade()

shop.debug("still here")
app.logger.error("the application too")
value = {
    "disabled": [each.name for each in (shop, app.logger) if each.disabled],
    "handlers": logging.getLogger().handlers == before,
    "level": logging.getLogger().level,
    "heard": heard.getvalue().splitlines()[-2:],
}
"""


def test_loggers_are_left_alone(place: OldPlace) -> None:
    """No command disables or replaces a logger of the application.

    All of these ``env.py`` files call ``fileConfig``, which does both.
    """
    result = place.python(LOGGING, **place.variables(3))
    assert result.exit_code == 0, result.output
    assert result.value == {
        "disabled": [],
        "handlers": True,
        "level": 10,
        "heard": ["still here", "the application too"],
    }


there_and_back = pytest.mark.parametrize(
    "repository", sorted({*NAMES} - NO_ORIGINAL), indirect=True
)


@there_and_back
def test_way_back(place: OldPlace, original_place: OldPlace) -> None:
    """After our upgrade Flask-Migrate goes on with the same files and database.

    `leave` has dropped our own tables, which it would draft to drop.
    """
    place.run("upgrade")
    place.run(f"leave {consent_of(place)}")
    assert original_place.run("current").stdout == heads_of(place)
    assert original_place.run("upgrade").stdout == ""
    original_place.run("downgrade")
    assert columns_of(place, "user") == ["id", "name"]
    original_place.run("upgrade")
    original_place.run("migrate -m bodies", stage=4)
    assert "add_column(sa.Column('body'" in original_place.drafted()
    if place.folder.name not in FORGETS_A_TABLE:
        assert original_place.drafted().count("drop_") == 1
        original_place.run("upgrade", stage=4)
        place.run("check", stage=4)


@there_and_back
def test_revision_of_ours_runs_there(place: OldPlace, original_place: OldPlace) -> None:
    """A revision that we drafted and applied is run by the original."""
    place.run("upgrade")
    place.run("migrate -m bodies", stage=4)
    place.run("upgrade", stage=4)
    original_place.run("downgrade base", stage=4)
    assert original_place.tables() == ["alembic_version"]
    original_place.run("upgrade", stage=4)
    assert columns_of(place, "post") == ["id", "title", "user_id", "body"]
    assert place.run("current", stage=4).stdout.endswith(" (head)\n")


@pytest.mark.parametrize("repository", sorted(NO_ORIGINAL), indirect=True)
def test_known_limits(original_place: OldPlace) -> None:
    """Flask-Migrate 4.1 itself cannot run these repositories with today's libraries."""
    variables = original_place.variables(3)
    result = original_place.flask("db upgrade", **variables)
    assert result.exit_code == 1
    assert "get_engine()" in result.stderr or "_sync_connection" in result.stderr


@pytest.mark.parametrize("repository", sorted(FORGETS_A_TABLE), indirect=True)
def test_known_loss(original_place: OldPlace) -> None:
    """Flask-Migrate 4.1 drafts the removal of a table that is still a model."""
    original_place.run("upgrade")
    original_place.run("migrate")
    assert "op.drop_table('event')" in original_place.drafted()
