"""Every error that this package raises.

::

    MigrationError                  a person must act; message, hint, exit code
    ├── UsageError                  wrong use; an answer or a consent is missing
    │   ├── NotConfigured           the app has no Migrate, no db or no metadata
    │   ├── BadOption               one option or argument cannot be used
    │   ├── ConsentMissing          something would be lost, and nobody has agreed
    │   ├── MassDrop                most tables would go: no models, it seems
    │   ├── FillUnanswered          rows need a value, and nobody has said which
    │   ├── RenameUnanswered        renamed, or dropped and added? nobody has said it
    │   └── PlanOutdated            a saved plan no longer fits what is there
    ├── RepositoryError             the folder of revisions
    │   ├── RepositoryNotFound      `flask db init` never ran here
    │   ├── RevisionFileError       one file cannot be read, loaded or written
    │   └── HistoryError            the files do not fit together
    │       ├── RevisionNotFound    no file has this id
    │       └── MultipleHeads       one revision was asked for, several answer
    ├── DatabaseError               what the server said, in words
    │   ├── ConnectionFailed        it cannot be reached, or it refuses us
    │   ├── DatabaseNotFound        the server is there, the database is not
    │   └── LockNotAcquired         somebody else holds what we need
    │       └── LockLost            we held the migration lock, and do no longer
    ├── StepFailed                  a revision stopped; carries what stays applied
    │   └── StoppedPartWay          a part of it stays; the next run continues
    ├── JournalMismatch             the script has changed in the middle of its run
    ├── ChangedScripts              an applied script is another one than it was
    ├── DataAtRisk                  it would have lost or changed rows; untouched
    ├── OutOfDate                   the database is not at the head
    ├── DifferencesFound            the models and the database disagree
    ├── NotProven                   what autogenerate wrote does not run
    └── Interrupted                 Ctrl-C or SIGTERM

An error says what happened, to what and why in its message, and the next thing to
type in its hint. Only :mod:`flask_migrate.cli` turns one into an exit code.
"""

from __future__ import annotations

import shlex
import traceback
import typing as t

if t.TYPE_CHECKING:
    from .questions import RenameQuestion
    from .results import Difference


class MigrationError(Exception):
    """Something that a person has to act on.

    :param message: what happened, to what, and why. The first line stands alone.
    :param hint: the next command or change, if there is one.
    """

    exit_code: int = 1
    """What `flask db` exits with: Flask-Migrate's own commands fail with 1."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message: str = message
        self.hint: str | None = hint

    def add_line(self, line: str) -> None:
        """Add one more fact to the end of the message."""
        self.message = f"{self.message}\n{line}"

    def __str__(self) -> str:
        """Return the message, with the lines that were added."""
        return self.message

    def to_dict(self) -> dict[str, t.Any]:
        """Return the error as plain values, for JSON."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
        }


class UsageError(MigrationError):
    """The command cannot be understood, or an answer or a consent is missing."""

    exit_code = 2


class NotConfigured(UsageError):
    """The application has no ``Migrate``, no database object or no metadata."""


class BadOption(UsageError):
    """One option or argument has a value that cannot be used."""


