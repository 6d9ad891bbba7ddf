"""What statements do, as one backend's server would do it."""

from __future__ import annotations

import sqlalchemy as sa

from ...plan import Effect


class Facts:
    """Says what statements do to the people using one live database.

    They are asked about in the order in which they would run: what an earlier one has
    made is used by nobody yet. This class knows nothing, and says so.

    :param connection: for questions to the server's catalogs and statistics only; no
        table is read.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def describe(self, sql: str) -> Effect:
        """Return what a statement does.

        :param sql: one statement, as the server would get it.
        """
        return Effect()
