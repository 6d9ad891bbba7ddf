"""Parallel branches of the code: heads --check, the file HEAD, rebase, check --base."""

from __future__ import annotations

import json
import os
import pathlib

import pytest
import sqlalchemy as sa

from flask_migrate.errors import BadOption
from flask_migrate.revisions.head_file import HeadFile
from flask_migrate.revisions.history import History
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.gits import Checkout
from tests.support.gits import make_checkout
from tests.support.projects import make_project
from tests.support.projects import Project


def write(shop: Project, *revisions: RevisionFile) -> None:
    """Write revision files, each into ``<id>_.py``."""
    for one in revisions:
        (shop.versions / f"{one.revision}_.py").write_text(one.text, "utf-8")


def read_parent(shop: Project, revision: str) -> str | None:
    """Return what a revision follows, as its file says."""
    names: dict[str, str | None] = {}
    exec((shop.versions / f"{revision}_.py").read_text("utf-8"), names)
    return names["down_revision"]


def read_head_file(shop: Project) -> list[str]:
    """Return the entries of the file HEAD."""
    lines = (shop.folder / "HEAD").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def fork(
    folder: pathlib.Path, ours: RevisionFile, theirs: RevisionFile
) -> tuple[Project, Checkout]:
    """Make a checkout of the branch `feature` with ours, beside `main` with theirs."""
    shop = make_shop(folder, None, make_table(1))
    checkout = make_checkout(folder)
    checkout.git("checkout", "-q", "-b", "feature")
    write(shop, ours)
    checkout.commit("ours")
    checkout.git("checkout", "-q", "main")
    write(shop, theirs)
    checkout.commit("theirs")
    checkout.git("checkout", "-q", "feature")
    return shop, checkout


def two_tables() -> tuple[RevisionFile, RevisionFile]:
    """Return b2 and c2, which both follow a1 and have nothing in common."""
    return (
        make_table(2, revision="b2", down="a1"),
        make_table(3, revision="c2", down="a1"),
    )


# -- heads --check ---------------------------------------------------------------------


def test_heads_check(tmp_path: pathlib.Path) -> None:
    """Two heads without labels are refused, and standard output stays as it was."""
    shop = make_shop(tmp_path)
    assert shop.run_well("heads", "--check").stdout == "a3 (head)\n"
    write(shop, make_table(4, revision="b3", down="a2"))
    result = shop.run("heads", "--check")
    assert result.exit_code == 1
    assert result.stdout == shop.run_well("heads").stdout == "a3 (head)\nb3 (head)\n"
    assert "several-heads: The history has 2 heads: a3 (a3), b3 (b3)." in result.stderr
    assert "flask db rebase" in result.stderr
    assert not (tmp_path / "shop.db").exists()


