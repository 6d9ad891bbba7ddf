"""The pages that are written from the code are complete, and build cleanly."""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import click
import pytest

import flask_migrate
from flask_migrate import errors
from flask_migrate import plan
from flask_migrate.cli import db
from flask_migrate.settings import Settings

from .test_pages import PAGES
from .test_pages import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def reference() -> types.ModuleType:
    """The Sphinx extension that writes the reference."""
    pytest.importorskip("sphinx")
    path = DOCS / "_ext" / "reference.py"
    spec = importlib.util.spec_from_file_location("reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages, built as `make docs` builds them."""
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
    done = subprocess.run(
        [*command, str(DOCS), str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return folder


def read_text(path: Path) -> str:
    """Return the text of an HTML page, without its tags."""
    text = re.sub(r"<[^>]+>", "", path.read_text("utf-8"))
    return text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")


def find_options(command: click.Command) -> t.Iterator[click.Option]:
    """Return the options of a command."""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield parameter


def test_site(site: Path) -> None:
    """The pages build without a warning, and none is left out."""
    built = {path.stem for path in site.glob("*.html")}
    assert built >= {path.stem for path in DOCS.glob("*.md")}


def test_every_command_is_on_the_page(site: Path) -> None:
    """Each command and each option of it can be found, with its variable."""
    seen = read_text(site / "commands.html")
    for name, command in db.commands.items():
        assert f"flask db {name} " in seen.replace("\n", " "), name
        for option in find_options(command):
            assert option.opts[-1] in seen, f"{name} {option.opts}"

    assert "FLASK_DB_UPGRADE_X_ARG" in seen


def test_every_command_has_a_section() -> None:
    """The page describes each command once; the group comes first."""
    page = (DOCS / "commands.md").read_text("utf-8")
    described = re.findall(r"^```{command} ?(\S*)$", page, re.MULTILINE)
    assert described[0] == ""
    assert sorted(described[1:]) == sorted(db.commands)


def test_variables(
    reference: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable that the page gives for an option is the one that Click reads."""
    for name, command in db.commands.items():
        text = reference.describe_command(name)
        prefix = f"FLASK_DB_{name}".replace("-", "_").upper()
        context = click.Context(command, info_name=name, auto_envvar_prefix=prefix)
        for option in find_options(command):
            variable = re.search(rf"`{option.opts[-1]}`.*?`(FLASK_\w+)`", text)
            assert variable is not None
            monkeypatch.setenv(variable[1], "1")
            assert option.value_from_envvar(context) is not None, variable[1]


def test_every_public_name_is_on_the_page(site: Path) -> None:
    """What the package exports, its results and its errors are all described."""
    seen = read_text(site / "api.html")
    names = [
        *flask_migrate.__all__,
        *(name for name, _ in inspect.getmembers(errors, inspect.isclass)),
        *(name for name, _ in inspect.getmembers(plan, inspect.isclass)),
    ]
    missing = [name for name in names if not re.search(rf"\b{name}\b", seen)]
    assert not missing


def test_every_setting_is_on_the_page(site: Path) -> None:
    """Each ``MIGRATE_*`` key of the configuration is described."""
    seen = read_text(site / "configuration.html")
    for name in Settings.__dataclass_fields__:
        assert f"MIGRATE_{name.upper()}" in seen


def test_private_names() -> None:
    """The private names that the architecture page lists are those that we touch."""
    page = (DOCS / "architecture.md").read_text("utf-8")
    listed = re.findall(r"^\| (`_.+?`) \| `(\S+)`", page, re.MULTILINE)
    assert listed
    for names, place in listed:
        path = ROOT / "src" / "flask_migrate" / place
        files = path.rglob("*.py") if path.is_dir() else [path]
        code = "".join(file.read_text("utf-8") for file in files)
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"\b{name}\b", code), f"{name} in {place}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links(path: Path) -> None:
    """A link to another page leads to a file; a link out leads to a known place."""
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        place = link.partition("#")[0]
        if link.startswith("https://"):
            assert link in KNOWN_PLACES, link
        elif place:
            assert (path.parent / place).exists(), link


KNOWN_PLACES = {"https://alembic.sqlalchemy.org"}
"""What the pages may link to outside. There is no address of this project yet."""
