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
    """A history, and the databases that it is run on.

    :param state: the application.
    :param outline: the history.
    :param databases: the databases, by what the command calls them.
    """

    state: AppState
    outline: Outline
    databases: dict[str | None, Database]

    def read_heads(self) -> dict[str | None, tuple[str, ...]] | None:
        """Return the ids that each database stands at, in order.

        :return: ``None`` where one of them stands at none or does not answer: to be
            looked at closely.
        """
        found = self._ask(lambda connection, heads: heads)
        return found if found is not None and all(found.values()) else None

    def is_done(self, target: str) -> bool:
        """Tell whether every database is where an upgrade leads, by the same scripts.

        :param target: of the upgrade.
        """
        found = self._ask(
            lambda connection, heads: (
                self.outline.is_at_end(heads, target=target)
                and self._is_unchanged(connection)
            )
        )
        return found is not None and all(found.values())

    def _is_unchanged(self, connection: sa.Connection) -> bool:
        settings = self.state.read_settings()

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
        """Ask something of each database, which is told with the ids it stands at.

        :raises MigrationError: one cannot be reached.
        """
        timeout = self.state.read_settings().connect_timeout
        query = sa.select(make_table(self.state.configure_args))
        found: dict[str | None, T] = {}

        def work(connection: sa.Connection) -> T:
            heads = sorted(connection.scalars(query), key=str)
            return question(connection, tuple(heads))

        with prepared(self.databases.values(), writes=False, timeout=timeout):
            for key, database in self.databases.items():
                try:
                    found[key] = run_connected(database.engine, work)
                except sa.exc.SQLAlchemyError:
                    return None

        return found


def look(state: AppState, outline: Outline, *, is_multidb: bool) -> Glance | None:
    """Return a history and its databases.

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
