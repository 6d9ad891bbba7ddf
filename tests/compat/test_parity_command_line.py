"""Around the commands: variables, ``-d``, ``-x``, the group's name and exit codes."""

from __future__ import annotations

import pytest

from .apps import BLOG
from .apps import make_app
from .histories import LINEAR
from .histories import Revision
from .histories import TWO_HEADS
from .places import Pair
from .places import Place

NAMED = make_app("users", migrate="migrate = Migrate(app, db, command='{name}')")


# Variables


def test_directory_precedence(pair: Pair) -> None:
    """The nearest word wins: the command's, its variable, the group's, its variable."""
    app = make_app("users", arguments="directory='by_app'")
    pair.init(app=app)
    for number, name in enumerate(
        ("by_command", "by_command_variable", "by_group", "by_group_variable", "by_app")
    ):
        for place in pair.both:
            place.write(f"{name}/alembic.ini", place.read("migrations/alembic.ini"))
            revision = Revision(id=f"abc99{number}", message=name)
            place.add((revision,), directory=name)

    both = {
        "FLASK_DB_HEADS_DIRECTORY": "by_command_variable",
        "FLASK_DB_DIRECTORY": "by_group_variable",
    }
    group = {"FLASK_DB_DIRECTORY": "by_group_variable"}
    typed = "db -d by_group heads"
    pair.flask(f"{typed} -d by_command", stdout="abc990 (head)\n", variables=both)
    pair.flask(typed, stdout="abc991 (head)\n", variables=both)
    pair.flask(typed, stdout="abc992 (head)\n", variables=group)
    pair.flask("db heads", stdout="abc993 (head)\n", variables=group)
    pair.flask("db heads", stdout="abc994 (head)\n")


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        ("upgrade", {"FLASK_DB_UPGRADE_SQL": "1"}),
        ("history", {"FLASK_DB_HISTORY_VERBOSE": "true"}),
        ("history", {"FLASK_DB_HISTORY_REV_RANGE": "aaa111:bbb222"}),
        ("heads", {"FLASK_DB_HEADS_VERBOSE": "yes"}),
        ("revision", {"FLASK_DB_REVISION_REV_ID": "abc999"}),
        ("init", {"FLASK_DB_INIT_DIRECTORY": "elsewhere"}),
        ("init -d elsewhere", {"FLASK_DB_INIT_PACKAGE": "1"}),
        ("show", {"FLASK_DB_SHOW_REVISION": "bbb222"}),
    ],
)
def test_variables(pair: Pair, command: str, variables: dict[str, str]) -> None:
    """Every option has a variable; a positional argument has none."""
    pair.init(LINEAR)
    plain = pair.original.flask(f"db {command}") if command == "show" else None
    result = pair.flask(f"db {command}", ordered=False, variables=variables)
    if plain is not None:
        assert result.stdout == plain.stdout


def test_message_variable(pair: Pair) -> None:
    """``FLASK_DB_MIGRATE_MESSAGE`` is a message for `migrate`."""
    pair.init(LINEAR, at=["ccc333"], app=make_app("users", "posts"))
    pair.flask(
        "db migrate --rev-id abc999",
        variables={"FLASK_DB_MIGRATE_MESSAGE": "by a variable"},
    )
    assert "abc999_by_a_variable.py" in pair.same(
        lambda place: place.files("migrations/versions")
    )


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("database", "DATABASE"), ("db-tool", "DB_TOOL"), ("db", "DB")],
)
def test_name_of_the_group(pair: Pair, name: str, prefix: str) -> None:
    """``Migrate(command=...)`` names the group, and with it the variables."""
    pair.init(LINEAR, app=NAMED.replace("{name}", name))
    pair.flask(f"{name} heads", stdout="ccc333 (head)\n")
    variable = {f"FLASK_{prefix}_DIRECTORY": "nowhere"}
    pair.flask(f"{name} heads", code=1, says="Path doesn't exist", variables=variable)


def test_other_name_is_unknown(pair: Pair) -> None:
    """With another name, ``flask db`` is no command of Flask-Migrate any more."""
    pair.init(LINEAR, app=NAMED.replace("{name}", "database"))
    assert pair.original.flask("db heads").exit_code == 2


