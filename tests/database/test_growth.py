"""What a command does, counted: nothing of it grows with the history.

Each command is run in a process of its own, with a short history and with a long one.
Seconds are measured by `python -m benchmarks commands`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
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
        capture_output=True,
        text=True,
        check=True,
    )
    return Counts(**json.loads(answer.stdout.splitlines()[-1]))


@pytest.fixture(params=[make_line, make_dependent], ids=["linear", "depends_on"])
def shops(
    tmp_path: pathlib.Path, request: pytest.FixtureRequest
) -> tuple[Project, Project]:
    """A short history and a long one, each with a database at the head."""
    found = []

    for length in (SHORT, LONG):
        folder = tmp_path / str(length)
        folder.mkdir()
        shop = make_shop(folder, None, *request.param(length))

        for path in shop.versions.glob("*.py"):
            # A file that has just changed is in doubt, and read again.
            os.utime(path, (0, 0))

        shop.run_well("upgrade", "heads")
        (folder / "app.py").write_text(APP)
        found.append(shop)

    return found[0], found[1]


def count_twice(shops: tuple[Project, Project], *words: str) -> Counts:
    """Count what a command does; it is the same in both histories."""
    short, long = (_count_again(shop, words) for shop in shops)
    assert short == long
    return long


def _count_again(shop: Project, words: tuple[str, ...]) -> Counts:
    # The first time is for bytecode and what is remembered.
    count(shop.folder.parent, *words)
    return count(shop.folder.parent, *words)


@pytest.mark.parametrize(
    ("words", "statements", "files"),
    [
        ("nothing", 0, 2),
        ("db heads", 0, 6),
        ("db history", 0, 6),
        ("db branches", 0, 6),
        ("db current", 1, 8),
        ("db upgrade heads", 2, 8),
        ("db check", 28, 8),
    ],
)
def test_nothing_to_do(
    shops: tuple[Project, Project], words: str, statements: int, files: int
) -> None:
    """What has nothing to do runs no script, and asks and opens the same few things."""
    counts = count_twice(shops, *words.split())
    assert counts.scripts == 0
    assert counts.statements <= statements
    assert counts.files <= files


def test_one_pending(shops: tuple[Project, Project]) -> None:
    """One revision more: one script is run, in as many statements."""
    found = []

    for shop in shops:
        last = max(shop.versions.glob("*.py"), key=lambda one: one.name[8:12])
        down = last.name.partition("_")[0]
        write_files(shop.versions, [RevisionFile(revision="next", down=down)])
        found.append(count(shop.folder.parent, "db", "upgrade", "heads"))

    short, long = found
    assert short.scripts == long.scripts == 1
    assert short.statements == long.statements <= 20
