"""`init` and `list-templates`, and the files that a new repository is made of."""

from __future__ import annotations

import pytest

from .apps import BLOG
from .apps import make_app
from .apps import TWO_DATABASES
from .places import Pair
from .places import Place

FILES = ["README", "alembic.ini", "env.py", "script.py.mako"]

TEMPLATES = ("aioflask", "aioflask-multidb", "flask", "flask-multidb")


def test_list_templates(pair: Pair) -> None:
    """The templates have the names that they had; what stands beside them is ours."""
    pair.write("app.py", BLOG)
    for place in pair.both:
        lines = place.flask("db list-templates").stdout.splitlines()
        assert lines[:2] == ["Available templates:", ""]
        assert [line.split(" - ")[0] for line in lines[2:]] == list(TEMPLATES)


def test_list_templates_needs_no_repository(pair: Pair) -> None:
    """It takes no option, and makes nothing."""
    pair.write("app.py", BLOG)
    pair.flask("db list-templates -d elsewhere", code=2, says="No such option")
    assert pair.same(Place.files) == ["app.py"]


INITS = {
    "init": ("migrations", FILES),
    "init -d elsewhere": ("elsewhere", FILES),
    "init --directory deep/down": ("deep/down", FILES),
    "-d elsewhere init": ("elsewhere", FILES),
    "-d nowhere init -d elsewhere": ("elsewhere", FILES),
    "init --multidb": ("migrations", FILES),
    "init -t flask": ("migrations", FILES),
    "init --template flask-multidb": ("migrations", FILES),
    "init -t aioflask": ("migrations", FILES),
    "init -t aioflask-multidb": ("migrations", FILES),
    "init --package": (
        "migrations",
        sorted(["__init__.py", *FILES, "versions/__init__.py"]),
    ),
}
"""What is typed, the folder that is made, and the files in it."""


@pytest.mark.parametrize("command", INITS)
def test_init(pair: Pair, command: str) -> None:
    """Every way to make a repository makes the same files and says the same.

    The files are copied in the order of a folder, which no two machines share.
    """
    pair.write("app.py", BLOG)
    folder, files = INITS[command]
    result = pair.flask(f"db {command}", ordered=False)
    assert result.stdout.endswith(
        "Please edit configuration/connection/logging settings in"
        f" <folder>/{folder}/alembic.ini before proceeding.\n"
    )
    assert pair.same(lambda place: place.files(folder)) == files
    assert pair.same(lambda place: (place.folder / folder / "versions").is_dir())
    assert pair.same(Place.tables) is None


def test_constructor_names_the_folder(pair: Pair) -> None:
    """``Migrate(directory=...)`` is where `init` and everything else goes."""
    pair.write("app.py", make_app("users", arguments="directory='scripts/db'"))
    pair.flask("db init", ordered=False)
    assert pair.same(lambda place: place.files("scripts/db")) == FILES
    pair.flask("db heads", stdout="")


@pytest.mark.parametrize(("options", "multi"), [("", False), ("--multidb", True)])
def test_multidb_is_another_template(pair: Pair, options: str, multi: bool) -> None:
    """``--multidb`` chooses the template whose revisions know several databases."""
    pair.write("app.py", TWO_DATABASES)
    pair.flask(f"db init {options}", ordered=False)
    for place in pair.both:
        assert ("engine_name" in place.read("migrations/script.py.mako")) is multi


def test_template_wins_over_multidb(pair: Pair) -> None:
    """A template that is named is used, whatever ``--multidb`` says."""
    pair.write("app.py", TWO_DATABASES)
    pair.flask("db init -t flask --multidb", ordered=False)
    for place in pair.both:
        assert "engine_name" not in place.read("migrations/script.py.mako")


def make_custom_template(pair: Pair, folder: str) -> None:
    """Put a template of the reader's own there."""
    pair.write(f"{folder}/README", "Mine.\n")
    pair.write(f"{folder}/alembic.ini.mako", "[alembic]\n# of ${script_location}\n")
    pair.write(f"{folder}/env.py", "from alembic import context\n")
    pair.write(f"{folder}/script.py.mako", "${up_revision}\n")
    pair.write(f"{folder}/extra.txt", "more\n")


