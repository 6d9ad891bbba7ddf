"""One SQL statement of a revision, and the one that takes it back."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.operations import ops

from ...databases.dialects import get_dialect

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

    from ...databases.dialects.definitions import Kind


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


def make_rename(
    kind: Kind, table: sa.Table, names: tuple[str, str], dialect: sa.Dialect
) -> StatementOp | None:
    """Return what gives a constraint or index another name, rows untouched.

    :param names: the old one and the new one.
    :return: ``None`` where it must be dropped and made again.
    """
    backend = get_dialect(dialect.name)
    sql = backend.write_rename(kind, table, names, dialect)
    back = backend.write_rename(kind, table, (names[1], names[0]), dialect)
    return None if sql is None or back is None else StatementOp(sql, back=back)


@renderers.dispatch_for(StatementOp)
def _render(context: AutogenContext, operation: StatementOp) -> str:
    # op.execute() takes a text as sa.text(), where a colon begins a parameter.
    text = operation.sql.replace(":", r"\:")
    return f"op.execute({text!r})"
