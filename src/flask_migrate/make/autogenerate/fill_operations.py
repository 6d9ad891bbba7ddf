"""The operations that give rows their values: only on the way up.

Each is one of Alembic's, and is written as that; it differs in its way back, which is
nothing: the column itself goes, or its values may stay.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic.operations import ops

_BIND = re.compile(r"(?<![:\w$\\]):(?=[\w$]+(?![:\w$]))")
"""A colon that ``sa.text()`` takes for the beginning of a parameter."""


class FillRowsOp(ops.ExecuteSQLOp):
    """Give the rows of a table that have no value in a column one.

    :param table_name: the table.
    :param column: its column.
    :param value: SQL.
    :param schema: of the table.
    :param dialect: quotes the names; see :func:`without_percents`.
    """

    def __init__(
        self,
        table_name: str,
        column: str,
        *,
        value: str,
        schema: str | None,
        dialect: sa.Dialect,
    ) -> None:
        preparer = dialect.identifier_preparer
        table = preparer.format_table(sa.table(table_name, schema=schema))
        name = preparer.quote(column)
        statement = f"UPDATE {table} SET {name} = {value} WHERE {name} IS NULL"
        super().__init__(_BIND.sub(r"\\:", statement))
        self.table_name = table_name
        self.schema = schema

    def reverse(self) -> ops.ModifyTableOps:
        """Return what renders as nothing."""
        return ops.ModifyTableOps(self.table_name, [], schema=self.schema)


class FinishColumnsOps(ops.ModifyTableOps):
    """Make new columns what the models say, after the rows have their values."""

    def reverse(self) -> ops.ModifyTableOps:
        """Return what renders as nothing: the columns are dropped as they are."""
        return ops.ModifyTableOps(self.table_name, [], schema=self.schema)
