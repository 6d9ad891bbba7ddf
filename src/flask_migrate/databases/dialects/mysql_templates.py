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
from sqlalchemy import exc

from ..server import make_server_engine
from ..snapshot import Snapshot
from ..snapshot import take_snapshot
from .mysql import make_all
from .mysql import MySQL
from .mysql_ddl import quote_name
from .schemas import show_created
from .schemas import without_owner
from .templates import Building
from .templates import list_names
from .templates import parse_name
from .templates import Place
from .templates import PREFIX
from .templates import Template
from .templates import TemplateDamaged
from .templates import TemplateName
from .templates import Templates

_PARTS = "whimbrel_template"
"""In a template: what it is made of, and one row more when it is whole."""

_HALF = "whimbrel_copy"
"""In a copy: has a row until it is whole. All that stands beside it is a copy too."""


class MySQLTemplates(Templates):
    """Databases beside the live one, which nobody else writes to."""

    right = "GRANT ALL ON `whimbrel\\_template\\_%`.* TO '{user}'@'...'"

    def describe(self) -> str:
        query = (
            "SELECT CONCAT_WS(' ', VERSION(), CURRENT_USER(), @@sql_mode,"
            " @@character_set_server, @@collation_server, @@lower_case_table_names,"
            " @@default_storage_engine)"
        )
        return str(self._at_home(lambda home: _run(home, query).scalar()))

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
            _run(connection, _SAME_TIME)
            fingerprint = _read_fingerprint(connection)
            _write_parts(connection, fingerprint)
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
            if _run(connection, f"SELECT 1 FROM {_HALF}").first():
                _clear(connection)

            _run(connection, f"DROP TABLE {_HALF}")

        self._run(self.url, clear)

    def drop(self, template: Template) -> None:
        statement = f"DROP DATABASE IF EXISTS {quote_name(template.place)}"
        self._at_home(lambda home: _run(home, statement))

    def sweep(self, owner: str) -> None:
        def sweep(home: sa.Connection) -> None:
            is_left = sa.text("SELECT IS_FREE_LOCK(:place)")

            for place in _list(home, owner):
                if home.scalar(is_left, {"place": place}):
                    _drop_unless_whole(home, place)

        self._at_home(sweep)

    def _at_home(self, work: cabc.Callable[[sa.Connection], t.Any]) -> t.Any:
        return self._run(self.url.set(database=""), work)


def _run(connection: sa.Connection, sql: str) -> t.Any:
    """Run a text as it stands: a percent sign in it is no parameter."""
    return connection.exec_driver_sql(sql.replace("%", "%%"))


def _find_all(home: sa.Connection, owner: str) -> cabc.Iterator[Template]:
    for place in _list(home, owner):
        fingerprint = _read_kept(home, place)
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


def _read_kept(home: sa.Connection, name: str) -> str | None:
    """Return the fingerprint that a template was kept with; none where it is not."""
    query = f"SELECT text FROM {quote_name(name)}.{_PARTS} WHERE kind = '{_WHOLE}'"

    try:
        found: str | None = _run(home, query).scalar()
    except exc.DBAPIError:
        # There is no such table, or no such database any more.
        return None

    return found


def _drop_unless_whole(home: sa.Connection, name: str) -> None:
    if _read_kept(home, name) is None:
        _run(home, f"DROP DATABASE IF EXISTS {quote_name(name)}")


def _read_fingerprint(connection: sa.Connection) -> str:
    found = take_snapshot(connection).objects
    others = tuple(one for one in found if one.table not in (_PARTS, _HALF))
    return Snapshot(objects=others).fingerprint


def _read_characters(connection: sa.Connection, name: str) -> t.Any:
    query = sa.text(
        "SELECT default_character_set_name, default_collation_name"
        " FROM information_schema.schemata WHERE schema_name = :name"
    )
    return connection.execute(query, {"name": name}).one_or_none()