@pytest.mark.parametrize("typed", ["./my/own", "my/own", "my/own/../own"])
def test_custom_template(pair: Pair, typed: str) -> None:
    """A template with a slash is a path; all its files are copied."""
    pair.write("app.py", BLOG)
    make_custom_template(pair, "my/own")
    pair.flask(f"db init -t {typed}", ordered=False)
    assert pair.same(lambda place: place.files("migrations")) == [
        "README",
        "alembic.ini",
        "env.py",
        "extra.txt",
        "script.py.mako",
    ]
    ini = pair.same(lambda place: place.read("migrations/alembic.ini"))
    assert ini.startswith("[alembic]\n# of ")


def test_custom_template_needs_its_slash(pair: Pair) -> None:
    """A bare name is a template of the package, even where a folder has that name."""
    pair.write("app.py", BLOG)
    make_custom_template(pair, "own")
    pair.flask("db init -t own", code=1, says="No such template")
    assert pair.same(lambda place: (place.folder / "migrations").exists()) is False


def test_folder_is_not_empty(pair: Pair) -> None:
    """A folder that holds something is left alone."""
    pair.write("app.py", BLOG)
    pair.write("migrations/notes.txt", "mine\n")
    pair.flask(
        "db init", code=1, says="Directory migrations already exists and is not empty"
    )
    assert pair.same(Place.files) == ["app.py", "migrations/notes.txt"]


def test_empty_folder_is_used(pair: Pair) -> None:
    """An empty folder becomes the repository."""
    pair.write("app.py", BLOG)
    for place in pair.both:
        (place.folder / "migrations").mkdir()

    pair.flask("db init", ordered=False)
    assert pair.same(lambda place: place.files("migrations")) == FILES


def test_init_calls_configure(pair: Pair) -> None:
    """A ``configure`` callback sees the config of `init` too, without ``cmd_opts``."""
    callback = """
@migrate.configure
def configure(config):
    print("configure", config.cmd_opts, config.get_main_option("script_location"))
    return config
"""
    pair.write("app.py", BLOG + callback)
    result = pair.flask("db init", ordered=False)
    assert "configure None migrations\n" in result.stdout


def test_ini_sets_almost_nothing(pair: Pair) -> None:
    """The new ``alembic.ini`` names no folder and no URL: the package knows both.

    Ours says how paths are separated, for which Alembic asks since 1.16.
    """
    code = """
from alembic.config import Config
config = Config("migrations/alembic.ini")
names = config.file_config.options("alembic")
value = sorted(set(names) - {"here", "path_separator"})
"""
    pair.init()
    assert pair.python(code) == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_script_template_renders(pair: Pair, template: str) -> None:
    """A new revision is valid Python with the four identifiers and both functions."""
    app = TWO_DATABASES if "multidb" in template else BLOG
    pair.init(app=app, template=template)
    pair.flask("db revision -m first --rev-id aaa111")
    code = """
source = open("migrations/versions/aaa111_first.py").read()
names = {}
exec(compile(source, "aaa111", "exec"), names)
wanted = ("revision", "down_revision", "branch_labels", "depends_on")
functions = sorted(n for n in names if n.startswith(("upgrade", "downgrade")))
docstring = names["__doc__"].split("Create")[0]
value = [[names[name] for name in wanted], functions, docstring]
"""
    if "multidb" in template:
        # A new revision may say in another way what it does for each database.
        values = [place.python(code).value for place in pair.both]
        assert {"upgrade", "downgrade"} <= {*values[0][1]} & {*values[1][1]}
        assert values[0][0] == values[1][0] == ["aaa111", None, None, None]
    else:
        identifiers, functions, docstring = pair.python(code)
        assert identifiers == ["aaa111", None, None, None]
        assert functions == ["downgrade", "upgrade"]
        assert docstring == "first\n\nRevision ID: aaa111\nRevises: \n"
