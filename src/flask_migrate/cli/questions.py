"""Questions at a terminal: which probable renames are some."""

from __future__ import annotations

import collections.abc as cabc
import sys

import click

from ..errors import RenameUnanswered
from ..questions import RenameQuestion
from ..report.questions import format_question

Questions = tuple[RenameQuestion, ...]


def find_asker() -> cabc.Callable[[Questions], cabc.Mapping[str, str]] | None:
    """Return what asks; ``None`` where nobody sits at a terminal."""
    return ask if sys.stdin.isatty() and sys.stderr.isatty() else None


def ask(questions: Questions) -> dict[str, str]:
    """Ask one after the other, the likeliest first.

    :return: by the old name, the new one, or nothing where it is really dropped.
    :raises RenameUnanswered: somebody has quit.
    """
    ranked = sorted(questions, key=lambda question: -question.probability)
    answers: dict[str, str] = {}

    for number, question in enumerate(ranked, start=1):
        text = format_question(question, number=number, total=len(ranked))
        click.echo(text, err=True)
        answer = _choose(question)

        if answer is None:
            raise RenameUnanswered(questions)

        answers[question.old] = answer

    return answers


def _choose(question: RenameQuestion) -> str | None:
    """Return the answer; nothing is chosen by Enter alone."""
    others = {
        str(number): other for number, other in enumerate(question.others, start=1)
    }
    choices = {"r": question.new, "d": "", **others, "q": None}
    words = ", ".join(choices)

    while True:
        word = click.prompt(words, default="", show_default=False, err=True)

        if word.strip().lower() in choices:
            return choices[word.strip().lower()]
