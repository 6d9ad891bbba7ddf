"""One upgrade or downgrade, database by database."""

from __future__ import annotations

import dataclasses
import logging
import pathlib
import typing as t

from ..make.planner import explain_empty
from ..make.planner import make_plan
from ..plan import Direction
from ..run.executor import execute
from ..run.lock import holding
from ..run_results import DatabaseResult
from .changed import check_scripts
from .known import remembering
from .losses import reading

if t.TYPE_CHECKING:
    from ..errors import MigrationError
    from ..plan import Plan
    from ..revisions.database_run import DatabaseRun
    from ..revisions.history import History


_log = logging.getLogger("flask_migrate")


@dataclasses.dataclass(slots=True, kw_only=True)
class Move:
    """What one command does with each database, and what it has done so far.

    :param history: the revision files.
    :param direction: which way.
    :param target: where to.
    :param timeout: seconds to wait for another run; ``None`` takes no lock.
    :param sql: the steps are written down, not run.
    :param folder: where scripts from the history are written; ``None`` for none.
    """

    history: History
    direction: Direction
    target: str
    timeout: float | None
    sql: bool
    folder: pathlib.Path | None = None
    results: list[DatabaseResult] = dataclasses.field(default_factory=list)

    def work(self, run: DatabaseRun) -> None:
        """Bring one database to the target."""
        if self.folder is not None:
            self._restore(run, self.folder)
        elif self._is_done(run):
            self.results.append(
                DatabaseResult(database=run.key, start=run.heads, end=run.heads)
            )
            return

        plan = self._plan(run)

        if self.direction is Direction.UPGRADE:
            check_scripts(run)

        if self.sql:
            execute(plan, run)
        elif plan.steps or not run.heads:
            # Nothing to do needs no lock.
            plan = self._run_alone(run, plan)

        if surprise := explain_empty(self.history, plan):
            _log.warning(surprise)

        self.results.append(
            DatabaseResult(
                database=run.key, start=plan.start, end=run.heads, steps=plan.steps
            )
        )

    def _is_done(self, run: DatabaseRun) -> bool:
        """Tell whether nothing is to be done, before any graph is made."""
        is_upgrade = self.direction is Direction.UPGRADE and not self.sql

        if not is_upgrade or not self.history.is_at_end(self.target, run.heads):
            return False

        check_scripts(run)
        return True

    def collect(self) -> tuple[DatabaseResult, ...]:
        """Return what was done with each database."""
        return tuple(self.results)

    def note_progress(self, error: MigrationError) -> None:
        """Add to an error which of several databases had been done before it."""
        if self.results and not self.sql:
            done = ", ".join(one.database or "<default>" for one in self.results)
            error.add_line(f"  done before: {done}.")

    def _restore(self, run: DatabaseRun, folder: pathlib.Path) -> None:
        from ..revisions.missing import restore_missing

        with reading(run):
            restore_missing(run, folder)

    def _run_alone(self, run: DatabaseRun, plan: Plan) -> Plan:
        with holding(run, timeout=self.timeout):
            plan = self._plan_again(run, plan)

            if not run.heads:
                run.ensure_version_table()

            with remembering(run, plan):
                execute(plan, run)

            return plan

    def _plan_again(self, run: DatabaseRun, plan: Plan) -> Plan:
        """Return the plan to run, now that the lock is held."""
        # Another run may have done the work while this one waited.
        return plan if plan.start == run.heads else self._plan(run)

    def _plan(self, run: DatabaseRun) -> Plan:
        return make_plan(
            self.history,
            self.direction,
            target=self.target,
            heads=run.heads,
            database=run.key,
        )
