"""Where the functions and the extension differ from the original on purpose."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from .apps import BLOG
from .apps import make_app
from .histories import LABELLED
from .histories import LINEAR
from .places import Pair
from .places import Place

pytestmark = pytest.mark.differs

# Results

RESULT = """
import dataclasses
from app import app
import flask_migrate

def describe(result):
    if isinstance(result, tuple):
        return [describe(each) for each in result]
    if not dataclasses.is_dataclass(result):
        return repr(result)
    frozen = type(result).__dataclass_params__.frozen
    return {{"frozen": frozen, "revision": getattr(result, "revision", None)}}

with app.app_context():
    value = describe(flask_migrate.{call})
"""


class Returned(t.NamedTuple):
    """A call on `LINEAR` at its second revision, and how many values it returns."""

    call: str
    length: int


LISTS = (
    Returned("heads()", 1),
    Returned("history()", 3),
    Returned("history(rev_range='aaa111:bbb222')", 2),
    Returned("branches()", 0),
    Returned("show()", 1),
    Returned("show(revision='base')", 0),
    Returned("current()", 1),
)


@pytest.mark.parametrize("row", LISTS, ids=lambda row: row.call)
def test_lists_are_returned(pair: Pair, row: Returned) -> None:
    """What the original prints, ours returns: a tuple of frozen dataclasses."""
    pair.init(LINEAR, at=["bbb222"])
    theirs, ours = (place.python(RESULT.format(call=row.call)) for place in pair.both)
    assert theirs.value == "None"
    assert isinstance(ours.value, list), ours.output
    assert len(ours.value) == row.length
    assert all(each["frozen"] for each in ours.value)
    assert ours.stdout == ""


RESULTS = (
    "upgrade()",
    "downgrade()",
    "stamp()",
    "upgrade(sql=True)",
    "revision(message='new')",
    "merge(revisions=('ccc333', 'ddd444'))",
)


@pytest.mark.parametrize("call", RESULTS)
def test_results_are_returned(pair: Pair, call: str) -> None:
    """What was done is returned as a frozen dataclass, and nothing is printed."""
    other = dataclasses.replace(LINEAR[2], id="ddd444", table=None)
    history = (*LINEAR, other) if call.startswith("merge") else LINEAR
    pair.init(history, at=["bbb222"])
    theirs, ours = (place.python(RESULT.format(call=call)) for place in pair.both)
    assert theirs.value == "None"
    assert isinstance(ours.value, dict), ours.output
    assert ours.value["frozen"] is True
    assert ours.stdout == ""


def test_migrate_returns_what_it_wrote(pair: Pair) -> None:
    """`migrate` returns the revision, or `None` where nothing has changed."""
    pair.init(LINEAR, at=["ccc333"])
    code = RESULT.format(call="migrate(rev_id='abc999')")
    assert pair.ours.python(code).value == "None"
    pair.write("app.py", make_app("users"))
    ours = pair.ours.python(code).value
    assert (ours["frozen"], ours["revision"]) in {(True, "abc999"), (True, None)}


def test_errors_can_be_caught(ours: Place) -> None:
    """One ``except`` catches whatever goes wrong, and the process goes on."""
    ours.init()
    ours.add(LINEAR)
    code = """
from app import app
from flask_migrate import MigrationError, heads, upgrade
value = []
with app.app_context():
    try:
        upgrade(revision="zzz")
    except MigrationError as error:
        value.append(str(error).splitlines()[0])
    value.append(len(heads()))
"""
    message, count = ours.python(code).value
    assert "Can't locate revision identified by 'zzz'" in message
    assert count == 1


# Output and logging

RUNNER = """
from app import app
runner = app.test_cli_runner()
value = [runner.invoke(args=["db", *words.split()]).output for words in (
    "heads", "history", "show", "upgrade", "current", "check"
)]
"""


def test_output_can_be_captured(pair: Pair) -> None:
    """Flask's test runner sees what a command prints; the original's goes past it."""
    pair.init(LINEAR)
    theirs, ours = (place.python(RUNNER) for place in pair.both)
    assert theirs.value[0] == ""
    assert "ccc333 (head)\n" in theirs.stdout
    heads, history, show, _, current, check = ours.value
    assert heads == "ccc333 (head)\n"
    assert history.count("\n") == 3
    assert show.startswith("Rev: ccc333 (head)\n")
    assert current.endswith("ccc333 (head)\n")
    assert check.endswith("No new upgrade operations detected.\n")
    assert ours.stdout == ""


LOGGERS = """
import logging
from app import app
from flask_migrate import {names}
logging.basicConfig(level=logging.DEBUG, format="mine %(name)s %(message)s")
shop = logging.getLogger("shop")
alembic = logging.getLogger("alembic")
before = [list(logging.getLogger().handlers), logging.getLogger().level, alembic.level]
with app.app_context():
    {calls}

