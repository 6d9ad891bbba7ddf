"""A git repository for a test: real commits and real merges, and nobody's settings."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess

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
