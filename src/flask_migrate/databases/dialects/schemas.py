"""What a database consists of, asked of its server in few questions."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SchemaObject:
    """One thing of a schema, as its server describes it.

    :param kind: ``table``, ``column``, ``index``, ``constraint``, ``view`` ...
    :param table: what it belongs to, or its own name; with its schema where that is
        not the default one.
    :param name: within that; empty for the thing itself.
    :param definition: in the server's own words.
    """

    kind: str
    table: str
    name: str = ""
    definition: str = ""

    def to_dict(self) -> dict[str, t.Any]:
        """Return the object as plain values, for JSON."""
        return dataclasses.asdict(self)


Schema = cabc.Iterator[SchemaObject]
"""What the readers below give."""


def read_any(connection: sa.Connection, schemas: tuple[str, ...]) -> Schema:
    """Read the schema of a backend that is not known better, by reflection.

    :param schemas: those besides the default one.
    """
    inspector = sa.inspect(connection)

    for schema in (None, *schemas):
        for (_, table), columns in inspector.get_multi_columns(schema=schema).items():
            name = f"{schema}.{table}" if schema else table
            yield SchemaObject(kind="table", table=name)

            for column in columns:
                text = f"{column['type']} {column['nullable']} {column['default']}"
                yield SchemaObject(
                    kind="column", table=name, name=column["name"], definition=text
                )


def list_postgresql(connection: sa.Connection, schemas: tuple[str, ...]) -> set[str]:
    """Return the names of the tables that :func:`read_postgresql` reads."""
    return set(connection.scalars(_POSTGRESQL_TABLES, {"schemas": list(schemas)}))


def read_postgresql(connection: sa.Connection, schemas: tuple[str, ...]) -> Schema:
    """Read the system catalogs, without what belongs to extensions.

    :param schemas: those besides the search path.
    """
    rows = connection.execute(_POSTGRESQL, {"schemas": list(schemas)})

    for kind, table, name, definition in rows:
        yield SchemaObject(kind=kind, table=table, name=name, definition=definition)


_RELATIONS = """
    WITH place AS (
        SELECT oid,
               CASE WHEN nspname = current_schema() THEN ''
                    ELSE nspname || '.' END AS prefix
        FROM pg_namespace
        WHERE nspname = ANY (current_schemas(false)) OR nspname IN :schemas
    ), owned AS (
        SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
    ), relation AS (
        SELECT class.oid, CAST(class.relkind AS text) AS kind,
               place.prefix || class.relname AS name
        FROM pg_class AS class JOIN place ON place.oid = class.relnamespace
        WHERE class.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
          AND NOT EXISTS (SELECT FROM owned
                          WHERE classid = 'pg_class'::regclass AND objid = class.oid)
    )
"""
_POSTGRESQL_TABLES = sa.text(
    f"{_RELATIONS} SELECT name FROM relation WHERE kind IN ('r', 'p', 'f')"
).bindparams(sa.bindparam("schemas", expanding=True, type_=sa.String))
_POSTGRESQL = sa.text(
    _RELATIONS
    + """
    SELECT CASE WHEN kind = 'S' THEN 'sequence' WHEN kind IN ('v', 'm') THEN 'view'
                ELSE 'table' END AS kind,
           name AS "table", '' AS name,
           CASE WHEN kind IN ('v', 'm') THEN kind || pg_get_viewdef(oid)
                WHEN kind = 'S' THEN (
                    SELECT concat_ws(' ', format_type(seqtypid, NULL), seqstart,
                                     seqincrement, seqmin, seqmax, seqcycle)
                    FROM pg_sequence WHERE seqrelid = oid)
                ELSE kind END AS definition
    FROM relation
    UNION ALL
    SELECT 'column', relation.name, attname,
           concat_ws(' ', format_type(atttypid, atttypmod),
                     CASE WHEN attnotnull THEN 'NOT NULL' END,
                     CASE WHEN attcollation <> typcollation
                          THEN 'COLLATE ' || CAST(attcollation AS regcollation) END,
                     'DEFAULT ' || pg_get_expr(adbin, adrelid),
                     'IDENTITY ' || nullif(CAST(attidentity AS text), ''),
                     'GENERATED ' || nullif(CAST(attgenerated AS text), ''))
    FROM relation
    JOIN pg_attribute AS attribute ON attrelid = relation.oid
    JOIN pg_type AS type ON type.oid = atttypid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped AND kind IN ('r', 'p', 'f')
    UNION ALL
    SELECT 'constraint', relation.name, conname, pg_get_constraintdef(pg_constraint.oid)
    FROM pg_constraint JOIN relation ON relation.oid = conrelid
    WHERE contype <> 'n'
    UNION ALL
    SELECT 'index', relation.name, class.relname,
           concat_ws(' ', pg_get_indexdef(indexrelid),
                     CASE WHEN NOT indisvalid THEN 'INVALID' END)
    FROM pg_index JOIN relation ON relation.oid = indrelid
    JOIN pg_class AS class ON class.oid = indexrelid
    UNION ALL
    SELECT 'comment', relation.name, coalesce(attname, ''), description
    FROM pg_description JOIN relation ON relation.oid = objoid
    LEFT JOIN pg_attribute
           ON objsubid > 0 AND attrelid = relation.oid AND attnum = objsubid
    WHERE classoid = 'pg_class'::regclass
    UNION ALL
    SELECT 'comment', relation.name, conname, description
    FROM pg_description JOIN pg_constraint ON pg_constraint.oid = objoid
    JOIN relation ON relation.oid = conrelid
    WHERE classoid = 'pg_constraint'::regclass
    UNION ALL
    SELECT 'trigger', relation.name, tgname, pg_get_triggerdef(pg_trigger.oid)
    FROM pg_trigger JOIN relation ON relation.oid = tgrelid
    WHERE NOT tgisinternal
    UNION ALL
    SELECT CASE typtype WHEN 'e' THEN 'enum' ELSE 'domain' END,
           prefix || typname, '',
           CASE typtype WHEN 'e' THEN (
                    SELECT string_agg(quote_literal(enumlabel), ', '
                                      ORDER BY enumsortorder)
                    FROM pg_enum WHERE enumtypid = type.oid)
                ELSE concat_ws(' ', format_type(typbasetype, typtypmod), typnotnull,
                               typdefault) END
    FROM pg_type AS type JOIN place ON place.oid = typnamespace
    WHERE typtype IN ('e', 'd')
      AND NOT EXISTS (SELECT FROM owned
                      WHERE classid = 'pg_type'::regclass AND objid = type.oid)
    UNION ALL
    SELECT 'function', prefix || CAST(function.oid AS regprocedure), '',
           pg_get_functiondef(function.oid)
    FROM pg_proc AS function JOIN place ON place.oid = pronamespace
    WHERE prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM owned
                      WHERE classid = 'pg_proc'::regclass AND objid = function.oid)
    """
).bindparams(sa.bindparam("schemas", expanding=True, type_=sa.String))
