"""What is public is pinned, and importing it is cheap."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import types

import pytest

import flask_migrate

PUBLIC = [
    "Config",
    "Migrate",
    "MigrationError",
    "alembic_version",
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
]


def test_the_public_names_are_pinned() -> None:
    """A name that appears or disappears is a decision, and is written down here."""
    assert flask_migrate.__all__ == PUBLIC
    assert sorted(PUBLIC) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_there_and_explained(name: str) -> None:
    """Every public name can be imported, and all but the constant have a docstring."""
    value = getattr(flask_migrate, name)

    assert name == "alembic_version" or value.__doc__


def test_star_import_gives_the_public_names() -> None:
    """``from flask_migrate import *`` brings all of them, the lazy ones too."""
    names: dict[str, object] = {}
    exec("from flask_migrate import *", names)

    assert set(PUBLIC) <= set(names)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A typing mistake fails as it does for any other module."""
    with pytest.raises(AttributeError, match="no attribute 'upgrad'"):
        _ = flask_migrate.upgrad


def test_importing_loads_nothing_heavy() -> None:
    """An application that only serves requests never pays for the migrations."""
    heavy = ("alembic", "mako", "rich")
    code = (
        "import sys, flask_migrate, flask\n"
        "flask_migrate.Migrate(flask.Flask('shop'), object())\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)

    assert answer.stdout == "[]\n"


def test_functions_stay_functions() -> None:
    """No module of ours takes the place of a public function once it is imported."""
    for module in pkgutil.walk_packages(flask_migrate.__path__, "flask_migrate."):
        if ".templates" not in module.name:
            importlib.import_module(module.name)

    modules = [
        name
        for name in flask_migrate.__all__
        if isinstance(getattr(flask_migrate, name), types.ModuleType)
    ]
    assert modules == []
