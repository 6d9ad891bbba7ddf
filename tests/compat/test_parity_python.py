"""Flask-Migrate from Python: names, signatures, the extension and the functions."""

from __future__ import annotations

import pytest

from .apps import BLOG
from .apps import make_app
from .apps import PLAIN
from .histories import LINEAR
from .histories import NOTHING
from .histories import TWO_HEADS
from .places import Pair
from .places import Place

FUNCTIONS = (
    "branches",
    "check",
    "current",
    "downgrade",
    "edit",
    "heads",
    "history",
    "init",
    "list_templates",
    "merge",
    "migrate",
    "revision",
    "show",
    "stamp",
    "upgrade",
)

SIGNATURES = f"""
import inspect, flask_migrate
from flask_migrate import Migrate
places = {{name: getattr(flask_migrate, name) for name in {FUNCTIONS}}}
methods = ["__init__", "init_app", "get_config", "configure"]
methods.append("call_configure_callbacks")
places |= {{name: getattr(Migrate, name) for name in methods}}
value = {{
    name: [
        [each.name, repr(each.default), each.kind.name]
        for each in inspect.signature(function).parameters.values()
    ]
    for name, function in places.items()
}}
"""


def test_signatures(pair: Pair) -> None:
    """What is called by position or by name today is called so with ours.

    What ours has more comes after it.
    """
    theirs, ours = (place.python(SIGNATURES).value for place in pair.both)
    for name, parameters in theirs.items():
        by_position = [one[:2] for one in parameters if one[2] != "VAR_KEYWORD"]
        # The name of a method's one argument is nobody's keyword.
        if name.startswith(("configure", "call_")):
            assert len(ours[name]) == len(parameters)
        else:
            assert [one[:2] for one in ours[name]][: len(by_position)] == by_position, (
                name
            )


def test_names(pair: Pair) -> None:
    """Every public name can be imported; Alembic's version is three numbers."""
    names = ("Config", "Migrate", "alembic_version", *FUNCTIONS)
    code = f"from flask_migrate import {', '.join(names)}\nvalue = alembic_version"
    assert len(pair.python(code)) == 3
    pair.python("from flask_migrate.cli import db; value = db.name")


STATE = """
from app import app, db, migrate
state = app.extensions["migrate"]
value = {
    "migrate": state.migrate is migrate,
    "db": state.db is db,
    "directory": state.directory,
    "arguments": {key: str(value) for key, value in state.configure_args.items()},
    "metadata": getattr(state, "metadata", None) is db.metadata,
    "command": sorted(app.cli.commands),
}
"""

WAYS = {
    "at once": "migrate = Migrate(app, db)",
    "by position": "migrate = Migrate(app, db, 'deep/down', 'dbase', False, False)",
    "later": "migrate = Migrate()\nmigrate.init_app(app, db)",
    "db first": "migrate = Migrate(db=db)\nmigrate.init_app(app)",
    "later by position": (
        "migrate = Migrate()\nmigrate.init_app(app, db, 'deep', 'dbase', False, True)"
    ),
    "with options": "migrate = Migrate(app, db, include_schemas=True)",
    "options later": (
        "migrate = Migrate(directory='here', compare_type=False)\n"
        "migrate.init_app(app, db, include_schemas=True, render_as_batch=False)"
    ),
    "overwritten": (
        "migrate = Migrate(directory='here', command='one', version_table='a')\n"
        "migrate.init_app(app, db, 'there', command='two', version_table='b')"
    ),
    "a path": "import pathlib\nmigrate = Migrate(app, db, pathlib.Path('deep/down'))",
}


@pytest.mark.parametrize("way", WAYS)
def test_extension(pair: Pair, way: str) -> None:
    """However ``Migrate`` is made, ``app.extensions["migrate"]`` holds the same."""
    pair.write("app.py", make_app("users", migrate=WAYS[way]))
    value = pair.python(STATE)
    assert (value["migrate"], value["db"], value["metadata"]) == (True, True, True)
    assert {"compare_type", "render_as_batch"} <= set(value["arguments"])


