"""Our reading of a history against Alembic's own, on histories nobody would write."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import tempfile
import time
import typing as t

from alembic.script import ScriptDirectory
from hypothesis import example
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st

from flask_migrate.errors import MigrationError
from flask_migrate.revisions.history import History
from flask_migrate.revisions.index import Index
from flask_migrate.revisions.loading import FileScript
from flask_migrate.revisions.outline import make_outline
from flask_migrate.revisions.outline import Outline
from tests.support.apps import RevisionFile

HEXADECIMAL = "0123456789abcdef"
LABELS = ("red", "green", "blue")
LONG_AGO = time.time_ns() - 3600 * 10**9


@st.composite
def histories(draw: st.DrawFn) -> tuple[RevisionFile, ...]:
    """Draw revisions, each after some older ones, with ids in no order."""
    idents = draw(
        st.lists(
            st.text(HEXADECIMAL, min_size=5, max_size=6),
            min_size=1,
            max_size=14,
            unique=True,
        )
    )
    labels = list(draw(st.lists(st.sampled_from(LABELS), unique=True)))
    found: list[RevisionFile] = []

    for number, ident in enumerate(idents):
        older = idents[:number]
        some = st.lists(st.sampled_from(older), unique=True) if older else st.just([])
        # Mostly one line, so that it becomes long.
        down = draw(st.one_of(st.just(older[-1:]), some.map(lambda one: one[:3])))
        needs = draw(some)[:2] if draw(st.integers(0, 3)) == 0 else []
        # A label stands for its revision.
        names = {one.revision: one.labels[0] for one in found if one.labels}
        needs = [names.get(one, one) if draw(st.booleans()) else one for one in needs]
        has_label = labels and draw(st.integers(0, 3)) == 0
        found.append(
            RevisionFile(
                revision=ident,
                down=down[0] if len(down) == 1 else tuple(down) or None,
                depends_on=tuple(one for one in needs if one not in down) or None,
                labels=(labels.pop(),) if has_label else None,
                message=draw(st.sampled_from(["one line", "two\n\nparagraphs", ""])),
            )
        )

    return tuple(found)


def ask(question: cabc.Callable[..., t.Any], *words: t.Any, **options: t.Any) -> t.Any:
    """Return the ids that an answer has, or the error that there is instead."""
    try:
        return name(question(*words, **options))
    except Exception as error:
        # Some name revisions in the order of a set.
        return type(error).__name__, sorted(str(error).replace(",", "").split())


def name(found: t.Any) -> t.Any:
    """Return the ids of some scripts."""
    return [getattr(one, "revision", one) for one in found]


def describe(directory: ScriptDirectory) -> dict[str, t.Any]:
    """Return all that is known of every revision."""
    return {
        one.revision: (
            one.path,
            one.doc,
            one.longdoc,
            one.down_revision,
            one.dependencies,
            one.nextrev,
            one._all_nextrev,
            one.branch_labels,
            set(one._normalized_down_revisions),
            one.is_head,
            one._is_real_head,
            one.is_base,
            one.is_branch_point,
            one.is_merge_point,
        )
        for one in directory.revision_map._revision_map.values()
        if one is not None
    }


def list_targets(revisions: tuple[RevisionFile, ...]) -> list[str]:
    """Return what somebody may type as a target."""
    found = ["head", "heads", "base", "+1", "+2", "-1", "-2"]

    for one in revisions[:4]:
        found += [one.revision, one.revision[:4], f"{one.revision}+1"]
        found += [f"{one.revision}-1", f"{one.revision}@head", f"{one.revision}@base"]
        found += [f"{label}@head" for label in one.labels or ()]
        found += [f"{label}@+1" for label in one.labels or ()]
        found += [f"{label}@-1" for label in one.labels or ()]

    return found


def answer(
    directory: ScriptDirectory, revisions: tuple[RevisionFile, ...], places: t.Any
) -> dict[str, t.Any]:
    """Ask everything that a command asks of a history."""
    graph = directory.revision_map
    found: dict[str, t.Any] = {
        "heads": directory.get_heads(),
        "real heads": graph._real_heads,
        "bases": directory.get_bases(),
        "all": name(directory.walk_revisions()),
        "facts": describe(directory),
    }

    walk, iterate = directory.walk_revisions, directory.iterate_revisions

    for target in list_targets(revisions):
        found[f"find {target}"] = ask(graph.get_revisions, target)
        found[f"from {target}"] = ask(walk, base=target, head="heads")

        for place in places:
            found[f"up {place} {target}"] = ask(
                iterate, target, place, implicit_base=True
            )
            found[f"down {place} {target}"] = ask(
                iterate, place, target, select_for_downgrade=True
            )

    for place in places:
        current = ask(directory.get_all_current, place)
        found[f"current {place}"] = sorted(current, key=str)

    return found


def choose_places(revisions: tuple[RevisionFile, ...]) -> list[tuple[str, ...]]:
    """Return where a database may stand."""
    idents = [one.revision for one in revisions]
    return [(), (idents[0],), (idents[-1],), tuple(sorted({idents[-1], idents[0]}))]


@given(revisions=histories())
@example(revisions=(RevisionFile(revision="a1b2c"),))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_history(revisions: tuple[RevisionFile, ...]) -> None:
    """A history is what Alembic says it is, read anew and from the index."""
    with tempfile.TemporaryDirectory() as folder:
        versions = pathlib.Path(folder, "versions")
        versions.mkdir()

        for one in revisions:
            (versions / f"{one.revision}_.py").write_text(one.text, "utf-8")

        places = choose_places(revisions)
        stock = answer(ScriptDirectory(folder), revisions, places)

        for _ in range(2):
            ours = History(folder)
            assert answer(ours, revisions, places) == stock
            scripts = ours.revision_map._revision_map.values()
            assert all(
                isinstance(one, FileScript) and one._loaded is None
                for one in scripts
                if one is not None
            )

        assert_told(make_outline(History(folder)), stock, ours, places)
        # Again, from the heads that stand in the index.
        for path in versions.glob("*.py"):
            os.utime(path, ns=(LONG_AGO, LONG_AGO))

        assert History(folder).entries
        index = Index(versions, recursive=False)
        assert index.outline is not None
        assert index._entries is None
        assert_told(index.outline, stock, ours, places)


def assert_told(
    outline: Outline | None, stock: dict[str, t.Any], graph: History, places: t.Any
) -> None:
    """Compare what is told without a graph with Alembic's answers.

    :param stock: Alembic's answers.
    :param graph: has all the facts, as Alembic's scripts tell them.
    """
    assert outline is not None
    assert [*outline.heads] == stock["heads"]
    assert outline.effective_heads == stock["real heads"]
    told = {one: outline.describe(one) for one in outline.heads}
    assert told == {one: describe_one(graph, one) for one in stock["heads"]}

    for place in (*places, stock["real heads"]):
        current = outline.list_current(place)
        expected = ask_current(graph, place)
        assert current == expected or (place == () and current == [])
        assert outline.is_at_end(place) == (set(place) == {*stock["real heads"]})

    assert outline.walk() == stock["all"]
    assert [outline.describe(one) for one in stock["all"]] == [
        describe_one(graph, one) for one in stock["all"]
    ]


def describe_one(graph: History, ident: str) -> t.Any:
    """Return the facts of one revision from its script."""
    return graph.describe(graph.get_revision(ident))


def ask_current(graph: History, place: tuple[str, ...]) -> list[str] | None:
    """Return what a database stands at; ``None`` where that is an error."""
    try:
        return [one.revision for one in graph.list_current(place)]
    except MigrationError:
        return None
