"""The way back of the databases of one command: found, checked, gone."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import datetime
import pathlib
import re
import typing as t

from ..errors import BadOption
from ..errors import HistoryError
from ..events import Listener
from ..make.retreat import Retreat
from ..plan import Direction
from ..plan import Plan
from ..plan import Step
from ..results import DatabaseResult
from ..results import HistoryEntry
from ..results import RunResult
from ..run.executor import execute
from ..run.lock import holding
from ..views import Rollback
from ..views import RollbackStep
from .losses import check_steps
from .losses import reading
from .opened import Opened
from .standing import read_books

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun

DATE = re.compile(r"\d{4}-\d\d-\d\d")
"""What a date begins with; no revision and no tag does."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """How far back.

    :param steps: so many revisions.
    :param to: a revision, a tag, or a date; ``base`` is before the first.
    :param run: what this run has applied: the first letters of its id, or ``last``.
    """

    steps: int | None = None
    to: str | None = None
    run: str | None = None

    def check(self) -> None:
        """Refuse two answers to one question.

        :raises BadOption: more than one is given, or a number below 1.
        """
        if sum(one is not None for one in (self.steps, self.to, self.run)) > 1:
            raise BadOption(
                "-n, --to and --run each say how far to go back.",
                hint="Give one of them.",
            )

        if self.steps is not None and self.steps < 1:
            raise BadOption(
                f"{self.steps} revisions cannot be rolled back.",
                hint="Write -n 1 or more.",
            )

    @property
    def title(self) -> str:
        """The goal in words."""
        if self.to is not None:
            return self.to

        return f"run {self.run}" if self.run else f"-{self.steps or 1}"


class Journey:
    """The way back of the databases of one command.

    :param opened: the repository.
    :param keys: only these bind keys; ``None`` for all.
    :param folder: where scripts from the history are written; ``None`` for none.
    """

    def __init__(
        self,
        opened: Opened,
        keys: set[str | None] | None,
        *,
        folder: pathlib.Path | None,
    ) -> None:
        self.opened: Opened = opened
        self._keys = keys
        self._folder = folder
        self._books: dict[str | None, tuple[HistoryEntry, ...]] = {}

    def plan(self, goal: Goal) -> tuple[Rollback, ...]:
        """Return the way back of each database, checked to its end."""
        goal.check()

        if self._folder is not None or goal.run is not None:
            # Of all databases first.
            self._visit(self._read)

        if goal.run is not None:
            goal = dataclasses.replace(goal, run=self._find_run(goal.run))

        found: list[Rollback] = []
        self._visit(lambda run: found.append(self._plan_one(run, goal)))
        return tuple(found)

    def go(
        self,
        plans: tuple[Rollback, ...],
        *,
        timeout: float | None,
        again: bool = False,
        on_event: Listener | None = None,
    ) -> RunResult:
        """Run the steps.

        :param timeout: seconds to wait for another run; ``None`` takes no lock.
        :param again: apply the revisions again afterwards.
        :param on_event: is told each event of the run, as the signals are.
        """
        from ..signals import make_listener

        known = {one.database: one for one in plans if one.steps}
        results: list[DatabaseResult] = []

        def work(run: DatabaseRun) -> None:
            if run.key not in known:
                return

            rollback = known[run.key]

            with holding(run, timeout=timeout):
                _require_same(run, rollback)
                moves = [rollback.plan, *([_turn(rollback.plan)] if again else [])]

                for plan in moves:
                    execute(plan, run)

            results.append(
                DatabaseResult(
                    database=run.key,
                    start=rollback.start,
                    end=run.heads,
                    steps=tuple(step for plan in moves for step in plan.steps),
                )
            )

        self._visit(work, listener=make_listener(on_event))
        return RunResult(databases=tuple(results))

    def come_back(
        self,
        plans: tuple[Rollback, ...],
        *,
        timeout: float | None,
        on_event: Listener | None = None,
    ) -> None:
        """Apply again what `go` has reverted.

        The parameters are those of `go`.
        """
        from ..signals import make_listener

        known = {one.database: one.plan for one in plans if one.steps}

        def work(run: DatabaseRun) -> None:
            if run.key in known:
                with holding(run, timeout=timeout):
                    execute(_turn(known[run.key]), run)

        self._visit(work, listener=make_listener(on_event))

    # -- inside ----------------------------------------------------------------

    def _visit(
        self,
        work: cabc.Callable[[DatabaseRun], None],
        *,
        listener: Listener | None = None,
    ) -> None:
        def chosen(run: DatabaseRun) -> None:
            if self._keys is None or run.key in self._keys:
                work(run)

        self.opened.run(chosen, writes=listener is not None, listener=listener)

    def _read(self, run: DatabaseRun) -> None:
        from ..revisions.missing import restore_missing

        self._books[run.key], stopped = read_books(run)

        if stopped:
            halves = ", ".join(f"{one} ({way.value})" for one, way in stopped.items())
            direction = next(iter(stopped.values())).value
            raise HistoryError(
                f"{_title(run)} has a revision that is half done: {halves}.",
                hint=f"`flask db {direction}` continues it; go back after that.",
            )

        if self._folder is not None:
            with reading(run):
                restore_missing(run, self._folder)

    def _plan_one(self, run: DatabaseRun, goal: Goal) -> Rollback:
        if run.key not in self._books:
            self._read(run)

        retreat = Retreat(
            self.opened.history,
            run.heads,
            entries=self._books[run.key],
            title=_title(run),
        )
        rollback = Rollback(
            database=run.key,
            name=run.database_name,
            url=run.safe_url,
            start=run.heads,
            target=goal.title,
            steps=tuple(
                RollbackStep(step=self._make_step(one))
                for one in self._find_steps(retreat, run, goal)
            ),
        )
        return dataclasses.replace(rollback, steps=check_steps(run, rollback.plan))

    def _find_steps(self, retreat: Retreat, run: DatabaseRun, goal: Goal) -> list[str]:
        if goal.run is not None:
            return retreat.of_run(goal.run)

        if goal.to is None:
            return retreat.by_number(goal.steps or 1)

        tags = [
            one
            for one in self._books[run.key]
            if one.kind == "tag" and one.message == goal.to
        ]

        if tags:
            revision = tags[-1].revision
            heads = () if revision == "base" else tuple(revision.split(", "))
            return retreat.to_heads(heads, named=goal.to)

        if DATE.match(goal.to):
            return retreat.to_date(read_date(goal.to))

        return retreat.to_revision(goal.to)

    def _make_step(self, revision: str) -> Step:
        script = self.opened.history.get_revision(revision)
        return Step(
            revision=revision,
            direction=Direction.DOWNGRADE,
            message=script.doc,
            path=script.path,
        )

    def _find_run(self, name: str) -> str:
        """Return the id of the run that a name means, among those still applied."""
        from ..revisions.applied import replay

        entries = sorted(
            (
                entry
                for book in self._books.values()
                for entry in replay(book).values()
                if entry.kind == "upgrade"
            ),
            key=lambda entry: entry.started,
        )
        runs = list(dict.fromkeys(entry.run for entry in entries))
        found = runs[-1:] if name == "last" else [r for r in runs if r.startswith(name)]

        if len(found) != 1:
            raise HistoryError(
                f"The history has {len(found) or 'no'} runs {name!r} that applied"
                " something which still is.",
                hint="`flask db log` shows the runs.",
            )

        return found[0]


def read_date(text: str) -> datetime.datetime:
    """Return a moment, in the time zone of this machine unless the text has one.

    :param text: ``2026-11-20``, ``2026-11-20 14:30`` or more of ISO 8601.
    :raises BadOption: it is none.
    """
    try:
        return datetime.datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise BadOption(
            f"{text!r} is no date: {error}.",
            hint="Write it as 2026-11-20, or '2026-11-20 14:30'.",
        ) from error


def _require_same(run: DatabaseRun, rollback: Rollback) -> None:
    if run.heads != rollback.start:
        raise HistoryError(
            f"{_title(run)} has moved meanwhile: it was at"
            f" {', '.join(rollback.start)}, and is at {', '.join(run.heads) or 'base'}."
            " Nothing was done.",
            hint="Run the command again.",
        )


def _turn(plan: Plan) -> Plan:
    """Return the plan that applies again what another one reverts."""
    return dataclasses.replace(
        plan,
        direction=Direction.UPGRADE,
        target=", ".join(plan.start),
        steps=tuple(
            dataclasses.replace(
                step, direction=Direction.UPGRADE, operations=(), opaque=""
            )
            for step in reversed(plan.steps)
        ),
    )


def _title(run: DatabaseRun) -> str:
    return f"The database {run.name}" if run.name else "The database"
