"""Verbs for whole databases: create, drop."""

from __future__ import annotations

from ..databases.sources import Database
from ..errors import UsageError
from .base import Verbs


class Existing(Verbs):
    """How a ``Migrate`` makes databases, and drops them."""

    def create(
        self, bind: str | None = None, **options: str | None
    ) -> tuple[tuple[Database, bool], ...]:
        """Make the databases that do not exist yet.

        :param bind: only the one of this bind key.
        :param options: ``encoding``, ``owner``, ``template``, ``collation``, where the
            backend has them.
        :return: each database, and whether it was made now.
        """
        from ..databases.lifecycle import make_missing

        given = {key: value for key, value in options.items() if value is not None}
        timeout = self.state.read_settings().connect_timeout
        return tuple(
            (database, make_missing(database, given, timeout=timeout))
            for database in self._choose(bind)
        )

    def name_database(self, bind: str | None = None) -> tuple[str, str]:
        """Return the name of a database and where it is, in words.

        :param bind: its bind key, the default one otherwise.
        """
        from ..databases.lifecycle import name_of

        database = self._choose(bind or "")[0]
        return name_of(database), database.place

    def drop(self, bind: str | None = None, *, confirm: str) -> Database:
        """Drop one database, with everything in it.

        :param bind: its bind key, the default one otherwise.
        :param confirm: its name, as a consent.
        :raises UsageError: the name is another one.
        """
        from ..databases.lifecycle import drop_existing

        database = self._choose(bind or "")[0]
        name, where = self.name_database(bind)

        if confirm != name:
            why = f"{confirm!r} is not its name" if confirm else "nobody has consented"
            raise UsageError(
                f"drop deletes the database {name} on {where} and everything in it, and"
                f" {why}; nothing was done.",
                hint=f"flask db drop --confirm {name}"
                + (f" --bind {bind}" if bind else ""),
            )

        timeout = self.state.read_settings().connect_timeout
        drop_existing(database, timeout=timeout)
        return database
