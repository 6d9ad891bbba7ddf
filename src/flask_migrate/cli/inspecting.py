"""Commands that only look: show, history, heads, current, check, status, lock ..."""

from __future__ import annotations

import json
import typing as t

import click

from ..report.revisions import format_branch_point
from ..report.revisions import format_entry
from ..report.revisions import format_line
from . import options
from .group import get_directory
from .group import get_migrate

if t.TYPE_CHECKING:
    from ..diagnostic import Diagnostic
    from ..plan import Revision
    from ..settings import Against


@click.command("show")
@options.directory
@click.argument("revision", default="head")
def show(directory: str | None, revision: str) -> None:
    """Show the revision denoted by the given symbol."""
    for one in get_migrate().show(get_directory(directory), revision=revision):
        click.echo(format_entry(one))


@click.command("history")
@options.directory
@click.option(
    "-r",
    "--rev-range",
    default=None,
    help="Specify a revision range; format is [start]:[end].",
)
@options.verbose
@click.option(
    "-i", "--indicate-current", is_flag=True, help="Indicate current version."
)
def history(
    directory: str | None, rev_range: str | None, verbose: bool, indicate_current: bool
) -> None:
    """List changeset scripts in chronological order."""
    revisions = get_migrate().history(
        get_directory(directory), rev_range=rev_range, indicate_current=indicate_current
    )

    for one in revisions:
        click.echo(
            format_entry(one)
            if verbose
            else format_line(
                one, with_branches=True, with_message=True, with_parents=True
            )
        )


@click.command("heads")
@options.directory
@options.verbose
@click.option(
    "--resolve-dependencies",
    is_flag=True,
    help="Treat dependency versions as down revisions.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 1 where a branch has several heads, or HEAD names other ones.",
)
@click.option(
    "--write",
    is_flag=True,
    help="Write the file HEAD, in which git conflicts when two branches meet.",
)
@options.base
@options.report_format
def heads(
    directory: str | None,
    verbose: bool,
    resolve_dependencies: bool,
    check: bool,
    write: bool,
    base: str | None,
    format: str,
) -> None:
    """Show current available heads in the script directory."""
    migrate, folder = get_migrate(), get_directory(directory)
    found: tuple[Diagnostic, ...] = ()
    revisions = migrate.heads(folder, resolve_dependencies=resolve_dependencies)

    if write:
        migrate.write_head_file(folder)

    if check or base is not None:
        found = migrate.check_heads(
            folder, base=base, resolve_dependencies=resolve_dependencies
        )

    if format == "json":
        values = {
            "heads": [one.to_dict() for one in revisions],
            "findings": [one.to_dict() for one in found],
        }
        click.echo(json.dumps({"schema": 1, **values}, indent=2))
    elif format == "text":
        _show_heads(revisions, verbose=verbose)

    _end_with(found, format=format)


def _show_heads(revisions: tuple[Revision, ...], *, verbose: bool) -> None:
    for one in revisions:
        click.echo(
            format_entry(one)
            if verbose
            else format_line(one, with_branches=True, with_tree=False)
        )


def _end_with(found: tuple[Diagnostic, ...], *, format: str = "text") -> None:
    """Show findings and exit with 1, if there are any."""
    if not found:
        return

    from ..report.diagnostics import format_annotations
    from ..report.diagnostics import format_diagnostics

    if format == "github":
        click.echo(format_annotations(found))
    elif format == "text":
        # Standard output is for the heads, as it always was.
        click.echo(format_diagnostics(found), err=True)

    click.get_current_context().exit(1)


@click.command("branches")
@options.directory
@options.verbose
def branches(directory: str | None, verbose: bool) -> None:
    """Show current branch points."""
    found = get_migrate().history(get_directory(directory))
    known = {one.revision: one for one in found}

    for one in found:
        if not one.is_branch_point:
            continue

        following = [known[name] for name in one.next_revisions]
        click.echo(format_branch_point(one, following, verbose=verbose))


