"""What a comparison may have overlooked: models not imported, or of others."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import os
import pathlib
import re
import sys
import typing as t

import sqlalchemy as sa

from ..databases.snapshot import count_tables
from .planning import find_connection
from .planning import list_schemas

if t.TYPE_CHECKING:
    from ..databases.snapshot import Snapshot
    from ..revisions.database_run import DatabaseRun

_DEFINES_TABLE = re.compile(rb"^\s+__tablename__\s*=|\(\s*db\.Model\b|\bTable\(", re.M)
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "tests"})
_MOST_FILES = 5000
"""An application with more files is not searched to its end."""


def describe_nothing(
    run: DatabaseRun, root: pathlib.Path, *, metadatas: tuple[sa.MetaData, ...] = ()
) -> str:
    """Say what was compared where no difference was found.

    :param run: the live database.
    :param root: the folder of the application's code.
    :param metadatas: all models of the application, of other databases too.
    """
    own = find_metadatas(run)
    tables = {table.fullname for one in own for table in one.tables.values()}
    standing = count_tables(
        find_connection(run),
        ignore=run.context.version_table,
        schemas=list_schemas(run),
    )
    schemas = sorted({one.schema or "" for m in own for one in m.tables.values()})
    named = ", ".join(one or "the default one" for one in schemas)
    parts = [
        f"No changes detected: {_count(len(tables), 'table')} in the models,"
        f" {standing} in {run.safe_url}"
        + (f" (schemas: {named})." if any(schemas) else "."),
        *_describe_others((*metadatas, *own)),
    ]

    if not tables and (found := find_unloaded(root)):
        parts.append(found)

    return " ".join(parts)


def find_unloaded(root: pathlib.Path) -> str:
    """Name the modules of an application that define tables and were not imported.

    :param root: the folder of the application's code.
    :return: a sentence; empty where there are none.
    """
    loaded = {
        os.path.realpath(file)
        for module in list(sys.modules.values())
        if isinstance(file := getattr(module, "__file__", None), str)
    }
    found = [
        str(path.relative_to(root))
        for path in itertools.islice(_list_sources(root), _MOST_FILES)
        if os.path.realpath(path) not in loaded and _defines_table(path)
    ]

    if not found:
        return ""

    named = summarise(sorted(found))
    return f"These modules define tables and were not imported: {named}."


def find_unwritten(
    run: DatabaseRun, built: Snapshot, live: Snapshot
) -> tuple[str, ...]:
    """Return the tables of the models that a database has, and no revision makes.

    :param built: what the revisions make.
    :param live: what the database has.
    """
    models = {key for one in find_metadatas(run) for key in one.tables}
    made = {one.table for one in built.objects if one.kind == "table"}
    standing = {one.table for one in live.objects if one.kind == "table"}
    return tuple(sorted(models & standing - made))


def find_metadatas(run: DatabaseRun) -> tuple[sa.MetaData, ...]:
    """Return the models that ``env.py`` has given for a database."""
    given = run.context.opts.get("target_metadata") or ()
    return tuple(given) if isinstance(given, cabc.Sequence) else (given,)


def _describe_others(known: tuple[sa.MetaData, ...]) -> cabc.Iterator[str]:
    """Say which tables belong to a base that the comparison does not know."""
    mapper = sys.modules.get("sqlalchemy.orm.mapper")

    if mapper is None:
        return

    # SQLAlchemy 2.1 has no public name for the declarative bases of a process.
    registries = mapper._all_registries()
    others = {
        table.fullname
        for one in registries
        if all(one.metadata is not each for each in known)
        for table in one.metadata.tables.values()
    }

    if others:
        yield (
            f"Another SQLAlchemy() object or declarative base owns"
            f" {_count(len(others), 'table')} ({summarise(sorted(others))}):"
            " this Migrate was not given its metadata."
        )


def _list_sources(folder: pathlib.Path) -> cabc.Iterator[pathlib.Path]:
    for place, folders, files in os.walk(folder):
        # A virtual environment says what it is; a repository has an env.py.
        if {"pyvenv.cfg", "script.py.mako"} & set(files):
            folders.clear()
            continue

        folders[:] = [
            one for one in folders if one not in _SKIPPED and not one.startswith(".")
        ]
        yield from (pathlib.Path(place, one) for one in files if one.endswith(".py"))


def _defines_table(path: pathlib.Path) -> bool:
    try:
        return _DEFINES_TABLE.search(path.read_bytes()) is not None
    except OSError:
        return False


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def summarise(names: cabc.Sequence[str], most: int = 3) -> str:
    """Return the first few of many names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
