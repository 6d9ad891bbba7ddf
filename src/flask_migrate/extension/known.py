"""What the scripts build, remembered, so that they need not run only to be compared."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t

import sqlalchemy as sa

from ..plan import Direction
from ..revisions.built import BuiltSchemas
from ..revisions.built import read_way
from .losses import reading
from .planning import find_snapshot

if t.TYPE_CHECKING:
    from ..databases.snapshot import Snapshot
    from ..plan import Plan
    from ..revisions.database_run import DatabaseRun
    from ..revisions.lineage import Milestone


def is_as_built(run: DatabaseRun) -> bool:
    """Tell whether a database is known to be just what all scripts build."""
    return run.history.is_at_heads(run.heads) and _is_built(run, read_way(run))


def remember(run: DatabaseRun, built: Snapshot) -> None:
    """Remember the schema of a database in which all scripts have run, and no more."""
    if way := read_way(run):
        BuiltSchemas(run.history).keep(way[-1], built.fingerprint)


@contextlib.contextmanager
def remembering(run: DatabaseRun, plan: Plan) -> cabc.Iterator[None]:
    """Remember what an upgrade makes of a database that nothing else has changed.

    So `flask db check` need not run all scripts: not in a pipeline, where an upgrade of
    an empty database comes first, nor after each new revision.
    """
    is_known = _is_ours_alone(run, plan)
    yield

    if is_known and run.history.is_at_heads(run.heads):
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            remember(run, find_snapshot(run))


def _is_ours_alone(run: DatabaseRun, plan: Plan) -> bool:
    """Tell whether a database is known to be what all scripts before a plan build."""
    if run.is_foreign or plan.direction is not Direction.UPGRADE:
        return False

    with contextlib.suppress(sa.exc.SQLAlchemyError), reading(run):
        if not run.heads:
            return not find_snapshot(run).objects

        # A killed run may still be at work on the server; it would have to be awaited.
        if BuiltSchemas(run.history) and not _has_left(run):
            way = read_way(run)
            done = way[: len(way) - len(plan.steps)]
            rest = [one.revision for one in way[len(done) :]]

            # On a way to somewhere else the database may lack some of the others.
            if rest == [one.revision for one in plan.steps]:
                return _is_built(run, done)

    return False


def _has_left(run: DatabaseRun) -> bool:
    return run.ledger is not None and bool(run.ledger.journal.read())


def _is_built(run: DatabaseRun, way: tuple[Milestone, ...]) -> bool:
    known = BuiltSchemas(run.history).find(way[-1]) if way else None
    return known is not None and find_snapshot(run).fingerprint == known
