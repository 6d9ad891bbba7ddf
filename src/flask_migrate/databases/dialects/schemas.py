"""What a database consists of, asked of its server in few questions."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc


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


def read_mysql(connection: sa.Connection, schemas: tuple[str, ...]) -> Schema:
    """Read what SHOW CREATE says, without the numbers that count rows.

    :param schemas: the names of other databases on the server.
    """
    for schema in (connection.dialect.default_schema_name or "", *schemas):
        is_default = schema == connection.dialect.default_schema_name

        for kind, name, sql in show_created(connection, schema):
            place = name if is_default else f"{schema}.{name}"
            yield from _describe_created(
                kind.lower(), place, without_owner(sql, schema)
            )


def list_mysql(connection: sa.Connection, schemas: tuple[str, ...]) -> set[str]:
    """Return the names of the tables that :func:`read_mysql` reads."""
    default = connection.dialect.default_schema_name or ""
    return {
        name if schema == default else f"{schema}.{name}"
        for schema in (default, *schemas)
        for kind, name in _list_created(connection, schema)
        if kind == "TABLE"
    }


def _list_created(connection: sa.Connection, schema: str) -> list[tuple[str, str]]:
    """Return the kind and name of what is no trigger."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    # Quoting has doubled the percent signs of a name already.
    found = connection.exec_driver_sql(f"SHOW FULL TABLES FROM {quote(schema)}")
    return [(_KINDS.get(row[1], "TABLE"), str(row[0])) for row in found]


def show_created(
    connection: sa.Connection, schema: str
) -> cabc.Iterator[tuple[str, str, str]]:
    """Yield each object of a MySQL database: its kind, its name and its SQL.

    The kinds are ``TABLE``, ``SEQUENCE`` (of MariaDB), ``VIEW`` and ``TRIGGER``, in
    this order. The SQL of a view may be empty: it is not for everybody.
    """
    quote = connection.dialect.identifier_preparer.quote_identifier

    def run(sql: str) -> cabc.Sequence[t.Any]:
        # Quoting has doubled the percent signs of a name already.
        return connection.exec_driver_sql(sql).all()

    names = _list_created(connection, schema)
    triggers = [
        ("TRIGGER", str(row[0])) for row in run(f"SHOW TRIGGERS FROM {quote(schema)}")
    ]
    order = ("TABLE", "SEQUENCE", "VIEW")

    for kind, name in [*sorted(names, key=lambda one: order.index(one[0])), *triggers]:
        try:
            (row,) = run(f"SHOW CREATE {kind} {quote(schema)}.{quote(name)}")
        except exc.DBAPIError:
            # A view's text is a secret to whoever has no right to SHOW VIEW.
            if kind != "VIEW":
                raise

            yield kind, name, ""
        else:
            # A trigger's row has its SQL mode in between.
            yield kind, name, str(row[2 if kind == "TRIGGER" else 1])


_KINDS = {"VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}
_COUNTED = re.compile(r" AUTO_INCREMENT=\d+")
_DEFINER = re.compile(r" DEFINER=`(?:[^`]|``)*`@`(?:[^`]|``)*`")


def without_owner(sql: str, schema: str) -> str:
    """Return a view's or a trigger's SQL without who made it, and in which database."""
    name = schema.replace("`", "``")
    return _DEFINER.sub("", sql).replace(f"`{name}`.", "")


def _describe_created(kind: str, place: str, sql: str) -> Schema:
    """Yield a table and each line of it; anything else as a whole."""
    first, *lines = sql.splitlines() or [""]
    last = _COUNTED.sub("", lines.pop()) if lines else ""

    # The order of the lines says in which order columns and keys were added.
    if kind == "table":
        yield SchemaObject(kind=kind, table=place, definition=f"{first} {last}")

        for line in lines:
            text = line.strip().rstrip(",")
            named = _NAMED.search(text)
            yield SchemaObject(
                kind=_KINDS_OF_LINES.get(text.partition(" ")[0], "column"),
                table=place,
                name=named["name"].replace("``", "`") if named else "",
                definition=text,
            )
    else:
        text = "\n".join([first, *(line.strip() for line in lines), last])
        yield SchemaObject(kind=kind, table=place, definition=text)


_NAMED = re.compile(r"`(?P<name>(?:[^`]|``)*)`")
_KINDS_OF_LINES = {
    "PRIMARY": "constraint",
    "CONSTRAINT": "constraint",
    "UNIQUE": "index",
    "KEY": "index",
    "FULLTEXT": "index",
    "SPATIAL": "index",
    "PERIOD": "constraint",
}


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
