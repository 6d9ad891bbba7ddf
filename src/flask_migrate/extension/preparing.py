"""Verbs for a deploy that starts from nothing: prepare, seed."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import logging
import pathlib
import typing as t

import sqlalchemy as sa
from flask import current_app

from ..databases.dialects.base import first_line
from ..databases.dialects.base import hide_secrets
from ..errors import MigrationError
from ..events import Listener
from .applying import Applying
from .base import Directory
from .existing import Existing
from .shelves import find_shelves
from .shelves import find_template
from .shelves import read_lineage
from .shelves import Scripts

if t.TYPE_CHECKING:
    from ..databases.template import Place
    from ..revisions.outline import Outline
    from ..run_results import RunResult
    from .opened import Opened
    from .shelves import Shelf

_log = logging.getLogger("flask_migrate")

F = t.TypeVar("F", bound=cabc.Callable[..., t.Any])


class Preparing(Existing, Applying):
    """How a ``Migrate`` makes a database ready, whatever is there."""

    if t.TYPE_CHECKING:
        seeds: list[cabc.Callable[[], t.Any]]

    def seed(self, f: F) -> F:
        """Register a function that writes the rows every database needs.

        Used as a decorator. :meth:`prepare` calls it each time, after the upgrade and
        inside the application context, so it must leave alone what is there already.
        It may be a coroutine function.
        """
        self.seeds.append(f)
        return f

    def prepare(
        self,
        directory: Directory = None,
        *,
        template: bool = True,
        lock_timeout: float | None = None,
        on_event: Listener | None = None,
    ) -> RunResult:
        """Make what is missing: the databases, the revisions, the rows of the seeds.

        Drops nothing, and may run again and again, in several processes at once.

        :param template: copy a template of :meth:`template` into what is new, where one
            fits the scripts; else all of them are run.
        :param lock_timeout: seconds to wait for another run; the setting otherwise.
        :param on_event: is told each event of the upgrade, as the signals are.
        :raises MigrationError: a seed has failed; the upgrade before it stays.
        """
        # Nothing is made for an application whose revisions were not deployed.
        outline, opened = self._read_plainly(directory), None

        if outline is not None:
            scripts = self._find_scripts(directory, outline)
        else:
            opened = self._open(directory)
            opened.history.require_version_folder()
            opened.history.load()
            scripts, outline = opened.scripts, opened.history.outline

        copied = self._copy_templates(scripts, is_wanted=template, timeout=lock_timeout)
        self.create()

        if opened is not None:
            self._check_copies(opened, copied, lock_timeout)

        with self._keeping_others_off(lock_timeout):
            result = self._upgrade(
                directory,
                "heads",
                known=outline,
                lock_timeout=lock_timeout,
                on_event=on_event,
            )

            for seed in self.seeds:
                _run_seed(seed)

        return result

    def _read_plainly(self, directory: Directory) -> Outline | None:
        """Return the history of a repository that nobody has made special.

        :return: ``None`` where Alembic has to look, or ``env.py`` has to be run.
        """
        from ..revisions.plain import find_kind

        folder = pathlib.Path(directory or self.state.directory)
        return None if find_kind(folder) is None else self._read_outline(directory)

    def _find_scripts(self, directory: Directory, outline: Outline) -> Scripts:
        from . import list_x_arguments

        folder = pathlib.Path(directory or self.state.directory)
        return Scripts(
            state=self.state,
            folder=folder,
            versions=folder / "versions",
            x_arguments=list_x_arguments(),
            history=outline,
        )

    def _keeping_others_off(
        self, timeout: float | None
    ) -> contextlib.AbstractContextManager[None]:
        """Return the migration lock, so that two processes do not seed at once."""
        database = self._choose(None)[0]

        if not self.seeds or not isinstance(database.engine, sa.Engine):
            return contextlib.nullcontext()

        return self.lock(database.key, timeout=timeout)

    def _copy_templates(
        self, scripts: Scripts, *, is_wanted: bool, timeout: float | None
    ) -> tuple[Shelf, ...]:
        """Make copies of the databases that are not there, or empty; return those.

        Clears what a killed run has left of a copy, wanted or not.
        """
        from ..databases.lifecycle import explained
        from ..databases.template import Place

        copied = []

        for shelf in find_shelves(scripts, self._choose(None)):
            with explained(shelf.database):
                place = shelf.templates.look()

                if place is Place.HALF:
                    place = self._clear_half(shelf, timeout)

            if (
                place is Place.FREE
                and is_wanted
                and self._copy(scripts, shelf, timeout)
            ):
                copied.append(shelf)

        return tuple(copied)

    def _clear_half(self, shelf: Shelf, timeout: float | None) -> Place:
        from ..databases.template import Place

        with self.lock(shelf.database.key, timeout=timeout):
            # Who was making it may have come to the end.
            if shelf.templates.look() is Place.HALF:
                shelf.templates.clear_half()

        return shelf.templates.look()

    def _copy(self, scripts: Scripts, shelf: Shelf, timeout: float | None) -> bool:
        from ..databases import template
        from ..databases.lifecycle import make_missing

        chosen = find_template(shelf, read_lineage(scripts, shelf))

        if chosen is None:
            return False

        if not shelf.templates.makes_database:
            limit = self.state.read_settings().connect_timeout
            make_missing(shelf.database, {}, timeout=limit)

        with self._holding(shelf, timeout):
            is_copied = template.copy(shelf.templates, chosen)

        if is_copied:
            _log.info("%s is a copy of %s", shelf.database.title, chosen.place)

        return is_copied

    def _holding(
        self, shelf: Shelf, timeout: float | None
    ) -> contextlib.AbstractContextManager[None]:
        """Return the migration lock, where a copy goes into a database that is there.

        Elsewhere the lock would keep the database from being replaced.
        """
        if shelf.templates.makes_database:
            return contextlib.nullcontext()

        return self.lock(shelf.database.key, timeout=timeout)

    def _check_copies(
        self, opened: Opened, copied: tuple[Shelf, ...], timeout: float | None
    ) -> None:
        """Take back a copy that ``env.py`` does not see as one.

        One of its own may choose a version table by what the template cannot know.
        """
        from ..databases.lifecycle import explained
        from ..revisions.plain import find_kind

        if not copied or find_kind(pathlib.Path(opened.history.dir)) is not None:
            return

        # Before the lock: env.py may choose the version table, after which it is named.
        heads = opened.read_heads()

        for shelf in copied:
            if heads.get(shelf.database.name):
                continue

            with self._holding(shelf, timeout), explained(shelf.database):
                # Another run may have upgraded it meanwhile.
                if not opened.read_heads().get(shelf.database.name):
                    _log.warning(
                        "env.py finds no revision in the copy of a template; the"
                        " revisions are run instead.",
                    )
                    shelf.templates.undo_copy()


def _run_seed(seed: cabc.Callable[[], t.Any]) -> None:
    try:
        current_app.ensure_sync(seed)()
    except MigrationError:
        raise
    except Exception as error:
        name = getattr(seed, "__qualname__", repr(seed))
        is_database = isinstance(error, sa.exc.SQLAlchemyError)
        reason = first_line(error) if is_database else hide_secrets(str(error))
        raise MigrationError(
            f"The databases are upgraded, and the seed {name} has failed:"
            f" {type(error).__name__}: {reason}",
            hint="Correct the function, then run `flask db prepare` again.",
        ) from error
