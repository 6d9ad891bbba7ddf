"""The question what rows get in a column that may not be NULL."""

from __future__ import annotations

import collections.abc as cabc
import sys
import typing as t

import click

from ..errors import BadOption

if t.TYPE_CHECKING:
    from ..make.autogenerate.fill_question import AskFill
    from ..make.autogenerate.fill_question import FillQuestion


def parse_fills(texts: cabc.Iterable[str]) -> dict[str, str]:
    """Return the values of ``--fill`` by their columns.

    :raises BadOption: one of them is not ``TABLE.COLUMN=SQL``.
    """
    fills: dict[str, str] = {}

    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))

        if not (equals and value and "." in name):
            raise BadOption(
                f"--fill {text}: expected TABLE.COLUMN=SQL.",
                hint="For an empty text: --fill \"users.title=''\".",
            )

        fills[name] = value

    return fills


def make_asker() -> AskFill | None:
    """Return what asks at the terminal, or ``None`` where nobody sits there."""
    return _ask if sys.stdin.isatty() else None


def _ask(question: FillQuestion) -> str | None:
    """Ask for one column; stopping is as near as any answer."""
    from ..make.autogenerate.fill_question import LATER
    from ..make.autogenerate.fill_question import MODEL_DEFAULT

    click.echo(question.describe(), err=True)
    model = [(f"the model's default: {question.default}", MODEL_DEFAULT)]
    choices: list[tuple[str, str | None]] = [
        *(model if question.default is not None else []),
        ("another value, as SQL", ""),
        ("nothing yet: it may be NULL for now, and NOT NULL comes later", LATER),
        ("stop, and write nothing", None),
    ]

    for number, (text, _) in enumerate(choices, 1):
        click.echo(f"  {number}  {text}", err=True)

    # Without a default: a return key pressed too early decides nothing.
    picked = click.prompt(
        "What do these rows get", type=click.IntRange(1, len(choices)), err=True
    )
    answer = choices[picked - 1][1]
    return _ask_value(question) if answer == "" else answer


def _ask_value(question: FillQuestion) -> str:
    text: str = click.prompt(f"SQL for {question.name}", err=True)
    return text
