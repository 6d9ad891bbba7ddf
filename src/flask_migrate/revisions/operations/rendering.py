"""How expressions are written into a revision file."""

from __future__ import annotations

import re
import typing as t

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl

from ...databases.dialects.definitions import undouble

_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w+(?!:))")
"""What ``sa.text()`` would take for the beginning of a bound parameter."""


def escape_parameters(sql: str) -> str:
    """Return SQL as ``sa.text()`` must be given it, so that a colon is a colon."""
    return _PARAMETER.sub(r"\\:", sql)


class ExactText(DefaultImpl):
    """Writes an expression so that the file says what the model said.

    Alembic 1.20 writes what was compiled for a driver: each percent sign doubled, and
    doubled again when the file is run; and the colon of a string as a parameter.
    """

    def render_ddl_sql_expr(
        self,
        expr: sa.ClauseElement,
        is_server_default: bool = False,
        is_index: bool = False,
        **kw: t.Any,
    ) -> str:
        """Return an expression as SQL, for a text in the file."""
        text = super().render_ddl_sql_expr(
            expr, is_server_default=is_server_default, is_index=is_index, **kw
        )
        text = undouble(text, self.dialect)
        # An index gets a literal_column(), which has no parameters.
        return text if is_index else escape_parameters(text)
