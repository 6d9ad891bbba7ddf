"""PostgreSQL's operations: an enum type that a downgrade left behind is used again."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as t

import sqlalchemy as sa
from alembic.ddl.postgresql import PostgresqlImpl as AlembicPostgreSQLImpl
from sqlalchemy.dialects import postgresql

from ...errors import MigrationError
from .rendering import ExactText

_LABELS = sa.text(
    """
    SELECT label.enumlabel
    FROM pg_enum AS label
    JOIN pg_type AS type ON type.oid = label.enumtypid
    JOIN pg_namespace AS namespace ON namespace.oid = type.typnamespace
    WHERE type.typname = :name
      AND CASE WHEN CAST(:schema AS text) IS NULL
               THEN pg_type_is_visible(type.oid)
               ELSE namespace.nspname = :schema END
    ORDER BY label.enumsortorder
    """
)

_OWNED = sa.text(
    """
    SELECT CAST(CAST(sequence.oid AS regclass) AS text), attribute.attname
    FROM pg_class AS sequence
    JOIN pg_depend AS link
      ON link.objid = sequence.oid
     AND link.classid = CAST('pg_class' AS regclass)
     AND link.refclassid = CAST('pg_class' AS regclass)
    JOIN pg_attribute AS attribute
      ON attribute.attrelid = link.refobjid AND attribute.attnum = link.refobjsubid
    WHERE sequence.relkind = 'S'
    """
)
_KEY = "flask_migrate_serials"
_NEXT = re.compile(r"nextval\('(?P<sequence>.+?)'::regclass\)\Z")


class PostgreSQLImpl(ExactText, AlembicPostgreSQLImpl):
    """Alembic's operations, with an eye on the types that tables need.

    Alembic's ``drop_table`` leaves a table's enum types, so ``downgrade base`` and
    ``upgrade`` would end in "type already exists". A type with the same labels is taken
    as it is; it is never dropped for the user, who may have written that line himself.
    """

    allow_lossy_casts: frozenset[str] = frozenset()
    live: sa.Connection | None = None
    """Where a plan looks, while its statements are only noted."""

    def autogen_column_reflect(
        self, inspector: t.Any, table: sa.Table, column_info: t.Any
    ) -> None:
        """Take the default from a SERIAL column.

        Alembic 1.20 asks the server once per column; here it is asked once.
        """
        match = _NEXT.match(column_info.get("default") or "")

        if match is None or not isinstance(column_info["type"], sa.Integer):
            return

        cache = inspector.info_cache

        if _KEY not in cache:
            with inspector._operation_context() as connection:
                cache[_KEY] = {tuple(row) for row in connection.execute(_OWNED)}

        if (match["sequence"].replace("''", "'"), column_info["name"]) in cache[_KEY]:
            del column_info["default"]

    def create_table(self, table: sa.Table, **kw: t.Any) -> None:
        """Create a table, and those of its enum types that do not exist yet."""
        if self.live is not None or not self.as_sql:
            for kind in _find_enums(table, self.dialect):
                self._note_type(kind, table)

        super().create_table(table, **kw)

    def _note_type(self, kind: postgresql.ENUM, table: sa.Table) -> None:
        connection = self.live or t.cast("sa.Connection", self.connection)
        place = {"name": kind.name, "schema": kind.schema}
        labels = list(connection.scalars(_LABELS, place))
        # SQLAlchemy's own list of the types that this run has made; it cannot see that
        # a revision has dropped one since.
        made = self.memo.setdefault(f"pg_{kind.__visit_name__}", set())
        key = (kind.schema, kind.name)

        if not labels:
            # In a plan, a step before this one may have made it.
            if self.live is None:
                made.discard(key)
        elif labels == list(kind.enums):
            made.add(key)
        else:
            raise MigrationError(
                f"The type {kind.name} of {table.name} exists already, with other"
                f" values: {', '.join(labels)}.",
                hint=f"Drop it first where nothing uses it: DROP TYPE {kind.name}; or"
                " give the enum of this table another name.",
            )


def _find_enums(table: sa.Table, dialect: sa.Dialect) -> cabc.Iterator[postgresql.ENUM]:
    """Yield the enum types that creating a table would create."""
    for column in table.columns:
        kind = column.type.dialect_impl(dialect)

        if item := getattr(kind, "item_type", None):
            kind = item.dialect_impl(dialect)

        if isinstance(kind, postgresql.ENUM) and kind.create_type:
            yield kind
