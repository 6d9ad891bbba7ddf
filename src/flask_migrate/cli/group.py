"""The group itself: its options, its errors, its log lines and its signals."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import difflib
import logging
import os
import signal
import threading
import traceback
import types
import typing as t

import click
from flask import g  # noqa: TID251
from flask.cli import AppGroup
from flask.cli import with_appcontext
from flask.helpers import get_debug_flag

from ..errors import DifferencesFound
from ..errors import Interrupted
from ..errors import MigrationError
from ..errors import OutOfDate
from ..extension import current_migrate
from ..extension import Migrate
from ..extension import X_ARGUMENTS
from . import options
from .catalogue import load_command
from .catalogue import load_commands
from .garbage import AT_WORK
from .garbage import collecting_rarely

INHERITED = frozenset(
    {
        *("list-templates", "init", "revision", "migrate", "edit", "merge", "upgrade"),
        *("downgrade", "show", "history", "heads", "branches", "current", "stamp"),
        "check",
    }
)
"""Flask-Migrate's commands: what fails in them ends with 1, in new ones with 3."""

FINDINGS = (DifferencesFound, OutOfDate)
"""A command that raises one of these has done what it was asked."""

_MIGRATE = "flask_migrate.migrate"
_DIRECTORY = "flask_migrate.directory"
_LEVELS = {
    "alembic": logging.INFO,
    "flask_migrate": logging.INFO,
    # Twelve lines at every start that say which plugins Alembic has.
    "alembic.runtime.plugins": logging.WARNING,
}


class Failure(click.ClickException):
    """One of our errors on its way out of the program.

    :param error: the error.
    :param command: which command it ended.
    """

    def __init__(self, error: MigrationError, *, command: str | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        is_new = command is not None and command not in INHERITED
        has_failed = error.exit_code == 1 and not isinstance(error, FINDINGS)
        code = 3 if is_new and has_failed else error.exit_code
        self.exit_code: int = code  # type: ignore[misc]  # as Click's own

    def show(self, file: t.Any = None) -> None:
        """Write the message and the next command to standard error."""
        if get_debug_flag() or os.environ.get("MIGRATE_TRACEBACK"):
            from ..databases.dialects.base import hide_secrets

            lines = traceback.format_exception(self.error)
            click.echo(hide_secrets("".join(lines)), err=True)

        click.secho("Error: ", fg="red", err=True, nl=False)
        click.echo(self.error.message, err=True)

        if self.error.hint:
            click.echo(f"  -> {self.error.hint}", err=True)


class MigrationGroup(AppGroup):
    """A command group that belongs to one ``Migrate``.

    Every Flask process makes one; the commands are loaded when they are asked for.

    :param migrate: the extension; ``None`` for the current application's.
    :param name: what the group is called.
    """

    _known: cabc.MutableMapping[str, click.Command]
    _is_complete: bool

    def __init__(self, migrate: Migrate | None, name: str) -> None:
        super().__init__(
            name,
            callback=with_appcontext(_remember),
            params=[
                click.Option(
                    ["-d", "--directory"],
                    help='Migration script directory (default is "migrations").',
                ),
                click.Option(
                    ["-x", "--x-arg"],
                    multiple=True,
                    help="Additional arguments consumed by custom env.py scripts.",
                ),
                options.make_url_option(),
            ],
            help="Perform database migrations.",
        )
        self.migrate = migrate

    @property
    def commands(self) -> cabc.MutableMapping[str, click.Command]:
        """Every command, by its name; those that an application has added too."""
        if not self._is_complete:
            self._is_complete = True

            for name, command in load_commands().items():
                self._known.setdefault(name, command)

        return self._known

    @commands.setter
    def commands(self, commands: cabc.MutableMapping[str, click.Command]) -> None:
        # Click's own constructor sets it, to what was given: nothing.
        self._known = commands
        self._is_complete = False

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, and load no other."""
        return self._known.get(cmd_name) or load_command(cmd_name)

    def invoke(self, ctx: click.Context) -> t.Any:
        """Run a command; turn our errors into a message and an exit code."""
        ctx.meta[_MIGRATE] = self.migrate

        try:
            with collecting_rarely(AT_WORK), log_to_stderr(), terminable():
                return super().invoke(ctx)
        except MigrationError as error:
            raise Failure(error, command=ctx.invoked_subcommand) from error
        except KeyboardInterrupt as error:
            code = getattr(error, "exit_code", 130)
            stopped = Interrupted(
                f"Stopped by {'SIGTERM' if code == 143 else 'Ctrl-C'}; no revision was"
                " running.",
                signal_exit_code=code,
            )
            raise Failure(stopped, command=ctx.invoked_subcommand) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; suggest the nearest one, with every version of Click."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)

            # Click 8.5 suggests by itself.
            if not near or "Did you mean" in error.format_message():
                raise

            raise click.UsageError(
                f"{error.message} Did you mean {near[0]!r}?", ctx
            ) from error


def _remember(directory: str | None, x_arg: tuple[str, ...]) -> None:
    """Keep the options of the group for its commands."""
    context = click.get_current_context()
    context.meta[_DIRECTORY] = directory
    context.meta[X_ARGUMENTS] = x_arg
    # For applications that read them where Flask-Migrate keeps them; we do not.
    g.directory = directory
    g.x_arg = x_arg


def get_migrate() -> Migrate:
    """Return the extension that the current command belongs to."""
    migrate = click.get_current_context().meta.get(_MIGRATE)
    return migrate if migrate is not None else current_migrate()


def get_directory(directory: str | None) -> str | None:
    """Return the folder that a command was given, or else its group."""
    return directory or click.get_current_context().meta.get(_DIRECTORY)


class _EchoHandler(logging.Handler):
    """Writes log lines where Click writes, so that test runners capture them."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(self.format(record), err=True)


@contextlib.contextmanager
def log_to_stderr() -> cabc.Iterator[None]:
    """Show what Alembic and we log, for the time of one command.

    An application that has set up logging for these loggers keeps it as it is.
    """
    loggers = [logging.getLogger(name) for name in _LEVELS]

    if logging.getLogger().handlers or any(map(_has_handlers, loggers)):
        yield
        return

    handler = _EchoHandler()
    handler.setFormatter(logging.Formatter("%(levelname)-5.5s [%(name)s] %(message)s"))
    levels = [logger.level for logger in loggers]

    for logger, level in zip(loggers, _LEVELS.values(), strict=True):
        logger.setLevel(logger.level or level)

    for logger in loggers[:2]:
        logger.addHandler(handler)

    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


def _has_handlers(logger: logging.Logger) -> bool:
    return any(not isinstance(one, logging.NullHandler) for one in logger.handlers)


@contextlib.contextmanager
def terminable() -> cabc.Iterator[None]:
    """Treat SIGTERM as Ctrl-C for the time of one command: undo, say so, leave."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: types.FrameType | None) -> None:
        from ..run.failures import Terminated

        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)

    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
