"""The tables of a database, without the books that we keep in it."""

from __future__ import annotations

import sqlalchemy as sa

BOOKS = frozenset({"alembic_version_history", "alembic_version_journal"})
"""The history of the runs, and the journal of the step at work."""


def list_tables(bind: sa.Engine | sa.Connection) -> set[str]:
    """Return the names of the tables, that of the version table among them."""
    return set(sa.inspect(bind).get_table_names()) - BOOKS
