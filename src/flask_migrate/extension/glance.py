"""Where databases stand, told at a glance: by one SELECT each, without Alembic."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa

from ..databases.connections import prepared
from ..databases.server import run_connected
from ..databases.sources import require_metadata
from ..errors import MigrationError

if t.TYPE_CHECKING:
    from ..databases.sources import Database
    from ..revisions.outline import Outline
    from .state import AppState

T = t.TypeVar("T")

_VERSION_TABLE = "alembic_version"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A simple history, and the databases that it is run on.

    :param state: the application.
    :param outline: the history.
    :param databases: the databases, by what the command calls them.
    """

    state: AppState
    outline: Outline
    databases: dict[str | None, Database]

    def read_heads(self) -> dict[str | None, str] | None:
        """Return the one revision that each database stands at.

        :return: ``None`` where one of them stands at none or several, or does not
            answer: to be looked at closely.
        """
        found = self._ask(lambda connection, heads: heads[0])
        return None if found is None else dict(found)

    def is_done(self) -> bool:
        """Tell whether every database is at the head, by scripts that are the same."""
        found = self._ask(self._is_done)
        return found is not None and all(found.values())

    def _is_done(self, connection: sa.Connection, heads: tuple[str, ...]) -> bool:
        settings = self.state.read_settings()

        if heads != (self.outline.head_id,):
            return False

        if not settings.history or settings.changed_scripts == "ignore":
            return True

        from ..databases.checksums import read_checksums
        from ..databases.checksums import SUFFIX

        arguments = self.state.configure_args
        table = arguments.get("version_table") or _VERSION_TABLE
        checksums = read_checksums(
            connection,
            table=f"{table}{SUFFIX}",
            schema=arguments.get("version_table_schema"),
        )
        return self.outline.is_unchanged(checksums)

    def _ask(
        self, question: cabc.Callable[[sa.Connection, tuple[str, ...]], T]
    ) -> dict[str | None, T] | None:
        """Ask something of each database that stands at one revision that has a file.

        :raises MigrationError: one cannot be reached.
        """
        timeout = self.state.read_settings().connect_timeout
        query = sa.select(make_table(self.state.configure_args))
        found: dict[str | None, T] = {}

        def work(connection: sa.Connection) -> list[T]:
            heads = tuple(connection.scalars(query))

            if len(heads) != 1 or not self.outline.knows(heads[0]):
                return []

            return [question(connection, heads)]

        with prepared(self.databases.values(), writes=False, timeout=timeout):
            for key, database in self.databases.items():
                try:
                    answers = run_connected(database.engine, work)
                except sa.exc.SQLAlchemyError:
                    return None

                if not answers:
                    return None

                found[key] = answers[0]

        return found


def look(state: AppState, outline: Outline, *, is_multidb: bool) -> Glance | None:
    """Return a simple history and its databases.

    :param is_multidb: every database of the application is run.
    :return: ``None`` where something is wrong with one of them, which is for others to
        say.
    """
    try:
        databases = state.find_databases()
        default, *others = databases

        if not is_multidb and default.key is not None and others:
            return None

        chosen = databases if is_multidb else (default,)

        for database in chosen:
            require_metadata(database)
    except MigrationError:
        return None

    # SQLite makes a file for whoever looks.
    if any(one.dialect.is_absent(one.url) for one in chosen):
        return None

    named = {one.name or None: one for one in chosen}
    return Glance(
        state=state,
        outline=outline,
        databases=named if is_multidb else {None: default},
    )


def make_table(arguments: cabc.Mapping[str, t.Any]) -> sa.TableClause:
    """Return the version table of an application, with no columns but its own.

    :param arguments: for ``context.configure()``.
    """
    return sa.table(
        arguments.get("version_table") or _VERSION_TABLE,
        sa.column("version_num", sa.String()),
        schema=arguments.get("version_table_schema"),
    )
