"""The questions to PostgreSQL's catalogs."""

from __future__ import annotations

# Not pg_total_relation_size(): it waits for whoever is altering the table.
RELATION = """
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples, c.relispartition,
           n.nspname = current_schema() AS is_default,
           (SELECT sum(f.relpages) * current_setting('block_size')::bigint
            FROM pg_class f
            WHERE f.oid IN (c.oid, c.reltoastrelid) OR f.oid IN (
                SELECT i.indexrelid FROM pg_index i
                WHERE i.indrelid IN (c.oid, c.reltoastrelid))) AS size
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
"""


BY_NAME = f"""{RELATION} WHERE c.relname = :name AND CASE
    WHEN :schema = '' THEN pg_table_is_visible(c.oid) ELSE n.nspname = :schema END
"""


BY_OID = f"{RELATION} WHERE c.oid = :oid"


COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid) AS default, a.attgenerated,
           CASE WHEN a.attcollation <> y.typcollation THEN o.collname END AS collation,
           (SELECT 1 - max(s.null_frac) FROM pg_stats s
            WHERE s.schemaname = :schema AND s.tablename = :name
              AND s.attname = a.attname) AS filled
    FROM pg_attribute a
    JOIN pg_type y ON y.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation o ON o.oid = a.attcollation
    WHERE a.attrelid = :oid AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""


CONSTRAINTS = """
    SELECT k.conname, k.contype, k.convalidated,
           pg_get_constraintdef(k.oid) AS definition,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n
                 ORDER BY u.i) AS columns
    FROM pg_constraint k WHERE k.conrelid = :oid AND k.contype IN ('p','u','c','x')
"""


INDEXES = """
    SELECT c.relname, i.indisunique, i.indisvalid,
           pg_get_expr(i.indexprs, i.indrelid) AS expressions,
           pg_get_expr(i.indpred, i.indrelid) AS predicate,
           ARRAY(SELECT COALESCE(a.attname::text, '')
                 FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(n, i)
                 LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.n
                 ORDER BY u.i) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = :oid
      AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid
                      AND k.conrelid = :oid AND k.contype IN ('p', 'u', 'x'))
"""


FOREIGN_KEYS = """
    SELECT k.conname, k.conrelid, k.confrelid, k.confdeltype, k.convalidated,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n
                 ORDER BY u.i) AS columns,
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, i)
                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n
                 ORDER BY u.i) AS target_columns
    FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
"""


# What keeps a column from being dropped or changed: rules of views, and generated
# columns, policies, triggers.
READERS = """
    SELECT r.ev_class AS oid, ARRAY(SELECT a.attname::text FROM pg_attribute a
               JOIN pg_depend x ON x.refobjsubid = a.attnum AND x.objid = r.oid
               AND x.refobjid = a.attrelid WHERE a.attrelid = :oid) AS columns
    FROM pg_rewrite r WHERE r.ev_class <> :oid AND EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_rewrite'::regclass
        AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = :oid)
"""


USES = """
    SELECT a.attname, CASE d.classid WHEN 'pg_attrdef'::regclass
        THEN 'a generated column' WHEN 'pg_policy'::regclass THEN 'a policy'
        ELSE 'a trigger' END AS use
    FROM pg_depend d
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = :oid
      AND d.deptype = 'n' AND d.refobjsubid > 0
      AND (d.classid IN ('pg_policy'::regclass, 'pg_trigger'::regclass)
           OR d.classid = 'pg_attrdef'::regclass AND NOT EXISTS (
               SELECT FROM pg_attrdef f WHERE f.oid = d.objid
               AND f.adrelid = a.attrelid AND f.adnum = a.attnum))
"""


SOURCES = """
    SELECT DISTINCT d.refobjid AS oid FROM pg_rewrite r
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    WHERE r.ev_class = :oid AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid <> :oid
"""

CHILDREN = """
    SELECT i.inhrelid, COALESCE(p.partdefid = i.inhrelid, FALSE) AS is_default
    FROM pg_inherits i LEFT JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
    WHERE i.inhparent = :oid
"""