@click.command("current")
@options.directory
@options.verbose
@click.option(
    "--check-heads",
    is_flag=True,
    help="Exit with 1 unless the database is at every head.",
)
def current(directory: str | None, verbose: bool, check_heads: bool) -> None:
    """Display the current revision for each database."""
    states = get_migrate().current(get_directory(directory), check_heads=check_heads)

    for state in states:
        if verbose:
            click.echo(f"Current revision(s) for {state.url}:")

        for one in state.revisions:
            click.echo(format_entry(one) if verbose else format_line(one))


@click.command("check")
@options.directory
@options.against
@options.base
@options.report_format
@options.json_
def check(
    directory: str | None, against: Against | None, base: str | None, format: str
) -> None:
    """Check if there are any new operations to migrate."""
    from .answers import reporting_errors
    from .answers import show_notes

    migrate, folder = get_migrate(), get_directory(directory)
    found = migrate.check_base(folder, base=base) if base is not None else ()

    with reporting_errors(format, findings=found):
        notes = migrate.check(folder, against=against)

    if format == "json":
        values = [one.to_dict() for one in found]
        answer = {"schema": 1, "differences": [], "notes": notes, "findings": values}
        click.echo(json.dumps(answer))
    else:
        click.echo("No new upgrade operations detected.")
        show_notes(notes)

    _end_with(found, format=format)


@click.command("status")
@options.directory
@click.option(
    "--check", is_flag=True, help="Exit with 1 unless every database is at the head."
)
@options.format_
def status(directory: str | None, check: bool, format: str) -> None:
    """Show every revision: applied, pending, failed, changed, or without its file."""
    from ..report.status import format_statuses

    statuses = get_migrate().status(get_directory(directory))

    if format == "json":
        values = [one.to_dict() for one in statuses]
        click.echo(json.dumps({"schema": 1, "databases": values}, indent=2))
    else:
        click.echo(format_statuses(statuses))

    if check and not all(one.is_at_head for one in statuses):
        click.get_current_context().exit(1)


@click.command("lock")
@options.directory
@click.option("--release", is_flag=True, help="Free the lease of a run that is gone.")
@click.option(
    "--confirm",
    default=None,
    metavar="TOKEN",
    help="With --release, the token of that lease.",
)
@options.format_
def lock(
    directory: str | None, release: bool, confirm: str | None, format: str
) -> None:
    """Show who holds the migration lock, without taking it."""
    from ..report.locks import format_locks

    migrate, folder = get_migrate(), get_directory(directory)

    if release:
        migrate.release_lock(folder, token=confirm or "")

    states = migrate.read_locks(folder)

    if format == "json":
        values = [one.to_dict() for one in states]
        click.echo(json.dumps({"schema": 1, "databases": values}, indent=2))
    else:
        click.echo(format_locks(states))


@click.command("wait")
@options.directory
@click.option(
    "--for",
    "until",
    type=click.Choice(["connection", "head"]),
    default="head",
    show_default=True,
    help="What to wait for.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long.",
)
def wait(
    directory: str | None, until: t.Literal["connection", "head"], timeout: float
) -> None:
    """Wait until the databases can be reached, or are at the head."""
    get_migrate().wait(get_directory(directory), until=until, timeout=timeout)


@click.command("log")
@options.directory
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=None,
    metavar="N",
    help="Only the newest N entries of each database.",
)
@click.option(
    "--since",
    default=None,
    metavar="DATE",
    help="Only what has happened since: 2026-11-20, or '2026-11-20 14:30'.",
)
@click.option("--revision", default=None, metavar="REV", help="Only this revision.")
@options.format_
def log(
    directory: str | None,
    limit: int | None,
    since: str | None,
    revision: str | None,
    format: str,
) -> None:
    """Show what was run on each database: when, by whom, and how it ended."""
    from ..report.log import format_logs

    logs = get_migrate().log(
        get_directory(directory), limit=limit, since=since, revision=revision
    )

    if format == "json":
        values = [one.to_dict() for one in logs]
        click.echo(json.dumps({"schema": 1, "databases": values}, indent=2))
    else:
        click.echo(format_logs(logs))


COMMANDS: tuple[click.Command, ...] = (
    show,
    history,
    heads,
    branches,
    current,
    check,
    status,
    lock,
    wait,
    log,
)
