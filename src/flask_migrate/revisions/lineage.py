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

from .checksums import checksum

if t.TYPE_CHECKING:
    import sqlalchemy as sa

    from .database_run import DatabaseRun
    from .history import History
    from .outline import Outline


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
    outline = history.outline

    if outline is not None:
        return number_stops(outline, salt=salt)

    return _number(_read_graph(history), salt=salt)


def number_stops(outline: Outline, *, salt: str = "") -> tuple[Milestone, ...]:
    """Return the same of a history that is told without Alembic."""
    entries = outline.entries
    line = [(one, entries[one].checksum) for one in outline.walk()[::-1]]
    return _number(line, salt=salt)


def _number(
    line: cabc.Iterable[tuple[str, str]], *, salt: str
) -> tuple[Milestone, ...]:
    """Number the stops of a way.

    :param line: each revision and its checksum, the oldest first.
    """
    running = hashlib.sha256(salt.encode("utf-8", "surrogateescape"))
    milestones = []

    for revision, number in line:
        running.update(f"\0{revision}\0{number}".encode())
        milestones.append(Milestone(revision, number, running.hexdigest()[:32]))

    return tuple(milestones)


def _read_graph(history: History) -> list[tuple[str, str]]:
    # Whoever copies a template of a plain history needs no Alembic.
    from .border import crossing
    from .loading import read_checksum

    with crossing(history):
        found = history.iterate_revisions("heads", (), implicit_base=True)
        return [(one.revision, read_checksum(one)) for one in found][::-1]


def describe_makers(
    folder: pathlib.Path, metadatas: cabc.Iterable[sa.MetaData]
) -> tuple[t.Any, ...]:
    """Return what decides, besides the scripts and the server, what they build.

    What a script reads from elsewhere cannot be among it.

    :param folder: of the repository.
    :param metadatas: the models; constraints without a name get theirs from there.
    """
    env = folder / "env.py"
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
            *describe_makers(pathlib.Path(run.history.dir), metadatas),
            run.dialect.describe_server(run.connection),
            run.name,
            context.version_table,
            context.version_table_schema,
        )
    )
