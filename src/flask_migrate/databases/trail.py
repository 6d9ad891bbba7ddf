"""The way that a stopped step has gone, which its function has to go again."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

from ..errors import JournalMismatch
from ..results import JournalRow
from ..results import Progress


def _binding(rows: cabc.Iterable[JournalRow]) -> list[JournalRow]:
    """Return what the function has to come by again."""
    return [row for row in rows if row.progress in (Progress.BEGUN, Progress.DONE)]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One statement that the function sends.

    :param digest: SHA-256 of its SQL.
    :param parameters: SHA-256 of its values.
    :param statement: its SQL, without secrets.
    """

    digest: str
    parameters: str
    statement: str


class Trail:
    """What a stopped run has done of a step, in order, and how far we have followed.

    :param rows: of the journal.
    :param checksum: of the script as it is now.
    """

    def __init__(
        self, rows: cabc.Iterable[JournalRow] = (), *, checksum: str = ""
    ) -> None:
        self._rows = list(rows)
        self._checksum = checksum
        self._next = max((row.position for row in self._rows), default=-1) + 1
        self._has_looked = False

    def note_look(self) -> None:
        """Note that the function has asked the database something."""
        self._has_looked = True

    def next_position(self) -> int:
        """Return a place for a statement that is new."""
        self._next += 1
        return self._next - 1

    def take(self, step: str, sent: Sent) -> JournalRow | None:
        """Return the row of a statement, ``None`` for one that never ran.

        A function that looks before it acts leaves out what is done: what it has passed
        over is forgotten, if it is still the same function.

        :raises JournalMismatch: it never ran, and what ran instead is still ahead.
        """
        place = self._find(sent)

        if place is not None:
            row = self._rows[place]

            if row.progress is Progress.SETTLED:
                del self._rows[place]
                return row

            passed = _binding(self._rows[:place])

            if all(one.checksum == self._checksum for one in passed):
                del self._rows[: place + 1]
                return row

        self._refuse_rest(step, f"would now run: {sent.statement[:300]}")
        return None

    def _find(self, sent: Sent) -> int | None:
        """Return the place of a statement's row, the one with its values first.

        Other values may be the clock's; but after a look they may mean other rows, as
        in a loop over what is left.
        """
        same = [at for at, row in enumerate(self._rows) if row.digest == sent.digest]
        exact = [at for at in same if self._rows[at].parameters == sent.parameters]
        failed = [at for at in same if self._rows[at].progress is Progress.FAILED]
        found = exact or (failed if self._has_looked else same)
        return found[0] if found else None

    def expect_end(self, step: str) -> None:
        """Refuse a function that has ended before all that was done came by."""
        self._refuse_rest(step, "has ended without it")

    def _refuse_rest(self, step: str, instead: str) -> None:
        left = _binding(self._rows)

        if left:
            raise JournalMismatch(
                f"A stopped run has done a part of {step}, and the script has changed"
                f" since.\n  done: {left[0].statement[:300]}\n  the script {instead}",
                hint="`flask db repair` shows what is done, and the ways out.",
            )
