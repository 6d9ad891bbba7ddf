"""Revision files that do not fit together, or not with what the database says."""

from __future__ import annotations

import pathlib
import shutil
import typing as t

import pytest

from tests.faults.rows import check_row
from tests.faults.rows import read_database
from tests.faults.rows import Row
from tests.faults.rows import row_params
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.projects import Project

Damage = t.Callable[[Project], object]


def remove(*names: str) -> Damage:
    """Delete revision files."""

    def damage(project: Project) -> None:
        for name in names:
            (project.versions / name).unlink()

    return damage


def add(*revisions: RevisionFile) -> Damage:
    """Write more revision files, or others of the same names."""

    def damage(project: Project) -> None:
        for revision in revisions:
            path = project.versions / f"{revision.revision}_.py"
            path.write_text(revision.text, "utf-8")

    return damage


def copy(name: str, *copies: str) -> Damage:
    """Copy a revision file."""

    def damage(project: Project) -> None:
        for target in copies:
            shutil.copyfile(project.versions / name, project.versions / target)

    return damage


def remove_folder(project: Project) -> None:
    """Delete the folder of revisions, as git does with an empty one."""
    shutil.rmtree(project.versions)


UP = ("upgrade",)
B3 = make_table(3, revision="b3", message="prices", upgrade="pass", downgrade="pass")
TWO_HEADS = add(B3)
CYCLE = add(make_table(1, down="a3"))

ROWS = [
    Row(
        number=3,
        what="file of the current revision deleted, upgrade",
        before=(UP,),
        damage=remove("a3_.py"),
        says=(
            "Can't locate revision identified by 'a3'",
            "which the database stands at",
            "not in this checkout (2 revisions are)",
            "flask db stamp --purge",
        ),
    ),
    Row(
        number=4,
        what="file of the current revision deleted, current",
        before=(UP,),
        damage=remove("a3_.py"),
        words=("current",),
        says=("'a3', which the database stands at", "Check out the branch"),
    ),
    Row(
        number=5,
        what="file in the middle deleted, upgrade",
        damage=remove("a2_.py"),
        says=(
            "a3_.py follows revision a2, and no file has that id",
            "Restore the file of a2",
        ),
        hides=("KeyError", "UserWarning"),
    ),
    Row(
        number=6,
        what="file in the middle deleted, history",
        damage=remove("a2_.py"),
        words=("history",),
        says=("a3_.py follows revision a2, and no file has that id",),
        hides=("KeyError", "UserWarning"),
    ),
    Row(
        number=7,
        what="one id in two files",
        damage=copy("a2_.py", "z2_.py"),
        says=(
            "Revision a2 is present more than once",
            "a2_.py and",
            "z2_.py",
            "Delete the copy",
        ),
        hides=("Multiple head",),
    ),
    Row(
        number=136,
        what="a backup copy beside a file",
        damage=copy("a2_.py", "a2_.py.orig", "a2_ (copy).py"),
        says=("Revision a2 is present more than once", "a2_ (copy).py"),
        hides=("Multiple head", ".orig"),
    ),
    Row(
        number=8,
        what="two heads, upgrade",
        damage=TWO_HEADS,
        says=(
            "Multiple head revisions are present",
            'a3 "a3"',
            'b3 "prices"',
            "flask db merge heads",
        ),
    ),
    Row(
        number=9,
        what="two heads, migrate",
        before=(UP,),
        damage=TWO_HEADS,
        words=("migrate",),
        says=("heads", "a3", "b3", "flask db merge heads"),
    ),
    Row(
        what="two heads and a database at both, migrate",
        before=(UP,),
        damage=lambda project: (TWO_HEADS(project), project.run_well("upgrade", "b3")),
        words=("migrate",),
        says=("Multiple heads are present", "a3", "b3", "flask db merge heads"),
    ),
    Row(
        what="two heads, check",
        before=(UP,),
        damage=TWO_HEADS,
        words=("check",),
        says=("b3", "flask db upgrade heads"),
    ),
    Row(
        number=10,
        what="two heads, revision",
        damage=TWO_HEADS,
        words=("revision", "-m", "x"),
        says=("Multiple heads are present", "a3_.py", "b3_.py", "flask db merge heads"),
    ),
    Row(
        number=11,
        what="two heads, downgrade from both",
        damage=lambda project: (
            TWO_HEADS(project),
            project.run_well("upgrade", "heads"),
        ),
        words=("downgrade",),
        says=("stands at 2 heads (a3, b3)", "flask db downgrade a3@-1"),
    ),
    Row(
        number=12,
        what="two bases",
        damage=add(make_table(3, down=None)),
        says=("Multiple head revisions", "several bases", "a1, a3"),
    ),
    Row(
        number=134,
        what="the file that a merge of nothing has left",
        damage=add(RevisionFile(revision="3e0c", down=(), message="merge")),
        says=("Multiple head revisions", '3e0c "merge"', "several bases", "3e0c, a1"),
    ),
    Row(
        number=13,
        what="cycle",
        damage=CYCLE,
        says=("Cycle is detected in revisions (a1, a2, a3)", "Correct down_revision"),
    ),
    Row(
        what="cycle, heads",
        damage=CYCLE,
        words=("heads",),
        says=("Cycle is detected in revisions (a1, a2, a3)", "Correct down_revision"),
    ),
    Row(
        number=14,
        what="cycle beside a healthy base",
        damage=add(
            RevisionFile(revision="x1", down="x2"),
            RevisionFile(revision="x2", down="x1"),
        ),
        says=("Cycle is detected in revisions (x1, x2)",),
    ),
    Row(
        number=15,
        what="a revision that follows itself",
        damage=add(make_table(3, down="a3")),
        says=("Self-loop is detected in revisions (a3)", "Correct down_revision"),
    ),
    Row(
        what="a revision that depends on itself",
        damage=add(make_table(3, depends_on="a3")),
        says=("loop is detected in revisions (a3)", "depends_on"),
    ),
    Row(
        number=133,
        what="a cycle of dependencies",
        damage=add(
            make_table(1, depends_on="b1"), make_table(1, revision="b1", down="a3")
        ),
        says=("ycle is detected in revisions (a1, a2, a3, b1)", "depends_on"),
    ),
    Row(
        number=32,
        what="down_revision is unknown",
        damage=add(make_table(3, down="zz9")),
        says=("a3_.py follows revision zz9, and no file has that id",),
        hides=("KeyError",),
    ),
    Row(
        number=33,
        what="depends_on is unknown",
        damage=add(make_table(3, depends_on="zz9")),
        says=("a3_.py depends on revision zz9, and no file has that id",),
        hides=("KeyError",),
    ),
    Row(
        number=34,
        what="one label on two branches",
        damage=add(
            make_table(3, labels=("lab",)),
            make_table(3, revision="b3", labels=("lab",)),
        ),
        says=(
            "Branch name 'lab' in revision",
            "already used by revision",
            "a3_.py",
            "b3_.py",
        ),
    ),
    Row(
        number=35,
        what="no revision in the folder",
        damage=remove("a1_.py", "a2_.py", "a3_.py"),
        exit_code=0,
        says=("no revision", "versions", "flask db migrate"),
        changes=True,
    ),
    Row(
        number=36,
        what="no folder of revisions",
        damage=remove_folder,
        says=("versions does not exist", "git keeps no empty folders", "Deploy"),
    ),
    Row(
        what="no folder of revisions, stamp",
        damage=remove_folder,
        words=("stamp", "head"),
        says=("versions does not exist",),
    ),
    Row(
        what="no folder of revisions and a database that is ahead, current",
        before=(UP,),
        damage=remove_folder,
        words=("current",),
        says=("'a3', which the database stands at", "(0 revisions are)"),
    ),
    Row(
        number=37,
        what="no revision in the folder and a database that is ahead",
        before=(UP,),
        damage=remove("a1_.py", "a2_.py", "a3_.py"),
        says=("'a3', which the database stands at", "(0 revisions are)"),
    ),
]


