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
    import sqlalchemy as sa

    from .database_run import DatabaseRun
    from .history import History


class Milestone(t.NamedTuple):
    """A database right after one revision.

    :param revision: its id.
    :param checksum: of its script.
    :param digest: 32 hexadecimal digits for all scripts up to here, in their order.
    """

    revision: str
    checksum: str
    digest: str


def read_lineage(history: History, *, salt: str = "") -> tuple[Milestone, ...]:
    """Return what a fresh database goes through up to the heads, the oldest first.

    Imports no script: the checksums are those of the index.

    :param salt: what else a database depends on; other databases have other digests.
    :raises RevisionFileError: a file cannot be read.
    """
    running = hashlib.sha256(salt.encode("utf-8", "surrogateescape"))
    milestones = []

    for revision, number in _read_line(history) or _read_graph(history):
        running.update(f"\0{revision}\0{number}".encode())
        milestones.append(Milestone(revision, number, running.hexdigest()[:32]))

    return tuple(milestones)


def _read_line(history: History) -> list[tuple[str, str]] | None:
    """Return each revision and its checksum, the oldest first, without Alembic's graph.

    :return: ``None`` where Alembic has to look at it.
    """
    outline = history.outline

    if outline is None:
        return None

    entries = outline.entries
    return [(one, entries[one].checksum) for one in outline.walk()[::-1]]


def _read_graph(history: History) -> list[tuple[str, str]]:
    with crossing(history):
        found = history.iterate_revisions("heads", (), implicit_base=True)
        return [(one.revision, read_checksum(one)) for one in found][::-1]


def describe_makers(
    history: History, metadatas: cabc.Iterable[sa.MetaData]
) -> tuple[t.Any, ...]:
    """Return what decides, besides the scripts and the server, what they build.

    What a script reads from elsewhere cannot be among it.

    :param metadatas: the models; constraints without a name get theirs from there.
    """
    env = pathlib.Path(history.dir, "env.py")
    return (
        *map(importlib.metadata.version, ("whimbrel", "alembic", "sqlalchemy")),
        checksum(env) if env.is_file() else "",
        *(sorted(map(str, one.naming_convention.items())) for one in metadatas),
    )


def make_salt(run: DatabaseRun) -> str:
    """Return what a database depends on, besides the scripts that are run on it."""
    context = run.context
    given: t.Any = context.opts.get("target_metadata") or ()
    metadatas = given if isinstance(given, cabc.Sequence) else (given,)
    return repr(
        (
            *describe_makers(run.history, metadatas),
            run.dialect.describe_server(run.connection),
            run.name,
            context.version_table,
            context.version_table_schema,
        )
    )
