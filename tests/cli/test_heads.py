"""heads --check, and the file HEAD in which git conflicts."""

from __future__ import annotations

import json
import os
import pathlib

import pytest
import sqlalchemy as sa

from flask_migrate.revisions.head_file import HeadFile
from flask_migrate.revisions.history import History
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.gits import make_checkout
from tests.support.gits import read_head_file
from tests.support.gits import two_tables
from tests.support.gits import write
from tests.support.projects import make_project

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


def test_many_heads_of_one_history(tmp_path: pathlib.Path) -> None:
    """The file names what Alembic takes for heads, in one order."""
    shop = make_shop(tmp_path, None, make_table(1), *two_tables())

    with shop.app.app_context():
        history = History.open(shop.migrate.get_config())

    HeadFile(history).write()
    assert read_head_file(shop) == ["b2", "c2"]
