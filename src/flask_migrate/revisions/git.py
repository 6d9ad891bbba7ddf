"""What git knows of the revision files: read from its objects, by its own program.

Nothing is checked out, fetched or written, and no shell is asked.
"""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import subprocess
import typing as t

from ..errors import BadOption
from .loading import is_revision_name

if t.TYPE_CHECKING:
    from .history import History

_MAINS = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""Where the work of everybody is usually found, the best place first."""

_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    # A partial clone would ask its server for what it lacks.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
}


class GitFailed(Exception):  # it is caught here, or becomes one of ours
    """The program answered with an error, in its own words."""


class Git:
    """The git repository that a folder of revisions is in.

    :param history: the revision files.
    :raises BadOption: git is not installed, or the folder is in no repository.
    """

    def __init__(self, history: History) -> None:
        self._folder = pathlib.Path(history.dir).resolve()
        self._is_recursive = history.recursive_version_locations

        try:
            top = self._read("rev-parse", "--show-toplevel").rstrip("\n")
        except GitFailed as error:
            raise BadOption(
                f"git does not know the revisions in {self._folder}: {error}",
                hint="Run this in a git repository, or leave the option out.",
            ) from error

        folders = (pathlib.Path(one).resolve() for one in history.version_folders)
        # Revisions of a package that is installed elsewhere are the same for everybody.
        self._versions = [self.name(one) for one in folders if one.is_relative_to(top)]

    def has_place_for(self, name: str) -> bool:
        """Tell whether a file of this name would be one of the revisions in git."""
        parents = pathlib.PurePosixPath(name).parents
        return any(str(one) in self._versions for one in parents)

    def name(self, path: str | os.PathLike[str]) -> str:
        """Return a file as git is asked for it: relative to the repository's folder."""
        name = os.path.relpath(pathlib.Path(path).resolve(), self._folder)
        return name.replace(os.sep, "/")

    def find_commit(self, ref: str) -> str:
        """Return the commit that a branch, a tag or an id means.

        :raises BadOption: there is none.
        """
        found = None if ref.startswith("-") else self._ask_commit(ref)

        if found is None:
            raise BadOption(
                f"git knows no commit {ref!r} here.",
                hint="`git fetch` brings the branches of a remote, `git branch -a`"
                " lists them.",
            )

        return found

    def find_merge_base(self, ref: str) -> str:
        """Return the newest commit that is in both ``HEAD`` and another one.

        :raises BadOption: there is none.
        """
        try:
            return self._read("merge-base", "HEAD", self.find_commit(ref)).strip()
        except GitFailed as error:
            raise BadOption(
                f"git finds no commit that HEAD and {ref} have in common.",
                hint="A shallow clone lacks the older ones: `git fetch --unshallow`"
                " brings them (fetch-depth: 0 in GitHub's actions/checkout).",
            ) from error

    def find_published(self) -> list[str]:
        """Return where revisions may stand that others have: the best place first.

        What is being merged just now comes before every branch. The current branch is
        no such place, and what it is pushed to comes last.
        """
        try:
            current = self._read("symbolic-ref", "--short", "HEAD").strip()
        except GitFailed:
            current = ""

        wanted = ("MERGE_HEAD", *(one for one in _MAINS if one != current))
        return [ref for ref in (*wanted, "@{upstream}") if self._ask_commit(ref)]

    def read_revisions(self, ref: str) -> dict[str, bytes]:
        """Return the revision files of a commit by their names, as `name` gives them.

        :raises BadOption: there is no such commit.
        """
        commit = self.find_commit(ref)
        listed = self._read("ls-tree", "-r", "-z", commit, "--", *self._versions)
        blobs: dict[str, str] = {}

        for entry in listed.split("\0") if self._versions else ():
            facts, _, name = entry.partition("\t")

            if facts.startswith("100") and self._is_revision(name):
                blobs[name] = facts.split()[2]

        return dict(zip(blobs, self._read_blobs(blobs.values()), strict=True))

    def _is_revision(self, name: str) -> bool:
        path = pathlib.PurePosixPath(name)
        is_here = self._is_recursive or str(path.parent) in self._versions
        return is_here and path.suffix == ".py" and is_revision_name(path)

    def _read_blobs(self, ids: cabc.Iterable[str]) -> cabc.Iterator[bytes]:
        wanted = "".join(f"{one}\n" for one in ids)
        answer = self._run("cat-file", "--batch", input=wanted.encode())
        place = 0

        while place < len(answer):
            end = answer.index(b"\n", place)
            size = answer[place:end].split()[-1]

            if not size.isdigit():
                raise BadOption(
                    f"git lacks an object: {answer[place:end].decode()}.",
                    hint="`git fetch --refetch` brings what a partial clone left out.",
                )

            place = end + 1 + int(size) + 1
            yield answer[end + 1 : place - 1]

    def _ask_commit(self, ref: str) -> str | None:
        try:
            name = f"{ref}^{{commit}}"
            return self._read("rev-parse", "--verify", "--quiet", name).strip()
        except GitFailed:
            return None

    def _read(self, *arguments: str) -> str:
        return self._run(*arguments).decode("utf-8", "surrogateescape")

    def _run(self, *arguments: str, input: bytes = b"") -> bytes:
        try:
            done = subprocess.run(
                ["git", "-C", str(self._folder), *arguments],
                input=input,
                capture_output=True,
                env={**os.environ, **_ENVIRONMENT},
            )
        except OSError as error:
            raise GitFailed(f"git: {error.strerror}") from error

        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise GitFailed(lines[0] if lines else f"git {arguments[0]} failed")

        return done.stdout