def _write_parts(connection: sa.Connection, fingerprint: str) -> None:
    """Write down what makes each object, in the order in which a copy makes them."""
    schema = connection.dialect.default_schema_name or ""
    columns = _read_columns(connection, schema)
    parts = [
        {
            "kind": kind,
            "name": name,
            "text": without_owner(sql, schema),
            "columns": json.dumps(columns[name]) if kind == "TABLE" else "",
            "has_rows": kind == "TABLE" and _has_rows(connection, name),
        }
        for kind, name, sql in show_created(connection, schema)
    ]
    whole = {"kind": _WHOLE, "name": "", "text": fingerprint, "columns": ""}
    _PARTS_TABLE.create(connection)

    if parts:
        connection.execute(_PARTS_TABLE.insert(), parts)

    connection.execute(_PARTS_TABLE.insert(), {**whole, "has_rows": False})


def _read_columns(connection: sa.Connection, schema: str) -> dict[str, list[str]]:
    """Return the columns whose values are stored, by table; `*` has no hidden ones."""
    query = sa.text(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = :schema AND COALESCE(generation_expression, '') = ''"
        " ORDER BY table_name, ordinal_position"
    )
    found: dict[str, list[str]] = {}

    for table, column in connection.execute(query, {"schema": schema}):
        found.setdefault(table, []).append(column)

    return found


def _has_rows(connection: sa.Connection, table: str) -> bool:
    query = f"SELECT 1 FROM {quote_name(table)} LIMIT 1"
    return _run(connection, query).first() is not None


@contextlib.contextmanager
def _half(connection: sa.Connection) -> cabc.Iterator[None]:
    """Mark an empty database until it is a whole copy."""
    _run(connection, f"CREATE TABLE {_HALF} (id INTEGER) ENGINE=InnoDB")
    _run(connection, f"INSERT INTO {_HALF} VALUES (1)")

    try:
        yield
    except BaseException:
        _clear(connection)
        _run(connection, f"DROP TABLE {_HALF}")
        raise

    _run(connection, f"DROP TABLE {_HALF}")


def _copy(connection: sa.Connection, template: Template) -> None:
    """Make all parts of a template in a database with nothing but the mark.

    The rows of the version table come last, with the row of the mark: who sees where
    the database stands sees all of it.
    """
    parts = _read_parts(connection, template)
    tables = [one for one in parts if one.kind == "TABLE"]
    filled = [one for one in tables if one.has_rows]
    versions = [one for one in filled if "version_num" in json.loads(one.columns)]

    for statement in (_SAME_TIME, *_FREELY):
        _run(connection, statement)

    for part in tables:
        _run(connection, part.text)

    for part in filled:
        if part not in versions:
            _copy_rows(connection, template, part)

    _run(connection, "SET SESSION sql_mode = DEFAULT")
    make_all(connection, [one.text for one in parts if one.kind == "VIEW"])

    for part in parts:
        if part.kind == "TRIGGER":
            _run(connection, part.text)

    if _read_fingerprint(connection) != template.fingerprint:
        raise TemplateDamaged

    _run(connection, "START TRANSACTION")

    for part in versions:
        _copy_rows(connection, template, part)

    _run(connection, f"DELETE FROM {_HALF}")
    _run(connection, "COMMIT")


def _read_parts(connection: sa.Connection, template: Template) -> list[t.Any]:
    table = _PARTS_TABLE.to_metadata(sa.MetaData(), schema=template.place)
    query = sa.select(table).where(table.c.kind != _WHOLE).order_by(table.c.id)
    return [*connection.execute(query)]


def _copy_rows(connection: sa.Connection, template: Template, part: t.Any) -> None:
    columns = ", ".join(map(quote_name, json.loads(part.columns)))
    table = quote_name(part.name)
    source = f"{quote_name(template.place)}.{table}"
    _run(connection, f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {source}")


def _clear(connection: sa.Connection) -> None:
    """Drop everything that a copy has made."""
    rows = _run(connection, "SHOW FULL TABLES").all()
    _run(connection, "SET SESSION foreign_key_checks = 0")

    for name, kind in rows:
        if name != _HALF:
            what = "VIEW" if kind == "VIEW" else "TABLE"
            _run(connection, f"DROP {what} {quote_name(name)}")


_WHOLE = "FINGERPRINT"
"""The kind of the row of a whole template; its text is the fingerprint."""

_PARTS_TABLE = sa.Table(
    _PARTS,
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("text", sa.Text(2**24 - 1), nullable=False),
    sa.Column("columns", sa.Text(2**24 - 1), nullable=False),
    sa.Column("has_rows", sa.Boolean, nullable=False),
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
    mariadb_engine="InnoDB",
    mariadb_charset="utf8mb4",
)

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
