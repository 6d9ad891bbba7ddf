"""What a command does, counted: nothing of it grows with the history.

Each command is run in a process of its own, with a short history and with a long one.
Seconds are measured by `python -m benchmarks commands`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from tests.compat.environments import OUR_PYTHON
from tests.support.apps import make_shop
from tests.support.apps import RevisionFile
from tests.support.generated import make_dependent
from tests.support.generated import make_line
from tests.support.generated import write_files
from tests.support.projects import Project

SHORT, LONG = 10, 60
APP = """
import flask
import sqlalchemy as sa

import flask_migrate

app = flask.Flask("shop")
engine = sa.create_engine("sqlite:///shop.db")
flask_migrate.Migrate(app, engines=engine, metadatas=sa.MetaData())


@app.cli.command()
def nothing():
    pass
"""
RUN = """
import json
import os
import sys

opened, run, statements = [], [], []
home = os.getcwd()


def note(event, arguments):
    if event == "open" and str(arguments[0]).startswith(home):
        opened.append(arguments[0])
    elif event == "exec" and is_script(getattr(arguments[0], "co_filename", "")):
        run.append(arguments[0].co_filename)


def is_script(name):
    return os.path.join(home, "migrations", "versions") in name


sys.addaudithook(note)
import sqlalchemy as sa
from flask.cli import cli


@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def note_statement(connection, cursor, text, *rest):
    statements.append(text)


cli.main(args=sys.argv[1:], prog_name="flask", standalone_mode=False)
counts = {
    "statements": len(statements),
    "modules": len(sys.modules),
    "scripts": len(run),
    "files": len(opened),
}
print()
print(json.dumps(counts))
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one command has done.

    :param statements: sent to the database.
    :param modules: imported.
    :param scripts: revision files executed.
    :param files: opened in the folder of the application.
    """

    statements: int
    modules: int
    scripts: int
    files: int


def count(folder: pathlib.Path, *words: str) -> Counts:
    """Run `flask` in a process of its own."""
    answer = subprocess.run(
        [OUR_PYTHON, "-c", RUN, "--app", "app", *words],
        cwd=folder,
        # Files of bytecode are there or not; without them it is always the same.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return Counts(**json.loads(answer.stdout.splitlines()[-1]))


Shops = tuple[Project, Project]


@pytest.fixture(
    scope="module", params=[make_line, make_dependent], ids=["linear", "depends_on"]
)
def shops(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Shops:
    """A short history and a long one, each with a database at the head."""
    found = []

    for length in (SHORT, LONG):
        folder = tmp_path_factory.mktemp("shop")
        shop = make_shop(folder, None, *request.param(length))

        for path in shop.versions.glob("*.py"):
            # A file that has just changed is in doubt, and read again.
            os.utime(path, (0, 0))

        shop.run_well("upgrade", "heads")
        (folder / "app.py").write_text(APP)
        # What this remembers is there for the commands that are counted.
        count(folder, "db", "check")
        found.append(shop)

    return found[0], found[1]


@pytest.fixture
def copies(shops: Shops, tmp_path: pathlib.Path) -> list[pathlib.Path]:
    """The folders of the same, to be changed."""
    return [
        shutil.copytree(shop.folder.parent, tmp_path / str(number))
        for number, shop in enumerate(shops)
    ]


@pytest.fixture(scope="module")
def idle(shops: Shops) -> Counts:
    """The counts of a command of the application."""
    return count(shops[0].folder.parent, "nothing")


@pytest.mark.parametrize(
    ("words", "statements", "modules", "files"),
    [
        ("nothing", 0, 0, 2),
        ("db heads", 0, 25, 3),
        ("db history", 0, 25, 3),
        ("db branches", 0, 25, 3),
        ("db current", 1, 40, 3),
        ("db upgrade heads", 2, 40, 3),
        ("db check", 28, 360, 6),
    ],
)
def test_nothing_to_do(
    shops: Shops, idle: Counts, words: str, statements: int, modules: int, files: int
) -> None:
    """What has nothing to do runs no script, and asks and opens the same few things.

    :param modules: on top of those of the application.
    """
    short, long = (count(one.folder.parent, *words.split()) for one in shops)
    assert short == long
    assert long.scripts == 0
    assert long.statements <= statements
    assert long.modules <= idle.modules + modules
    assert long.files <= files


def test_one_pending(copies: list[pathlib.Path]) -> None:
    """One revision more: one script is run, in as many statements.

    Four look, before it and after it, whether the database is what the scripts build.
    """
    for folder in copies:
        versions = folder / "migrations" / "versions"
        last = max(versions.glob("*.py"), key=lambda one: one.name[8:12])
        down = last.name.partition("_")[0]
        write_files(versions, [RevisionFile(revision="next", down=down)])

    short, long = (count(folder, "db", "upgrade", "heads") for folder in copies)
    assert short.scripts == long.scripts == 1
    assert short.modules == long.modules
    assert short.statements == long.statements <= 15


def test_fresh_database(copies: list[pathlib.Path]) -> None:
    """Each revision runs one script, and costs two statements and four files.

    Of the files one is opened since a copy is in doubt, and read again.
    """
    for folder in copies:
        (folder / "shop.db").unlink()

    short, long = (count(folder, "db", "upgrade", "heads") for folder in copies)
    assert (short.scripts, long.scripts) == (SHORT, LONG)
    assert short.modules == long.modules
    more = LONG - SHORT
    assert long.statements - short.statements <= 2 * more
    assert short.statements <= 40
    assert long.files - short.files <= 4 * more
