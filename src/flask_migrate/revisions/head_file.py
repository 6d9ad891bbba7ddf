"""The file HEAD of a repository: git conflicts in it when two branches add a revision.

Two branches that each add a revision change different files, and git merges them
without a word into a history with two heads. Both also change the same line of HEAD.
"""

from __future__ import annotations

import collections.abc as cabc
import logging
import pathlib
import typing as t

from ..diagnostic import Diagnostic
from ..errors import RevisionFileError
from . import files
from .applied import list_ancestors

if t.TYPE_CHECKING:
    from alembic.script import Script

    from .history import History

NAME = "HEAD"
"""What the file is called, in the folder of the repository."""

_TITLE = """\
# The newest revision of each branch. Where git conflicts in this file, two branches
# have added a revision: `flask db rebase` puts yours after the other, `flask db merge`
# joins them. Both then write this file anew, and so does `flask db heads --write`."""

_log = logging.getLogger("flask_migrate")


def render(entries: cabc.Iterable[str] = ()) -> bytes:
    """Return the text of the file.

    :param entries: the labels and the id of each head; none in a new repository.
    """
    # git takes changes of neighbouring lines for one conflict: the blank lines let
    # branches with labels of their own be merged in peace.
    return ("\n\n".join([_TITLE, *entries]) + "\n").encode()


def write_new(folder: pathlib.Path) -> None:
    """Give a new repository its file, unless its template has brought one.

    :raises RevisionFileError: it cannot be written.
    """
    path = folder / NAME

    if not path.exists():
        files.write_atomically(path, render())


class HeadFile:
    """The file of one repository, which may not be there.

    :param history: the revision files.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self.path: pathlib.Path = pathlib.Path(history.dir, NAME)

    def write(self) -> None:
        """Write the heads as they are now, whatever is in the file.

        :raises RevisionFileError: it cannot be written.
        """
        files.write_atomically(self.path, render(self._list_entries()))

    def update(self) -> None:
        """Write the heads if there is such a file; older repositories have none."""
        if not self.path.exists():
            return

        try:
            self.write()
        except RevisionFileError as error:
            # What it is about is done by now, and the next `heads --check` tells.
            _log.warning("%s", error)

    def find_fault(self) -> Diagnostic | None:
        """Return how the file disagrees with the revisions, ``None`` if it does not."""
        if not self.path.is_file():
            return None

        lines = self.path.read_text("utf-8", "replace").splitlines()
        found = sorted(line for line in lines if line and not line.startswith("#"))
        wanted = self._list_entries()

        if found == wanted:
            return None

        is_conflict = any(line.startswith("<<<<<<<") for line in found)
        what = "a git conflict" if is_conflict else ", ".join(found) or "no revision"
        return Diagnostic(
            code="stale-head-file",
            message=f"{self.path} holds {what}; the heads of the revisions are"
            f" {', '.join(wanted) or 'none'}.",
            hint="`flask db heads --write` writes it anew.",
            path=str(self.path),
        )

    def _list_entries(self) -> list[str]:
        return sorted(map(self._format_entry, self._history.list_heads()))

    def _format_entry(self, head: Script) -> str:
        # Alembic 1.20 does not hand the labels of a branch on to a revision that was
        # written just now.
        labels = {
            label
            for script in list_ancestors(self._history, head.revision)
            for label in script._orig_branch_labels
        }
        return " ".join([*sorted(labels), head.revision])
