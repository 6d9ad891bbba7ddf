"""SQL texts that are written into revisions, as they will run."""

from __future__ import annotations

import typing as t

from alembic.ddl.impl import DefaultImpl

if t.TYPE_CHECKING:
    from sqlalchemy.sql.elements import ClauseElement


class PlainTexts(DefaultImpl):
    """Alembic's operations, with expressions rendered for a file.

    Alembic 1.20 renders them as for a driver, some of which want each percent sign
    twice. In ``sa.text()`` they would then be doubled again: ``LIKE 'a%%%%'``.
    """

    def render_ddl_sql_expr(
        self,
        expr: ClauseElement,
        is_server_default: bool = False,
        is_index: bool = False,
        **kw: t.Any,
    ) -> str:
        """Return the SQL of an expression with each percent sign once."""
        text = super().render_ddl_sql_expr(
            expr, is_server_default=is_server_default, is_index=is_index, **kw
        )
        # SQLAlchemy 2.1 has no public name for it.
        is_doubled = self.dialect.identifier_preparer._double_percents
        return text.replace("%%", "%") if is_doubled else text
