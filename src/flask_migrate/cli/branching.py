"""Commands for parallel branches of the code and the newest revision: rebase, amend."""

from __future__ import annotations

import typing as t

import click

from ..report.progress import format_actions
from . import options
from .answers import find_askers
from .answers import show_notes
from .answers import take_answers
from .group import get_directory
from .group import get_migrate
from .progress import ProgressLine
from .returning import ask

_confirm: options.Option = click.option(
    "--confirm",
    multiple=True,
    metavar="REVISION",
    help="The id of the revision, if others may have it; may be repeated.",
)


@click.command("rebase")
@options.directory
@click.argument("revision", required=False)
@click.option(
    "--onto",
    default=None,
    metavar="REV",
    help="The head that it follows then (default is the other one).",
)
@click.option(
    "--base",
    default=None,
    metavar="REF",
    help="The branch or commit of git that has what others have.",
)
@_confirm
def rebase(directory: str | None, confirm: tuple[str, ...], **values: t.Any) -> None:
    """Put your revisions after another head, so that there is one again."""
    migrate, folder = get_migrate(), get_directory(directory)
    done = ask(lambda names: migrate.rebase(folder, confirm=names, **values), confirm)

    if done.revisions:
        before = done.before or "<base>"
        first = done.revisions[0].revision
        click.echo(f"{first} follows {done.onto} now, and not {before}: {done.path}")
    else:
        click.echo("There is one head; nothing to do.")


@click.command("amend")
@options.directory
@click.argument("revision", default="head")
@click.option(
    "-m",
    "--message",
    default=None,
    help="Its new message (default is the one it has).",
)
@click.option(
    "--confirm",
    multiple=True,
    metavar="NAME",
    help="The id of the revision, if others may have it or it was edited by hand; the"
    " name of a database that may lose rows. May be repeated.",
)
@options.answering
@options.x_arg
@options.lock_timeout
def amend(directory: str | None, confirm: tuple[str, ...], **values: t.Any) -> None:
    """Write the newest revision anew, from the models as they are now."""
    migrate, folder = get_migrate(), get_directory(directory)
    answers = take_answers(values)
    amended = ask(
        lambda names: migrate.amend(
            folder,
            confirm=names,
            answers=answers,
            askers=find_askers(),
            on_event=ProgressLine(),
            **values,
        ),
        confirm,
    )
    show_notes(amended.written.notes)
    click.echo(amended.difference, err=True, nl=False)
    click.echo(format_actions(amended.written.actions), nl=False)


COMMANDS: tuple[click.Command, ...] = (rebase, amend)
