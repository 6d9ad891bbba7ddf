"""Columns of MySQL and MariaDB, compared in the words of the server.

What Alembic leaves out is in them: ``UNSIGNED``, ``ZEROFILL``, the order of an
``ENUM``, the values of a ``SET``, fractions of seconds, the length of a ``TEXT``,
character sets and collations.
"""

from __future__ import annotations

import copy
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from .mysql_tables import find_pair
from .mysql_tables import QUALIFIERS

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin

    from ....databases.dialects.mysql_ddl import ColumnDefinition

_JSON = "json_valid"
"""MariaDB's JSON is a long text with a check."""


class StampedColumnOp(ops.AlterColumnOp):
    """A change of a default with ``ON UPDATE``: the revision says which it was.

    Alembic 1.20 leaves that out where there is a new one. The server's ``ON UPDATE``
    belongs to no default; it goes only with one that is known to have had it.
    """

    @classmethod
    def make(cls, change: ops.AlterColumnOp) -> StampedColumnOp:
        """Return a change that says everything."""
        found = cls(change.table_name, change.column_name)
        found.__dict__.update(change.__dict__)
        return found


@renderers.dispatch_for(StampedColumnOp)
def _render(context: AutogenContext, change: StampedColumnOp) -> str:
    text: str = renderers.dispatch(ops.AlterColumnOp)(context, change)
    existing = change.existing_server_default

    if change.modify_server_default is False or not existing:
        return text

    # As reflected or wanted, it is a text: no other default has ON UPDATE.
    sql = str(getattr(existing, "arg", existing))
    return f"{text[:-1]},\n           existing_server_default=sa.text({sql!r}))"


def setup(plugin: Plugin) -> None:
    """Register the comparators."""
    for dialect in QUALIFIERS:
        # Behind the user's own comparison, in front of Alembic's.
        plugin.add_autogenerate_comparator(
            _compare_type,
            "column",
            "types",
            qualifier=dialect,
            priority=DispatchPriority.LAST,
        )
        plugin.add_autogenerate_comparator(
            _settle,
            "column",
            "doubted types",
            qualifier=dialect,
            priority=DispatchPriority.LAST,
        )
        plugin.add_autogenerate_comparator(
            _state_defaults, "table", "mysql_columns", qualifier=dialect
        )


def _compare_type(
    context: AutogenContext,
    change: ops.AlterColumnOp,
    schema: str | None,
    table: str,
    name: str,
    live: sa.Column[t.Any],
    wanted: sa.Column[t.Any],
) -> PriorityDispatchResult:
    pair = find_pair(context, wanted.table, schema=schema)

    if pair is None or not pair.has_column(name):
        return PriorityDispatchResult.CONTINUE

    before, after = pair.live, pair.wanted
    collations = (before.collations.get(name), after.collations.get(name))
    spelled = (_spell_type(before.columns[name]), _spell_type(after.columns[name]))
    change.existing_type = live.type

    if spelled[0] == spelled[1] and collations[0] == collations[1]:
        return PriorityDispatchResult.STOP

    change.existing_type = sa.JSON() if _is_json(before.columns[name]) else live.type
    change.modify_type = wanted.type

    # What a column inherits from its table must be said, where it becomes another.
    if None not in collations and collations[0] != collations[1]:
        change.existing_type = _collate(change.existing_type, collations[0])
        is_json = _is_json(after.columns[name])
        type_ = wanted.type if is_json else after.types[name]
        change.modify_type = _collate(type_, collations[1])

    return PriorityDispatchResult.STOP


def _settle(
    context: AutogenContext,
    change: ops.AlterColumnOp,
    schema: str | None,
    table: str,
    name: str,
    live: sa.Column[t.Any],
    wanted: sa.Column[t.Any],
) -> PriorityDispatchResult:
    """Stop further doubts about a type: the server was asked, with the whole table."""
    pair = find_pair(context, wanted.table, schema=schema)
    is_settled = pair is not None and pair.has_column(name)
    result = PriorityDispatchResult
    return result.STOP if is_settled else result.CONTINUE


def _state_defaults(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    live: sa.Table | None,
    wanted: sa.Table | None,
) -> PriorityDispatchResult:
    for place, one in enumerate(changes.ops):
        if isinstance(one, ops.AlterColumnOp) and _is_stamped(one):
            changes.ops[place] = StampedColumnOp.make(one)

    return PriorityDispatchResult.CONTINUE


def _is_stamped(change: ops.AlterColumnOp) -> bool:
    """Tell whether a default with ON UPDATE comes or goes."""
    defaults = (change.modify_server_default, change.existing_server_default)
    return change.modify_server_default is not False and any(
        "ON UPDATE" in str(getattr(one, "arg", "")).upper() for one in defaults
    )


def _spell_type(column: ColumnDefinition) -> tuple[str, bool]:
    return column.type, _is_json(column)


def _is_json(column: ColumnDefinition) -> bool:
    return _JSON in column.attributes.get("CHECK", "")


def _collate(type_: t.Any, collation: str | None) -> t.Any:
    """Return a type of text with a collation, and the characters that belong to it."""
    if collation is None or not hasattr(type_, "collation"):
        return type_

    changed = copy.copy(type_)
    changed.collation = collation
    changed.charset = collation.partition("_")[0]
    return changed
