"""Commands around the history: rollback, redo, tag, prepare, template, leave."""

from __future__ import annotations

import collections.abc as cabc
import json
import sys
import typing as t

import click

from ..errors import ConsentMissing
from . import options
from .group import get_directory
from .group import get_migrate
from .progress import ProgressLine

T = t.TypeVar("T")


@click.command("rollback")
@options.directory
@click.option(
    "-n",
    "steps",
    type=int,
    default=None,
    metavar="N",
    help="How many revisions (default is 1).",
)
@click.option(
    "--to",
    default=None,
    metavar="REV|DATE|TAG",
    help="What was applied after this revision, date or tag.",
)
@click.option(
    "--run",
    default=None,
    metavar="ID|last",
    help="What this run has applied; `log` shows the ids.",
)
@click.option("--plan", is_flag=True, help="Show the steps, and do nothing.")
@options.bind
@options.confirm
@options.from_history
@options.lock
@options.lock_timeout
@options.format_
def rollback(
    directory: str | None,
    plan: bool,
    confirm: tuple[str, ...],
    lock: bool,
    lock_timeout: float | None,
    format: str,
    **goal: t.Any,
) -> None:
    """Revert what was applied last, after a look at the whole way."""
    migrate, folder = get_migrate(), get_directory(directory)

    if plan:
        # `prepare` is in this file, too, and has nothing to do with it.
        from ..report.rollback import format_rollbacks

        rollbacks = migrate.plan_rollback(folder, **goal)
        values = [one.to_dict() for one in rollbacks]
        click.echo(
            json.dumps({"schema": 1, "databases": values}, indent=2)
            if format == "json"
            else format_rollbacks(rollbacks)
        )
        return

    ask(
        lambda names: migrate.rollback(
            folder,
            confirm=names,
            lock=lock,
            lock_timeout=lock_timeout,
            on_event=ProgressLine(),
            **goal,
        ),
        confirm,
    )


@click.command("redo")
@options.directory
@options.bind
@options.confirm
@options.lock
@options.lock_timeout
def redo(directory: str | None, confirm: tuple[str, ...], **values: t.Any) -> None:
    """Revert the revision that was applied last, and apply it again."""
    migrate, folder = get_migrate(), get_directory(directory)
    ask(
        lambda names: migrate.redo(
            folder, confirm=names, on_event=ProgressLine(), **values
        ),
        confirm,
    )


@click.command("tag")
@options.directory
@click.argument("name")
def tag(directory: str | None, name: str) -> None:
    """Give a name to where the databases stand now, for `rollback --to`."""
    for place in get_migrate().tag(name, get_directory(directory)):
        click.echo(f"{name}: {place}", err=True)


@click.command("prepare")
@options.directory
@click.option(
    "--template/--no-template",
    default=True,
    help="Copy a template into a new database where one fits (the default), or run all"
    " revisions.",
)
@options.lock_timeout
def prepare(directory: str | None, **values: t.Any) -> None:
    """Make the databases where they are missing, upgrade them, run the seeds."""
    get_migrate().prepare(get_directory(directory), on_event=ProgressLine(), **values)


@click.command("template")
@options.directory
@click.option("--drop", is_flag=True, help="Drop those of this repository instead.")
@options.lock_timeout
def template(directory: str | None, **values: t.Any) -> None:
    """Build what `prepare` copies new databases from."""
    migrate, folder = get_migrate(), get_directory(directory)

    for one in migrate.template(folder, on_event=ProgressLine(), **values):
        name = f"{one.database}: " if one.database else ""
        size = f"{one.size / 2**20:.1f} MB"
        click.echo(f"{name}{one.place} ({size}): {one.what}", err=True)


@click.command("leave")
@options.directory
@options.confirm
def leave(directory: str | None, confirm: tuple[str, ...]) -> None:
    """Drop the tables beside the version table, before another tool takes over."""
    migrate, folder = get_migrate(), get_directory(directory)

    for left in ask(lambda names: migrate.leave(folder, confirm=names), confirm):
        done = f"dropped {', '.join(left.tables)}" if left.tables else "nothing to drop"
        click.echo(f"{left.name}: {done}", err=True)


def ask(act: cabc.Callable[[tuple[str, ...]], T], confirm: tuple[str, ...]) -> T:
    """Do something; ask for a missing consent where somebody can give it."""
    asked: set[str] = set()

    while True:
        try:
            return act(confirm)
        except ConsentMissing as error:
            # A wrong answer is a refusal, and is not asked for again.
            if not sys.stdin.isatty() or asked.issuperset(error.names):
                raise

            click.echo(error.message, err=True)
            asked.update(error.names)
            given = (
                click.prompt(
                    f"Type {name} to go on", default="", show_default=False, err=True
                )
                for name in error.names
            )
            confirm = (*confirm, *given)


COMMANDS: tuple[click.Command, ...] = (rollback, redo, tag, prepare, template, leave)