def test_heads_check_in_other_formats(tmp_path: pathlib.Path) -> None:
    """JSON has the heads and the findings; GitHub marks the file."""
    shop = make_shop(tmp_path)
    write(shop, make_table(4, revision="b3", down="a2"))
    result = shop.run("heads", "--check", "--format", "json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [one["revision"] for one in answer["heads"]] == ["a3", "b3"]
    assert [one["code"] for one in answer["findings"]] == ["several-heads"]
    result = shop.run("heads", "--check", "--format", "github")
    path = os.path.relpath(shop.versions / "b3_.py")
    assert result.exit_code == 1
    assert result.stdout.startswith(f"::error file={path},title=several-heads::The")


def test_heads_of_labelled_branches(tmp_path: pathlib.Path) -> None:
    """Branches with labels of their own may stand apart; two heads in one may not."""
    shop = make_shop(
        tmp_path,
        None,
        make_table(1),
        make_table(2, revision="b1", down=None, labels=("shop",)),
        make_table(3, revision="c1", down="a1", labels=("blog",)),
        make_table(4, revision="a2", down="a1"),
    )
    shop.run_well("heads", "--check")
    write(
        shop,
        make_table(5, revision="b2", down="b1"),
        make_table(6, revision="b3", down="b1"),
    )
    result = shop.run("heads", "--check")
    assert result.exit_code == 1
    assert "The branch shop has 2 heads: b2 (b2), b3 (b3)." in result.stderr
    assert "blog" not in result.stderr


def test_heads_that_depend_on_each_other(tmp_path: pathlib.Path) -> None:
    """A revision that another one depends on is a head, unless one asks otherwise."""
    shop = make_shop(
        tmp_path,
        None,
        make_table(1),
        make_table(2, revision="b1", down=None, depends_on="a1"),
    )
    assert shop.run("heads", "--check").exit_code == 1
    shop.run_well("heads", "--check", "--resolve-dependencies")


# -- the file HEAD ---------------------------------------------------------------------


def test_a_new_repository_has_the_file(tmp_path: pathlib.Path) -> None:
    """`init` writes it silently, and every revision and merge keeps it."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    assert read_head_file(project) == []
    project.run_well("heads", "--check")
    project.run_well("revision", "--rev-id", "a1")
    assert read_head_file(project) == ["a1"]
    project.run_well("revision", "--rev-id", "a2")
    project.run_well("revision", "--rev-id", "b2", "--head", "a1", "--splice")
    assert read_head_file(project) == ["a2", "b2"]
    project.run_well("merge", "--rev-id", "a3")
    project.run_well(
        "revision", "--rev-id", "c1", "--head", "base", "--branch-label", "c"
    )
    assert read_head_file(project) == ["a3", "c c1"]
    project.run_well("heads", "--check")
    engine.dispose()


def test_an_old_repository_adopts_the_file(tmp_path: pathlib.Path) -> None:
    """Without the file nothing writes it, until `heads --write` does."""
    shop = make_shop(tmp_path)
    shop.run_well("revision", "--rev-id", "a4")
    assert not (shop.folder / "HEAD").exists()
    assert shop.run_well("heads", "--write").stdout == "a4 (head)\n"
    assert read_head_file(shop) == ["a4"]


@pytest.mark.parametrize("text", ["a2\n", "", "<<<<<<< HEAD\na3\n=======\nb3\n"])
def test_a_stale_file(tmp_path: pathlib.Path, text: str) -> None:
    """Only the check minds what is in it; the next revision sets it right."""
    shop = make_shop(tmp_path)
    (shop.folder / "HEAD").write_text(text)
    result = shop.run("heads", "--check")
    assert result.exit_code == 1
    assert "stale-head-file" in result.stderr
    assert ("a git conflict" in result.stderr) is text.startswith("<")
    assert "flask db heads --write" in result.stderr
    shop.run_well("upgrade")
    shop.run_well("revision", "--rev-id", "a4")
    assert read_head_file(shop) == ["a4"]
    shop.run_well("heads", "--check")


def test_a_file_that_cannot_be_written(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The revision is written all the same, with a warning."""
    shop = make_shop(tmp_path)
    (shop.folder / "HEAD").mkdir()
    shop.run_well("revision", "--rev-id", "a4")
    assert "HEAD cannot be written: Is a directory" in caplog.text


def test_git_conflicts_in_the_file(tmp_path: pathlib.Path) -> None:
    """Two branches that add a revision conflict; rebase solves it before the commit."""
    shop = make_shop(tmp_path, None, make_table(1))
    shop.run_well("heads", "--write")
    checkout = make_checkout(tmp_path)
    checkout.git("checkout", "-q", "-b", "feature")
    shop.run_well("revision", "--rev-id", "b2")
    checkout.commit()
    checkout.git("checkout", "-q", "main")
    shop.run_well("revision", "--rev-id", "c2")
    checkout.commit()
    merge = checkout.try_git("merge", "-q", "feature")
    assert merge.returncode == 1
    assert "CONFLICT (content): Merge conflict in migrations/HEAD" in merge.stdout
    assert "a git conflict" in shop.run("heads", "--check").stderr
    shop.run_well("upgrade", "a1")
    # What is being merged is what others have: here that is the branch feature.
    result = shop.run_well("rebase")
    assert result.stdout.startswith("c2 follows b2 now, and not a1: ")
    assert read_head_file(shop) == ["c2"]
    shop.run_well("heads", "--check")
    checkout.commit("merged")


def test_git_merges_labelled_branches(tmp_path: pathlib.Path) -> None:
    """Revisions of two branches with labels of their own are no conflict."""
    shop = make_shop(
        tmp_path,
        None,
        make_table(1, labels=("blog",)),
        make_table(2, revision="b1", down=None, labels=("shop",)),
    )
    shop.run_well("heads", "--write")
    checkout = make_checkout(tmp_path)
    checkout.git("checkout", "-q", "-b", "feature")
    shop.run_well("revision", "--rev-id", "b2", "--head", "shop@head")
    checkout.commit()
    checkout.git("checkout", "-q", "main")
    shop.run_well("revision", "--rev-id", "a2", "--head", "blog@head")
    checkout.commit()
    checkout.git("merge", "-q", "feature")
    assert read_head_file(shop) == ["blog a2", "shop b2"]
    shop.run_well("heads", "--check")


# -- rebase ----------------------------------------------------------------------------


def test_rebase(database_url: str, tmp_path: pathlib.Path) -> None:
    """After a merge, the revisions of this branch follow those of main, and run."""
    shop = make_shop(tmp_path, database_url, make_table(1))
    shop.run_well("heads", "--write")
    checkout = make_checkout(tmp_path)
    checkout.git("checkout", "-q", "-b", "feature")
    ours, theirs = two_tables()
    write(shop, ours, make_table(4, revision="b3", down="b2"))
    checkout.commit()
    checkout.git("checkout", "-q", "main")
    write(shop, theirs)
    checkout.commit()
    checkout.git("checkout", "-q", "feature")
    checkout.git("merge", "-q", "main")
    shop.run_well("upgrade", "c2")
    before = (shop.versions / "b2_.py").read_text("utf-8")

    with shop.app.app_context():
        done = shop.migrate.rebase()

    assert [one.revision for one in done.revisions] == ["b2", "b3"]
    assert (done.before, done.onto) == ("a1", "c2")
    after = (shop.versions / "b2_.py").read_text("utf-8")
    assert after == before.replace("down_revision = 'a1'", "down_revision = 'c2'")
    changed = checkout.git("status", "--porcelain").split()
    assert changed == ["M", "migrations/HEAD", "M", "migrations/versions/b2_.py"]
    assert read_head_file(shop) == ["b3"]
    shop.run_well("heads", "--check")
    shop.run_well("upgrade")
    assert shop.run_well("current").stdout == "b3 (head)\n"
    assert shop.run_well("rebase").stdout == "There is one head; nothing to do.\n"


def test_rebase_from_the_base(tmp_path: pathlib.Path) -> None:
    """Two first revisions, of two branches, come one after the other."""
    shop = make_shop(
        tmp_path, None, make_table(1), make_table(2, revision="b1", down=None)
    )
    shop.run_well("upgrade", "a1")
    shop.run_well("rebase", "b1")
    assert read_parent(shop, "b1") == "a1"
    shop.run_well("upgrade")


def test_rebase_refuses_what_is_applied(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """A database that has one of the revisions would skip the others: not changed."""
    ours, theirs = two_tables()
    shop = make_shop(tmp_path, database_url, make_table(1), ours, theirs)
    shop.run_well("upgrade", "b2")
    result = shop.run("rebase", "b2")
    assert result.exit_code == 3
    assert "The database has applied b2." in result.stderr
    assert "flask db downgrade a1" in result.stderr
    assert read_parent(shop, "b2") == "a1"
    shop.run_well("downgrade", "a1")
    shop.run_well("rebase", "b2")
    assert read_parent(shop, "b2") == "c2"


def test_rebase_without_git(tmp_path: pathlib.Path) -> None:
    """Where nothing tells which head is local, it has to be named: 2."""
    shop = make_shop(tmp_path, None, make_table(1), *two_tables())
    shop.run_well("upgrade", "a1")
    result = shop.run("rebase")
    assert result.exit_code == 2
    assert "There are the heads b2, c2, and git does not tell" in result.stderr
    shop.run_well("rebase", "c2")
    assert read_parent(shop, "c2") == "b2"


def test_rebase_of_published_revisions(tmp_path: pathlib.Path) -> None:
    """What others have moves only with a consent."""
    shop, checkout = fork(tmp_path, *two_tables())
    checkout.git("merge", "-q", "main")
    shop.run_well("upgrade", "a1")
    result = shop.run("rebase", "c2")
    assert result.exit_code == 2
    assert "c2 is in main: who has applied it would never get b2." in result.stderr
    assert "--confirm c2" in result.stderr
    assert read_parent(shop, "c2") == "a1"
    shop.run_well("rebase", "c2", "--confirm", "c2")
    assert read_parent(shop, "c2") == "b2"


def test_rebase_without_a_database(tmp_path: pathlib.Path) -> None:
    """A database that cannot be asked may have applied it: a consent is needed."""
    ours, theirs = two_tables()
    url = "postgresql+psycopg://nobody@127.0.0.1:1/shop"
    shop = make_shop(tmp_path, url, make_table(1), ours, theirs)
    result = shop.run("rebase", "b2")
    assert result.exit_code == 2
    assert "No database could be asked" in result.stderr
    assert read_parent(shop, "b2") == "a1"
    shop.run_well("rebase", "b2", "--confirm", "b2")
    assert read_parent(shop, "b2") == "c2"


def test_rebase_of_what_is_no_chain(tmp_path: pathlib.Path) -> None:
    """A merge, or a second follower, among the revisions is refused in words."""
    ours, theirs = two_tables()
    shop = make_shop(
        tmp_path,
        None,
        make_table(1),
        ours,
        theirs,
        make_table(4, revision="d2", down="a1"),
        RevisionFile(revision="m3", down=("b2", "c2")),
    )
    shop.run_well("upgrade", "a1")
    result = shop.run("rebase", "m3")
    assert result.exit_code == 3
    assert "m3 joins b2 and c2" in result.stderr
    write(shop, make_table(5, revision="d3", down="d2"))
    write(shop, make_table(6, revision="d4", down="d2"))
    result = shop.run("rebase", "d3", "--onto", "m3")
    assert result.exit_code == 3
    assert "d4 follows d2 too" in result.stderr
    assert read_parent(shop, "d2") == "a1"


def test_rebase_that_would_be_a_circle(tmp_path: pathlib.Path) -> None:
    """A head that depends on what moves cannot come before it: nothing is changed."""
    ours, theirs = two_tables()
    theirs = make_table(3, revision="c2", down="a1", depends_on="b2")
    shop = make_shop(tmp_path, None, make_table(1), ours, theirs)
    shop.run_well("upgrade", "a1")
    before = (shop.versions / "b2_.py").read_bytes()
    result = shop.run("rebase", "b2")
    assert result.exit_code == 3
    assert "c2 depends on b2" in result.stderr
    assert (shop.versions / "b2_.py").read_bytes() == before
    shop.run_well("heads")


@pytest.mark.parametrize("onto", ["a1", "c2", "nothing"])
def test_rebase_onto_the_wrong_one(tmp_path: pathlib.Path, onto: str) -> None:
    """Only another head can be moved to."""
    shop = make_shop(tmp_path, None, make_table(1), *two_tables())
    result = shop.run("rebase", "c2", "--onto", onto)
    assert result.exit_code in (2, 3)
    assert result.stderr.startswith("Error: ")
    assert read_parent(shop, "c2") == "a1"


# -- check --base ----------------------------------------------------------------------


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


def test_many_heads_of_one_history(tmp_path: pathlib.Path) -> None:
    """The file names what Alembic takes for heads, in one order."""
    shop = make_shop(tmp_path, None, make_table(1), *two_tables())

    with shop.app.app_context():
        history = History.open(shop.migrate.get_config())

    HeadFile(history).write()
    assert read_head_file(shop) == ["b2", "c2"]
