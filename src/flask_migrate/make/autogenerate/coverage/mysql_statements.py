"""A statement that Alembic has no operation for, with the one that takes it back."""

from __future__ import annotations

import typing as t

from alembic.operations import ops

from ....databases.dialects.mysql_ddl import quote_name


class ReversibleSQLOp(ops.ExecuteSQLOp):
    """``op.execute()``, rendered by Alembic, whose downgrade is known.

    :param do: the statement.
    :param undo: the statement that takes it back.
    """

    def __init__(self, do: str, *, undo: str) -> None:
        super().__init__(do)
        self.undo: str = undo

    @classmethod
    def alter_table(
        cls, table: str, *, schema: str | None, do: str, undo: str
    ) -> ReversibleSQLOp:
        """Return an ``ALTER TABLE`` of MySQL.

        :param do: what follows the name of the table.
        :param undo: the same on the way back.
        """
        names = (one for one in (schema, table) if one)
        place = f"ALTER TABLE {'.'.join(map(quote_name, names))}"
        # Alembic takes a colon in a text for the begin of a parameter.
        texts = (f"{place} {one}".replace(":", r"\:") for one in (do, undo))
        return cls(next(texts), undo=next(texts))

    def reverse(self) -> ReversibleSQLOp:
        """Return the way back."""
        assert isinstance(self.sqltext, str)  # it is made of one
        return type(self)(self.undo, undo=self.sqltext)

    def to_diff_tuple(self) -> tuple[t.Any, ...]:
        """Return the statement as a difference."""
        return ("execute", self.sqltext)
