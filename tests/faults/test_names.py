"""Revision ids, labels and paths from the command line that would do harm."""

from __future__ import annotations

import pathlib

import pytest

from tests.faults.rows import check_row
from tests.faults.rows import Row
from tests.faults.rows import row_params
from tests.support.apps import make_shop

REVISION = ("revision", "-m", "x", "--rev-id")
ALLOWED = "only letters, digits, '_' and '.' are allowed"


def with_id(number: int | None, what: str, revision: str, *says: str) -> Row:
    """Return a row that types a revision id; Alembic refuses four signs, with 1."""
    return Row(
        number=number,
        what=what,
        words=(*REVISION, revision),
        exit_code=1 if set("+-@:") & set(revision) else 2,
        says=(*says, "Choose another") if says else (ALLOWED, "Choose another"),
    )


ROWS = [
    Row(
        number=123,
        what="id that is taken",
        words=(*REVISION, "a2"),
        exit_code=2,
        says=("The name 'a2' is taken by", "a2_.py", "Choose another --rev-id"),
        hides=("UserWarning",),
    ),
    with_id(124, "id with a blank", "a b"),
    with_id(125, "id that climbs", "../../evil"),
    with_id(126, "id with reserved characters", "a-b@c+1", "Character(s) '+, -, @'"),
    with_id(None, "id from the root", "/tmp/evil"),
    with_id(None, "id with a backslash", "..\\evil"),
    with_id(None, "id that is hidden", ".evil"),
    with_id(None, "id with a quote", "a'b"),
    with_id(None, "id with a line break", "a\nb"),
    with_id(None, "id with a colon", "a:b", "Character(s) ':' not allowed"),
    with_id(None, "id named head", "head", "'head' cannot be a revision id"),
    with_id(None, "id named heads", "heads", "'heads' cannot be a revision id"),
    with_id(None, "id named base", "base", "'base' cannot be a revision id"),
    with_id(None, "id named current", "current", "'current' cannot be a revision id"),
    Row(
        what="id that is too long",
        words=(*REVISION, "x" * 40),
        exit_code=2,
        says=("has 40 characters", "holds 32", "shorter --rev-id"),
    ),
    Row(
        what="id of a merge that is taken",
        damage=lambda project: project.write_revision("b3", down="a2"),
        words=("merge", "--rev-id", "a1", "a3", "b3"),
        exit_code=2,
        says=("The name 'a1' is taken by", "--rev-id"),
    ),
    Row(
        what="id of a merge that climbs",
        damage=lambda project: project.write_revision("b3", down="a2"),
        words=("merge", "--rev-id", "../x", "a3", "b3"),
        exit_code=2,
        says=(ALLOWED,),
    ),
    *(
        Row(
            what=f"label {label!r}",
            words=("revision", "--branch-label", label),
            exit_code=2,
            says=("cannot be a branch label", "Choose another branch label"),
        )
        for label in ("../x", "head", "base", "a b", "x'y", 'x"y', "x\ny")
    ),
    *(
        Row(
            what=f"label {label!r}",
            words=("revision", "--branch-label", label),
            says=("Character(s)", "not allowed", "Choose another branch label"),
        )
        for label in ("a:b", "a@b")
    ),
    Row(
        what="label that is an id",
        words=("revision", "--branch-label", "a2"),
        exit_code=2,
        says=("The name 'a2' is taken by", "a2_.py", "--branch-label"),
    ),
    Row(
        what="path that climbs",
        words=("revision", "--version-path", ".."),
        says=("version locations", "alembic.ini"),
    ),
]


@pytest.mark.parametrize("row", row_params(ROWS))
def test_name(row: Row, tmp_path: pathlib.Path) -> None:
    """Nothing is written: not among the revisions, and not outside of them."""
    outside = set(tmp_path.parent.iterdir())
    check_row(row, make_shop(tmp_path))
    assert set(tmp_path.parent.iterdir()) == outside
