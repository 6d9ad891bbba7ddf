"""The way of a fresh database through the scripts, and one number for each stop on it.

Two databases that have gone the same way through the same scripts are the same, so what
one of them has become can be kept for the next one.
"""

from __future__ import annotations

import collections.abc as cabc
import hashlib
import importlib.metadata
import pathlib
import typing as t

from .border import crossing
from .checksums import checksum
from .loading import read_checksum

if t.TYPE_CHECKING:
    from .database_run import DatabaseRun
    from .history import History


class Milestone(t.NamedTuple):
    """A database right after one revision.

    :param revision: its id.
    :param digest: 32 hexadecimal digits for all scripts up to here, in their order.
    """

    revision: str
    digest: str


def read_lineage(history: History, *, salt: str = "") -> tuple[Milestone, ...]:
    """Return what a fresh database goes through up to the heads, the oldest first.

    Imports no script: the checksums are those of the index.

    :param salt: what else a database depends on; other databases have other digests.
    :raises RevisionFileError: a file cannot be read.
    """
    with crossing(history):
        scripts = list(history.iterate_revisions("heads", (), implicit_base=True))[::-1]

    running = hashlib.sha256(salt.encode("utf-8", "surrogateescape"))
    milestones = []

    for script in scripts:
        running.update(f"\0{script.revision}\0{read_checksum(script)}".encode())
        milestones.append(Milestone(script.revision, running.hexdigest()[:32]))

    return tuple(milestones)


def make_salt(run: DatabaseRun) -> str:
    """Return what decides, besides the scripts, what they build in a database.

    What a script reads from elsewhere cannot be among it.
    """
    context = run.context
    env = pathlib.Path(run.history.dir, "env.py")
    metadata: t.Any = context.opts.get("target_metadata") or ()
    metadatas = metadata if isinstance(metadata, cabc.Sequence) else (metadata,)
    parts = (
        *map(importlib.metadata.version, ("whimbrel", "alembic", "sqlalchemy")),
        run.dialect.describe_server(run.connection),
        run.name,
        context.version_table,
        context.version_table_schema,
        checksum(env) if env.is_file() else "",
        # Constraints without a name get theirs from here.
        *(sorted(map(str, one.naming_convention.items())) for one in metadatas),
    )
    return repr(parts)
