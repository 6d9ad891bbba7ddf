"""Alembic's operations on MySQL and MariaDB, without an attribute lost.

A change of a column states the whole column again. What a revision does not change is
taken from the live table; an ``existing_...`` argument that disagrees with it is not
believed.
"""

from __future__ import annotations

import dataclasses
import logging
import typing as t

import sqlalchemy as sa
from alembic.ddl import mysql
from alembic.ddl.base import alter_table
from alembic.ddl.base import AlterTable
from alembic.ddl.base import format_server_default
from sqlalchemy.ext.compiler import compiles

from ...databases.dialects.mysql_ddl import ColumnDefinition
from ...databases.dialects.mysql_ddl import parse_column
from ...databases.dialects.mysql_ddl import quote_name
from ...databases.dialects.mysql_ddl import quote_text
from ...databases.dialects.tokens import DefinitionError
from ...errors import DataAtRisk
from ...errors import MigrationError
from .arguments import list_changes
from .rendering import ExactText

if t.TYPE_CHECKING:
    from sqlalchemy.sql.compiler import DDLCompiler

log: logging.Logger = logging.getLogger("flask_migrate")


class MySQLImpl(ExactText, mysql.MySQLImpl):
    """Alembic's operations on MySQL and MariaDB."""

    allow_lossy_casts: frozenset[str] = frozenset()
    """Columns, as ``table.column``, whose values a change may convert or cut."""

    def find_live(self, place: Place) -> sa.Connection | None:
        """Return where a column can be looked at; ``None`` if SQL is only written."""
        return None if self.as_sql else self.connection

    def alter_column(
        self,
        table_name: str,
        column_name: str,
        *,
        schema: str | None = None,
        **arguments: t.Any,
    ) -> None:
        """Change a column, and state the rest of it as it is.

        :param arguments: as in Alembic.
        :raises MigrationError: if SQL is written, and it lacks what it must state.
        :raises DataAtRisk: if the server might convert values without a word.
        """
        place = Place(table=table_name, column=column_name, schema=schema)
        restated = None
        live = self.find_live(place)

        if live is None:
            self._check_written(place, arguments)
        elif list_changes(arguments):
            restated = self._restate(place, arguments, live)

        if restated is None:
            super().alter_column(table_name, column_name, schema=schema, **arguments)
        else:
            self._exec(restated)

    def _restate(
        self, place: Place, arguments: dict[str, t.Any], live: sa.Connection
    ) -> RestatedColumn | None:
        """Return the whole column as it must be; ``None`` if there is no such one."""
        sql_mode = _fetch(live, "SELECT @@SESSION.sql_mode")
        escapes = "NO_BACKSLASH_ESCAPES" not in sql_mode
        quote = self.dialect.identifier_preparer.quote_identifier
        table = ".".join(quote(name) for name in (place.schema, place.table) if name)
        created = _fetch(live, f"SHOW CREATE TABLE {table}", value=1)

        try:
            column = parse_column(created, place.column, escapes=escapes)
        except DefinitionError as error:
            raise DataAtRisk(
                f"{place} cannot be stated again, as MySQL wants it: {error}.",
                hint="Change it with op.execute(), and a whole definition.",
            ) from error

        if column is None:
            return None

        self._check_mode(place, sql_mode, arguments)
        _check_computed(place, column, arguments)
        type_ = arguments.get("type_")
        type_text = None

        if type_ is not None:
            compiler = self.dialect.type_compiler_instance
            type_text = compiler.process(sa.types.to_instance(type_))

        return RestatedColumn(
            place,
            column=_edit(column, arguments, type_text, escapes=escapes),
            type_text=type_text,
            default=arguments.get("server_default", False),
        )

    def _check_written(self, place: Place, arguments: dict[str, t.Any]) -> None:
        """Refuse to write SQL that would drop what the revision does not speak of.

        :raises MigrationError: naming the arguments that are missing.
        """
        default = arguments.get("server_default", False)
        type_ = arguments.get("type_") or arguments.get("existing_type")

        # Alembic then writes ALTER COLUMN ... SET DEFAULT, which states nothing else.
        if list_changes(arguments) <= {"server_default"} and not (
            self._is_mysql_allowed_functional_default(type_, default)
        ):
            return

        missing = [
            f"existing_{key}=..."
            for key, change in (("type", "type_"), ("nullable", "nullable"))
            if arguments.get(change) is None
            and arguments.get(f"existing_{key}") is None
        ]

        if missing:
            raise MigrationError(
                f"{place}: MySQL states a whole column again, and SQL that is only"
                " written cannot look at the live one.",
                hint=f"Add {' and '.join(missing)} to alter_column(), or run the"
                " revision on the database.",
            )

        log.warning(
            "%s: the SQL states the whole column again. Where it has a DEFAULT, ON"
            " UPDATE, COMMENT or collation that alter_column() does not name, add it.",
            place,
        )

    def _check_mode(
        self, place: Place, sql_mode: str, arguments: dict[str, t.Any]
    ) -> None:
        """Refuse what MySQL does with a warning only, while it is not strict."""
        may_convert = (
            arguments.get("type_") is not None or arguments.get("nullable") is False
        )

        is_allowed = "STRICT_" in sql_mode or str(place) in self.allow_lossy_casts

        if may_convert and not is_allowed:
            raise DataAtRisk(
                f"{place} cannot be changed safely: the session is not strict (sql_mode"
                f" is {sql_mode or 'empty'}), so the server would cut or convert values"
                " that do not fit.",
                hint="Set STRICT_TRANS_TABLES in sql_mode, or let values change:"
                f" flask db upgrade --allow-lossy-cast {place}",
            )


