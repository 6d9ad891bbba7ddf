"""SQL that no operation of Alembic writes, with the SQL that takes it back.

A file shows it as ``op.execute("...")``, so that plain Alembic runs it too.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ...databases.dialects import get_dialect
from ...revisions.operations.rendering import escape_parameters
from .pieces import split_changes

if t.TYPE_CHECKING:
    from ...databases.dialects.definitions import Kind


class Script(t.NamedTuple):
    """What is run in one direction.

    :param sql: the statements.
    :param comment: for whoever reads the file; empty for none.
    :param commits: they run outside of the transaction.
    """

    sql: tuple[str, ...] = ()
    comment: str = ""
    commits: bool = False


class Statements(ops.MigrateOperation):
    """Some SQL as one operation.

    :param what: names the change in a list of differences: ``add_enum``.
    :param name: of what is changed.
    :param up: what makes the change.
    :param down: what takes it back.
    """

    def __init__(self, what: str, name: str, *, up: Script, down: Script) -> None:
        self.what: str = what
        self.name: str = name
        self.up: Script = up
        self.down: Script = down

    def reverse(self) -> Statements:
        """Return the way back."""
        return Statements(self.what, self.name, up=self.down, down=self.up)

    def to_diff_tuple(self) -> tuple[t.Any, ...]:
        """Return the difference as Alembic lists it: what, and the thing itself."""
        return (self.what, self)


@renderers.dispatch_for(Statements)
def _render(context: AutogenContext, one: Statements) -> list[str]:
    script = one.up
    calls = [f"op.execute({escape_parameters(sql)!r})" for sql in script.sql]
    comments = [f"# {line}" for line in script.comment.splitlines() if calls]

    if script.commits and calls:
        # Alembic's printer indents what follows a colon, until an empty line.
        return [*comments, "with op.get_context().autocommit_block():", *calls, ""]

    return [*comments, *calls]


def make_statement(sql: str, *, back: str) -> Statements:
    """Return what Alembic has no operation for: one statement, and its way back."""
    return Statements("execute", sql, up=Script((sql,)), down=Script((back,)))


def make_rename(
    kind: Kind, table: sa.Table, names: tuple[str, str], dialect: sa.Dialect
) -> Statements | None:
    """Return what gives a constraint or index another name, rows untouched.

    :param names: the old one and the new one.
    :return: ``None`` where it must be dropped and made again.
    """
    backend = get_dialect(dialect.name)
    sql = backend.write_rename(kind, table, names, dialect)
    back = backend.write_rename(kind, table, (names[1], names[0]), dialect)
    return None if sql is None or back is None else make_statement(sql, back=back)


def setup(plugin: Plugin) -> None:
    """Let statements stand between the changes of a table, where they were put."""
    plugin.add_autogenerate_comparator(
        _hoist, "autogenerate", "statements", priority=DispatchPriority.LAST
    )


def _hoist(context: AutogenContext, tree: ops.UpgradeOps) -> PriorityDispatchResult:
    tree.ops = [
        part
        for one in tree.ops
        for part in (
            split_changes(one, (Statements,))
            if isinstance(one, ops.ModifyTableOps)
            else [one]
        )
    ]
    return PriorityDispatchResult.CONTINUE
