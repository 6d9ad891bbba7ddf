"""Write what the code knows better than a page: commands, settings, changes.

``{command} upgrade`` describes one command of ``flask db``, ``{command}`` alone the
group; ``{settings}`` lists the ``MIGRATE_*`` keys; ``{changes}`` shows the fragments of
`changelog.d`.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import runpy
import typing as t
from pathlib import Path

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from flask_migrate.cli import db
from flask_migrate.settings import Settings

ROOT = Path(__file__).resolve().parents[2]

PREFIX = "FLASK_DB"
"""Flask lets Click read every option from a variable that begins so."""


def describe_command(name: str | None) -> str:
    """Return the usage of a command and its options, as Markdown.

    :param name: of a command; ``None`` for the group itself.
    """
    command: click.Command = db if name is None else db.commands[name]
    words = ["flask", "db", *([name] if name else [])]
    context = click.Context(command, info_name=" ".join(words))
    usage = " ".join([*words, *command.collect_usage_pieces(context)])
    prefix = PREFIX if name is None else f"{PREFIX}_{_to_variable(name)}"
    rows = [
        _describe_option(parameter, context, prefix)
        for parameter in command.params
        if isinstance(parameter, click.Option)
    ]
    table = ["| Option | Variable | Meaning |", "|---|---|---|", *rows]
    summary = inspect.cleandoc(command.help or "")
    parts = [f"```text\n{usage}\n```", summary, "\n".join(table) if rows else ""]
    return "\n\n".join(part for part in parts if part) + "\n"


def _describe_option(option: click.Option, context: click.Context, prefix: str) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    if not option.is_flag:
        names += f" `{option.make_metavar(context)}`"

    assert option.name is not None  # an option has a name
    more = " May be repeated." if option.multiple else ""
    default = option.default
    if isinstance(default, (str, float)) and default:
        shown = default if isinstance(default, str) else f"{default:g}"
        more += f" Default: `{shown}`."

    # Help texts are plain text; these characters mean something in Markdown.
    meaning = re.sub(r"([*_<|])", r"\\\1", option.help or "") + more
    return f"| {names} | `{prefix}_{_to_variable(option.name)}` | {meaning} |"


def _to_variable(name: str) -> str:
    return name.replace("-", "_").upper()


def describe_settings() -> str:
    """Return the ``MIGRATE_*`` settings, as a Markdown table."""
    meanings = dict(
        re.findall(r":param (\w+): (.+?)(?=\n:param|\Z)", _docstring(Settings), re.S)
    )
    rows = [
        f"| `MIGRATE_{field.name.upper()}` | {_describe_default(field.default)} |"
        f" {_to_sentence(meanings[field.name])} |"
        for field in dataclasses.fields(Settings)
    ]
    return "\n".join(["| Key | Default | Meaning |", "|---|---|---|", *rows]) + "\n"


def _describe_default(default: object) -> str:
    if default is None:
        return ""

    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def _docstring(thing: type) -> str:
    return inspect.getdoc(thing) or ""


def _to_sentence(text: str) -> str:
    words = " ".join(text.split())
    return words[0].upper() + words[1:]


def describe_changes() -> str:
    """Return what is new since the last release, as Markdown."""
    script = runpy.run_path(str(ROOT / "scripts" / "docs-changes"))
    fragments = script["read_fragments"](ROOT / "changelog.d")
    text: str = script["format_fragments"](fragments)
    return f"## Unreleased\n\n{text}" if text.strip() else ""


class Written(SphinxDirective):
    """A directive that is replaced by the Markdown that a function returns."""

    optional_arguments = 1
    write: t.ClassVar[t.Callable[..., str]]

    def run(self) -> list[nodes.Node]:
        """Return the parsed text; the page is built anew when the code changes."""
        package = ROOT / "src" / "flask_migrate"
        sources = [Path(__file__), package / "settings.py", *package.glob("cli/*.py")]
        for path in [*sources, *ROOT.glob("changelog.d/*.md")]:
            self.env.note_dependency(str(path))

        text = type(self).write(*self.arguments)
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class CommandDirective(Written):
    """``{command} NAME``."""

    @staticmethod
    def write(name: str | None = None) -> str:
        """Describe the command of a name."""
        return describe_command(name)


class SettingsDirective(Written):
    """``{settings}``."""

    write = staticmethod(describe_settings)


class ChangesDirective(Written):
    """``{changes}``."""

    write = staticmethod(describe_changes)


def setup(app: Sphinx) -> dict[str, t.Any]:
    """Tell Sphinx about the directives."""
    app.add_directive("command", CommandDirective)
    app.add_directive("settings", SettingsDirective)
    app.add_directive("changes", ChangesDirective)
    return {"parallel_read_safe": True}
