"""The command for steps that were stopped half-way: repair."""

from __future__ import annotations

import json
import typing as t

import click

from ..report.repair import format_stopped
from . import options
from .group import get_directory
from .group import get_migrate

REMEDIES = {
    "resume": "What is done stays; the next run does the rest of the script as it is.",
    "undo": "Drop what was made, if nobody's rows are lost.",
    "mark-applied": "The rest was done by hand.",
    "mark-reverted": "What was done was undone by hand.",
}


def _remedy(name: str) -> options.Option:
    return click.option(
        f"--{name}", "remedy", flag_value=name, default=None, help=REMEDIES[name]
    )


@click.command("repair")
@options.directory
@_remedy("resume")
@_remedy("undo")
@_remedy("mark-applied")
@_remedy("mark-reverted")
@click.option(
    "--in-doubt",
    type=click.Choice(["done", "undone"]),
    default=None,
    help="What became of a statement of which nothing can tell.",
)
@options.lock_timeout
@options.format_
def repair(directory: str | None, format: str, **values: t.Any) -> None:
    """Show what a stopped run has done of a step, and settle it."""
    steps = get_migrate().repair(get_directory(directory), **values)

    if format == "json":
        found = [step.to_dict() for step in steps]
        click.echo(json.dumps({"schema": 1, "steps": found}, indent=2))
    elif values["remedy"] is None:
        click.echo(format_stopped(steps))
    else:
        for step in steps:
            click.echo(f"{step.revision}: {values['remedy']}", err=True)


COMMANDS: tuple[click.Command, ...] = (repair,)
