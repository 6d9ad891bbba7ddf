"""Templates: databases that the scripts have built, kept to be copied.

A new database then does not go through all scripts again. These functions know nothing
of scripts: a digest stands for all that decides what is built.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import logging
import pathlib
import sqlite3
import typing as t

import sqlalchemy as sa

from ..errors import DatabaseError
from ..errors import MigrationError
from .connections import explain
from .connections import run_on_server
from .dialects.base import first_line
from .dialects.templates import Building as Building
from .dialects.templates import Place as Place
from .dialects.templates import Template as Template
from .dialects.templates import TemplateDamaged
from .dialects.templates import TemplateName as TemplateName
from .dialects.templates import Templates as Templates
from .sources import Database

_log = logging.getLogger("flask_migrate")

FORMAT = 1
"""Counts up when templates are made, or copied, in another way."""

_FAILED = (sa.exc.SQLAlchemyError, sqlite3.Error, OSError)


def open_templates(
    database: Database, *, folder: pathlib.Path, timeout: float
) -> Templates | None:
    """Return the templates that a database can be copied from.

    :param folder: where the files are kept, where they are files.
    :param timeout: seconds until a connection attempt is given up.
    :return: ``None`` where it cannot be copied: one in memory, an asynchronous one.
    """
    if not isinstance(database.engine, sa.Engine):
        return None

    run = functools.partial(run_on_server, timeout=timeout)
    return database.dialect.make_templates(database.url, folder=folder, run=run)


def choose(
    templates: Templates, owner: str, *, digests: cabc.Sequence[str]
) -> Template | None:
    """Return the template that stands furthest, if there is one.

    :param digests: of each stop of a fresh database on its way, the oldest first.
    """
    known = {one.digest: one for one in templates.find(owner)}
    return next((known[one] for one in reversed(digests) if one in known), None)


def copy(templates: Templates, template: Template) -> bool:
    """Make a database a copy of a template, where that can be done.

    :return: whether it is one now; if not, it is as it was.
    """
    try:
        return templates.copy(template)
    except TemplateDamaged:
        _log.warning(
            "The template %s is not what it was, and is dropped; the revisions are run"
            " instead. `flask db template` builds it again.",
            template.place,
        )
        drop(templates, template)
    except _FAILED as error:
        _log.warning(
            "The template %s could not be copied; the revisions are run instead: %s",
            template.place,
            first_line(error),
        )

    return False


def drop(templates: Templates, template: Template) -> bool:
    """Drop a template; says so where somebody is using it.

    :return: whether it is gone.
    """
    try:
        templates.drop(template)
    except _FAILED as error:
        _log.warning("%s could not be dropped: %s", template.place, first_line(error))
        return False

    return True


def drop_others(templates: Templates, name: TemplateName) -> None:
    """Drop what a new template makes useless: those of older scripts, and doubles."""
    templates.sweep(name.owner)
    doubles = 0

    # Where two runs have built the same, both of them keep the first.
    for one in sorted(templates.find(name.owner), key=lambda one: one.place):
        doubles += one.digest == name.digest

        if one.digest != name.digest or doubles > 1:
            drop(templates, one)


def explain_template(error: BaseException, templates: Templates) -> MigrationError:
    """Say why a template could not be made, and which right may be missing."""
    known = explain(error, templates.url)
    reason = known.message if known else first_line(error)
    user = templates.url.username or ""
    right = templates.right.format(user=user)
    return DatabaseError(
        f"A template could not be made: {reason}",
        hint=f"Let the user make one: {right}" if right else None,
    )


def is_failure(error: BaseException) -> t.TypeGuard[Exception]:
    """Tell whether an error is the answer of a server, or of the file system."""
    return isinstance(error, _FAILED)
