"""A git repository for a test: real commits and real merges, and nobody's settings."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess

from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.projects import Project

ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.org",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.org",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkout:
    """A folder under git.

    :param folder: where it is.
    """

    folder: pathlib.Path

    def try_git(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run git with some words, and expect nothing."""
        return subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env={**os.environ, **ENVIRONMENT},
            capture_output=True,
            text=True,
        )

    def git(self, *words: str) -> str:
        """Run git with some words, expect it to succeed, and return what it says."""
        done = self.try_git(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def commit(self, message: str = "work") -> None:
        """Commit everything that is in the folder."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)


def make_checkout(folder: pathlib.Path) -> Checkout:
    """Put a folder under git, with all that is in it, on the branch main."""
    checkout = Checkout(folder=folder)
    checkout.git("init", "-q", "-b", "main")
    (folder / ".gitignore").write_text("__pycache__\n*.db*\n")
    checkout.commit("first")
    return checkout


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