class ConsentMissing(UsageError):
    """Something would be lost, and nobody has agreed to it; nothing was done.

    :param names: the databases whose names, typed, are the consent.
    """

    def __init__(
        self, message: str, *, names: tuple[str, ...], hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.names = names


class MassDrop(UsageError):
    """Most of the tables would be dropped, and nobody has agreed; nothing was written.

    :param tables: the tables that would go.
    """

    def __init__(
        self, message: str, *, tables: tuple[str, ...], hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.tables = tables


class FillUnanswered(UsageError):
    """Rows need a value for a column, and nobody has said which; nothing is written.

    :param names: the columns, as ``table.column``.
    """

    def __init__(
        self, message: str, *, names: tuple[str, ...], hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.names = names


class RenameUnanswered(UsageError):
    """Something may have been renamed, and nobody has said so; nothing was written.

    :param questions: what has to be answered.
    """

    def __init__(self, questions: tuple[RenameQuestion, ...]) -> None:
        several = len(questions) > 1
        begin = (
            f"{len(questions)} probable renames are"
            if several
            else "A probable rename is"
        )
        lines = [f"{begin} not answered; nothing was written.", *map(str, questions)]
        yes, no = (
            " ".join(f"--rename {shlex.quote(word)}" for word in words)
            for words in ([q.yes for q in questions], [q.no for q in questions])
        )
        super().__init__(
            "\n".join(lines),
            hint=f"To rename: {yes}. To drop and add: {no}, or all: --renames never.",
        )
        self.questions = questions

    def to_dict(self) -> dict[str, t.Any]:
        """Return the error as plain values, with its questions."""
        return {
            **super().to_dict(),
            "questions": [question.to_dict() for question in self.questions],
        }


class PlanOutdated(UsageError):
    """A saved plan no longer fits the database or the scripts; nothing was run."""


class RepositoryError(MigrationError):
    """The folder of revisions cannot be used as it is."""


class RepositoryNotFound(RepositoryError):
    """There is no migration repository in the folder."""


class RevisionFileError(RepositoryError):
    """One file of the repository cannot be read, loaded or written.

    :param path: the file.
    :param line: the line in it, where one is known.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str,
        line: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line


class HistoryError(RepositoryError):
    """The revision files do not fit together, or not with what was asked."""


class RevisionNotFound(HistoryError):
    """No file has the revision id that was asked for."""


class MultipleHeads(HistoryError):
    """One revision was asked for, and several answer.

    :param heads: their ids.
    """

    def __init__(
        self, message: str, *, heads: tuple[str, ...], hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.heads = heads


class DatabaseError(MigrationError):
    """What the database server answered, in words."""


class ConnectionFailed(DatabaseError):
    """The server cannot be reached, or it refuses the user."""


class DatabaseNotFound(DatabaseError):
    """The server answers, and has no database of this name."""


class LockNotAcquired(DatabaseError):
    """Another session holds what this run needs."""

    exit_code = 4


class LockLost(LockNotAcquired):
    """Another run has taken the migration lock over; nothing more is committed."""


class StepFailed(MigrationError):
    """One revision could not be applied or reverted.

    :param revision: its id.
    :param applied: the revisions of this run that stay, in order.
    :param total: how many steps the run had.
    """

    def __init__(
        self,
        message: str,
        *,
        revision: str,
        applied: tuple[str, ...] = (),
        total: int = 1,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.revision = revision
        self.applied = applied
        self.total = total


class StoppedPartWay(StepFailed):
    """One revision stopped where its statements commit by themselves.

    The journal knows which of them are done; the next run continues after them.
    """

    exit_code = 5


class JournalMismatch(MigrationError):
    """A stopped run has done a part of a step that the script now does otherwise."""

    exit_code = 5


class ChangedScripts(MigrationError):
    """Scripts that are applied have changed, and the policy is to stop then."""


class DataAtRisk(MigrationError):
    """An operation would lose or change rows; nothing has been touched."""


class OutOfDate(MigrationError):
    """The database is not at the head of the repository."""


class DifferencesFound(MigrationError):
    """The models and the database disagree.

    :param diffs: Alembic's description of each difference.
    :param differences: each of them as a value.
    :param questions: which of them are only probable.
    """

    def __init__(
        self,
        message: str,
        *,
        diffs: tuple[t.Any, ...] = (),
        differences: tuple[Difference, ...] = (),
        questions: tuple[RenameQuestion, ...] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.diffs = diffs
        self.differences = differences
        self.questions = questions

    def to_dict(self) -> dict[str, t.Any]:
        """Return the error as plain values, for JSON."""
        return {
            **super().to_dict(),
            "differences": [one.to_dict() for one in self.differences],
            "questions": [one.to_dict() for one in self.questions],
        }


class NotProven(MigrationError):
    """What autogenerate wrote fails on a scratch database; it is not kept."""


class Interrupted(MigrationError):
    """The run was stopped by Ctrl-C (130) or SIGTERM (143)."""

    def __init__(
        self, message: str, *, signal_exit_code: int = 130, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = signal_exit_code


def find_line(error: BaseException, path: str) -> int | None:
    """Return the last line of a file that an error's traceback passes through.

    :param path: the file, as it was compiled.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return next((one.lineno for one in reversed(frames) if one.filename == path), None)
