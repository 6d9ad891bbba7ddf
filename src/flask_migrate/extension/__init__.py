"""The Flask extension: one ``Migrate``, any number of applications.

The only place that composes what makes, judges and runs. Alembic is imported inside the
methods that need it, so that an application which only serves requests never loads it.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import typing as t
import weakref

import click
from flask import current_app

from ..errors import BadOption
from ..errors import NotConfigured
from .state import AppState
from .state import URLS as URLS

if t.TYPE_CHECKING:
    from flask import Flask

    from ..revisions.config import Config
    from .amending import Amending
    from .authoring import Authoring
    from .bookkeeping import Bookkeeping
    from .branching import Branching
    from .health import Answering
    from .inspecting import Inspecting
    from .planning import Planning
    from .preparing import Preparing
    from .rebasing import Rebasing
    from .repairing import Repairing
    from .templating import Templating

    class Loaded(
        Authoring,
        Inspecting,
        Planning,
        Repairing,
        Amending,
        Bookkeeping,
        Preparing,
        Templating,
        Answering,
        Branching,
        Rebasing,
    ):
        """What a ``Migrate`` does."""

else:
    # The same, a part of it only when it is used.
    from .loading import Loaded

X_ARGUMENTS = "flask_migrate.x_arg"
"""Where a command group keeps its ``-x`` values, in Click's context."""

F = t.TypeVar("F", bound=cabc.Callable[..., t.Any])


