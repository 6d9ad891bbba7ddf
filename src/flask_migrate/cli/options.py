"""The options that several commands share, and the command that reads `-1`."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as t

import click

from ..extension import URLS

Option = cabc.Callable[[t.Any], t.Any]
"""A decorator that adds one option to a command."""

_NEGATIVE = re.compile(r"-\d+")

directory: Option = click.option(
    "-d",
    "--directory",
    default=None,
    help='Migration script directory (default is "migrations").',
)
message: Option = click.option(
    "-m", "--message", default=None, help="Revision message."
)
sql: Option = click.option(
    "--sql",
    is_flag=True,
    help="Don't emit SQL to database - dump to standard output instead.",
)
output: Option = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=None,
    help="With --sql, write to this file instead of standard output.",
)
tag: Option = click.option(
    "--tag",
    default=None,
    help='Arbitrary "tag" name - can be used by custom env.py scripts.',
)
x_arg: Option = click.option(
    "-x",
    "--x-arg",
    multiple=True,
    help="Additional arguments consumed by custom env.py scripts.",
)
verbose: Option = click.option(
    "-v", "--verbose", is_flag=True, help="Use more verbose output."
)
branch_label: Option = click.option(
    "--branch-label",
    default=None,
    help="Specify a branch label to apply to the new revision.",
)
rev_id: Option = click.option(
    "--rev-id",
    default=None,
    help="Specify a hardcoded revision id instead of generating one.",
)
splice: Option = click.option(
    "--splice",
    is_flag=True,
    help='Allow a non-head revision as the "head" to splice onto.',
)
head: Option = click.option(
    "--head",
    default="head",
    help="Specify head revision or <branchname>@head to base new revision on.",
)
version_path: Option = click.option(
    "--version-path",
    default=None,
    help="Specify specific path from config for version file.",
)
rename: Option = click.option(
    "--rename",
    "renamed",
    multiple=True,
    metavar="OLD:NEW",
    help="A table or a column that has another name now: posts:articles,"
    " users.name:full_name. Without NEW it is really dropped. May be repeated.",
)
renames: Option = click.option(
    "--renames",
    type=click.Choice(["ask", "auto", "never"]),
    default="ask",
    show_default=True,
    help="What happens to a probable rename: ask, take it if it is sure (auto), or drop"
    " and add (never).",
)
base: Option = click.option(
    "--base",
    default=None,
    metavar="REF",
    help="Also what would be wrong after a merge with this branch or commit of git.",
)
against: Option = click.option(
    "--against",
    type=click.Choice(["auto", "scripts", "database"]),
    default=None,
    help="What the models are compared with: what the scripts build on a scratch"
    " database, or the database itself (auto, unless MIGRATE_AGAINST says otherwise).",
)
allow_mass_drop: Option = click.option(
    "--allow-mass-drop",
    is_flag=True,
    help="Write a revision that drops most of the tables.",
)
verify: Option = click.option(
    "--verify/--no-verify",
    default=None,
    help="Run what autogenerate wrote on a scratch database before it is kept (the"
    " default).",
)


def answering(function: t.Any) -> t.Any:
    """Add the options that answer what a comparison asks."""
    for option in (allow_mass_drop, fill, renames, rename):
        function = option(function)

    return function


def autogenerating(function: t.Any) -> t.Any:
    """Add every option of a command that compares the models and writes."""
    for option in (json_, format_, verify, against, answering):
        function = option(function)

    return function


allow_lossy_cast: Option = click.option(
    "--allow-lossy-cast",
    "allow_lossy_casts",
    multiple=True,
    metavar="TABLE.COLUMN",
    help="Go on although a type change alters values of this column.",
)
fill: Option = click.option(
    "--fill",
    "fills",
    multiple=True,
    metavar="TABLE.COLUMN=SQL",
    help="What the rows that stand get in a column that may not be NULL: SQL, @default"
    " (the model's default) or @later (nullable for now).",
)
lock_timeout: Option = click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    default=None,
    metavar="SECONDS",
    help="How long to wait for another run on the same database.",
)


def _remember_urls(
    context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> None:
    """Keep the URLs for who finds the databases; a command's come after its group's."""
    context.meta[URLS] = (*context.meta.get(URLS, ()), *values)


_URL: dict[str, t.Any] = {
    "multiple": True,
    "expose_value": False,
    "callback": _remember_urls,
    "metavar": "[KEY=]URL",
    "help": "Connect by this URL instead of the application's; with KEY, for the"
    " database of that bind key.",
}
url: Option = click.option("--url", **_URL)


def make_url_option() -> click.Option:
    """Return the option ``--url``, for a group."""
    return click.Option(["--url"], **_URL)


lock: Option = click.option(
    "--lock/--no-lock",
    default=True,
    help="Keep other runs off the database meanwhile (the default).",
)
dry_run: Option = click.option(
    "-n",
    "--dry-run",
    is_flag=True,
    help="Really run it, then undo it; says how.",
)
format_: Option = click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the answer is written.",
)
report_format: Option = click.option(
    "--format",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How the answer is written.",
)
json_: Option = click.option(
    "--json", "format", flag_value="json", help="The same as --format json."
)
bind: Option = click.option(
    "--bind", default=None, metavar="KEY", help="Only the database of this bind key."
)

from_history: Option = click.option(
    "--from-history",
    is_flag=True,
    help="Run the text that the database's history keeps of a revision whose file is"
    " missing.",
)
confirm: Option = click.option(
    "--confirm",
    multiple=True,
    metavar="DATABASE",
    help="The name of a database that may lose this; may be repeated.",
)


class RelativeCommand(click.Command):
    """A command whose argument may be ``-1``, as people type it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move negative numbers behind ``--``, where Click takes them as they are."""
        if "--" not in args:
            numbers = [one for one in args if _NEGATIVE.fullmatch(one)]
            others = [one for one in args if not _NEGATIVE.fullmatch(one)]
            args = [*others, "--", *numbers] if numbers else args

        return super().parse_args(ctx, args)


def write_sql(text: str, path: str | None) -> None:
    """Write a script to a file, or to standard output."""
    if path is None:
        click.echo(text, nl=False)
    else:
        with click.open_file(path, "w", encoding="utf-8", atomic=True) as file:
            t.cast("t.TextIO", file).write(text)
