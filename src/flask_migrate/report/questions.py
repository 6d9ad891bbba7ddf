"""What autogenerate asks, as text."""

from __future__ import annotations

from ..questions import RenameQuestion
from .layout import wrap


def format_question(question: RenameQuestion, *, number: int, total: int) -> str:
    """Return a question with what speaks for it and what is at stake.

    :param number: which one it is, from 1.
    :param total: how many there are.
    """
    place = f"({number} of {total}) " if total > 1 else ""
    chance = f"{question.probability:.0%}"
    lines = wrap(
        f"{place}Was the {question.kind} {question.old} renamed to {question.new}?"
        f" {chance} probable.",
        first="? ",
    )
    evidence = "; ".join(question.evidence)
    lines += wrap(evidence, first="    why:      ") if evidence else []
    lines += wrap(question.describe_stake(), first="    at stake: ")
    lines += [
        "    r  rename it: its values stay",
        f"    d  drop {question.old}, with its values, and add {question.new}",
        *(
            f"    {at}  rename it to {other} instead"
            for at, other in enumerate(question.others, start=1)
        ),
        "    q  quit, and write nothing",
    ]
    return "\n".join(lines)
