"""Commands that change databases: upgrade, downgrade, stamp, create, drop."""

from __future__ import annotations

import sys
import typing as t

import click

from . import options
from .group import get_directory
from .group import get_migrate
from .progress import ProgressLine

if t.TYPE_CHECKING:
    from ..results import RunResult


@click.command("upgrade")
@options.directory
@options.sql
@options.output
@options.tag
@options.x_arg
@click.option(
    "--create", is_flag=True, help="Make the databases first where they do not exist."
)
@options.allow_lossy_cast
@options.url
@options.lock
@options.lock_timeout
@options.dry_run
@click.option(
    "--plan-file",
    type=click.Path(exists=True, dir_okay=False),
    default=None,
    help="Run exactly the plan in this file, as `apply` does.",
)
@click.argument("revision", default="head")
def upgrade(
    directory: str | None,
    create: bool,
    output: str | None,
    plan_file: str | None,
    **values: t.Any,
) -> None:
    """Upgrade to a later version."""
    migrate = get_migrate()

    if create:
        migrate.create()

    if plan_file is not None:
        from .planning import apply_file

        apply_file(plan_file, directory, values)
        return

    result = migrate.upgrade(
        get_directory(directory), on_event=ProgressLine(), **values
    )
    _show(result, output)


@click.command("downgrade", cls=options.RelativeCommand)
@options.directory
@options.sql
@options.output
@options.tag
@options.x_arg
@options.allow_lossy_cast
@options.url
@options.lock
@options.lock_timeout
@options.from_history
@options.dry_run
@click.argument("revision", default="-1")
def downgrade(directory: str | None, output: str | None, **values: t.Any) -> None:
    """Revert to a previous version."""
    result = get_migrate().downgrade(
        get_directory(directory), on_event=ProgressLine(), **values
    )
    _show(result, output)


@click.command("stamp")
@options.directory
@options.sql
@options.output
@options.tag
@click.option(
    "--purge",
    is_flag=True,
    help="Delete the version in the alembic_version table before stamping.",
)
@options.url
@options.lock
@options.lock_timeout
@click.argument("revisions", nargs=-1)
def stamp(
    directory: str | None,
    output: str | None,
    revisions: tuple[str, ...],
    **values: t.Any,
) -> None:
    """'stamp' the revision table with the given revision; don't run any migrations."""
    result = get_migrate().stamp(
        get_directory(directory), revisions=revisions or "head", **values
    )
    _show(result, output)


@click.command("ensure-version")
@options.directory
@options.sql
@options.output
def ensure_version(directory: str | None, sql: bool, output: str | None) -> None:
    """Create the version table if it does not exist yet."""
    _show(get_migrate().ensure_version(get_directory(directory), sql=sql), output)


@click.command("create")
@options.bind
@click.option("--encoding", default=None, help="Its character set.")
@click.option("--collation", default=None, help="Its collation (MySQL, MariaDB).")
@click.option("--owner", default=None, help="The role that owns it (PostgreSQL).")
@click.option("--template", default=None, help="What it is copied from (PostgreSQL).")
def create(bind: str | None, **values: str | None) -> None:
    """Make the databases of the application that do not exist yet."""
    for database, was_made in get_migrate().create(bind, **values):
        verb = "created" if was_made else "exists already"
        click.echo(f"{database.url.database} on {database.place}: {verb}", err=True)


@click.command("drop")
@options.bind
@click.option(
    "--confirm",
    default=None,
    metavar="NAME",
    help="The name of the database, as a consent to losing everything in it.",
)
def drop(bind: str | None, confirm: str | None) -> None:
    """Drop a database, with everything in it."""
    migrate = get_migrate()

    if confirm is None and sys.stdin.isatty():
        name, where = migrate.name_database(bind)
        click.echo(f"This deletes the database {name} on {where}.", err=True)
        confirm = click.prompt(
            f"Type {name} to go on", default="", show_default=False, err=True
        )

    database = migrate.drop(bind, confirm=confirm or "")
    click.echo(f"{database.url.database}: dropped", err=True)


def _show(result: RunResult, output: str | None) -> None:
    if result.sql is not None:
        options.write_sql(result.sql, output)

    for one in result.databases:
        if one.dry_run:
            name = f"{one.database}: " if one.database else ""
            click.echo(f"dry run: {name}{one.dry_run}", err=True)


COMMANDS: tuple[click.Command, ...] = (
    upgrade,
    downgrade,
    stamp,
    ensure_version,
    create,
    drop,
)
