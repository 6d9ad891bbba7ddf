"""The enum types of a PostgreSQL database, and what uses them."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EnumColumn:
    """A column of an enum type, or of an array of it.

    :param schema: ``None`` for the default one.
    :param default: as the server shows it.
    """

    schema: str | None
    table: str
    name: str
    is_array: bool
    default: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EnumUser:
    """An index or a CHECK that names a value of a type, and would stop its change.

    :param drop: what takes it away.
    :param create: what makes it again.
    """

    drop: str
    create: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EnumType:
    """An enum type.

    :param schema: ``None`` for the default one.
    :param labels: in order.
    :param columns: those of tables; not of partitions, which follow their parents.
    :param users: what must step aside while another type takes its place.
    :param is_needed: something else than a column cannot be without it: a function, a
        view, a domain.
    """

    schema: str | None
    name: str
    labels: tuple[str, ...]
    columns: tuple[EnumColumn, ...]
    users: tuple[EnumUser, ...]
    is_needed: bool


def list_enums(connection: sa.Connection) -> list[EnumType]:
    """Read the enum types of all schemas, without those of extensions."""
    default = connection.dialect.default_schema_name
    columns: dict[int, list[EnumColumn]] = {}

    for row in connection.execute(_COLUMNS):
        columns.setdefault(row.type, []).append(
            EnumColumn(
                schema=None if row.schema == default else row.schema,
                table=row.table,
                name=row.name,
                is_array=row.is_array,
                default=row.default,
            )
        )

    users: dict[int, list[EnumUser]] = {}

    for row in connection.execute(_USERS):
        user = EnumUser(drop=row.drop, create=row.create)
        users.setdefault(row.type, []).append(user)

    return [
        EnumType(
            schema=None if row.schema == default else row.schema,
            name=row.name,
            labels=tuple(row.labels),
            columns=tuple(columns.get(row.oid, ())),
            users=tuple(users.get(row.oid, ())),
            is_needed=row.is_needed,
        )
        for row in connection.execute(_TYPES)
    ]


_TYPES = sa.text(
    """
    SELECT type.oid, nspname AS schema, typname AS name,
           ARRAY(SELECT CAST(enumlabel AS text) FROM pg_enum
                 WHERE enumtypid = type.oid ORDER BY enumsortorder) AS labels,
           EXISTS (SELECT FROM pg_depend
                   WHERE refclassid = 'pg_type'::regclass
                     AND refobjid IN (type.oid, typarray) AND deptype = 'n'
                     AND classid IN ('pg_proc'::regclass, 'pg_rewrite'::regclass,
                                     'pg_type'::regclass, 'pg_cast'::regclass)
                  ) AS is_needed
    FROM pg_type AS type JOIN pg_namespace AS place ON place.oid = typnamespace
    WHERE typtype = 'e'
      AND NOT EXISTS (SELECT FROM pg_depend
                      WHERE classid = 'pg_type'::regclass AND objid = type.oid
                        AND deptype = 'e')
    ORDER BY nspname, typname
    """
)

_COLUMNS = sa.text(
    """
    SELECT type.oid AS type, nspname AS schema, relname AS table, attname AS name,
           atttypid = typarray AS is_array,
           pg_get_expr(adbin, adrelid) AS default
    FROM pg_type AS type
    JOIN pg_attribute AS attribute ON atttypid IN (type.oid, typarray)
    JOIN pg_class AS class ON class.oid = attrelid
    JOIN pg_namespace AS place ON place.oid = relnamespace
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE typtype = 'e' AND relkind IN ('r', 'p', 'f') AND NOT attisdropped
      AND attinhcount = 0
    ORDER BY nspname, relname, attnum
    """
)

_USERS = sa.text(
    """
    SELECT DISTINCT type.oid AS type,
           'DROP INDEX ' || CAST(objid AS regclass) AS drop,
           pg_get_indexdef(objid) AS create
    FROM pg_type AS type
    JOIN pg_depend ON refclassid = 'pg_type'::regclass
                  AND refobjid IN (type.oid, typarray)
                  AND classid = 'pg_class'::regclass
    JOIN pg_index ON indexrelid = objid
    WHERE typtype = 'e'
    UNION ALL
    SELECT DISTINCT type.oid,
           format('ALTER TABLE %s DROP CONSTRAINT %I', CAST(conrelid AS regclass),
                  conname),
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', CAST(conrelid AS regclass),
                  conname, pg_get_constraintdef(check_.oid))
    FROM pg_type AS type
    JOIN pg_depend ON refclassid = 'pg_type'::regclass
                  AND refobjid IN (type.oid, typarray)
                  AND classid = 'pg_constraint'::regclass
    JOIN pg_constraint AS check_ ON check_.oid = objid
    WHERE typtype = 'e' AND contype = 'c' AND conrelid <> 0
    """
)
