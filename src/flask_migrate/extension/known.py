"""What the scripts build, remembered, so that they need not run only to be compared."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t

import sqlalchemy as sa

from ..revisions.built import BuiltSchemas
from ..revisions.built import make_key
from .planning import find_snapshot

if t.TYPE_CHECKING:
    from ..databases.snapshot import Snapshot
    from ..revisions.database_run import DatabaseRun


def is_as_built(run: DatabaseRun) -> bool:
    """Tell whether a database is known to be just what all scripts build."""
    key = make_key(run)
    known = None if key is None else BuiltSchemas(run.history).find(key)
    return (
        known is not None
        and run.history.is_at_heads(run.heads)
        and find_snapshot(run).fingerprint == known
    )


def remember(run: DatabaseRun, built: Snapshot) -> None:
    """Remember the schema of a database in which all scripts have run, and no more."""
    if key := make_key(run):
        BuiltSchemas(run.history).keep(key, built.fingerprint)


@contextlib.contextmanager
def remembering(run: DatabaseRun) -> cabc.Iterator[None]:
    """Remember what an upgrade has built, where it had an empty database to itself.

    In a pipeline an upgrade comes first, and `flask db check` right after it.
    """
    is_fresh = not run.heads and not run.is_foreign and _is_empty(run)
    yield

    if is_fresh and run.history.is_at_heads(run.heads):
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            remember(run, find_snapshot(run))


def _is_empty(run: DatabaseRun) -> bool:
    with contextlib.suppress(sa.exc.SQLAlchemyError):
        return not find_snapshot(run).objects

    return False
