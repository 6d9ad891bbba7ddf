"""What one ``Migrate`` knows of one application, and which of them is at work."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import contextvars
import typing as t
import weakref

from ..databases.sources import Database
from ..databases.sources import find_databases
from ..errors import NotConfigured
from ..settings import Settings

if t.TYPE_CHECKING:
    from flask import Flask

    from . import Migrate


class AppState:
    """``app.extensions["migrate"]``: what ``env.py`` files look at.

    An application may have several ``Migrate`` objects. While the command of one of
    them runs, the extension slot answers for that one.

    :param migrate: the extension.
    :param app: the application.
    :param db: the database object given to either.
    :param directory: the folder of the repository, as it was given.
    :param configure_args: arguments for Alembic's ``context.configure()``.
    :param engines: given instead of ``db``.
    :param metadatas: given instead of ``db``.
    """

    def __init__(
        self,
        migrate: Migrate,
        app: Flask,
        *,
        db: t.Any,
        directory: str,
        configure_args: dict[str, t.Any],
        engines: t.Any = None,
        metadatas: t.Any = None,
    ) -> None:
        self._migrate = migrate
        self._app = weakref.ref(app)
        self._db = db
        self._directory = directory
        self._configure_args = configure_args
        self._engines = engines
        self._metadatas = metadatas

    @property
    def migrate(self) -> Migrate:
        """The extension."""
        return self._current._migrate

    @property
    def db(self) -> t.Any:
        """The database object given to ``Migrate``."""
        return self._current._db

    @property
    def directory(self) -> str:
        """The folder of the repository, as it was given."""
        return self._current._directory

    @property
    def metadata(self) -> t.Any:
        """The metadata of the database object, which very old ``env.py`` files read."""
        return self.db.metadata

    @property
    def configure_args(self) -> dict[str, t.Any]:
        """Arguments for Alembic's ``context.configure()``.

        A command sees a copy of its own: what an ``env.py`` of Flask-Migrate writes
        into it would otherwise act on the next command in the same process.
        """
        active = _ACTIVE.get()

        if active is not None and active.state is self._current:
            return active.configure_args

        return self._configure_args

    @property
    def _current(self) -> AppState:
        active = _ACTIVE.get()
        same_app = active is not None and active.state._app() is self._app()
        return active.state if active is not None and same_app else self

    def run_env(self, *, multidb: bool = False, two_phase: bool = False) -> None:
        """Run the current command; called by the ``env.py`` of new repositories.

        :param multidb: run every database of the application.
        :param two_phase: commit all of them together or none, where every backend can.
        """
        from ..revisions.databases_env import run_databases

        run_databases(
            self.find_databases(),
            self.configure_args,
            multidb=multidb,
            two_phase=two_phase,
        )

    def find_databases(self) -> tuple[Database, ...]:
        """Return the application's databases, the default one first.

        :raises NotConfigured: there is none.
        """
        from flask import current_app

        state = self._current
        db = state._db

        if db is None and state._engines is None:
            db = current_app.extensions.get("sqlalchemy")

        if db is None and state._engines is None:
            raise NotConfigured(
                f"Migrate knows no database of the application {current_app.name!r}.",
                hint="Give it one: Migrate(app, db).",
            )

        return find_databases(db, engines=state._engines, metadatas=state._metadatas)

    def read_settings(self) -> Settings:
        """Return the ``MIGRATE_*`` settings, as the configuration is now."""
        from flask import current_app

        return Settings.from_config(current_app.config)

    @contextlib.contextmanager
    def active(self) -> cabc.Iterator[dict[str, t.Any]]:
        """Answer for the extension slot while a command runs.

        :return: the arguments for ``context.configure()`` of this command.
        """
        arguments = dict(self._configure_args)
        token = _ACTIVE.set(_Active(self, arguments))

        try:
            yield arguments
        finally:
            _ACTIVE.reset(token)


class _Active(t.NamedTuple):
    state: AppState
    configure_args: dict[str, t.Any]


_ACTIVE: contextvars.ContextVar[_Active | None] = contextvars.ContextVar(
    "flask_migrate_active", default=None
)
