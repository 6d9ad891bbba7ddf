"""A question about a rename, as text."""

from __future__ import annotations

from flask_migrate.questions import RenameQuestion
from flask_migrate.report.questions import format_question


def test_question() -> None:
    """It says why, what is at stake, and every answer that can be given."""
    question = RenameQuestion(
        kind="column",
        old="users.name",
        new="full_name",
        probability=0.934,
        evidence=("same rare type", "one name is within the other"),
        rows=48210,
        others=("nick",),
    )
    assert format_question(question, number=2, total=3) == (
        "? (2 of 3) Was the column users.name renamed to full_name? 93% probable.\n"
        "    why:      same rare type; one name is within the other\n"
        "    at stake: 48210 rows would be lost otherwise\n"
        "    r  rename it: its values stay\n"
        "    d  drop users.name, with its values, and add full_name\n"
        "    1  rename it to nick instead\n"
        "    q  quit, and write nothing"
    )


def test_alone() -> None:
    """One question has no number; an empty table and an unknown one are called so."""
    empty = RenameQuestion(
        kind="table", old="posts", new="articles", probability=0.5, rows=0
    )
    text = format_question(empty, number=1, total=1)
    assert text.startswith("? Was the table posts renamed to articles?")
    assert "the table is empty" in text
    assert "why" not in text
    unknown = RenameQuestion(kind="table", old="a", new="b", probability=0.5)
    assert "could not be counted" in str(unknown)
