"""SQL text in a revision file that means the same when it is run."""

from __future__ import annotations

import re
import typing as t

from alembic.ddl.impl import DefaultImpl

if t.TYPE_CHECKING:
    import sqlalchemy as sa

_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")
"""What SQLAlchemy's ``text()`` takes for the begin of a parameter."""


def escape_parameters(sql: str) -> str:
    """Return SQL as ``text()`` must be given it, so that a colon is a colon."""
    return _PARAMETER.sub(r"\\:", sql)


class ExactText(DefaultImpl):
    """Writes expressions into a file as they are.

    Alembic 1.20 writes what a driver would be sent: some want each ``%`` twice, and a
    colon has lost the sign that it is no parameter.
    """

    def render_ddl_sql_expr(
        self,
        expr: sa.ClauseElement,
        is_server_default: bool = False,
        is_index: bool = False,
        **kw: t.Any,
    ) -> str:
        """Return a default, or another expression, for a ``text()`` of the file."""
        sql = super().render_ddl_sql_expr(
            expr, is_server_default=is_server_default, is_index=is_index, **kw
        )

        if self.dialect.paramstyle.endswith("format"):
            sql = sql.replace("%%", "%")

        return escape_parameters(sql)
