"""Answers: what a comparison is told beforehand, and what a command says."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import json
import typing as t

import click

from ..diagnostic import Diagnostic
from ..errors import DifferencesFound
from ..errors import MigrationError
from ..report import diagnostics
from ..report.differences import format_annotations
from .filling import make_asker
from .filling import parse_fills
from .questions import find_asker

if t.TYPE_CHECKING:
    from ..make.autogenerate.comparison import Answers
    from ..make.autogenerate.comparison import Askers


def take_answers(values: dict[str, t.Any]) -> Answers:
    """Take the values of :func:`.options.answering` out of those of a command."""
    from ..make.autogenerate.comparison import Answers

    return Answers(
        allow_mass_drop=values.pop("allow_mass_drop"),
        fills=parse_fills(values.pop("fills")),
        renames=values.pop("renames"),
        renamed=values.pop("renamed"),
    )


def find_askers() -> Askers:
    """Return who answers the rest: whoever sits at the terminal."""
    from ..make.autogenerate.comparison import Askers

    return Askers(fill=make_asker(), rename=find_asker())


def show_notes(notes: cabc.Iterable[str]) -> None:
    """Write what a person should know, where no script reads."""
    for note in notes:
        click.echo(note, err=True)


@contextlib.contextmanager
def reporting_errors(
    format: str, *, findings: cabc.Collection[Diagnostic] = ()
) -> cabc.Iterator[None]:
    """Write an error to standard output too, in the format that was asked for.

    :param format: ``text`` adds nothing: the message on standard error says it all.
    :param findings: what else was found before, and is said with it.
    """
    try:
        yield
    except MigrationError as error:
        if format == "json":
            values = [one.to_dict() for one in findings]
            answer = {"schema": 1, **error.to_dict(), "findings": values}
            click.echo(json.dumps(answer, indent=2))
        elif format == "github" and isinstance(error, DifferencesFound):
            click.echo(format_annotations(error.differences))

        if findings and format == "github":
            click.echo(diagnostics.format_annotations(findings))
        elif findings and format == "text":
            click.echo(diagnostics.format_diagnostics(findings), err=True)

        raise
