"""What every verb of a ``Migrate`` needs."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import tempfile
import typing as t

from ..errors import BadOption
from ..errors import MigrationError

if t.TYPE_CHECKING:
    from alembic.script import Script

    from ..databases.sources import Database
    from ..plan import Revision
    from ..revisions.config import Config
    from ..revisions.outline import Outline
    from .glance import Glance
    from .opened import Opened
    from .state import AppState

Directory = str | os.PathLike[str] | None
"""The folder of a repository; ``None`` for the application's own."""

XArgument = str | cabc.Sequence[str] | None
"""One or several values for ``context.get_x_argument()``."""


@contextlib.contextmanager
def private_folder(is_wanted: bool) -> cabc.Iterator[pathlib.Path | None]:
    """Make a folder that only this user can read, and remove it in the end.

    :return: ``None`` where none is wanted.
    """
    if not is_wanted:
        yield None
        return

    with tempfile.TemporaryDirectory(prefix="flask-migrate-") as name:
        yield pathlib.Path(name)


class Verbs:
    """What a ``Migrate`` does; every method needs an application context."""

    if t.TYPE_CHECKING:
        configure_callbacks: list[t.Any]

        @property
        def state(self) -> AppState: ...

        def get_config(
            self,
            directory: Directory = None,
            x_arg: XArgument = None,
            opts: cabc.Iterable[str] | None = None,
        ) -> Config: ...

        def call_configure_callbacks(self, config: Config) -> Config: ...

    def _open(
        self,
        directory: Directory = None,
        x_arg: XArgument = None,
        *,
        autogenerate: bool = False,
        outline: Outline | None = None,
    ) -> Opened:
        """Open a repository.

        :param autogenerate: the command compares the models with a database.
        :param outline: of its history, where that was read already.
        """
        from ..revisions.history import History
        from .opened import Opened

        state = self.state
        opts = ["autogenerate"] if autogenerate else None

        with state.active():
            config = self.get_config(directory, x_arg, opts)

        history = History.open(config)

        if outline is not None:
            history.take_index(outline)

        return Opened(state=state, config=config, history=history)

    def _read_outline(
        self, directory: Directory, *, known: Outline | None = None
    ) -> Outline | None:
        """Return a history that can be told without Alembic, or ``None``.

        :param known: that of the repository, where it was read already.
        """
        from ..revisions.plain import read_outline
        from . import Migrate

        # Either may lead to another folder.
        if self.configure_callbacks or (
            t.cast("t.Any", type(self)).get_config is not Migrate.get_config
        ):
            return None

        return known or read_outline(pathlib.Path(directory or self.state.directory))

    def _glance(
        self, directory: Directory, *, known: Outline | None = None
    ) -> Glance | None:
        """Return what can be told of the databases without Alembic, or ``None``.

        :param known: the outline of the repository, where it was read already.
        """
        from ..revisions.plain import find_kind
        from .glance import look

        kind = find_kind(pathlib.Path(directory or self.state.directory))
        outline = None if kind is None else self._read_outline(directory, known=known)

        if outline is None:
            return None

        return look(self.state, outline, is_multidb=kind == "several")

    def _names(self, opened: Opened) -> tuple[str, ...]:
        try:
            return tuple(one.name for one in opened.state.find_databases())
        except MigrationError:
            # An env.py of its own may know databases that we do not.
            return ()

    def _find_current(self, opened: Opened) -> tuple[Revision, ...]:
        found: list[Script] = []
        opened.run(lambda run: found.extend(opened.history.find(run.heads)))
        return tuple(map(opened.history.describe, found))

    def _choose(self, bind: str | None) -> tuple[Database, ...]:
        databases = self.state.find_databases()

        if bind is None:
            return databases

        wanted = None if bind in ("", "default") else bind
        found = tuple(one for one in databases if one.key == wanted)

        if not found:
            keys = ", ".join(one.title for one in databases)
            raise BadOption(
                f"The application has no database {bind or '<default>'!r}; it has"
                f" {keys}.",
                hint="Name one of them with --bind.",
            )

        return found
