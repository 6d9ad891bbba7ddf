"""What a fresh database goes through, as numbers."""

from __future__ import annotations

import collections.abc as cabc
import pathlib

from tests.support.apps import RevisionFile
from tests.support.generated import make_dependent
from tests.support.generated import make_line
from tests.support.generated import make_merges
from tests.support.generated import write_files

from flask_migrate.plan import Direction
from flask_migrate.revisions.history import History
from flask_migrate.revisions.lineage import read_lineage


def _open(folder: pathlib.Path, revisions: cabc.Iterable[RevisionFile]) -> History:
    write_files(folder / "versions", [*revisions])
    return History(folder, version_locations=[str(folder / "versions")])


def test_every_history_is_gone_through_as_an_upgrade_does(
    tmp_path: pathlib.Path,
) -> None:
    """The order is that of an upgrade from nothing."""
    for make in (make_line, make_merges, make_dependent):
        history = _open(tmp_path / make.__name__, make(30))
        steps = history.find_steps(Direction.UPGRADE, "heads", ())

        assert [one.revision for one in read_lineage(history)] == [
            one.revision for one in steps
        ]


def test_a_new_revision_leaves_the_stops_before_it(tmp_path: pathlib.Path) -> None:
    """What was kept for the old head is still good."""
    revisions = make_line(5)
    before = read_lineage(_open(tmp_path / "a", revisions[:4]))
    after = read_lineage(_open(tmp_path / "b", revisions))

    assert len(after) == 5
    assert after[:4] == before
    assert len({one.digest for one in after}) == 5


def test_another_text_makes_all_stops_after_it_new(tmp_path: pathlib.Path) -> None:
    """A revision, once changed, may make another database."""
    revisions = make_line(4)
    before = read_lineage(_open(tmp_path, revisions))
    changed = tmp_path / "versions" / f"{revisions[1].revision}_.py"
    changed.write_text(changed.read_text("utf-8") + "\n# changed\n", "utf-8")
    after = read_lineage(_open(tmp_path, revisions[2:]))

    assert [old == new for old, new in zip(before, after, strict=True)] == [
        True,
        False,
        False,
        False,
    ]


def test_salt_and_nothing(tmp_path: pathlib.Path) -> None:
    """Another database has other numbers; no revision, no stop."""
    history = _open(tmp_path / "a", make_line(1))

    assert read_lineage(history) != read_lineage(history, salt="billing")
    assert read_lineage(_open(tmp_path / "b", [])) == ()
