"""``flask db`` before the application is known: it answers even when there is none."""

from __future__ import annotations

import gc
import traceback
import types
import typing as t

import click
from flask import cli
from flask import current_app
from flask import has_app_context
from flask.cli import NoAppException
from flask.cli import ScriptInfo

from ..errors import MigrationError
from ..errors import NotConfigured
from .garbage import AT_START
from .garbage import collecting_rarely
from .group import Failure
from .group import MigrationGroup

if t.TYPE_CHECKING:
    from flask import Flask


class Gateway(click.Group):
    """Stands for the application's own group until the application is loaded.

    Flask shows ``No such command 'db'`` when an application cannot be loaded or has no
    ``Migrate``. Registered as a plugin command, this says what is really wrong.

    :param group: whose help is shown where there is no application.
    """

    def __init__(self, group: MigrationGroup) -> None:
        super().__init__(group.name, params=group.params, help=group.help)
        self._fallback = group

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, as every group has them."""
        return self._fallback.list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, as every group has it."""
        return self._fallback.get_command(ctx, cmd_name)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: t.Any,
    ) -> click.Context:
        """Hand over to the group of the application."""
        context = parent or click.Context(self, info_name=info_name)

        try:
            group: click.Command = self._find_group(context, info_name or "db")
        except MigrationError as error:
            if set(args) & set(context.help_option_names):
                group = self._fallback
            else:
                raise Failure(error) from error

        return group.make_context(info_name, args, parent=parent, **extra)

    def _find_group(self, context: click.Context, name: str) -> click.Command:
        with collecting_rarely(AT_START):
            app = _load_app(context)
            # What an application has imported stays: nobody has to look at it, not
            # even once, as when the usual frequency comes back.
            gc.freeze()

        if not has_app_context() or current_app != app:
            context.with_resource(app.app_context())

        found = app.cli.get_command(context, name)

        if found is not None:
            return found

        others = [
            key
            for key, command in app.cli.commands.items()
            if isinstance(command, MigrationGroup)
        ]

        if others:
            raise NotConfigured(
                f"The application {app.name!r} has no command {name!r}.",
                hint=f"Its Migrate is registered as `flask {others[0]}`.",
            )

        raise NotConfigured(
            f"The application {app.name!r} has no Migrate: Migrate(app, db) was never"
            " called for it.",
            hint="Add `migrate = Migrate(app, db)` where the application is made.",
        )


def _load_app(context: click.Context) -> Flask:
    """Load the application; say why it cannot be loaded, with its own traceback.

    :raises NotConfigured: always with exit code 2.
    """
    try:
        return context.ensure_object(ScriptInfo).load_app()
    except NoAppException as error:
        # Flask puts the traceback of an ImportError into its own message.
        text, cause = error.format_message(), error.__context__

        if isinstance(cause, ImportError) and text.startswith("While importing"):
            raise _explain_app(cause) from error

        raise NotConfigured(
            text,
            hint="Name the application with `flask --app MODULE db ...` or FLASK_APP.",
        ) from error
    except Exception as error:
        raise _explain_app(error) from error


def _explain_app(error: Exception) -> MigrationError:
    """Say why an application cannot be loaded; show where, unless that is plain."""
    # Every `flask` command imports this module, and hardly one comes here.
    from ..databases.connections import explain
    from ..databases.dialects.base import hide_secrets

    known = explain(error)

    if isinstance(known, NotConfigured):
        return known

    click.echo(_format_traceback(error), err=True)
    reason = known.message if known else f"{type(error).__name__}: {error}"
    return NotConfigured(
        f"The application could not be loaded: {hide_secrets(reason)}",
        hint="Correct what the traceback above shows, then run the command again.",
    )


def _format_traceback(error: Exception) -> str:
    """Return a traceback that begins in the application."""
    from ..databases.dialects.base import hide_secrets

    outside = (__file__, cli.__file__, "<frozen importlib._bootstrap>")
    frames = error.__traceback__

    while frames is not None and _file_of(frames) in outside:
        frames = frames.tb_next

    lines = traceback.format_exception(type(error), error, frames)
    return hide_secrets("".join(lines))


def _file_of(frame: types.TracebackType) -> str:
    return frame.tb_frame.f_code.co_filename
