"""What the scripts were when they were applied, as the history table has it."""

from __future__ import annotations

import sqlalchemy as sa

SUFFIX = "_history"
"""What follows the name of the version table in that of the history table."""


def read_checksums(
    connection: sa.Connection, *, table: str, schema: str | None
) -> dict[str, str]:
    """Return the checksum of each script when it was last applied, by revision.

    One statement, also where there is no table; the caller ends the transaction.

    :param table: the history table.
    """
    names = ("id", "revision", "checksum", "kind", "outcome")
    history = sa.table(table, *map(sa.column, names), schema=schema)
    query = (
        sa.select(history.c.revision, history.c.checksum)
        .where(history.c.kind == "upgrade", history.c.outcome == "done")
        .order_by(history.c.id)
    )

    try:
        rows = connection.execute(query).all()
    except sa.exc.DBAPIError:
        # No table, or one that we may not read.
        return {}

    return {revision: checksum for revision, checksum in rows if checksum}
