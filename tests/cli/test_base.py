"""--base: what a merge with another branch of the code would bring."""

from __future__ import annotations

import os
import pathlib

import pytest

from flask_migrate.errors import BadOption
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.gits import Checkout
from tests.support.gits import fork
from tests.support.gits import make_checkout
from tests.support.gits import two_tables
from tests.support.gits import write
from tests.support.projects import Project


def collide(folder: pathlib.Path, ours: str, theirs: str) -> tuple[Project, Checkout]:
    """Make two branches that do something to the tables of a1."""
    return fork(
        folder,
        RevisionFile(revision="b2", down="a1", upgrade=ours),
        RevisionFile(revision="c2", down="a1", upgrade=theirs),
    )


def test_a_fork_is_seen_before_the_merge(tmp_path: pathlib.Path) -> None:
    """Each side has one head, and after the merge there would be two: 1."""
    shop, checkout = fork(tmp_path, *two_tables())
    shop.run_well("heads", "--check")
    result = shop.run("heads", "--check", "--base", "main")
    assert result.exit_code == 1
    assert result.stdout == "b2 (head)\n"
    assert (
        "several-heads: Merged with main, the history has 2 heads: c2 (c2), b2 (b2)."
        in result.stderr
    )
    assert checkout.git("status", "--porcelain") == ""
    assert not (tmp_path / "shop.db").exists()
    checkout.git("merge", "-q", "main")
    shop.run_well("rebase", "--confirm", "b2")
    shop.run_well("heads", "--check", "--base", "main")


def test_colliding_operations(tmp_path: pathlib.Path) -> None:
    """Both branches add a column of one name: the file and the line are shown."""
    add = "op.add_column('t1', sa.Column('email', sa.String(80)))"
    shop, _ = collide(tmp_path, add, f"pass\n{add}")

    with shop.app.app_context():
        [collision] = shop.migrate.find_collisions(base="main")
        codes = [one.code for one in shop.migrate.check_base(base="main")]

    assert codes == ["several-heads", "collision"]
    values = collision.to_dict()
    assert values["thing"] == "column t1.email"
    assert values["reason"] == "both sides create it"
    assert values["ours"]["revision"] == "b2"
    assert values["theirs"]["revision"] == "c2"
    assert values["theirs"]["line"] == values["ours"]["line"] + 1
    result = shop.run("heads", "--base", "main", "--format", "github")
    path = os.path.relpath(shop.versions / "b2_.py")
    assert f"::error file={path},line={values['ours']['line']},title=collision" in (
        result.stdout
    )


def test_check_with_a_base(tmp_path: pathlib.Path) -> None:
    """`check` says both what the models lack and what a merge would bring: 1."""
    add = "op.add_column('t1', sa.Column('email', sa.String(80)))"
    shop, _ = collide(tmp_path, add, add)
    shop.run_well("upgrade")
    shop.run_well("upgrade")
    result = shop.run("check", "--base", "main")
    assert result.exit_code == 1
    assert "collision: column t1.email" in result.stderr
    assert "New upgrade operations detected" in result.stderr


def test_uncommitted_and_merged_files(tmp_path: pathlib.Path) -> None:
    """The working tree counts as it is; what was merged before is no news."""
    shop, checkout = fork(tmp_path, *two_tables())
    checkout.git("merge", "-q", "main")
    drop = RevisionFile(revision="b3", down="b2", upgrade="op.drop_table('t3')")
    write(shop, drop)

    with shop.app.app_context():
        assert shop.migrate.find_collisions(base="main") == ()

    checkout.git("checkout", "-q", "main")
    use = "op.create_index('i', 't3', ['id'])"
    write(shop, RevisionFile(revision="c3", down="c2", upgrade=use))
    (shop.versions / "b3_.py").unlink()
    checkout.commit()
    checkout.git("checkout", "-q", "feature")
    write(shop, drop)

    with shop.app.app_context():
        [collision] = shop.migrate.find_collisions(base="main")

    assert collision.reason == "one side drops or renames it, the other one uses it"


def test_one_id_on_both_sides(tmp_path: pathlib.Path) -> None:
    """What would not even load after the merge is a finding, with both real paths."""
    shop, checkout = fork(tmp_path, *two_tables())
    checkout.git("checkout", "-q", "main")
    text = make_table(9, revision="b2", down="c2").text
    (shop.versions / "other.py").write_text(text)
    checkout.commit()
    checkout.git("checkout", "-q", "feature")

    with shop.app.app_context():
        [found] = shop.migrate.check_base(base="main")

    assert found.code == "broken-history"
    assert "Revision b2 is present more than once" in found.message
    assert str(shop.versions / "other.py") in found.message


def test_what_the_other_side_has_moved(tmp_path: pathlib.Path) -> None:
    """A file that only they have changed is theirs, whatever its line endings here."""
    shop, checkout = fork(tmp_path, *two_tables())
    checkout.git("checkout", "-q", "main")
    checkout.git("mv", "migrations/versions/a1_.py", "migrations/versions/a1_new.py")
    checkout.commit()
    checkout.git("checkout", "-q", "feature")
    path = shop.versions / "a1_.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    with shop.app.app_context():
        codes = [one.code for one in shop.migrate.check_base(base="main")]

    assert codes == ["several-heads"]


@pytest.mark.parametrize("base", ["nowhere", "--help", ""])
def test_an_unknown_base(tmp_path: pathlib.Path, base: str) -> None:
    """A base that git does not know is wrong use: 2, with the way to get it."""
    shop, _ = fork(tmp_path, *two_tables())

    with shop.app.app_context(), pytest.raises(BadOption, match="knows no commit"):
        shop.migrate.check_base(base=base)

    for command in ("heads", "check", "rebase"):
        result = shop.run(command, f"--base={base}")
        assert result.exit_code == 2
        assert "git knows no commit" in result.stderr


def test_a_base_without_git(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No repository, no program and no common commit are each said in words: 2."""
    shop = make_shop(tmp_path)
    result = shop.run("check", "--base", "main")
    assert result.exit_code == 2
    assert "git does not know the revisions" in result.stderr
    checkout = make_checkout(tmp_path)
    checkout.git("checkout", "-q", "--orphan", "other")
    checkout.commit()
    result = shop.run("check", "--base", "main")
    assert result.exit_code == 2
    assert "git fetch --unshallow" in result.stderr
    monkeypatch.setenv("PATH", "")
    result = shop.run("check", "--base", "main")
    assert result.exit_code == 2
    assert "git: No such file" in result.stderr
