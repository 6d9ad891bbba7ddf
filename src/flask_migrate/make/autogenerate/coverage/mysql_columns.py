"""Columns of MySQL and MariaDB, compared in the words of the server.

What Alembic leaves out is in them: ``UNSIGNED``, ``ZEROFILL``, the order of an ``ENUM``,
the values of a ``SET``, fractions of seconds, the length of a ``TEXT``, character sets
and collations, ``ON UPDATE`` and ``AUTO_INCREMENT``.
"""

from __future__ import annotations

import copy
import typing as t

import sqlalchemy as sa
from alembic.operations import ops
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from .mysql_tables import find_pair
from .mysql_tables import QUALIFIERS

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin
    from sqlalchemy.types import TypeEngine

    from ....databases.dialects.mysql_ddl import ColumnDefinition

_JSON = "json_valid"
"""MariaDB's JSON is a long text with a check."""


class NumberedColumnOp(ops.AlterColumnOp):
    """A change of a column that also begins or stops to number its rows.

    Alembic 1.20 has ``autoincrement`` as an argument, but not what it was before: its
    downgrade would say the same as its upgrade.
    """

    @classmethod
    def make(cls, change: ops.AlterColumnOp, *, numbered: bool) -> NumberedColumnOp:
        """Return a change that says whether the rows are numbered.

        :param change: everything else.
        """
        found = cls(change.table_name, change.column_name)
        found.__dict__.update(change.__dict__)
        found.kw = {**change.kw, "autoincrement": numbered}
        return found

    def has_changes(self) -> bool:
        """Return that it has: the numbers."""
        return True

    def reverse(self) -> NumberedColumnOp:
        """Return the way back."""
        numbered = not self.kw["autoincrement"]
        return self.make(super().reverse(), numbered=numbered)

    def to_diff_tuple(self) -> list[t.Any]:
        """Return what Alembic would, and the numbers."""
        numbered = self.kw["autoincrement"]
        place = (self.schema, self.table_name, self.column_name)
        change = ("modify_autoincrement", *place, {}, not numbered, numbered)
        return [*super().to_diff_tuple(), change]


def setup(plugin: Plugin) -> None:
    """Register the comparators."""
    # Behind the user's own comparison, in front of Alembic's.
    last = DispatchPriority.LAST

    for dialect in QUALIFIERS:
        for element, compare in (
            ("types", _compare_type),
            ("server_default", _compare_default),
        ):
            plugin.add_autogenerate_comparator(
                compare, "column", element, qualifier=dialect, priority=last
            )

        plugin.add_autogenerate_comparator(
            _compare_numbers, "table", "mysql_numbers", qualifier=dialect
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


def _compare_default(
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

    before, after = pair.live.columns[name], pair.wanted.columns[name]

    # How a computed column changes is another question.
    if before.is_generated or after.is_generated:
        return PriorityDispatchResult.CONTINUE

    change.existing_server_default = live.server_default or False

    if _spell_default(before) != _spell_default(after):
        change.modify_server_default = wanted.server_default

    return PriorityDispatchResult.STOP


def _compare_numbers(
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
    names = [one.name for one in wanted.columns if pair and pair.has_column(one.name)]

    for one in names:
        assert pair is not None  # or there would be no names
        before, after = (
            "AUTO_INCREMENT" in columns[one].attributes
            for columns in (pair.live.columns, pair.wanted.columns)
        )

        if before != after:
            _number(changes, live.columns[one], numbered=after)

    return PriorityDispatchResult.CONTINUE


def _number(
    changes: ops.ModifyTableOps, column: sa.Column[t.Any], *, numbered: bool
) -> None:
    """Add the numbers to what changes of the column, or as a change of its own."""
    change = ops.AlterColumnOp(
        changes.table_name,
        column.name,
        schema=changes.schema,
        existing_type=column.type,
        existing_nullable=column.nullable,
        existing_server_default=column.server_default or False,
        existing_comment=column.comment,
    )

    for place, one in enumerate(changes.ops):
        if isinstance(one, ops.AlterColumnOp) and one.column_name == column.name:
            changes.ops[place] = NumberedColumnOp.make(one, numbered=numbered)
            return

    changes.ops.append(NumberedColumnOp.make(change, numbered=numbered))


def _spell_type(column: ColumnDefinition) -> tuple[str, bool]:
    return column.type, _is_json(column)


def _is_json(column: ColumnDefinition) -> bool:
    return _JSON in column.attributes.get("CHECK", "")


def _spell_default(column: ColumnDefinition) -> tuple[str, ...]:
    """Return the default, and what an update does."""
    default = column.attributes.get("DEFAULT", "").removeprefix("DEFAULT NULL")
    return default, column.attributes.get("ON", "")


def _collate(type_: TypeEngine[t.Any], collation: str | None) -> TypeEngine[t.Any]:
    """Return a type of text with a collation, and the characters that belong to it."""
    if collation is None or not hasattr(type_, "collation"):
        return type_

    changed: t.Any = copy.copy(type_)
    changed.collation = collation
    changed.charset = collation.partition("_")[0]
    return changed
