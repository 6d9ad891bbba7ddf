"""The engine and the characters of a table on MySQL and MariaDB, if the models say."""

from __future__ import annotations

import typing as t

from alembic.operations import ops
from alembic.util import PriorityDispatchResult

from .mysql_statements import ReversibleSQLOp
from .mysql_tables import find_pair
from .mysql_tables import QUALIFIERS

if t.TYPE_CHECKING:
    import sqlalchemy as sa
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin


def setup(plugin: Plugin) -> None:
    """Register the comparators."""
    for dialect in QUALIFIERS:
        plugin.add_autogenerate_comparator(
            _compare, "table", "mysql_options", qualifier=dialect
        )


def _compare(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    live: sa.Table | None,
    wanted: sa.Table | None,
) -> PriorityDispatchResult:
    if live is None or wanted is None:
        return PriorityDispatchResult.CONTINUE

    pair = find_pair(context, wanted, schema=schema)

    if pair is None:
        return PriorityDispatchResult.CONTINUE

    assert context.dialect is not None  # it has a connection
    before, after = pair.live.options, pair.wanted.options

    # A temporary table may get another engine than others do.
    if f"{context.dialect.name}_engine" in wanted.kwargs:
        _change(changes, before, after, form="ENGINE={ENGINE}")

    form = "DEFAULT CHARACTER SET {CHARSET} COLLATE {COLLATE}"
    _change(changes, before, after, form=form)
    return PriorityDispatchResult.CONTINUE


def _change(
    changes: ops.ModifyTableOps,
    before: dict[str, str],
    after: dict[str, str],
    *,
    form: str,
) -> None:
    old, new = (_fill(form, one) for one in (before, after))

    # In front of the columns, which state their own characters where they change.
    if old and new and old != new:
        op = ReversibleSQLOp.alter_table(
            changes.table_name, schema=changes.schema, do=new, undo=old
        )
        changes.ops.insert(0, op)


def _fill(form: str, options: dict[str, str]) -> str | None:
    """Return the clause; ``None`` where the server does not say."""
    try:
        return form.format_map(options)
    except KeyError:
        return None
