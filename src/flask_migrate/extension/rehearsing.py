"""One dry run of an upgrade or downgrade, database by database."""

from __future__ import annotations

import dataclasses
import typing as t

from ..results import DatabaseResult
from ..revisions.rehearsal import rehearse
from ..run.executor import execute
from ..run.lock import holding
from .moving import Move

if t.TYPE_CHECKING:
    from ..errors import MigrationError
    from ..plan import Plan
    from ..revisions.database_run import DatabaseRun
    from ..revisions.rehearsal import Rehearsal


@dataclasses.dataclass(slots=True, kw_only=True)
class DryMove(Move):
    """What one dry run does with each database.

    :param undone: how, by the bind key.
    """

    undone: dict[str | None, str] = dataclasses.field(default_factory=dict)

    def collect(self) -> tuple[DatabaseResult, ...]:
        """Return the results, with how each was undone."""
        known, nothing = self.undone, "ran nothing"
        return tuple(
            dataclasses.replace(one, dry_run=known.get(one.database, nothing))
            for one in self.results
        )

    def note_progress(self, error: MigrationError) -> None:
        """Add nothing to an error: no database was changed."""

    def _run_alone(self, run: DatabaseRun, plan: Plan) -> Plan:
        with holding(run, timeout=self.timeout):
            plan = self._plan_again(run, plan)

            if plan.steps:
                self._rehearse(run, plan)

            return plan

    def _rehearse(self, run: DatabaseRun, plan: Plan) -> None:
        def work(rehearsal: Rehearsal) -> None:
            if not rehearsal.heads:
                rehearsal.ensure_version_table()

            execute(plan, rehearsal)

        self.undone[run.key] = rehearse(run, plan, work)
