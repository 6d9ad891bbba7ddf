"""The application's logging is its own, before, during and after every command."""

from __future__ import annotations

import logging
import pathlib
import shutil
import sys
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

import flask_migrate
from flask_migrate import Migrate
from tests.faults.rows import bare_logging
from tests.support.apps import make_shop
from tests.support.apps import three_tables
from tests.support.apps import write_repository
from tests.support.forks import run_flask
from tests.support.projects import Project

# The env.py of Flask-Migrate 4.1 asks for what it knows to be deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:'get_engine' is deprecated")

OLD = pathlib.Path(__file__).parents[1] / "compat" / "repositories"
REPOSITORIES = ["ours", "2.0.0-flask", "3.0.0-flask", "4.1.0-flask"]

FILE_CONFIG = """\
import logging
import logging.config
from logging.config import fileConfig
from alembic import context
fileConfig(context.config.config_file_name)
fileConfig(context.config.config_file_name, disable_existing_loggers=True)
logging.config.fileConfig(context.config.config_file_name)
"""
"""What the env.py of Flask-Migrate does, in all its spellings."""


def make_old_shop(folder: pathlib.Path, repository: str) -> Project:
    """Make a Flask-SQLAlchemy application with a repository that another tool made."""
    app = Flask("shop", instance_path=str(folder))
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder / 'shop.db'}"
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"poolclass": sa.NullPool}
    db = SQLAlchemy(app)

    for name in ("t1", "t2", "t3", "new"):
        sa.Table(name, db.metadata, sa.Column("id", sa.Integer))

    directory = folder / "migrations"
    migrate = Migrate(app, db, directory=directory)
    write_repository(directory, *three_tables())
    if repository == "ours":
        env = directory / "env.py"
        env.write_text(FILE_CONFIG + env.read_text())
    else:
        for name in ("env.py", "alembic.ini", "script.py.mako"):
            shutil.copyfile(OLD / repository / "migrations" / name, directory / name)

    return Project(app=app, migrate=migrate, folder=directory)


def watch() -> dict[str, tuple[object, ...]]:
    """Return what can be changed about each logger that is known now."""
    known = logging.Logger.manager.loggerDict
    loggers = [logging.getLogger(name) for name in ("", *sorted(known))]
    return {
        one.name: (
            one.disabled,
            one.level,
            one.propagate,
            [handler for handler in one.handlers if is_real(handler)],
            list(one.filters),
        )
        for one in loggers
    }


def is_real(handler: logging.Handler) -> bool:
    """Tell whether a handler writes, and is none of pytest's, which come and go."""
    name = type(handler).__module__
    return "_pytest" not in name and not isinstance(handler, logging.NullHandler)


class Memory(logging.Handler):
    """Remembers what it was given, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.is_closed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Remember a line."""
        self.lines.append(record.getMessage())

    def close(self) -> None:
        """Remember the end, which `fileConfig` brings to every handler."""
        self.is_closed = True
        super().close()


@pytest.fixture
def memory() -> t.Iterator[Memory]:
    """A handler of the root logger, and levels, as an application sets them up."""
    root, mine = logging.getLogger(), logging.getLogger("shop.prices")
    handler, level = Memory(), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    mine.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)
    mine.setLevel(logging.NOTSET)


COMMANDS = [
    *("upgrade", "downgrade", "current", "check", "stamp a2", "history -i", "heads"),
    *("migrate -m x", "revision -m x", "show", "upgrade --sql", "merge a3 a1"),
    *("upgrade nope", "nonsense"),
]


@pytest.mark.parametrize("repository", REPOSITORIES)
@pytest.mark.parametrize("words", COMMANDS)
def test_nothing_changes(
    tmp_path: pathlib.Path, memory: Memory, repository: str, words: str
) -> None:
    """No level, handler or flag of any logger is another one after a command."""
    shop = make_old_shop(tmp_path, repository)
    shop.app.logger.info("make the handler of the application")
    if words != "upgrade":
        shop.run_well("upgrade")

    before = watch()
    shop.run(*words.split())
    after = watch()
    assert {name: after[name] for name in before} == before
    # What a command was the first to ask for is as good as new.
    new = {name: what for name, what in after.items() if name not in before}
    assert new == dict.fromkeys(new, (False, logging.NOTSET, True, [], []))
    assert not memory.is_closed
    logging.getLogger("shop.prices").debug("still here")
    assert "still here" in memory.lines


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_in_a_program(tmp_path: pathlib.Path, memory: Memory, repository: str) -> None:
    """The functions, called by an application, leave its logging alone too."""
    shop = make_old_shop(tmp_path, repository)
    before = watch()
    with shop.app.app_context():
        flask_migrate.upgrade()
        flask_migrate.current()
        flask_migrate.migrate(message="x")
        with pytest.raises(flask_migrate.MigrationError):
            flask_migrate.upgrade(revision="nope")

    after = watch()
    assert {name: after[name] for name in before} == before
    assert not memory.is_closed
    shop.app.logger.error("still here")
    assert "still here" in memory.lines


def test_lines_of_an_application_with_logging(tmp_path: pathlib.Path) -> None:
    """Where the application logs, each line comes once, and by its handler only."""
    shop = make_shop(tmp_path)

    def configure() -> None:
        logging.basicConfig(
            stream=sys.stdout, level=logging.INFO, format="MINE %(message)s"
        )

    outcome = run_flask("db", "upgrade", app=shop.app, prepare=configure)
    assert outcome.stdout.count("Running upgrade a1 -> a2") == 1
    assert "MINE Running upgrade a1 -> a2" in outcome.stdout
    assert "Running upgrade" not in outcome.stderr


def test_lines_of_an_application_without_logging(tmp_path: pathlib.Path) -> None:
    """Where nobody logs, each line comes once, on standard error."""
    outcome = run_flask("db", "upgrade", app=make_shop(tmp_path).app)
    assert outcome.stderr.count("Running upgrade a1 -> a2") == 1
    assert outcome.stdout == ""


SILENCES: dict[str, t.Callable[[], object]] = {
    "all disabled": lambda: logging.disable(logging.CRITICAL),
    "root at critical": lambda: logging.getLogger().setLevel(logging.CRITICAL),
    "null handler": lambda: logging.getLogger().addHandler(logging.NullHandler()),
    "ours disabled": lambda: setattr(
        logging.getLogger("flask_migrate"), "disabled", True
    ),
    "nothing": lambda: None,
}


@pytest.mark.parametrize("silence", SILENCES.values(), ids=list(SILENCES))
def test_error_is_always_shown(
    tmp_path: pathlib.Path, silence: t.Callable[[], object]
) -> None:
    """Whatever the application has done to logging, an error is printed."""
    shop = make_shop(tmp_path)
    outcome = run_flask("db", "upgrade", "nope", app=shop.app, prepare=silence)
    assert outcome.exit_code == 1
    assert "Error: Can't locate revision identified by 'nope'" in outcome.stderr


def test_handlers_do_not_pile_up(tmp_path: pathlib.Path) -> None:
    """The fifth command in a process prints a line as often as the first."""
    shop = make_shop(tmp_path)
    with bare_logging():
        before = watch()
        for _ in range(5):
            text = shop.run("upgrade").stderr
            assert text.count("Running upgrade a1 -> a2") == 1
            shop.run_well("downgrade", "base")

        assert watch() == before