CONFIG = """
from app import app, migrate
from flask import Flask
with app.app_context():
    config = migrate.get_config({arguments})
    value = {{
        "ini": config.config_file_name,
        "script_location": config.get_main_option("script_location"),
        "x": config.cmd_opts.x,
        "autogenerate": getattr(config.cmd_opts, "autogenerate", None),
        "type": type(config).__name__,
    }}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "'elsewhere'",
        "'elsewhere', 'a=1'",
        "x_arg=['a=1', 'b=2']",
        "x_arg=('a=1',)",
        "opts=['autogenerate']",
        "directory='elsewhere', x_arg='a=1', opts=['autogenerate', 'more']",
        "__import__('pathlib').Path('elsewhere')",
    ],
)
def test_get_config(pair: Pair, arguments: str) -> None:
    """``get_config`` says where the repository is and what ``-x`` was, as before."""
    pair.init()
    value = pair.python(CONFIG.format(arguments=arguments))
    assert value["type"] == "Config"


CALLBACKS = """
@migrate.configure
def first(config):
    print("first", config.get_main_option("seen"))
    config.set_main_option("seen", "by first")
    return config

@migrate.configure
def second(config):
    print("second", config.get_main_option("seen"))
    config.set_main_option("script_location", "elsewhere")
    return config
"""


def test_configure_callbacks(pair: Pair) -> None:
    """Callbacks are called in their order, and what they set is used."""
    pair.init(LINEAR, app=BLOG + CALLBACKS)
    for place in pair.both:
        (place.folder / "migrations").rename(place.folder / "elsewhere")

    stdout = "first None\nsecond by first\n"
    pair.flask("db heads -d elsewhere", stdout=f"{stdout}ccc333 (head)\n")


def test_configure_callback_replaces_the_config(pair: Pair) -> None:
    """What a callback returns is the config from then on."""
    callback = """
from flask_migrate import Config
@migrate.configure
def replace(config):
    other = Config("elsewhere/alembic.ini")
    other.set_main_option("script_location", "elsewhere")
    return other
"""
    pair.init(LINEAR, app=BLOG + callback)
    for place in pair.both:
        (place.folder / "migrations").rename(place.folder / "elsewhere")

    pair.flask("db heads", stdout="ccc333 (head)\n")


def test_config(pair: Pair) -> None:
    """``Config`` is Alembic's, with a folder of templates."""
    code = """
import os
from alembic.config import Config as AlembicConfig
from flask_migrate import Config
default = Config().get_template_directory()
value = [
    issubclass(Config, AlembicConfig),
    Config(template_directory="mine").get_template_directory(),
    sorted(name for name in os.listdir(default) if os.path.isdir(f"{default}/{name}")),
    Config("deep/alembic.ini").config_file_name,
]
"""
    templates = ["aioflask", "aioflask-multidb", "flask", "flask-multidb"]
    value = pair.python(code)
    assert value == [True, "mine", templates, "deep/alembic.ini"]


def test_context_is_what_the_command_line_gave(pair: Pair) -> None:
    """``g.directory`` and ``g.x_arg`` are there for a callback that looks at them."""
    callback = """
from flask import g
@migrate.configure
def look(config):
    print(g.directory, list(g.x_arg))
    return config
"""
    pair.init(LINEAR, app=BLOG + callback)
    stdout = "migrations ['a=1']\nccc333 (head)\n"
    pair.flask("db -d migrations -x a=1 heads", stdout=stdout)


# The functions

CALL = """
from app import app
import flask_migrate
with app.app_context():
    flask_migrate.{call}
"""


def call(place: Place, text: str, *, code: int = 0) -> None:
    """Call a function of the package in an application context."""
    result = place.python(CALL.format(call=text), EDITOR="true")
    assert result.exit_code == code, result.output


def call_both(pair: Pair, text: str) -> None:
    """Call a function in both places."""
    for place in pair.both:
        call(place, text)


