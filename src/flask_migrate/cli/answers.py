"""How commands answer: notes for people, values for machines."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import json

import click

from ..errors import DifferencesFound
from ..errors import MigrationError
from ..report.differences import format_annotations


def show_notes(notes: cabc.Iterable[str]) -> None:
    """Write what a person should know, where no script reads."""
    for note in notes:
        click.echo(note, err=True)


@contextlib.contextmanager
def reporting_errors(format: str) -> cabc.Iterator[None]:
    """Write an error to standard output too, in the format that was asked for.

    :param format: ``text`` adds nothing: the message on standard error says it all.
    """
    try:
        yield
    except MigrationError as error:
        if format == "json":
            click.echo(json.dumps({"schema": 1, **error.to_dict()}, indent=2))
        elif format == "github" and isinstance(error, DifferencesFound):
            click.echo(format_annotations(error.differences))

        raise
