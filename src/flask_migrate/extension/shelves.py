"""Where the templates of an application's databases are, and what they are called."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import hashlib
import pathlib
import typing as t

if t.TYPE_CHECKING:
    from ..databases.sources import Database
    from ..databases.template import Template
    from ..databases.template import Templates
    from ..revisions.history import History
    from ..revisions.outline import Outline
    from .state import AppState

_DIGITS = 24
"""Of a digest in a name: MySQL's names end at 64 letters."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where the templates of one database are.

    :param database: the database.
    :param templates: those of its backend.
    """

    database: Database
    templates: Templates


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scripts:
    """The scripts of a repository, as far as its templates depend on them.

    :param state: the application.
    :param folder: of the repository.
    :param versions: the folder of its revisions.
    :param x_arguments: what ``env.py`` is told with ``-x``.
    :param history: told without Alembic where that can be done.
    """

    state: AppState
    folder: pathlib.Path
    versions: pathlib.Path
    x_arguments: cabc.Sequence[str]
    history: Outline | History


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What the templates of one database of one repository are called.

    :param owner: stands for the database and the repository.
    :param digests: of each stop of a fresh database on its way, the oldest first.
    """

    owner: str
    digests: tuple[str, ...]


def find_shelves(
    scripts: Scripts, databases: cabc.Iterable[Database]
) -> tuple[Shelf, ...]:
    """Return where templates are, of the databases that can be copied."""
    from ..databases.template import open_templates

    folder = scripts.versions.absolute() / "__pycache__"
    timeout = scripts.state.read_settings().connect_timeout
    pairs = (
        (one, open_templates(one, folder=folder, timeout=timeout)) for one in databases
    )
    return tuple(
        Shelf(database=database, templates=templates)
        for database, templates in pairs
        if templates is not None
    )


def read_lineage(scripts: Scripts, shelf: Shelf) -> Lineage:
    """Return what the templates of a database are called, by the scripts as they are.

    :raises MigrationError: the server does not answer, or a script cannot be read.
    """
    from ..databases.lifecycle import explained
    from ..revisions.lineage import number_stops
    from ..revisions.lineage import read_lineage as read_stops
    from ..revisions.outline import Outline

    with explained(shelf.database):
        server = shelf.templates.describe()

    salt = _make_salt(scripts, shelf.database, server=server)
    history = scripts.history
    stops = (
        number_stops(history, salt=salt)
        if isinstance(history, Outline)
        else read_stops(history, salt=salt)
    )
    first = stops[0].checksum if stops else ""
    owner = _name_owner(scripts, shelf.database, first=first)
    return Lineage(owner=owner, digests=tuple(one.digest[:_DIGITS] for one in stops))


def _name_owner(scripts: Scripts, database: Database, *, first: str) -> str:
    """Return what stays the same while a repository grows.

    :param first: the checksum of its first script.
    """
    arguments = scripts.state.configure_args
    names = ("version_table", "version_table_schema")
    parts = (database.name, first, *(arguments.get(one) for one in names))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _make_salt(scripts: Scripts, database: Database, *, server: str) -> str:
    """Return what decides, besides the scripts, what they build.

    Nobody has connected to the database yet: it may not be there. What an `env.py`
    chooses is in its text.
    """
    from ..databases.template import FORMAT
    from ..revisions.lineage import describe_makers

    arguments = scripts.state.configure_args
    names = ("version_table", "version_table_schema", "user_module_prefix")
    return repr(
        (
            FORMAT,
            *describe_makers(scripts.folder, database.metadatas),
            server,
            database.name,
            *(arguments.get(one) for one in names),
            scripts.state.read_settings().history,
            scripts.x_arguments,
        )
    )


def find_template(
    shelf: Shelf, lineage: Lineage, *, at_end: bool = False
) -> Template | None:
    """Return the template that stands furthest, if there is one.

    :param at_end: only one that stands at the heads.
    """
    from ..databases.lifecycle import explained
    from ..databases.template import choose

    digests = lineage.digests[-1:] if at_end else lineage.digests

    with explained(shelf.database):
        return choose(shelf.templates, lineage.owner, digests=digests)
