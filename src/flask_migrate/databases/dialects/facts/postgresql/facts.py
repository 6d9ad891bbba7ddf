"""What statements do on PostgreSQL.

Locks, rewrites and scans are measured on PostgreSQL 12 to 18 where nothing else is
said; :mod:`.postgresql_alter` has ALTER TABLE.
"""

from __future__ import annotations

from ..base import Draft
from ..base import Handler
from ..statements import POSTGRESQL
from ..statements import Reader
from .tables import TableFacts


class PostgreSQLFacts(TableFacts):
    """The facts of PostgreSQL 12 and later.

    Locks stay until the commit: what takes its time while a stronger one is held
    blocks whom that one blocks.
    """

    pattern = POSTGRESQL
    folds = True

    def create(self, reader: Reader, draft: Draft) -> None:
        """``CREATE``, with the words that may stand before the noun."""
        words = set()

        while word := reader.accept_any(*_MODIFIERS):
            words.add(word)

        draft.words = frozenset(words)
        noun = reader.accept_any("TABLE", "INDEX", "VIEW", "TRIGGER")

        if not noun:
            raise reader.surprise("a table, an index, a view or a trigger")

        handler: Handler = getattr(type(self), f"create_{noun.lower()}")
        handler(self, reader, draft)


_MODIFIERS = (
    "OR",
    "REPLACE",
    "TEMP",
    "TEMPORARY",
    "UNLOGGED",
    "UNIQUE",
    "MATERIALIZED",
    "CONSTRAINT",
    "RECURSIVE",
)
_NOTHING = (
    "BEGIN",
    "START TRANSACTION",
    "SAVEPOINT",
    "RELEASE",
    "RESET",
    "SHOW",
    "NOTIFY",
    "CREATE TYPE",
    "ALTER TYPE",
    "DROP TYPE",
    "CREATE DOMAIN",
    "DROP DOMAIN",
    "CREATE SEQUENCE",
    "CREATE TEMP SEQUENCE",
    "CREATE SCHEMA",
    "DROP SCHEMA",
    "CREATE FUNCTION",
    "CREATE OR REPLACE FUNCTION",
    "CREATE PROCEDURE",
    "CREATE OR REPLACE PROCEDURE",
    "DROP FUNCTION",
    "DROP PROCEDURE",
    "CREATE EXTENSION",
    "CREATE ROLE",
    "CREATE USER",
    "ALTER DEFAULT PRIVILEGES",
)
_APART = (
    "ALTER SYSTEM",
    "CREATE DATABASE",
    "DROP DATABASE",
    "CREATE TABLESPACE",
    "DROP TABLESPACE",
)

_HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_NOTHING, PostgreSQLFacts.touch_nothing),
    **dict.fromkeys(_APART, PostgreSQLFacts.create_apart),
    "CREATE": PostgreSQLFacts.create,
    "ALTER TABLE": PostgreSQLFacts.alter_table,
    "DROP TABLE": PostgreSQLFacts.drop_table,
    "TRUNCATE": PostgreSQLFacts.truncate,
    "DROP INDEX": PostgreSQLFacts.drop_index,
    "ALTER INDEX": PostgreSQLFacts.alter_index,
    "REINDEX": PostgreSQLFacts.reindex,
    "INSERT INTO": PostgreSQLFacts.insert,
    "UPDATE": PostgreSQLFacts.update,
    "DELETE": PostgreSQLFacts.delete,
    "SELECT": PostgreSQLFacts.select,
    "COPY": PostgreSQLFacts.copy,
    "LOCK": PostgreSQLFacts.lock_table,
    "DROP VIEW": PostgreSQLFacts.drop_view,
    "DROP MATERIALIZED VIEW": PostgreSQLFacts.drop_view,
    "DROP SEQUENCE": PostgreSQLFacts.drop_view,
    "REFRESH": PostgreSQLFacts.refresh,
    "CREATE RULE": PostgreSQLFacts.change_policy,
    "CREATE POLICY": PostgreSQLFacts.change_policy,
    "ALTER POLICY": PostgreSQLFacts.change_policy,
    "DROP TRIGGER": PostgreSQLFacts.change_policy,
    "DROP RULE": PostgreSQLFacts.change_policy,
    "DROP POLICY": PostgreSQLFacts.change_policy,
    "CREATE STATISTICS": PostgreSQLFacts.create_statistics,
    "COMMENT ON": PostgreSQLFacts.comment,
    "GRANT": PostgreSQLFacts.grant,
    "REVOKE": PostgreSQLFacts.grant,
    "ALTER DOMAIN": PostgreSQLFacts.alter_domain,
    "ALTER SEQUENCE": PostgreSQLFacts.alter_sequence,
    "CLUSTER": PostgreSQLFacts.cluster,
    "VACUUM": PostgreSQLFacts.vacuum,
    "ANALYZE": PostgreSQLFacts.analyze,
    "SET": PostgreSQLFacts.set_variable,
    "COMMIT": PostgreSQLFacts.end,
    "ROLLBACK": PostgreSQLFacts.end,
}
PostgreSQLFacts.handlers = {
    tuple(words.split()): handler for words, handler in _HANDLERS.items()
}
