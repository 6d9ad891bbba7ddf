"""PostgreSQL: tables that belong to something else than a model."""

from __future__ import annotations

import sqlalchemy as sa

_OWNED = sa.text(
    """
    SELECT place.nspname, class.relname
    FROM pg_class AS class
    JOIN pg_namespace AS place ON place.oid = class.relnamespace
    WHERE class.relkind IN ('r', 'p', 'f')
      AND (class.relkind = 'f'
           OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = class.oid)
           OR EXISTS (SELECT FROM pg_depend
                      WHERE classid = CAST('pg_class' AS regclass)
                        AND objid = class.oid AND deptype = 'e'))
    """
)


def find_owned_tables(connection: sa.Connection) -> frozenset[tuple[str, str]]:
    """Return the schema and name of each partition, child, extension or foreign table.

    A partition goes with its parent; an extension and another server keep their own.
    """
    rows = connection.execute(_OWNED)
    return frozenset((schema, name) for schema, name in rows)
