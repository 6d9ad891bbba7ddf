"""Renames as real histories have them: what is paired, what is asked, what is taken."""

from __future__ import annotations

import collections.abc as cabc

import pytest

from flask_migrate.errors import RenameUnanswered
from flask_migrate.make.autogenerate.comparison import Answers
from flask_migrate.make.autogenerate.comparison import Askers
from flask_migrate.make.autogenerate.comparison import Comparison
from flask_migrate.make.autogenerate.renames.deciding import decide
from flask_migrate.make.autogenerate.renames.names import Names
from flask_migrate.make.autogenerate.renames.names import spell
from flask_migrate.questions import RenameQuestion

from .cases import read_corpus
from .cases import RenameCase

TRUE = (*read_corpus("columns"), *read_corpus("several"), *read_corpus("tables"))
DECOYS = read_corpus("decoys")
SWAPS = read_corpus("swaps")
ALL = (*TRUE, *DECOYS, *SWAPS)


def _ask(case: RenameCase) -> tuple[RenameQuestion, ...]:
    """Return what is asked where nobody can answer."""
    try:
        decide(case.make_sides(), Comparison())
    except RenameUnanswered as error:
        return error.questions

    return ()


def _spell(names: Names) -> dict[str, str]:
    """Return renames as a case has them."""
    tables = {spell(key): new for key, new in names.tables.items()}
    columns = {
        spell(key, old): new
        for key, moves in names.columns.items()
        for old, new in moves.items()
    }
    return {**tables, **columns}


def _take(case: RenameCase, answers: Answers) -> dict[str, str]:
    """Return what is renamed where everything that is asked is denied."""

    def deny(questions: tuple[RenameQuestion, ...]) -> cabc.Mapping[str, str]:
        return {question.old: "" for question in questions}

    comparison = Comparison(answers=answers, askers=Askers(rename=deny))
    return _spell(decide(case.make_sides(), comparison))


def test_size() -> None:
    """There are enough cases for a figure to mean something."""
    assert len(ALL) >= 150
    assert len({case.name for case in ALL}) == len(ALL)


def test_pairs(record_property: cabc.Callable[[str, object], None]) -> None:
    """Of a hundred renames at least 98 are offered with the right new name."""
    wanted = [(case, *pair) for case in TRUE for pair in case.renames.items()]
    offered = {str(case): {q.old: q.new for q in _ask(case)} for case in TRUE}
    wrong = [
        f"{case}: {old} -> {offered[str(case)].get(old)}"
        for case, old, new in wanted
        if offered[str(case)].get(old) != new
    ]
    share = 1 - len(wrong) / len(wanted)
    record_property("renames", len(wanted))
    record_property("paired", share)
    assert share >= 0.98, wrong


@pytest.mark.parametrize("case", TRUE, ids=str)
def test_nothing_is_dropped_silently(case: RenameCase) -> None:
    """Every rename is a question, whether or not the best guess is the right one."""
    assert case.renames.keys() <= {question.old for question in _ask(case)}


@pytest.mark.parametrize("case", ALL, ids=str)
def test_auto_takes_no_wrong_one(case: RenameCase) -> None:
    """What is taken without a question is a rename."""
    taken = _take(case, Answers(renames="auto"))
    assert taken.items() <= case.renames.items()


@pytest.mark.parametrize("case", ALL, ids=str)
def test_declared(case: RenameCase) -> None:
    """What a flag says is done, circles too, and nothing is asked about it."""
    names = decide(
        case.make_sides(),
        Comparison(answers=Answers(renamed=case.flags, renames="never")),
    )
    assert _spell(names) == case.renames


@pytest.mark.parametrize("case", ALL, ids=str)
def test_never(case: RenameCase) -> None:
    """With ``never`` nothing is asked, and nothing is renamed."""
    assert _take(case, Answers(renames="never")) == {}


@pytest.mark.parametrize("case", DECOYS, ids=str)
def test_denied_decoy(case: RenameCase) -> None:
    """Where every question is denied, nothing is renamed."""
    assert _take(case, Answers()) == {}


def test_auto_is_of_use(record_property: cabc.Callable[[str, object], None]) -> None:
    """A part of the renames is sure enough to be taken; few decoys are even asked."""
    taken = sum(len(_take(case, Answers(renames="auto"))) for case in TRUE)
    asked = sum(bool(_ask(case)) for case in DECOYS)
    record_property("taken", taken)
    record_property("decoys asked", asked)
    assert taken >= 15
    assert asked <= len(DECOYS) * 0.6