class Migrate(Loaded):
    """Database migrations for a Flask application.

    :param app: the application; or call :meth:`init_app` later.
    :param db: what holds its engines and models: ``SQLAlchemy()`` of Flask-SQLAlchemy
        or Flask-SQLAlchemy-Lite, an engine, or any object with ``engine(s)`` and
        ``metadata(s)``.
    :param directory: the folder of the repository, relative to the current folder.
    :param command: the name of the command group: ``flask db``.
    :param compare_type: autogenerate sees changed column types.
    :param render_as_batch: autogenerate writes ``batch_alter_table``, which SQLite
        needs.
    :param engines: an engine, or a mapping of bind keys to engines, instead of ``db``.
    :param metadatas: a ``MetaData``, a list of them, or a mapping of bind keys to
        either, instead of what ``db`` has.
    :param kwargs: any argument of Alembic's ``EnvironmentContext.configure()``.
    """

    def __init__(
        self,
        app: Flask | None = None,
        db: t.Any = None,
        directory: str | os.PathLike[str] = "migrations",
        command: str = "db",
        compare_type: t.Any = True,
        render_as_batch: bool = True,
        *,
        engines: t.Any = None,
        metadatas: t.Any = None,
        **kwargs: t.Any,
    ) -> None:
        self.configure_callbacks: list[cabc.Callable[[Config], Config]] = []
        self.seeds: list[cabc.Callable[[], t.Any]] = []
        self.db = db
        self.command = command
        self.directory: str = str(directory)
        self.alembic_ctx_kwargs: dict[str, t.Any] = {
            **kwargs,
            "compare_type": compare_type,
            "render_as_batch": render_as_batch,
        }
        self._engines = engines
        self._metadatas = metadatas
        self._states: weakref.WeakKeyDictionary[Flask, AppState] = (
            weakref.WeakKeyDictionary()
        )

        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        db: t.Any = None,
        directory: str | os.PathLike[str] | None = None,
        command: str | None = None,
        compare_type: t.Any = None,
        render_as_batch: bool | None = None,
        *,
        engines: t.Any = None,
        metadatas: t.Any = None,
        **kwargs: t.Any,
    ) -> None:
        """Register with an application; what is not given is as in the constructor.

        Opens no connection and writes no file. May be called again, for another
        application or for the same one.
        """
        from ..cli import make_group

        given = {"compare_type": compare_type, "render_as_batch": render_as_batch}
        state = AppState(
            self,
            app,
            db=self.db if db is None else db,
            directory=str(directory or self.directory),
            configure_args={
                **self.alembic_ctx_kwargs,
                **kwargs,
                **{key: value for key, value in given.items() if value is not None},
            },
            engines=self._engines if engines is None else engines,
            metadatas=self._metadatas if metadatas is None else metadatas,
        )
        self._states[app] = state
        app.extensions["migrate"] = state
        name = command or self.command
        app.cli.add_command(make_group(self, name), name=name)

    def configure(self, f: F) -> F:
        """Register a function that receives and returns Alembic's ``Config``.

        Used as a decorator. Functions run in the order in which they were registered.
        """
        self.configure_callbacks.append(f)
        return f

    def call_configure_callbacks(self, config: Config) -> Config:
        """Pass a configuration through every registered function.

        :raises NotConfigured: one of them returns no configuration.
        """
        for callback in self.configure_callbacks:
            result = callback(config)

            if not hasattr(result, "get_main_option"):
                name = getattr(callback, "__qualname__", repr(callback))
                raise NotConfigured(
                    f"The configure callback {name} returned {result!r}, not the"
                    " configuration it was given.",
                    hint="End it with `return config`.",
                )

            config = result

        return config

    def get_config(
        self,
        directory: str | os.PathLike[str] | None = None,
        x_arg: str | cabc.Sequence[str] | None = None,
        opts: cabc.Iterable[str] | None = None,
    ) -> Config:
        """Return Alembic's configuration of a repository of the current application.

        :param directory: its folder; the application's own otherwise.
        :param x_arg: one or several values for ``context.get_x_argument()``.
        :param opts: names that become true attributes of ``config.cmd_opts``.
        """
        import argparse

        from ..revisions.config import Config

        folder = str(directory or self.state.directory)
        config = Config(os.path.join(folder, "alembic.ini"))
        config.set_main_option("script_location", folder.replace("%", "%%"))
        config.cmd_opts = argparse.Namespace(
            x=[*list_x_arguments(), *_as_list(x_arg)],
            **dict.fromkeys(opts or (), True),
        )
        return self.call_configure_callbacks(config)

    @property
    def state(self) -> AppState:
        """What this object knows of the current application.

        :raises NotConfigured: no application context, or another ``Migrate``'s app.
        """
        with _need_context():
            app = current_app._get_current_object()  # type: ignore[attr-defined]

        if app not in self._states:
            raise NotConfigured(
                f"This Migrate object was not initialised for the application"
                f" {app.name!r}.",
                hint="Call migrate.init_app(app, db).",
            )

        return self._states[app]


@contextlib.contextmanager
def _need_context() -> cabc.Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise NotConfigured(
            "There is no current application: migrations need an application context.",
            hint="Write `with app.app_context():` around the call.",
        ) from error


def current_migrate() -> Migrate:
    """Return the ``Migrate`` of the current application.

    :raises NotConfigured: there is no application context, or it has none.
    """
    with _need_context():
        extensions = current_app.extensions
        name = current_app.name

    if "migrate" not in extensions:
        raise NotConfigured(
            f"The application {name!r} has no Migrate: Migrate(app, db) was never"
            " called for it.",
            hint="Add `migrate = Migrate(app, db)` where the application is made.",
        )

    return t.cast("Migrate", extensions["migrate"].migrate)


def list_x_arguments() -> list[str]:
    """Return what the group of the current command was given as ``-x``.

    :raises BadOption: one has no name.
    """
    context = click.get_current_context(silent=True)
    return [] if context is None else _as_list(context.meta.get(X_ARGUMENTS, ()))


def _as_list(values: str | cabc.Sequence[str] | None) -> list[str]:
    if values is None:
        return []

    found = [values] if isinstance(values, str) else list(values)

    for value in found:
        if value.startswith("="):
            raise BadOption(
                f"-x {value!r} has no name before the equals sign.",
                hint="Write -x NAME=VALUE or -x NAME.",
            )

    return found
