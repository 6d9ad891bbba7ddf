"""What one ``Migrate`` knows of one application, and which of them is at work."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import contextvars
import pathlib
import typing as t
import weakref

import click

from ..errors import NotConfigured

if t.TYPE_CHECKING:
    import sqlalchemy as sa
    from flask import Flask

    from ..databases.dialects.locks import LockPolicy
    from ..databases.redirection import Urls
    from ..databases.sources import AnyEngine
    from ..databases.sources import Database
    from ..settings import Settings
    from . import Migrate
    from .health import KnownFiles

URLS = "flask_migrate.url"
"""Where a command group keeps its ``--url`` values, in Click's context."""


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
        self.known_files: KnownFiles | None = None
        self._led_to: Urls = {}
        self._redirected: dict[tuple[str | None, sa.URL], AnyEngine] = {}

    @property
    def migrate(self) -> Migrate:
        """The extension."""
        return self._current._migrate

    @property
    def db(self) -> t.Any:
        """The database object given to ``Migrate``.

        While a command runs it leads to the URLs for migrations, where there are some.
        """
        db = self._current._db

        if db is None or _ACTIVE.get() is None or not self.read_urls():
            return db

        from ..databases.redirection import StandIn

        return StandIn(db, self.find_databases())

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
    def root(self) -> pathlib.Path:
        """The folder of the application's own code."""
        app = self._app()
        return pathlib.Path(app.root_path if app is not None else ".")

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
        """Return the databases that migrations connect to, the default one first.

        :raises NotConfigured: there is none.
        """
        from ..databases.redirection import redirect

        found = self.find_own_databases()
        return redirect(found, self.read_urls(), self._current._redirected)

    def find_own_databases(self) -> tuple[Database, ...]:
        """Return the databases as the application itself connects to them.

        :raises NotConfigured: there is none.
        """
        from flask import current_app

        from ..databases.sources import find_databases

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

    def read_urls(self) -> Urls:
        """Return the URLs for migrations alone: those of ``--url``, and the setting.

        :raises NotConfigured: one of them is no URL.
        """
        from ..databases.redirection import read_pairs
        from ..databases.redirection import read_urls

        context = click.get_current_context(silent=True)
        given = () if context is None else context.meta.get(URLS, ())
        return {
            **read_urls(self.read_settings().database_uri),
            **read_pairs(given),
            **self._current._led_to,
        }

    @contextlib.contextmanager
    def leading_to(self, urls: Urls) -> cabc.Iterator[None]:
        """Lead commands to other databases for a while, whatever they were told.

        :param urls: by bind key.
        """
        state = self._current
        before, state._led_to = state._led_to, urls

        try:
            yield
        finally:
            state._led_to = before

            for key, url in urls.items():
                state._redirected.pop((key, url), None)

    def read_settings(self) -> Settings:
        """Return the ``MIGRATE_*`` settings, as the configuration is now."""
        from flask import current_app

        from ..settings import Settings

        return Settings.from_config(current_app.config)

    def read_lock_policy(self) -> LockPolicy:
        """Return how the migration lock is kept."""
        from ..databases.dialects.locks import LockPolicy

        settings = self.read_settings()
        return LockPolicy(kind=settings.lock, lease=settings.lock_lease)

    @contextlib.contextmanager
    def active(self) -> cabc.Iterator[dict[str, t.Any]]:
        """Answer for the extension slot while a command runs.

        :return: the arguments for ``context.configure()`` of this command.
        """
        arguments = dict(self._configure_args)
        token = _ACTIVE.set(_Active(self, arguments))

        try:
            with _redirected_config(self.read_urls()):
                yield arguments
        finally:
            _ACTIVE.reset(token)


@contextlib.contextmanager
def _redirected_config(urls: Urls) -> cabc.Iterator[None]:
    """Answer for the URLs in ``app.config``, which the oldest ``env.py`` files read.

    Flask-SQLAlchemy itself has read them when the application was made.
    """
    from flask import current_app

    config = current_app.config
    texts = {
        key: url.render_as_string(hide_password=False) for key, url in urls.items()
    }
    before = {key: config[key] for key in (_URI, _BINDS) if config.get(key)}

    if _URI in before and None in texts:
        config[_URI] = texts[None]

    if _BINDS in before:
        config[_BINDS] = {
            key: texts.get(key, value) for key, value in before[_BINDS].items()
        }

    try:
        yield
    finally:
        config.update(before)


_URI = "SQLALCHEMY_DATABASE_URI"
_BINDS = "SQLALCHEMY_BINDS"


class _Active(t.NamedTuple):
    state: AppState
    configure_args: dict[str, t.Any]


_ACTIVE: contextvars.ContextVar[_Active | None] = contextvars.ContextVar(
    "flask_migrate_active", default=None
)