CALLS = {
    "upgrade()": ["ccc333"],
    "upgrade(revision='+1')": ["ccc333"],
    "upgrade('migrations', 'head', False, 'tag', 'a=1')": ["ccc333"],
    "upgrade(x_arg=('a=1', 'b=2'))": ["ccc333"],
    "downgrade()": ["aaa111"],
    "downgrade(revision='base')": [],
    "downgrade('migrations', 'aaa111', False, 'tag', ['a=1'])": ["aaa111"],
    "stamp()": ["ccc333"],
    "stamp('migrations', 'aaa111', False, 'tag', True)": ["aaa111"],
    "stamp(revision='base')": [],
    "heads('migrations', True, True)": ["bbb222"],
    "history('migrations', 'base:head', True, True)": ["bbb222"],
    "branches('migrations', True)": ["bbb222"],
    "current('migrations', True)": ["bbb222"],
    "show('migrations', 'bbb222')": ["bbb222"],
    "edit()": ["bbb222"],
    "edit('migrations', 'head')": ["bbb222"],
}
"""A call on `LINEAR` at its second revision, and the versions after it."""


@pytest.mark.parametrize("text", CALLS)
def test_function(pair: Pair, text: str) -> None:
    """Each function does what its command does, by position and by name."""
    pair.init(LINEAR, at=["bbb222"])
    before = pair.same(Place.files)
    call_both(pair, text)
    assert pair.same(Place.versions) == CALLS[text]
    assert pair.same(Place.files) == before
    pair.same(Place.tables)


WRITES = {
    "revision('migrations', 'a', False, False, 'head', False, None, None, 'abc999')": (
        "abc999_a.py"
    ),
    "revision(message='new', rev_id='abc999', autogenerate=True)": "abc999_new.py",
    "revision(rev_id='abc999', head='bbb222', splice=True, branch_label='shop')": (
        "abc999_.py"
    ),
    "migrate('migrations', 'new', False, 'head', False, None, None, 'abc999', 'a=1')": (
        "abc999_new.py"
    ),
    "migrate(message='new', rev_id='abc999', branch_label='shop')": "abc999_new.py",
    "merge('migrations', ('ccc333', 'ddd444'), 'new', 'shop', 'abc999')": (
        "abc999_new.py"
    ),
    "merge(revisions='heads', rev_id='abc999')": "abc999_.py",
}
"""A call that writes a file, and the name of the file."""


@pytest.mark.parametrize("text", WRITES)
def test_function_that_writes(pair: Pair, text: str) -> None:
    """A function writes the same file as its command."""
    history, at = LINEAR, ["ccc333"]
    if text.startswith("merge"):
        other = LINEAR[2].__class__(id="ddd444", message="other", down="bbb222")
        history = (*LINEAR, other)

    pair.init(history, at=at, app=make_app("users", "posts", "tags", "votes"))
    call_both(pair, text)
    path = f"migrations/versions/{WRITES[text]}"

    def read(place: Place) -> list[str]:
        lines = place.read(path).splitlines()
        return [line for line in lines if line.strip() and line[0] != "#"]

    assert "revision = 'abc999'" in pair.same(read)


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("init()", "migrations"),
        ("init('elsewhere')", "elsewhere"),
        ("init('elsewhere', True, None, True)", "elsewhere"),
        ("init(template='flask', package=True)", "migrations"),
    ],
)
def test_init_function(pair: Pair, text: str, folder: str) -> None:
    """`init` from Python makes the files that the command makes."""
    pair.write("app.py", BLOG)
    call_both(pair, text)
    assert "env.py" in pair.same(lambda place: place.files(folder))


def test_list_templates_needs_no_application(pair: Pair) -> None:
    """``list_templates`` is the one function that needs no application context."""
    pair.python("from flask_migrate import list_templates; list_templates()")


def test_alembic_options_reach_the_context(pair: Pair) -> None:
    """What is given to ``Migrate`` beside its own arguments is Alembic's."""
    app = make_app("users", "posts", "tags", arguments="version_table='my_versions'")
    pair.init(LINEAR, app=app)
    pair.flask("db upgrade")
    assert pair.same(Place.tables) == ["my_versions", "posts", "tags", "users"]
    pair.flask("db current", stdout="ccc333 (head)\n")
    pair.flask("db check", stdout="No new upgrade operations detected.\n")


HOOK = """
def skip_posts(context, revision, directives):
    print("directives", revision, len(directives))
    directives[0].upgrade_ops.ops[:] = directives[0].upgrade_ops.ops[:1]

"""


