"""How Alembic's operations run on a backend: our implementations of its own.

Alembic keeps one class per backend in a registry of the process. Ours are never
entered there: other tools in the process keep theirs.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import importlib
import typing as t
import warnings

from ...errors import MigrationError

if t.TYPE_CHECKING:
    from alembic.ddl.impl import DefaultImpl
    from alembic.runtime.migration import MigrationContext


class ForeignKeysEnforced(MigrationError):
    """A table would be rebuilt while ``PRAGMA foreign_keys`` is on.

    Dropping the original would delete or change the rows that point to it. The pragma
    cannot be changed inside a transaction, so the whole step is begun again.
    """


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

    if context.dialect.name not in _PLACES:
        return own

    module, kind = _PLACES[context.dialect.name]
    make: t.Any = getattr(importlib.import_module(f".{module}", __name__), kind)
    impl = make(
        own.dialect,
        own.connection,
        own.as_sql,
        context.transactional_ddl,
        own.output_buffer,
        own.context_opts,
    )
    impl.allow_lossy_casts = allow_lossy_casts
    return t.cast("DefaultImpl", impl)


@contextlib.contextmanager
def silence_carried() -> cabc.Iterator[None]:
    """Silence the warnings about what a rebuild on SQLite leaves out: ours does not.

    Alembic 1.20 and SQLAlchemy give them where they reflect a table, before our
    implementation is asked. Around the functions of a revision.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=_CARRIED)
        yield


_CARRIED = (
    "Unnamed CHECK constraint on reflected table"
    "|Skipped unsupported reflection of expression-based index"
    "|Failed to look up filter predicate of partial index"
    "|Could not instantiate type"
    "|WARNING: SQL-parsed foreign key constraint"
    "|Table '_alembic_tmp_.*' specifies columns .* as primary_key=True"
)

_PLACES = {
    "postgresql": ("postgresql", "PostgreSQLImpl"),
    "sqlite": ("sqlite", "SQLiteImpl"),
    "mysql": ("mysql", "MySQLImpl"),
    "mariadb": ("mysql", "MySQLImpl"),
}
"""The module and the class of each backend: a run needs one of them or two."""