def test_app_option(pair: Pair) -> None:
    """The application is found as Flask finds it."""
    pair.init(LINEAR)
    for place in pair.both:
        (place.folder / "app.py").rename(place.folder / "shop.py")

    pair.flask("--app shop db heads", stdout="ccc333 (head)\n")
    pair.flask("db heads", stdout="ccc333 (head)\n", variables={"FLASK_APP": "shop.py"})
    pair.flask("-A shop:app db heads", stdout="ccc333 (head)\n")


def test_app_factory(pair: Pair) -> None:
    """An application factory is one more way to have an application."""
    factory = (
        BLOG + "\n\ndef create_app():\n    return app\n\n\nmade, app = app, None\n"
    )
    pair.init(LINEAR, app=factory.replace("return app", "return made"))
    pair.flask("db heads", stdout="ccc333 (head)\n")


# -x

X_ENV = "from alembic import context\nprint(context.get_x_argument())\n"

X_VALUES = (
    ("db -x a=1 current", "['a=1']"),
    ("db -x a=1 -x b=2 current", "['a=1', 'b=2']"),
    ("db upgrade -x a=1", "['a=1']"),
    ("db upgrade -x a=1 -x b=2", "['a=1', 'b=2']"),
    ("db -x a=1 upgrade -x b=2", "['a=1', 'b=2']"),
    ("db downgrade --x-arg a=1", "['a=1']"),
    ("db -x a=1 check", "['a=1']"),
    ("db -x a=1 stamp", "['a=1']"),
    ("db -x a=1 history -i", "['a=1']"),
    ("db -x a=1 show current", "['a=1']"),
    ("db upgrade", "[]"),
)


def print_x(pair: Pair) -> None:
    """Lay a repository whose ``env.py`` prints what it is given, and does nothing."""
    pair.init(LINEAR)
    pair.write("migrations/env.py", X_ENV)


@pytest.mark.parametrize(("command", "values"), X_VALUES)
def test_x_values(pair: Pair, command: str, values: str) -> None:
    """``-x`` reaches ``env.py`` from the group and from the command, in that order."""
    print_x(pair)
    for place in pair.both:
        assert place.flask(command).stdout.splitlines()[0] == values


def test_x_variable(pair: Pair) -> None:
    """``FLASK_DB_X_ARG`` holds several, with spaces between them."""
    print_x(pair)
    pair.flask(
        "db current", stdout="['a=1', 'b=2']\n", variables={"FLASK_DB_X_ARG": "a=1 b=2"}
    )
    variables = {"FLASK_DB_UPGRADE_X_ARG": "a=1 b=2"}
    pair.flask("db upgrade", stdout="['a=1', 'b=2']\n", variables=variables)


@pytest.mark.differs
@pytest.mark.parametrize("command", ["upgrade", "downgrade", "migrate"])
def test_x_is_not_doubled(pair: Pair, command: str) -> None:
    """A value of the group comes once; with the original it comes twice here."""
    print_x(pair)
    theirs, ours = (place.flask(f"db -x a=1 {command}") for place in pair.both)
    assert theirs.stdout.startswith("['a=1', 'a=1']\n")
    assert ours.stdout.startswith("['a=1']\n")


@pytest.mark.parametrize(
    "command", ["current", "check", "stamp", "history", "revision"]
)
def test_x_belongs_to_the_group(pair: Pair, command: str) -> None:
    """Only upgrade, downgrade and migrate have a ``-x`` of their own."""
    print_x(pair)
    pair.flask(f"db {command} -x a=1", code=2, says="No such option")


# What is typed wrong

WRONG = (
    ("db", "Usage: flask db [OPTIONS] COMMAND [ARGS]..."),
    ("db no-such", "No such command 'no-such'"),
    ("db upgrade --no-such", "No such option"),
    ("db heads extra", "unexpected extra argument"),
    ("db upgrade --tag", "requires an argument"),
    ("db -d", "requires an argument"),
    ("db list-templates extra", "unexpected extra argument"),
)


@pytest.mark.parametrize(("command", "says"), WRONG)
def test_usage_errors(pair: Pair, command: str, says: str) -> None:
    """What is typed wrong is exit code 2."""
    pair.init(LINEAR)
    pair.flask(command, code=2, says=says)


COMMANDS = (
    "branches",
    "check",
    "current",
    "downgrade",
    "edit",
    "heads",
    "history",
    "init",
    "list-templates",
    "merge",
    "migrate",
    "revision",
    "show",
    "stamp",
    "upgrade",
)

