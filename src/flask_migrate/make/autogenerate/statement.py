"""One SQL statement of a revision, and the one that takes it back."""

from __future__ import annotations

import typing as t

from alembic.autogenerate import renderers
from alembic.operations import ops

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext


class StatementOp(ops.MigrateOperation):
    """What Alembic has no operation for: written as ``op.execute()``.

    :param sql: of the upgrade.
    :param back: of the downgrade.
    """

    def __init__(self, sql: str, *, back: str) -> None:
        self.sql = sql
        self.back = back

    def reverse(self) -> StatementOp:
        """Return the way back."""
        return StatementOp(self.back, back=self.sql)

    def to_diff_tuple(self) -> tuple[t.Any, ...]:
        """Return what Alembic's ``check`` prints."""
        return ("execute", self.sql)


@renderers.dispatch_for(StatementOp)
def _render(context: AutogenContext, operation: StatementOp) -> str:
    # op.execute() takes a text as sa.text(), where a colon begins a parameter.
    text = operation.sql.replace(":", r"\:")
    return f"op.execute({text!r})"