def test_directives_of_the_user(pair: Pair) -> None:
    """A ``process_revision_directives`` of the application is the one in use."""
    app = make_app("users", "posts", arguments="process_revision_directives=skip_posts")
    app = app.replace("migrate = ", HOOK + "migrate = ")
    pair.init(NOTHING, at=(), app=app)
    result = pair.flask("db migrate --rev-id abc999 -m one")
    assert "directives () 1\n" in result.stdout
    path = "migrations/versions/abc999_one.py"
    for place in pair.both:
        text = place.read(path).split("def downgrade")[0]
        assert text.count("create_table") == 1


@pytest.mark.parametrize("name", ["metadatas", "get_engine"])
def test_database_objects_of_another_shape(pair: Pair, name: str) -> None:
    """An engine and metadata are all that a database object needs."""
    shapes = {
        "metadatas": PLAIN.replace(
            "    metadata = sa.MetaData()\n",
            "    metadata = sa.MetaData()\n    metadatas = {None: metadata}\n",
        ),
        "get_engine": PLAIN.replace("    engine = ", "    _engine = ").replace(
            "    metadata = sa.MetaData()\n",
            "    metadata = sa.MetaData()\n\n"
            "    def get_engine(self):\n        return self._engine\n",
        ),
    }
    pair.init(LINEAR, app=shapes[name])
    pair.flask("db upgrade")
    pair.flask("db check", stdout="No new upgrade operations detected.\n")


# Failures: the original ends the process, ours raises

FAILURES = {
    "upgrade(revision='zzz')": "Can't locate revision identified by 'zzz'",
    "downgrade(revision='zzz')": "Can't locate revision identified by 'zzz'",
    "stamp(revision='zzz')": "Can't locate revision identified by 'zzz'",
    "show(revision='zzz')": "Can't locate revision identified by 'zzz'",
    "history(rev_range='zzz')": "History range requires [start]:[end]",
    "revision(head='zzz')": "Can't locate revision identified by 'zzz'",
    "migrate(sql=True)": "Using --sql with --autogenerate",
    "check()": "Target database is not up to date.",
    "upgrade()": "Multiple head revisions are present",
    "heads('nowhere')": "Path doesn't exist",
    "init()": "Directory migrations already exists and is not empty",
    "init('elsewhere', template='none')": "No such template",
    "edit(revision='base')": "",
}

FAIL = """
from app import app
import flask_migrate
with app.app_context():
    try:
        flask_migrate.{call}
    except BaseException as error:
        kinds = [each.__name__ for each in type(error).__mro__]
        value = [kinds, getattr(error, "code", None), str(error)]
"""


@pytest.mark.differs
@pytest.mark.parametrize("text", FAILURES)
def test_failure(pair: Pair, text: str) -> None:
    """Where the original exits with 1, ours raises an error that can be caught."""
    pair.init(TWO_HEADS, at=["aaa111"])
    theirs = pair.original.python(FAIL.format(call=text))
    assert theirs.value[0][0] == "SystemExit"
    assert theirs.value[1] == 1
    assert FAILURES[text] in theirs.stderr
    ours = pair.ours.python(FAIL.format(call=text))
    kinds, _, message = ours.value
    assert "MigrationError" in kinds
    assert FAILURES[text] in message
    assert ours.stdout == ""


@pytest.mark.differs
def test_outside_of_a_context(pair: Pair) -> None:
    """Without an application context, too, the original exits and ours raises."""
    pair.init(LINEAR)
    code = FAIL.format(call="upgrade()").replace("app.app_context()", "open('app.py')")
    theirs, ours = (place.python(code).value for place in pair.both)
    assert theirs[0][0] == "SystemExit"
    assert "SystemExit" not in ours[0]
    assert "application context" in ours[2]


@pytest.mark.differs
def test_without_migrate(pair: Pair) -> None:
    """An application without ``Migrate`` is a `KeyError`, and with ours a sentence."""
    pair.init(LINEAR, app="from flask import Flask\napp = Flask('shop')\n")
    code = FAIL.format(call="upgrade()")
    theirs, ours = (place.python(code).value for place in pair.both)
    assert theirs[2] == "'migrate'"
    assert "MigrationError" in ours[0]
    assert "shop" in ours[2]