after = [logging.getLogger().handlers, logging.getLogger().level, alembic.level]
shop.info("still here")
value = [shop.disabled, app.logger.disabled, before == after]
"""


@pytest.mark.parametrize("name", ["upgrade", "check", "current", "downgrade", "stamp"])
def test_loggers_are_left_alone(pair: Pair, name: str) -> None:
    """No function disables, replaces or turns down a logger of the application."""
    app = BLOG + "\nimport logging; logging.getLogger('shop'); app.logger\n"
    pair.init(LINEAR, at=["ccc333"], app=app)
    code = LOGGERS.format(names=name, calls=f"{name}()")
    theirs, ours = (place.python(code) for place in pair.both)
    assert theirs.value == [True, True, False]
    assert "still here" not in theirs.stderr
    assert ours.value == [False, False, True]
    assert ours.stderr.count("mine shop still here\n") == 1


def test_lines_are_not_doubled(ours: Place) -> None:
    """An application that shows its log shows each line of a command once."""
    app = BLOG + "\nimport logging; logging.basicConfig(level=logging.INFO)\n"
    ours.init(app=app)
    ours.add(LINEAR)
    result = ours.flask("db upgrade")
    assert result.stderr.count("Running upgrade  -> aaa111, add users") == 1


WARNINGS = """
import warnings
warnings.simplefilter("error", DeprecationWarning)
from app import app
from flask_migrate import check, upgrade
with app.app_context():
    upgrade()
    check()
"""


def test_no_deprecated_call(pair: Pair) -> None:
    """A process that treats deprecations as errors can migrate with our templates."""
    pair.init(LINEAR)
    theirs, ours = (place.python(WARNINGS) for place in pair.both)
    assert (theirs.exit_code, "DeprecationWarning" in theirs.stderr) == (1, True)
    assert ours.exit_code == 0, ours.output


# In one process

STALE = """
from app import app
from flask_migrate import migrate, upgrade
with app.app_context():
    upgrade()
    migrate(rev_id="abc999")
"""


def test_second_command_forgets_the_first(pair: Pair) -> None:
    """`upgrade` then `migrate` in one process: no change, no file."""
    pair.init(LINEAR)
    for place in pair.both:
        assert place.python(STALE).exit_code == 0

    path = "migrations/versions/abc999_.py"
    assert (pair.original.folder / path).exists()
    assert not (pair.ours.folder / path).exists()


def test_nothing_is_put_into_the_arguments(pair: Pair) -> None:
    """A command leaves the arguments of ``Migrate`` as they were."""
    pair.init(LINEAR)
    code = """
from app import app
from flask_migrate import upgrade
state = app.extensions["migrate"]
before = set(state.configure_args)
with app.app_context():
    upgrade()
value = sorted(set(state.configure_args) - before)
"""
    theirs, ours = (place.python(code).value for place in pair.both)
    assert theirs == ["process_revision_directives"]
    assert ours == []


TWO_APPS = """
migrate = Migrate()
other = Flask("other")
other.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{here}/other.db"
other_db = SQLAlchemy(other)
migrate.init_app(app, db, directory="one", version_table="one_versions")
migrate.init_app(other, other_db, directory="two")
"""


def test_two_applications(pair: Pair) -> None:
    """Two applications share a ``Migrate``, and nothing else."""
    code = """
from app import app, other
value = []
for each in (app, other):
    state = each.extensions["migrate"]
    with each.app_context():
        folder = state.migrate.get_config().get_main_option("script_location")
    value.append([state.directory, "version_table" in state.configure_args, folder])
"""
    pair.write("app.py", make_app("users", migrate=TWO_APPS))
    theirs, ours = (place.python(code).value for place in pair.both)
    assert theirs == [["one", True, "two"], ["two", True, "two"]]
    assert ours == [["one", True, "one"], ["two", False, "two"]]


TWO_EXTENSIONS = """
one = Migrate(app, db, directory="one", command="db1")
two = Migrate(app, db, directory="two", command="db2")
"""


def test_two_extensions(pair: Pair) -> None:
    """Two ``Migrate`` objects of one application: each command has its own folder."""
    pair.write("app.py", make_app("users", migrate=TWO_EXTENSIONS))
    for place in pair.both:
        assert place.flask("db1 init").exit_code == 0

    assert (pair.original.folder / "two").exists()
    assert (pair.ours.folder / "one").exists()
    assert not (pair.ours.folder / "two").exists()
    assert pair.ours.flask("db2 init").exit_code == 0
    assert pair.ours.flask("db1 revision --rev-id abc999").exit_code == 0
    assert pair.ours.flask("db1 heads").stdout == "abc999 (head)\n"
    assert pair.ours.flask("db2 heads").stdout == ""


# Folders


@pytest.mark.parametrize(
    "directory", ["pathlib.Path('elsewhere')", "'100% mine'", "'a folder'", "'größer'"]
)
def test_any_folder(pair: Pair, directory: str) -> None:
    """A folder may be a ``Path``, and hold a percent sign, a space or an umlaut."""
    code = f"""
import pathlib
from app import app
from flask_migrate import heads, init, revision, upgrade
with app.app_context():
    init({directory})
    revision({directory}, rev_id="abc999")
    upgrade({directory})
"""
    pair.write("app.py", BLOG)
    ours = pair.ours.python(code)
    assert ours.exit_code == 0, ours.output
    assert pair.ours.versions() == ["abc999"]
    theirs = pair.original.python(code)
    fails = "Path" in directory or "%" in directory
    assert theirs.exit_code == (1 if fails else 0), theirs.output


def test_branch_of_several_heads(ours: Place) -> None:
    """`heads` returns each head with its labels, in the order of their ids."""
    ours.init()
    ours.add(LABELLED)
    code = """
from app import app
from flask_migrate import heads
with app.app_context():
    value = [str(each) for each in heads()]
"""
    value = ours.python(code).value
    assert ["bbb222" in value[0], "fff666" in value[1], len(value)] == [True, True, 2]
