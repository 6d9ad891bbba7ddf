"""A repository as `flask db init` has made it, read without Alembic."""

from __future__ import annotations

import hashlib
import pathlib
import re
import typing as t

from .index import Index
from .outline import Outline

Kind = t.Literal["one", "several"]
"""Whether the default database is run, or every one."""

_TEMPLATES = pathlib.Path(__file__).parent.parent / "templates"
_SETTINGS = re.compile(
    r"^\s*(version_locations|recursive_version_locations|sourceless)\s*[=:]",
    re.MULTILINE,
)
"""What in ``alembic.ini`` says that the files are somewhere else."""


_FROM_FLASK_MIGRATE = frozenset(
    {
        "91992b8a390518e3e249bdc7f4f1b3be3249ed0c3a2ea9104d1918552ea95391",  # 3.1
        "fa1ed15e4f7a68841dd6b71405df58a1a65a76bec9b379656724eeee0322d4d9",  # 4.0
        "89b2b586c74eb0e0735cd536c90a002336bb7ff105cda5525b038dfcd4a93734",  # 4.1
    }
)
"""The ``env.py`` of Flask-Migrate for one synchronous database, as SHA-256.

Unchanged, it connects as ours does, to the application's own engine. That for an
asynchronous one needs the event loop of the thread, which a glance would take away.
"""


def read_outline(folder: pathlib.Path) -> Outline | None:
    """Return the history of a repository, if it is simple.

    :return: ``None`` where Alembic has to look.
    """
    try:
        settings = (folder / "alembic.ini").read_text("utf-8")
    except FileNotFoundError:
        settings = ""
    except (OSError, UnicodeDecodeError):
        return None

    if _SETTINGS.search(settings):
        return None

    try:
        return Index(folder / "versions", recursive=False).outline
    except OSError:
        return None


def find_kind(folder: pathlib.Path) -> Kind | None:
    """Return what an ``env.py`` runs that is as it was made; ``None`` for another."""
    try:
        found = (folder / "env.py").read_bytes().replace(b"\r\n", b"\n")
    except OSError:
        return None

    if hashlib.sha256(found).hexdigest() in _FROM_FLASK_MIGRATE:
        return "one"

    for template in _TEMPLATES.iterdir():
        if (template / "env.py").read_bytes() == found:
            return "several" if template.name.endswith("multidb") else "one"

    return None
