"""Commands around plans: plan, apply."""

from __future__ import annotations

import pathlib
import typing as t

import click

from ..errors import BadOption
from ..report.plan import format_json
from ..report.plan import format_markdown
from ..report.plan import format_plans
from ..results import RunResult
from . import options
from .group import get_directory
from .group import get_migrate
from .progress import ProgressLine


@click.command("plan", cls=options.RelativeCommand)
@options.directory
@click.option("--sql", is_flag=True, help="Show every statement.")
@click.option(
    "--count",
    "counts",
    is_flag=True,
    help="Count the rows that would be lost, which reads whole tables.",
)
@click.option(
    "--format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How the plan is written.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=None,
    help="Write it to this file, for `apply` if its name ends in .json.",
)
@options.url
@options.tag
@options.x_arg
@click.argument("target", default="head")
def plan(
    directory: str | None,
    sql: bool,
    format: str,
    output: str | None,
    target: str,
    **values: t.Any,
) -> None:
    """Show what an upgrade or downgrade would do; changes nothing."""
    plans = get_migrate().plan(get_directory(directory), revision=target, **values)

    if output is not None and pathlib.Path(output).suffix == ".json":
        options.write_sql(f"{format_json(plans)}\n", output)
        click.echo(format_plans(plans, sql=sql, saved=output))
        return

    if format == "json":
        text = format_json(plans)
    elif format == "markdown":
        text = format_markdown(plans, sql=sql)
    else:
        text = format_plans(plans, sql=sql)

    options.write_sql(f"{text}\n", output)


@click.command("apply")
@options.directory
@options.tag
@options.x_arg
@options.allow_lossy_cast
@options.lock
@options.lock_timeout
@options.url
@click.argument("plan", type=click.Path(exists=True, dir_okay=False))
def apply(directory: str | None, plan: str, **values: t.Any) -> None:
    """Run exactly the plan in a file, if everything is as it was planned."""
    _apply(plan, directory, values)


def apply_file(path: str, directory: str | None, values: dict[str, t.Any]) -> None:
    """Run a plan for `upgrade --plan-file`.

    :param values: the options of `upgrade`.
    :raises BadOption: one of them makes no sense here.
    """
    from click.core import ParameterSource

    context = click.get_current_context()
    names = {"revision": "a revision", "sql": "--sql", "dry_run": "--dry-run"}

    for name, title in names.items():
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise BadOption(
                f"A plan says itself what is run: --plan-file and {title} do not go"
                " together.",
                hint=f"flask db upgrade --plan-file {path}",
            )

        del values[name]

    _apply(path, directory, values)


def _apply(path: str, directory: str | None, values: dict[str, t.Any]) -> None:
    result = get_migrate().apply(
        path, get_directory(directory), on_event=ProgressLine(), **values
    )
    _show_applied(result)


def _show_applied(result: RunResult) -> None:
    """Say on standard error where nothing was left to do."""
    for one in result.databases:
        if not one.steps:
            name = one.database or "the database"
            at = ", ".join(one.end) or "base"
            click.echo(
                f"{name} is at {at}: the plan is applied already, nothing to do.",
                err=True,
            )


COMMANDS: tuple[click.Command, ...] = (plan, apply)
