"""Templates of one database on one backend: found, built, copied and dropped."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import enum
import pathlib
import typing as t

import sqlalchemy as sa

if t.TYPE_CHECKING:
    from .base import Runner

PREFIX = "whimbrel_template_"
"""How the name of each template on a server begins."""


class Place(enum.Enum):
    """What there is where a copy would be.

    ``HALF`` is a copy that a killed run has left.
    """

    FREE = "free"
    TAKEN = "taken"
    HALF = "half"


class TemplateDamaged(Exception):
    """A template, or the copy of one, is not what was kept."""


class TemplateName(t.NamedTuple):
    """What a template is called by, on any backend.

    :param owner: 12 hexadecimal digits for the repository and the database.
    :param digest: of the scripts up to where it stands, and of what else counts.
    """

    owner: str
    digest: str

    def __str__(self) -> str:
        """Return the name of a database on a server."""
        return f"{PREFIX}{self.owner}_{self.digest}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A database that the scripts have built, kept to be copied.

    :param place: the name of the database on its server, or the path of its file.
    :param digest: as in its name.
    :param fingerprint: of what is in it.
    """

    place: str
    digest: str
    fingerprint: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A template that is not whole yet.

    :param url: where the scripts are run.
    :param name: what it will be called.
    """

    url: sa.URL
    name: TemplateName


class Templates:
    """The templates that one database of one repository can be copied from.

    :param url: of the database.
    :param folder: where the files are kept, where they are files.
    :param run: runs some work on a server.
    """

    right: str = ""
    """How a user gets the right to make a template; ``{user}`` is its name."""
    makes_database: bool = False
    """Whether a copy makes the database; where not, it fills an empty one."""

    def __init__(self, url: sa.URL, *, folder: pathlib.Path, run: Runner) -> None:
        self.url = url
        self.folder = folder
        self._run = run

    def describe(self) -> str:
        """Return what a new database is like on this server, for this user."""
        raise NotImplementedError

    def find(self, owner: str) -> tuple[Template, ...]:
        """Return the templates of an owner that are whole."""
        raise NotImplementedError

    def measure(self, template: Template) -> int:
        """Return the size of a template in bytes."""
        raise NotImplementedError

    def building(
        self, name: TemplateName
    ) -> contextlib.AbstractContextManager[Building]:
        """Make an empty database to run the scripts on; it is dropped unless kept."""
        raise NotImplementedError

    def check(self, connection: sa.Connection) -> str | None:
        """Return why scripts that are run on a connection could reach other data."""
        return None

    def find_lost(self, building: Building) -> str | None:
        """Return what a copy of this database would lack, in words."""
        return None

    def keep(self, building: Building) -> Template:
        """Make a template of a database that is built; whole, or not at all."""
        raise NotImplementedError

    def look(self) -> Place:
        """Tell whether a copy can be made: where there is nothing yet."""
        raise NotImplementedError

    def copy(self, template: Template) -> bool:
        """Make the database a copy; where it is filled, under its migration lock.

        :return: whether that was done; not where another run was faster.
        :raises TemplateDamaged: it is not what was kept; nothing is left of the copy.
        """
        raise NotImplementedError

    def undo_copy(self) -> None:
        """Make a copy as if it had never been made."""
        raise NotImplementedError

    def clear_half(self) -> None:
        """Empty what is ``HALF``, under its migration lock."""

    def drop(self, template: Template) -> None:
        """Drop a template."""
        raise NotImplementedError

    def sweep(self, owner: str) -> None:
        """Drop what killed runs have left of templates."""


def parse_name(text: str) -> TemplateName | None:
    """Return what the name of a database on a server says, if it is a template's."""
    owner, _, rest = text.removeprefix(PREFIX).partition("_")
    digest = rest.partition("_")[0]
    return TemplateName(owner, digest) if text.startswith(PREFIX) and digest else None


def list_names(values: cabc.Iterable[str]) -> str:
    """Return some names in words, few of many."""
    known = sorted(values)
    return ", ".join(known[:3]) + (" ..." if len(known) > 3 else "")
