"""Templates of MySQL and MariaDB: copied statement by statement, the indexes with them.

No server of these copies or renames a database. What makes each table stands in the
template beside the tables, so a copy asks nothing twice.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import json
import secrets
import typing as t

import sqlalchemy as sa

from ..server import make_server_engine
from ..snapshot import Snapshot
from ..snapshot import take_snapshot
from .mysql import MySQL
from .mysql_ddl import quote_name
from .mysql_parts import PARTS
from .mysql_parts import read_kept
from .mysql_parts import read_parts
from .mysql_parts import write_parts
from .mysql_schema import make_all
from .mysql_statements import run
from .templates import Building
from .templates import list_names
from .templates import parse_name
from .templates import Place
from .templates import PREFIX
from .templates import Template
from .templates import TemplateDamaged
from .templates import TemplateName
from .templates import Templates

_HALF = "whimbrel_copy"
"""In a copy: has a row until it is whole. All that stands beside it is a copy too."""


class MySQLTemplates(Templates):
    """Databases beside the live one, which nobody else writes to."""

    right: str = "GRANT ALL ON `whimbrel\\_template\\_%`.* TO '{user}'@'...'"

    def describe(self) -> str:
        query = (
            "SELECT CONCAT_WS(' ', VERSION(), CURRENT_USER(), @@sql_mode,"
            " @@character_set_server, @@collation_server, @@lower_case_table_names,"
            " @@default_storage_engine)"
        )
        return str(self._at_home(lambda home: run(home, query).scalar()))

    def find(self, owner: str) -> tuple[Template, ...]:
        return tuple(self._at_home(lambda home: [*_find_all(home, owner)]))

    def measure(self, template: Template) -> int:
        query = sa.text(
            "SELECT COALESCE(SUM(data_length + index_length), 0)"
            " FROM information_schema.tables WHERE table_schema = :name"
        )
        return int(
            self._at_home(lambda home: home.scalar(query, {"name": template.place}))
        )

    @contextlib.contextmanager
    def building(self, name: TemplateName) -> cabc.Iterator[Building]:
        # Two runs that build one have one each: a name cannot be changed later.
        place = f"{name}_{secrets.token_hex(4)}"
        url = self.url.set(database=place)

        with self._claiming(place) as home:
            MySQL().make_database(url, {}, self._run)

            try:
                yield Building(url=url, name=name)
            finally:
                _drop_unless_whole(home, place)

    @contextlib.contextmanager
    def _claiming(self, place: str) -> cabc.Iterator[sa.Connection]:
        """Keep a name, for as long as this process lives, from who sweeps."""
        engine = make_server_engine(self.url.set(database=""))
        assert isinstance(engine, sa.Engine)  # others have no templates

        with engine.connect() as home:
            home.execute(sa.text("SELECT GET_LOCK(:place, 0)"), {"place": place})
            yield home

    def find_lost(self, building: Building) -> str | None:
        def find(connection: sa.Connection) -> str | None:
            place = {"name": building.url.database}
            found = connection.execute(_LOST, place).scalars().all()
            return list_names(found) or None

        return t.cast("str | None", self._run(building.url, find))

    def keep(self, building: Building) -> Template:
        def keep(connection: sa.Connection) -> Template:
            run(connection, _SAME_TIME)
            fingerprint = _read_fingerprint(connection)
            write_parts(connection, fingerprint)
            return Template(
                place=building.url.database or "",
                digest=building.name.digest,
                fingerprint=fingerprint,
            )

        return t.cast("Template", self._run(building.url, keep))

    def look(self) -> Place:
        place = {"name": self.url.database, "half": _HALF}
        count, half = self._at_home(lambda home: home.execute(_LOOK, place).one())

        if half:
            return Place.HALF

        return Place.TAKEN if count else Place.FREE

    def copy(self, template: Template) -> bool:
        def copy(connection: sa.Connection) -> bool:
            own = self.url.database or ""

            # Tables without a character set of their own would get another one.
            if _read_characters(connection, template.place) != _read_characters(
                connection, own
            ):
                return False

            if self.look() is not Place.FREE:
                return False

            with _half(connection):
                _copy(connection, template)

            return True

        return bool(self._run(self.url, copy))

    def undo_copy(self) -> None:
        self._run(self.url, _clear)

    def clear_half(self) -> None:
        def clear(connection: sa.Connection) -> None:
            # Of a whole one only the empty mark is left.
            if run(connection, f"SELECT 1 FROM {_HALF}").first():
                _clear(connection)

            run(connection, f"DROP TABLE {_HALF}")

        self._run(self.url, clear)

    def drop(self, template: Template) -> None:
        statement = f"DROP DATABASE IF EXISTS {quote_name(template.place)}"
        self._at_home(lambda home: run(home, statement))

    def sweep(self, owner: str) -> None:
        def sweep(home: sa.Connection) -> None:
            is_left = sa.text("SELECT IS_FREE_LOCK(:place)")

            for place in _list(home, owner):
                if home.scalar(is_left, {"place": place}):
                    _drop_unless_whole(home, place)

        self._at_home(sweep)

    def _at_home(self, work: cabc.Callable[[sa.Connection], t.Any]) -> t.Any:
        return self._run(self.url.set(database=""), work)


def _find_all(home: sa.Connection, owner: str) -> cabc.Iterator[Template]:
    for place in _list(home, owner):
        fingerprint = read_kept(home, place)
        name = parse_name(place)

        if fingerprint and name:
            yield Template(place=place, digest=name.digest, fingerprint=fingerprint)


def _list(home: sa.Connection, owner: str) -> list[str]:
    query = sa.text(
        "SELECT schema_name FROM information_schema.schemata"
        " WHERE LEFT(schema_name, CHAR_LENGTH(:start)) = :start"
        " ORDER BY schema_name"
    )
    return list(home.scalars(query, {"start": f"{PREFIX}{owner}_"}))


def _drop_unless_whole(home: sa.Connection, name: str) -> None:
    if read_kept(home, name) is None:
        run(home, f"DROP DATABASE IF EXISTS {quote_name(name)}")


def _read_fingerprint(connection: sa.Connection) -> str:
    found = take_snapshot(connection).objects
    others = tuple(one for one in found if one.table not in (PARTS, _HALF))
    return Snapshot(objects=others).fingerprint


def _read_characters(connection: sa.Connection, name: str) -> t.Any:
    query = sa.text(
        "SELECT default_character_set_name, default_collation_name"
        " FROM information_schema.schemata WHERE schema_name = :name"
    )
    return connection.execute(query, {"name": name}).one_or_none()


@contextlib.contextmanager
def _half(connection: sa.Connection) -> cabc.Iterator[None]:
    """Mark an empty database until it is a whole copy."""
    run(connection, f"CREATE TABLE {_HALF} (id INTEGER) ENGINE=InnoDB")
    run(connection, f"INSERT INTO {_HALF} VALUES (1)")

    try:
        yield
    except BaseException:
        _clear(connection)
        run(connection, f"DROP TABLE {_HALF}")
        raise

    run(connection, f"DROP TABLE {_HALF}")


def _copy(connection: sa.Connection, template: Template) -> None:
    """Make all parts of a template in a database with nothing but the mark.

    The rows of the version table come last, with the row of the mark: who sees where
    the database stands sees all of it.
    """
    parts = read_parts(connection, template.place)
    tables = [one for one in parts if one.kind == "TABLE"]
    filled = [one for one in tables if one.has_rows]
    versions = [one for one in filled if "version_num" in json.loads(one.columns)]

    for statement in (_SAME_TIME, *_FREELY):
        run(connection, statement)

    for part in tables:
        run(connection, part.text)

    for part in filled:
        if part not in versions:
            _copy_rows(connection, template, part)

    run(connection, "SET SESSION sql_mode = DEFAULT")
    make_all(connection, [one.text for one in parts if one.kind == "VIEW"])

    for part in parts:
        if part.kind == "TRIGGER":
            run(connection, part.text)

    if _read_fingerprint(connection) != template.fingerprint:
        raise TemplateDamaged

    run(connection, "START TRANSACTION")

    for part in versions:
        _copy_rows(connection, template, part)

    run(connection, f"DELETE FROM {_HALF}")
    run(connection, "COMMIT")


def _copy_rows(connection: sa.Connection, template: Template, part: t.Any) -> None:
    columns = ", ".join(map(quote_name, json.loads(part.columns)))
    table = quote_name(part.name)
    source = f"{quote_name(template.place)}.{table}"
    names = f"{table} ({columns})"
    run(connection, f"INSERT INTO {names} SELECT {columns} FROM {source}")


def _clear(connection: sa.Connection) -> None:
    """Drop everything that a copy has made."""
    rows = run(connection, "SHOW FULL TABLES").all()
    run(connection, "SET SESSION foreign_key_checks = 0")

    for name, kind in rows:
        if name != _HALF:
            what = "VIEW" if kind == "VIEW" else "TABLE"
            run(connection, f"DROP {what} {quote_name(name)}")


# A moment is written, and read, in the time zone of the session.
_SAME_TIME = "SET SESSION time_zone = '+00:00'"
_FREELY = (
    "SET SESSION foreign_key_checks = 0",
    "SET SESSION unique_checks = 0",
    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')",
)
_LOOK = sa.text(
    """
    SELECT (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = :name)
         + (SELECT COUNT(*) FROM information_schema.routines
            WHERE routine_schema = :name)
         + (SELECT COUNT(*) FROM information_schema.events WHERE event_schema = :name),
           (SELECT COUNT(*) FROM information_schema.tables
            WHERE table_schema = :name AND table_name = :half)
    """
)
# What a copy would lack, or have from somebody else.
_LOST = sa.text(
    """
    SELECT CONCAT('the ', LOWER(routine_type), ' ', routine_name)
    FROM information_schema.routines WHERE routine_schema = :name
    UNION
    SELECT CONCAT('the event ', event_name)
    FROM information_schema.events WHERE event_schema = :name
    UNION
    SELECT CONCAT('the ', LOWER(table_type), ' ', table_name)
    FROM information_schema.tables
    WHERE table_schema = :name AND table_type NOT IN ('BASE TABLE', 'VIEW')
    UNION
    SELECT CONCAT('the definer of the view ', table_name)
    FROM information_schema.views
    WHERE table_schema = :name AND definer <> CURRENT_USER()
    UNION
    SELECT CONCAT('the definer or the mode of the trigger ', trigger_name)
    FROM information_schema.triggers
    WHERE trigger_schema = :name
      AND (definer <> CURRENT_USER() OR sql_mode <> @@sql_mode)
    UNION
    SELECT CONCAT('privileges on ', table_name)
    FROM information_schema.table_privileges WHERE table_schema = :name
    UNION
    SELECT 'privileges' FROM information_schema.schema_privileges
    WHERE table_schema = :name
    """
)
