"""How Alembic's operations run on a backend: our implementations of its own.

Alembic keeps one class per backend in a registry of the process. Ours are never
entered there: other tools in the process keep theirs.
"""

from __future__ import annotations

import typing as t

from .mysql import MySQLImpl
from .postgresql import PostgreSQLImpl
from .sqlite import SQLiteImpl

if t.TYPE_CHECKING:
    from alembic.ddl.impl import DefaultImpl
    from alembic.runtime.migration import MigrationContext


def make_impl(
    context: MigrationContext, *, allow_lossy_casts: frozenset[str] = frozenset()
) -> DefaultImpl:
    """Return what runs the operations of a context without losing anything.

    :param context: configured; its own implementation is replaced by the result.
    :param allow_lossy_casts: columns, as ``table.column``, whose values a change of
        type may rewrite.
    :return: ours on SQLite, PostgreSQL, MySQL and MariaDB, else the context's own.
    """
    own = context.impl
    make = _IMPLS.get(context.dialect.name)

    if make is None:
        return own

    impl = make(
        own.dialect,
        own.connection,
        own.as_sql,
        context.transactional_ddl,
        own.output_buffer,
        own.context_opts,
    )
    impl.allow_lossy_casts = allow_lossy_casts
    return impl


_IMPLS: dict[str, type[SQLiteImpl] | type[MySQLImpl] | type[PostgreSQLImpl]] = {
    "postgresql": PostgreSQLImpl,
    "sqlite": SQLiteImpl,
    "mysql": MySQLImpl,
    "mariadb": MySQLImpl,
}
