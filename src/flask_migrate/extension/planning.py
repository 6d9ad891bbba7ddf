"""Verbs around plans: plan, apply."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import logging
import os
import typing as t

import sqlalchemy as sa

from ..errors import MigrationError
from ..events import Listener
from ..plan import Direction
from ..plan import Plan
from ..run_results import RunResult
from .applying import _resolve
from .base import Directory
from .base import Verbs
from .base import XArgument
from .opened import Opened

if t.TYPE_CHECKING:
    from ..databases.snapshot import Snapshot
    from ..revisions.database_run import DatabaseRun

_log = logging.getLogger("flask_migrate")


class Planning(Verbs):
    """What a ``Migrate`` would do, and the run of what somebody has looked at."""

    def plan(
        self,
        directory: Directory = None,
        *,
        revision: str = "head",
        direction: Direction | None = None,
        counts: bool = False,
        tag: str | None = None,
        x_arg: XArgument = None,
    ) -> tuple[Plan, ...]:
        """Return the steps from where each database stands to a target.

        Changes nothing.

        :param revision: the target: as for ``upgrade`` and ``downgrade``, or the range
            ``from:to``, wherever the databases stand.
        :param direction: which way; derived from the target otherwise.
        :param counts: count the rows that would be lost, which reads whole tables.
        :param tag: for ``context.get_tag_argument()``.
        :param x_arg: values for ``context.get_x_argument()``.
        """
        opened = self._open(directory, x_arg)
        opened.history.require_version_folder()
        opened.history.load()
        start, colon, target = revision.rpartition(":")
        opened.history.check_target(target)
        drafter = _Drafter(
            opened=opened,
            direction=direction,
            written=revision,
            target=target,
            start=_resolve(opened, start) if colon else None,
            counts=counts,
        )
        plans: list[Plan] = []
        opened.run(
            lambda run: plans.append(drafter.draft(run)),
            options={"tag": tag, "destination_rev": target, "starting_rev": None},
        )
        return tuple(plans)

    def apply(
        self,
        plan: Plan | cabc.Sequence[Plan] | str | os.PathLike[str],
        directory: Directory = None,
        *,
        allow_lossy_casts: cabc.Iterable[str] = (),
        lock: bool = True,
        lock_timeout: float | None = None,
        on_event: Listener | None = None,
        tag: str | None = None,
        x_arg: XArgument = None,
    ) -> RunResult:
        """Run exactly the steps of a plan, where everything is as it was planned.

        :param plan: one or several of :meth:`plan`, or the file that
            ``flask db plan -o`` has written.
        :param allow_lossy_casts: ``table.column`` whose values a type change may alter.
        :param lock: keep other runs off the databases meanwhile.
        :param lock_timeout: seconds to wait for another run; the setting otherwise.
        :param on_event: is told each event of the run, as the signals are.
        :raises PlanOutdated: a database or a script is another one now; no database
            was changed.
        """
        from ..signals import make_listener
        from .saved_plan import check_names
        from .saved_plan import read_plans
        from .saved_plan import SavedMove

        plans = read_plans(plan)
        opened = self._open(directory, x_arg)
        opened.history.load()
        move = SavedMove(
            history=opened.history,
            direction=plans[0].direction if plans else Direction.UPGRADE,
            target="",
            timeout=opened.choose_timeout(lock_timeout, lock=lock),
            sql=False,
            plans={one.database: one for one in plans},
        )
        options = {"tag": tag, "destination_rev": None, "starting_rev": None}
        # All are checked before the first is changed; each again under its lock.
        opened.run(move.check, options=options)
        check_names(plans, move.seen)

        try:
            opened.run(
                move.work,
                writes=True,
                listener=make_listener(on_event),
                allow_lossy_casts=allow_lossy_casts,
                options=options,
            )
        except MigrationError as error:
            move.note_progress(error)
            raise

        return RunResult(databases=tuple(move.results))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Drafter:
    """Makes the plan of one database after the other.

    :param written: the target as it was given, with its range.
    :param start: where a range begins; ``None`` where the database stands.
    """

    opened: Opened
    direction: Direction | None
    written: str
    target: str
    start: tuple[str, ...] | None
    counts: bool

    def draft(self, run: DatabaseRun) -> Plan:
        """Return the plan of one database."""
        from ..databases.effects import describe_effects
        from ..databases.reading import read_only
        from ..make.planner import explain_empty
        from ..make.planner import find_direction
        from ..make.planner import make_plan
        from ..revisions.capture import capture
        from ..revisions.capture import find_end

        run.check_table()
        heads = run.heads if self.start is None else self.start
        plan = make_plan(
            run.history,
            self.direction or find_direction(run.history, self.target, heads),
            target=self.target,
            heads=heads,
            database=run.key,
        )

        if surprise := explain_empty(run.history, plan):
            _log.warning(surprise)

        captured = capture(run, plan)
        connection = find_connection(run)
        is_there = set(heads) == set(run.heads)

        with read_only(connection):
            return dataclasses.replace(
                plan,
                url=run.safe_url,
                server=run.dialect.describe_server(connection),
                fingerprint=find_fingerprint(run) if is_there else "",
                end=find_end(run, plan),
                target=self.written,
                steps=describe_effects(
                    connection, (one.step for one in captured), counts=self.counts
                ),
            )


def find_connection(run: DatabaseRun) -> sa.Connection:
    """Return the live connection of a run."""
    assert run.context.connection is not None  # online
    return run.context.connection


def find_fingerprint(run: DatabaseRun) -> str:
    """Return the fingerprint of a database's schema, our own tables left out."""
    return find_snapshot(run).fingerprint


def find_snapshot(run: DatabaseRun) -> Snapshot:
    """Read a database's schema, in the schemas of the models; not our own tables."""
    from ..databases.snapshot import take_snapshot

    return take_snapshot(
        find_connection(run),
        ignore=run.context.version_table,
        schemas=list_schemas(run),
    )


def list_schemas(run: DatabaseRun) -> set[str]:
    """Return the schemas that models of a database name."""
    given = run.context.opts.get("target_metadata") or ()
    metadatas = given if isinstance(given, cabc.Sequence) else (given,)
    return {
        table.schema
        for one in metadatas
        for table in getattr(one, "tables", {}).values()
    } - {None}
