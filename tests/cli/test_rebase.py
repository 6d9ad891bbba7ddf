"""rebase: one head of two, after a merge."""

from __future__ import annotations

import pathlib

import pytest

from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.gits import fork
from tests.support.gits import make_checkout
from tests.support.gits import read_head_file
from tests.support.gits import read_parent
from tests.support.gits import two_tables
from tests.support.gits import write


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