OPTIONS = """
import click
from flask_migrate.cli import db
from app import app
command = app.cli.commands["db"]
value = {
    name: sorted(
        [*parameter.opts, str(parameter.multiple), str(parameter.is_flag)]
        if isinstance(parameter, click.Option) else [parameter.name]
        for parameter in sub.params
    )
    for name, sub in command.commands.items()
}
value[""] = sorted(parameter.opts for parameter in command.params)
"""


def test_options(pair: Pair) -> None:
    """Every command takes every option that it took, in both of its spellings.

    `stamp` takes several revisions now, so its argument has another name.
    """
    pair.init()
    theirs, ours = (place.python(OPTIONS).value for place in pair.both)
    assert sorted(theirs) == ["", *COMMANDS]
    for name, options in theirs.items():
        missing = [each for each in options if each not in ours[name]]
        assert missing in ([], [["revision"]]), name
        assert not missing or name == "stamp"


@pytest.mark.parametrize("command", COMMANDS)
def test_help(pair: Pair, command: str) -> None:
    """Every command explains itself."""
    pair.init()
    for place in pair.both:
        result = place.flask(f"db {command} --help")
        assert result.exit_code == 0
        assert f"Usage: flask db {command} [OPTIONS]" in result.stdout


# Exit codes

EXITS = (
    ("db heads", 0),
    ("db upgrade", 0),
    ("db check", 1),
    ("db show zzz", 1),
    ("db upgrade zzz", 1),
    ("db upgrade --zzz", 2),
    ("--app nothing db heads", 2),
)


@pytest.mark.parametrize(("command", "code"), EXITS)
def test_exit_code(pair: Pair, command: str, code: int) -> None:
    """0 is done, 1 is failed, 2 is typed wrong."""
    pair.init(LINEAR)
    pair.flask(command, code=code)


@pytest.mark.parametrize("command", ["show zzz", "upgrade zzz", "check"])
def test_error_token(pair: Pair, command: str) -> None:
    """An error has the token that scripts look for, and it is on stderr."""
    pair.init(LINEAR, at=["aaa111"])
    for place in pair.both:
        result = place.flask(f"db {command}")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "Error: " in result.stderr
        assert "Traceback" not in result.stderr


def test_alembic_itself(pair: Pair) -> None:
    """The plain ``alembic`` command does not know where the repository is."""
    pair.init(LINEAR)
    code = """
import os, sys
os.chdir("migrations")
from alembic.config import main
main(["current"])
"""
    codes = [place.python(code).exit_code for place in pair.both]
    assert codes == [255, 255]


@pytest.mark.differs
def test_error_is_always_shown(pair: Pair) -> None:
    """With an old ``alembic.ini``, which lacks a logger, the original is silent."""
    pair.init(TWO_HEADS, at=["bbb222"])
    for place in pair.both:
        path = place.folder / "migrations" / "alembic.ini"
        text = path.read_text().replace(",flask_migrate", "")
        path.write_text(text)

    theirs, ours = (place.flask("db upgrade") for place in pair.both)
    assert (theirs.exit_code, ours.exit_code) == (1, 1)
    assert "Error: Multiple head revisions" in ours.stderr


@pytest.mark.differs
@pytest.mark.parametrize("command", ["upgrade", "check", "current"])
def test_password_is_not_shown(pair: Pair, command: str) -> None:
    """A server that does not answer is an error that keeps the secret."""
    url = "postgresql+psycopg://bird:hunter2@127.0.0.1:1/blog"
    app = BLOG.replace('f"sqlite:///{here}/blog.db"', repr(url))
    pair.init(LINEAR, app=app)
    for place in pair.both:
        result = place.flask(f"db {command}")
        assert result.exit_code == 1
        if place is pair.ours:
            assert "hunter2" not in result.output
            assert "Traceback" not in result.stderr


def test_python_is_left_alone(pair: Pair) -> None:
    """No command leaves a file that is not a revision or a database."""
    pair.init(LINEAR)
    before = set(pair.same(Place.files))
    for command in ("upgrade", "current", "history -i", "check", "downgrade", "heads"):
        pair.flask(f"db {command}")

    assert set(pair.same(Place.files)) - before == {"blog.db"}
