"""Templates of PostgreSQL: databases without connections, copied by the server."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from ..scratch import name_scratch
from ..scratch import sweep_scratches
from ..snapshot import take_snapshot
from .postgresql import OWN_SCHEMAS
from .postgresql import PostgreSQL
from .postgresql_session import quote_literal
from .templates import Building
from .templates import list_names
from .templates import parse_name
from .templates import Place
from .templates import PREFIX
from .templates import Template
from .templates import TemplateDamaged
from .templates import TemplateName
from .templates import Templates

_TAKEN = ("42P04", "23505")
"""The states of an error that says that there is a database of this name."""


class PostgreSQLTemplates(Templates):
    """Databases with ``ALLOW_CONNECTIONS false``; their comment has the fingerprint.

    A template and a copy are made under the name of a scratch database, and renamed
    when they are whole. What a killed run leaves is swept up with those.
    """

    makes_database: bool = True
    right: str = PostgreSQL.scratch_right

    def describe(self) -> str:
        return str(self._at_home(lambda home: home.scalar(_SERVER)))

    def find(self, owner: str) -> tuple[Template, ...]:
        start = {"start": f"{PREFIX}{owner}_"}
        rows = self._at_home(lambda home: home.execute(_FIND, start).all())
        return tuple(
            Template(place=place, digest=name.digest, fingerprint=words.split()[-1])
            for place, words in rows
            if words and (name := parse_name(place))
        )

    def measure(self, template: Template) -> int:
        query = sa.text("SELECT pg_database_size(:name)")
        return int(
            self._at_home(lambda home: home.scalar(query, {"name": template.place}))
        )

    @contextlib.contextmanager
    def building(self, name: TemplateName) -> cabc.Iterator[Building]:
        scratch = self._name_scratch()
        self._execute("CREATE DATABASE {}", scratch)

        try:
            yield Building(url=self.url.set(database=scratch), name=name)
        finally:
            self._execute("DROP DATABASE IF EXISTS {}", scratch)

    def find_lost(self, building: Building) -> str | None:
        found = self._at_home(
            lambda home: home.scalars(_LOST, {"name": building.url.database}).all()
        )
        return f"the {list_names(found)} of the database" if found else None

    def keep(self, building: Building) -> Template:
        scratch = building.url.database or ""
        fingerprint = self._read_fingerprint(building.url)
        place = str(building.name)
        comment = quote_literal(f"{_COMMENT} {fingerprint}")

        self._execute(f"COMMENT ON DATABASE {{}} IS {comment}", scratch)
        self._execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", scratch)
        # Where another run was faster its template is as good as this one.
        self._rename(scratch, place)
        return Template(
            place=place, digest=building.name.digest, fingerprint=fingerprint
        )

    def look(self) -> Place:
        exists = PostgreSQL().database_exists(self.url, self._run)
        return Place.TAKEN if exists else Place.FREE

    def copy(self, template: Template) -> bool:
        name = self._name_scratch()

        try:
            self._execute("CREATE DATABASE {} TEMPLATE {}", name, template.place)
            found = self._read_fingerprint(self.url.set(database=name))

            if found != template.fingerprint:
                raise TemplateDamaged

            return self._rename(name, self.url.database or "")
        finally:
            self._execute("DROP DATABASE IF EXISTS {}", name)

    def undo_copy(self) -> None:
        self._execute("DROP DATABASE {}", self.url.database or "")
        PostgreSQL().make_database(self.url, {}, self._run)

    def drop(self, template: Template) -> None:
        self._execute("DROP DATABASE IF EXISTS {}", template.place)

    def _name_scratch(self) -> str:
        def name(home: sa.Connection) -> str:
            now = PostgreSQL().read_clock(home)
            sweep_scratches(home, now)
            return name_scratch(now)

        return str(self._at_home(name))

    def _rename(self, old: str, new: str) -> bool:
        """Give a database its name, unless there is one of this name.

        :return: whether it was done.
        """
        try:
            self._execute("ALTER DATABASE {} RENAME TO {}", old, new)
        except exc.DBAPIError as error:
            if _read_state(error) not in _TAKEN:
                raise

            return False

        return True

    def _read_fingerprint(self, url: sa.URL) -> str:
        def read(connection: sa.Connection) -> str:
            schemas = connection.scalars(OWN_SCHEMAS).all()
            return take_snapshot(connection, schemas=schemas).fingerprint

        return str(self._run(url, read))

    def _execute(self, statement: str, *names: str) -> None:
        def work(home: sa.Connection) -> None:
            quote = home.dialect.identifier_preparer.quote_identifier
            text = statement.replace("%", "%%").format(*map(quote, names))
            home.exec_driver_sql(text)

        self._at_home(work)

    def _at_home(self, work: cabc.Callable[[sa.Connection], t.Any]) -> t.Any:
        return self._run(PostgreSQL().maintenance_url(self.url), work)


def _read_state(error: exc.DBAPIError) -> str | None:
    origin = error.orig
    return getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None)


_COMMENT = "flask db prepare copies new databases from this one:"

# What is made now becomes the user's, and is what the server makes of template1.
_SERVER = sa.text(
    "SELECT concat_ws(' ', version(), current_user, pg_encoding_to_char(encoding),"
    " datcollate, datctype) FROM pg_database WHERE datname = 'template1'"
)
_FIND = sa.text(
    "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database"
    " WHERE NOT datallowconn AND starts_with(CAST(datname AS text), :start)"
    " ORDER BY datname"
)
# What stands beside a database, and not in it, is not copied: the manual's page on
# CREATE DATABASE names the settings and the privileges.
_LOST = sa.text(
    """
    WITH place AS (SELECT oid, datacl FROM pg_database WHERE datname = :name)
    SELECT 'privileges' FROM place WHERE datacl IS NOT NULL
    UNION
    SELECT 'settings' FROM pg_db_role_setting JOIN place ON place.oid = setdatabase
    UNION
    SELECT 'comment' FROM place WHERE shobj_description(oid, 'pg_database') IS NOT NULL
    UNION
    SELECT 'subscriptions' FROM pg_subscription JOIN place ON place.oid = subdbid
    """
)