@pytest.mark.parametrize("row", row_params(ROWS))
def test_graph(row: Row, tmp_path: pathlib.Path) -> None:
    """What does not fit together is named, with its files, and nothing is run."""
    check_row(row, make_shop(tmp_path))


@pytest.mark.parametrize(
    "revisions",
    [
        pytest.param(
            [
                RevisionFile(revision="a0"),
                RevisionFile(revision="c1", down="a0"),
                RevisionFile(revision="d2", down="a0"),
                RevisionFile(revision="e4", down=("c1", "a0", "d2")),
            ],
            id="ancestor-among-three-parents",
        ),
        pytest.param(
            [
                RevisionFile(revision="a0"),
                RevisionFile(revision="c1", down="a0"),
                RevisionFile(revision="d2", down="a0"),
                RevisionFile(revision="e4", down=("c1", "d2", "a0")),
            ],
            id="ancestor-as-the-last-parent",
        ),
        pytest.param(
            [
                RevisionFile(revision="c0"),
                RevisionFile(revision="f1", down="c0"),
                RevisionFile(revision="e2", down="c0"),
                RevisionFile(revision="d3", down="f1"),
                RevisionFile(revision="d4", down=("e2", "f1"), depends_on="d3"),
            ],
            id="parent-below-the-dependency",
        ),
        pytest.param(
            [
                RevisionFile(revision="a0"),
                RevisionFile(revision="c1", down="a0"),
                RevisionFile(revision="e4", down=("c1", "a0")),
            ],
            id="ancestor-among-two-parents",
        ),
    ],
)
def test_merge_of_a_revision_and_its_ancestor(
    tmp_path: pathlib.Path, revisions: list[RevisionFile]
) -> None:
    """A merge that names an ancestor of a parent can be reached."""
    shop = make_shop(tmp_path, None, *revisions)
    shop.run_well("upgrade", "heads")
    assert read_versions(shop) == [revisions[-1].revision]


def read_versions(shop: Project) -> list[t.Any]:
    """Return the ids in the version table."""
    tables = read_database(f"sqlite:///{shop.folder.parent / 'shop.db'}")
    return [row[0] for row in tables["alembic_version"]]
