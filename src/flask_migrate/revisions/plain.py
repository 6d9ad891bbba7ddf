"""A repository as `flask db init` has made it: it can be read without Alembic."""

from __future__ import annotations

import dataclasses
import pathlib
import re

from .index import Index
from .outline import Outline

_TEMPLATES = pathlib.Path(__file__).parent.parent / "templates"
_SETTINGS = re.compile(
    r"^\s*(version_locations|recursive_version_locations|sourceless)\s*[=:]",
    re.MULTILINE,
)
"""What in ``alembic.ini`` says that the files are somewhere else."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlainRepository:
    """What is known of it.

    :param outline: its history.
    :param is_multidb: it migrates every database of the application.
    """

    outline: Outline
    is_multidb: bool


def read_plain(folder: pathlib.Path) -> PlainRepository | None:
    """Return a repository whose ``env.py`` is ours and whose history is simple.

    :return: ``None`` where Alembic has to look.
    """
    try:
        settings = (folder / "alembic.ini").read_text("utf-8")
    except FileNotFoundError:
        settings = ""
    except (OSError, UnicodeDecodeError):
        return None

    kind = _find_template(folder)

    if kind is None or _SETTINGS.search(settings):
        return None

    try:
        outline = Index(folder / "versions", recursive=False).outline
    except OSError:
        return None

    if outline is None:
        return None

    return PlainRepository(outline=outline, is_multidb=kind.endswith("multidb"))


def _find_template(folder: pathlib.Path) -> str | None:
    """Return the template whose ``env.py`` a repository has, unchanged."""
    try:
        found = (folder / "env.py").read_bytes()
    except OSError:
        return None

    return next(
        (
            template.name
            for template in _TEMPLATES.iterdir()
            if (template / "env.py").read_bytes() == found.replace(b"\r\n", b"\n")
        ),
        None,
    )
