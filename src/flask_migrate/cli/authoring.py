"""Commands that write files: init, revision, migrate, edit, merge."""

from __future__ import annotations

import json
import typing as t

import click

from ..report.progress import format_actions
from ..report.progress import format_message
from . import options
from .answers import find_askers
from .answers import reporting_errors
from .answers import show_notes
from .answers import take_answers
from .group import get_directory
from .group import get_migrate


@click.command("list-templates")
def list_templates() -> None:
    """List available templates."""
    click.echo("Available templates:\n")

    for template in get_migrate().list_templates():
        click.echo(f"{template.name} - {template.synopsis}")


@click.command("init")
@options.directory
@click.option("--multidb", is_flag=True, help="Support multiple databases.")
@click.option(
    "-t",
    "--template",
    default=None,
    help='Repository template to use (default is "flask").',
)
@click.option(
    "--package",
    is_flag=True,
    help="Write empty __init__.py files to the environment and version locations.",
)
def init(
    directory: str | None, multidb: bool, template: str | None, package: bool
) -> None:
    """Creates a new migration repository."""
    result = get_migrate().init(
        get_directory(directory), multidb=multidb, template=template, package=package
    )
    click.echo(format_actions(result.actions), nl=False)
    click.echo(
        format_message(
            "Please edit configuration/connection/logging settings in"
            f" {result.config_file} before proceeding."
        )
    )


@click.command("revision")
@options.directory
@options.message
@click.option(
    "--autogenerate",
    is_flag=True,
    help="Populate revision script with candidate migration operations, based on"
    " comparison of database to model.",
)
@options.sql
@options.head
@options.splice
@options.branch_label
@options.version_path
@options.rev_id
@options.autogenerating
@click.option(
    "--depends-on",
    multiple=True,
    help="Revisions that the new one also needs; may be repeated.",
)
def revision(
    directory: str | None, autogenerate: bool, sql: bool, **values: t.Any
) -> None:
    """Create a new revision file."""
    _write(directory, autogenerate=autogenerate, sql=sql, x_arg=(), values=values)


@click.command("migrate")
@options.directory
@options.message
@options.sql
@options.head
@options.splice
@options.branch_label
@options.version_path
@options.rev_id
@options.autogenerating
@options.x_arg
def migrate(
    directory: str | None, sql: bool, x_arg: tuple[str, ...], **values: t.Any
) -> None:
    """Autogenerate a new revision file (Alias for 'revision --autogenerate')."""
    _write(directory, autogenerate=True, sql=sql, x_arg=x_arg, values=values)


def _write(
    directory: str | None,
    *,
    autogenerate: bool,
    sql: bool,
    x_arg: tuple[str, ...],
    values: dict[str, t.Any],
) -> None:
    from ..make.autogenerate import RevisionOptions

    against, verify = values.pop("against"), values.pop("verify")
    answers, format = take_answers(values), values.pop("format")
    # Whoever wants values is a program.
    askers = find_askers() if format == "text" else None

    with reporting_errors(format):
        written = get_migrate().revision(
            get_directory(directory),
            options=RevisionOptions(**values),
            autogenerate=autogenerate,
            sql=sql,
            x_arg=x_arg,
            answers=answers,
            askers=askers,
            against=against,
            verify=verify,
        )

    if format == "json":
        click.echo(json.dumps({"schema": 1, **written.to_dict()}, indent=2))
        return

    show_notes(written.notes)
    click.echo(format_actions(written.actions), nl=False)


@click.command("rename")
@options.directory
@options.message
@options.rev_id
@click.argument("old")
@click.argument("new")
def rename(directory: str | None, old: str, new: str, **values: t.Any) -> None:
    """Write a revision that renames a table or a column.

    OLD is a table (posts) or a column (users.name) as it is called in the database,
    NEW its new name alone.
    """
    from ..make.autogenerate import RevisionOptions

    written = get_migrate().rename(
        get_directory(directory), old=old, new=new, options=RevisionOptions(**values)
    )
    show_notes(written.notes)
    click.echo(format_actions(written.actions), nl=False)


@click.command("edit")
@options.directory
@click.argument("revision", default="head")
def edit(directory: str | None, revision: str) -> None:
    """Edit a revision file."""
    get_migrate().edit(get_directory(directory), revision=revision)


@click.command("merge")
@options.directory
@click.option("-m", "--message", default=None, help="Merge revision message.")
@options.branch_label
@options.rev_id
@options.splice
@click.argument("revisions", nargs=-1)
def merge(directory: str | None, revisions: tuple[str, ...], **values: t.Any) -> None:
    """Merge two revisions together, creating a new revision file."""
    from ..make.autogenerate import RevisionOptions

    written = get_migrate().merge(
        get_directory(directory),
        revisions=revisions or "heads",
        options=RevisionOptions(**values),
    )
    click.echo(format_actions(written.actions), nl=False)


COMMANDS: tuple[click.Command, ...] = (
    list_templates,
    init,
    revision,
    migrate,
    rename,
    edit,
    merge,
)
