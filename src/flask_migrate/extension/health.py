"""A cheap answer to a cheap question: may this process serve requests?"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import os
import pathlib
import re
import typing as t

import sqlalchemy as sa

from ..databases.server import run_connected
from ..databases.sources import Database
from ..errors import MigrationError
from ..views import DatabaseHealth
from ..views import Health
from ..views import Readiness
from .base import Verbs
from .glance import make_table

if t.TYPE_CHECKING:
    from flask import Blueprint
    from flask.typing import ResponseReturnValue

    from .state import AppState

Stamp = tuple[tuple[str, int], ...]
"""Folders, and when something was last put into them or taken out."""

_SEVERAL = re.compile(r"multidb|engine_name")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KnownFiles:
    """What the revision files were when they were last read.

    :param stamp: their folders then.
    :param heads: the newest revisions.
    :param revisions: every id.
    :param is_multidb: ``env.py`` runs every database of the application.
    """

    stamp: Stamp
    heads: tuple[str, ...]
    revisions: frozenset[str]
    is_multidb: bool


class Answering(Verbs):
    """What a ``Migrate`` says to a probe."""

    def health(self, binds: cabc.Iterable[str | None] | None = None) -> Health:
        """Tell whether every database has what this code needs.

        One SELECT for each database, on the application's own engine. ``env.py`` is
        not run; the files are read again when something in their folder has changed.
        A database that newer code has migrated is ready: the old code serves on while
        it is replaced.

        :param binds: the bind keys to ask, ``None`` for the default database; those
            that the repository migrates otherwise.
        """
        state = self.state
        known = self._read_files(state)
        databases = state.find_own_databases()

        if binds is not None:
            wanted = set(binds)
            databases = tuple(one for one in databases if one.key in wanted)
        elif not known.is_multidb:
            databases = databases[:1]

        table = make_table(state.configure_args)
        return Health(
            wanted=known.heads,
            databases=tuple(_ask(one, table, known) for one in databases),
        )

    def health_blueprint(self, url: str = "/-/migrations") -> Blueprint:
        """Return a blueprint for readiness probes; nothing registers it by itself.

        It answers 200 or 503 with :meth:`health` as JSON. No URL, no name of a server
        and no error of a driver is in it.

        :param url: where it answers.
        """
        from flask import Blueprint
        from flask import jsonify

        blueprint = Blueprint("flask_migrate_health", __name__)

        @blueprint.get(url)
        def health() -> ResponseReturnValue:
            try:
                found = self.health()
            except MigrationError as error:
                answer = {"ok": False, "error": type(error).__name__}
            else:
                answer = found.to_dict()

            response = jsonify(answer)
            response.headers["Cache-Control"] = "no-store"
            return response, 200 if answer["ok"] else 503

        return blueprint

    def _read_files(self, state: AppState) -> KnownFiles:
        known = state.known_files

        if known is None or known.stamp != _stamp(name for name, _ in known.stamp):
            known = state.known_files = self._load_files()

        return known

    def _load_files(self) -> KnownFiles:
        history = self._open().history
        folders = {history.dir, *history.version_folders}

        if history.recursive_version_locations:
            folders |= {
                str(path)
                for folder in history.version_folders
                for path in pathlib.Path(folder).rglob("*/")
            }

        # Before the files are read: what comes in meanwhile is seen the next time.
        stamp = _stamp(folders)
        history.load()
        env = pathlib.Path(history.dir, "env.py")
        return KnownFiles(
            stamp=stamp,
            heads=tuple(
                sorted(
                    one.revision
                    for one in history.list_heads(resolve_dependencies=True)
                )
            ),
            revisions=frozenset(one.revision for one in history.walk(None, None)),
            is_multidb=bool(_SEVERAL.search(env.read_text("utf-8", "replace"))),
        )


def _stamp(folders: cabc.Iterable[str]) -> Stamp:
    return tuple((folder, _read_time(folder)) for folder in sorted(folders))


def _read_time(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _ask(
    database: Database, table: sa.TableClause, known: KnownFiles
) -> DatabaseHealth:
    try:
        heads = _read_heads(database, table)
    except (sa.exc.SQLAlchemyError, MigrationError, OSError):
        return DatabaseHealth(database=database.key, readiness=Readiness.UNREACHABLE)

    if set(heads) == set(known.heads):
        readiness = Readiness.READY
    elif set(heads) - known.revisions:
        readiness = Readiness.AHEAD
    else:
        readiness = Readiness.BEHIND

    return DatabaseHealth(database=database.key, readiness=readiness, heads=heads)


def _read_heads(database: Database, table: sa.TableClause) -> tuple[str, ...]:
    # SQLite makes a file for whoever looks.
    if database.dialect.is_absent(database.url):
        return ()

    def work(connection: sa.Connection) -> tuple[str, ...]:
        try:
            return tuple(sorted(map(str, connection.scalars(sa.select(table)))))
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                raise

            # There is no version table yet.
            return ()

    try:
        return run_connected(database.engine, work)
    except sa.exc.DBAPIError as error:
        if not error.connection_invalidated:
            raise

        # A connection of the pool that the server has closed long ago.
        return run_connected(database.engine, work)
