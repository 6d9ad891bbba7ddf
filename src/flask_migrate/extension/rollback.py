"""Verbs that go back in time: rollback, redo."""

from __future__ import annotations

import collections.abc as cabc
import contextlib

from ..errors import ConsentMissing
from ..events import Listener
from ..report.rollback import format_losses
from ..results import RunResult
from ..views import Rollback
from .base import Directory
from .base import private_folder
from .base import Verbs
from .journey import Goal
from .journey import Journey


class RollingBack(Verbs):
    """How a ``Migrate`` goes back."""

    def plan_rollback(
        self,
        directory: Directory = None,
        *,
        steps: int | None = None,
        to: str | None = None,
        run: str | None = None,
        bind: str | None = None,
        from_history: bool = False,
    ) -> tuple[Rollback, ...]:
        """Return what :meth:`rollback` would do, and check all of it.

        The parameters are those of :meth:`rollback`.
        """
        goal = Goal(steps=steps, to=to, run=run)

        with self._going_back(directory, bind, from_history=from_history) as journey:
            return journey.plan(goal)

    def rollback(
        self,
        directory: Directory = None,
        *,
        steps: int | None = None,
        to: str | None = None,
        run: str | None = None,
        bind: str | None = None,
        confirm: cabc.Iterable[str] = (),
        from_history: bool = False,
        lock: bool = True,
        lock_timeout: float | None = None,
        on_event: Listener | None = None,
    ) -> RunResult:
        """Revert what was applied last, in the reverse order of the history.

        The whole way is checked before its first statement.

        :param steps: so many revisions; one where nothing else is said.
        :param to: what was applied after this revision, tag or date (``2026-11-20``, or
            with a time); ``base`` for everything.
        :param run: what one run has applied: its id, or ``last``.
        :param bind: only the database of this bind key.
        :param confirm: the names of databases that may lose rows.
        :param from_history: run the text that the history keeps of a revision whose
            file is missing.
        :param lock_timeout: seconds to wait for another run; the setting otherwise.
        :param on_event: is told each event of the run, as the signals are.
        :raises ConsentMissing: rows would be lost.
        :raises RevisionFileError: a downgrade is empty, or raises.
        """
        goal = Goal(steps=steps, to=to, run=run)

        with self._going_back(directory, bind, from_history=from_history) as journey:
            plans = journey.plan(goal)
            require_consent(plans, confirm)
            timeout = journey.opened.choose_timeout(lock_timeout, lock=lock)
            return journey.go(plans, timeout=timeout, on_event=on_event)

    def redo(
        self,
        directory: Directory = None,
        *,
        bind: str | None = None,
        confirm: cabc.Iterable[str] = (),
        lock: bool = True,
        lock_timeout: float | None = None,
        on_event: Listener | None = None,
    ) -> RunResult:
        """Revert the revision that was applied last, and apply it again.

        The parameters are those of :meth:`rollback`.
        """
        with self._going_back(directory, bind, from_history=False) as journey:
            plans = journey.plan(Goal(steps=1))
            require_consent(plans, confirm)
            timeout = journey.opened.choose_timeout(lock_timeout, lock=lock)
            return journey.go(plans, timeout=timeout, again=True, on_event=on_event)

    @contextlib.contextmanager
    def _going_back(
        self, directory: Directory, bind: str | None, *, from_history: bool
    ) -> cabc.Iterator[Journey]:
        keys = None if bind is None else {one.key for one in self._choose(bind)}
        opened = self._open(directory)
        opened.history.require_version_folder()
        opened.history.load()

        with private_folder(from_history) as folder:
            yield Journey(opened, keys, folder=folder)


def require_consent(plans: tuple[Rollback, ...], confirm: cabc.Iterable[str]) -> None:
    """Refuse to lose rows that nobody has agreed to lose.

    :raises ConsentMissing: with what is lost, and the option that agrees.
    """
    given = set(confirm)
    asked = [one for one in plans if one.loses_rows and one.name not in given]

    if not asked:
        return

    lines = [
        f"This {'loses' if one.is_certain else 'may lose'} rows of {one.name}, and"
        f" nobody has agreed to it; nothing was done.\n{format_losses(one)}"
        for one in asked
    ]
    raise ConsentMissing(
        "\n".join(lines),
        names=tuple(one.name for one in asked),
        hint="Add " + " ".join(f"--confirm {one.name}" for one in asked),
    )