def _fetch(live: sa.Connection, sql: str, *, value: int = 0) -> str:
    return str(live.exec_driver_sql(sql).one()[value])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which column is meant.

    :param schema: the database; the session's own by default.
    """

    table: str
    column: str
    schema: str | None

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


class RestatedColumn(AlterTable):
    """``ALTER TABLE ... CHANGE`` with everything that the column is.

    :param place: under its old name.
    :param column: as it must be.
    :param type_text: its type, where that is new, as compiled.
    :param default: its default, where that is new; ``False`` where it is not.
    """

    def __init__(
        self,
        place: Place,
        *,
        column: ColumnDefinition,
        type_text: str | None,
        default: t.Any,
    ) -> None:
        super().__init__(place.table, schema=place.schema)
        self.place: Place = place
        self.column: ColumnDefinition = column
        self.type_text: str | None = type_text
        self.default: t.Any = default


@compiles(RestatedColumn, "mysql", "mariadb")
def _compile(element: RestatedColumn, compiler: DDLCompiler, **kw: t.Any) -> str:
    column = element.column

    def keep(text: str) -> str:
        # A colon is no parameter; some drivers want each `%` twice.
        return compiler.sql_compiler.process(sa.text(text.replace(":", r"\:")))

    parts = [
        alter_table(compiler, element.table_name, element.schema),
        "CHANGE",
        keep(quote_name(element.place.column)),
        keep(quote_name(column.name)),
        element.type_text or keep(column.type),
    ]

    for keyword, text in column.texts:
        if keyword == "DEFAULT" and element.default is not False:
            text = f"DEFAULT {format_server_default(compiler, element.default)}"
        else:
            text = keep(text)

        parts.append(text)

    return " ".join(parts)


def _edit(
    column: ColumnDefinition,
    arguments: dict[str, t.Any],
    type_text: str | None,
    *,
    escapes: bool,
) -> ColumnDefinition:
    """Return the column with what ``alter_column`` changes."""
    if type_text is not None:
        column = column.with_type(type_text)

        if _loses_collation(arguments):
            column = column.without("CHARACTER", "COLLATE")

    if (nullable := arguments.get("nullable")) is not None:
        column = column.with_null(nullable)

    if arguments.get("server_default", False) is not False:
        column = _edit_default(column, arguments)

    if (autoincrement := arguments.get("autoincrement")) is not None:
        column = column.without("AUTO_INCREMENT")
        column = (
            column.with_attribute("AUTO_INCREMENT", "AUTO_INCREMENT")
            if autoincrement
            else column
        )

    if (comment := arguments.get("comment", False)) is not False:
        text = f"COMMENT {quote_text(comment or '', escapes=escapes)}"
        column = column.with_attribute("COMMENT", text)

    name = arguments.get("name")
    return column if name is None else column.with_name(name, escapes=escapes)


def _loses_collation(arguments: dict[str, t.Any]) -> bool:
    """Tell whether a revision names the old collation, and no new one."""
    old, new = (
        getattr(arguments.get(key), "collation", None)
        for key in ("existing_type", "type_")
    )
    return old is not None and new is None


def _edit_default(
    column: ColumnDefinition, arguments: dict[str, t.Any]
) -> ColumnDefinition:
    """Return the column with a place for its new default.

    SQLAlchemy takes ON UPDATE for a part of the default. It goes with the old one if
    the revision knows of it, which autogenerate does, and stays otherwise.
    """
    new = arguments["server_default"]
    known = (new, arguments.get("existing_server_default"))

    if any("ON UPDATE" in str(getattr(one, "arg", one)).upper() for one in known):
        column = column.without("ON")

    if new is None:
        return column.without("DEFAULT")

    return column.with_attribute("DEFAULT", "")


def _check_computed(
    place: Place, column: ColumnDefinition, arguments: dict[str, t.Any]
) -> None:
    """Refuse a default for a computed column, or the other way round."""
    default = arguments.get("server_default", False)
    is_computed = isinstance(default, (sa.Computed, sa.Identity))

    if is_computed or (column.is_generated and default is not False):
        raise MigrationError(
            f"{place} cannot change between a value that is stored and one that is"
            " computed.",
            hint="Drop the column and add it again, with drop_column and add_column.",
        )
