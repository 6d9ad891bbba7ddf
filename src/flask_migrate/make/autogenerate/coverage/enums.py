"""Enum types of PostgreSQL: made before they are needed, changed, and dropped after.

Alembic knows them only as types of columns. Here each type is an object with SQL of its
own, and the columns refer to it with ``create_type=False``, so that nothing is made
twice. Only a type that nothing but new tables use is left to ``create_table``, which
makes it on PostgreSQL and needs none elsewhere.

Where the package ``alembic-postgresql-enum`` has been imported, this steps aside.
"""

from __future__ import annotations

import collections.abc as cabc
import sys
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult
from sqlalchemy.dialects import postgresql

from ....databases.dialects.postgresql_enums import EnumColumn
from ....databases.dialects.postgresql_enums import EnumType
from ....databases.dialects.postgresql_enums import list_enums
from ..columns import map_columns
from ..columns import Place
from ..columns import place_of
from ..columns import prune
from ..columns import walk
from ..comparison import Comparison
from ..database import get_connection
from ..database import write_default
from ..statements import Script
from ..statements import Statements
from . import enum_sql
from .enum_sql import Defaults
from .enum_sql import Key

OTHER = "alembic_postgresql_enum"
"""The module of the package that does the same."""


def setup(plugin: Plugin) -> None:
    """Look after the enum types when all other differences are known."""
    plugin.add_autogenerate_comparator(
        _compare,
        "autogenerate",
        "enums",
        qualifier="postgresql",
        priority=DispatchPriority.LAST,
    )


def _compare(context: AutogenContext, tree: ops.UpgradeOps) -> PriorityDispatchResult:
    if OTHER not in sys.modules:
        Enums(context, tree).run()

    return PriorityDispatchResult.CONTINUE


def find_enum(
    type_: sa.types.TypeEngine[t.Any], dialect: sa.Dialect
) -> tuple[postgresql.ENUM, bool] | None:
    """Return the enum type that a type is, or is an array of, and which of the two."""
    impl = _resolve(type_, dialect)
    is_array = isinstance(impl, sa.ARRAY)
    item = _resolve(impl.item_type, dialect) if isinstance(impl, sa.ARRAY) else impl
    return (item, is_array) if isinstance(item, postgresql.ENUM) else None


def _resolve(
    type_: sa.types.TypeEngine[t.Any], dialect: sa.Dialect
) -> sa.types.TypeEngine[t.Any]:
    impl = type_.dialect_impl(dialect)

    if isinstance(impl, sa.types.TypeDecorator):
        inner: sa.types.TypeEngine[t.Any] = impl.impl_instance
        return _resolve(inner, dialect)

    return impl


class Enums:
    """The enum types of one comparison.

    :param tree: the operations that were found; the types' own are added to it.
    """

    def __init__(self, context: AutogenContext, tree: ops.UpgradeOps) -> None:
        connection = get_connection(context)
        self._context = context
        self._tree = tree
        self._dialect = connection.dialect
        self._notes = Comparison.find(context).notes
        self._live: dict[Key, EnumType] = {
            (one.schema, one.name): one for one in list_enums(connection)
        }
        self._wanted = self._find_wanted()
        self._first: list[Statements] = []
        self._last: list[Statements] = []

    def run(self) -> None:
        """Put what the types need into the tree."""
        if not self._live and not self._wanted:
            return

        renamed = self._rename()
        left = self._make(renamed)
        self._change()
        self._drop(renamed)
        map_columns(self._tree, lambda column: self._refer(column, left))

        for one in self._alterations():
            one.modify_type = self._refer_type(one.modify_type)
            one.existing_type = self._refer_type(one.existing_type)

        prune(self._tree)
        # What commits comes before what a failure should take back.
        self._first.sort(key=lambda one: not one.up.commits)
        self._tree.ops = [*self._first, *self._tree.ops, *self._last]

    # -- what there is, and what there should be -------------------------------------

    def _find_wanted(self) -> dict[Key, postgresql.ENUM]:
        found = {}

        for table in self._context.sorted_tables:
            if not self._context.run_object_filters(
                table, table.name, "table", False, None
            ):
                continue

            for column in table.columns:
                enum = self._find(column.type)

                if enum is not None:
                    found[self._key(enum)] = enum

        return found

    def _find(self, type_: t.Any) -> postgresql.ENUM | None:
        found = find_enum(type_, self._dialect) if type_ is not None else None
        return None if found is None else found[0]

    def _key(self, enum: postgresql.ENUM) -> Key:
        is_default = enum.schema == self._dialect.default_schema_name
        return (None if is_default else enum.schema, str(enum.name))

    def _key_of(self, type_: t.Any) -> Key | None:
        enum = self._find(type_)
        return None if enum is None else self._key(enum)

    def _alterations(self) -> list[ops.AlterColumnOp]:
        return [one for one in walk(self._tree) if isinstance(one, ops.AlterColumnOp)]

    def _is_leaving(self, column: EnumColumn, key: Key) -> bool:
        """Tell whether a column is dropped, or gets another type."""
        place = (column.schema, column.table, column.name)

        for one in walk(self._tree):
            if isinstance(one, ops.DropTableOp):
                is_gone = (one.schema, one.table_name) == place[:2]
            elif isinstance(one, ops.DropColumnOp):
                is_gone = place_of(one) == place
                is_gone = is_gone and not self._is_added_again(place, key)
            elif isinstance(one, ops.AlterColumnOp) and one.modify_type is not None:
                is_gone = place_of(one) == place
                is_gone = is_gone and self._key_of(one.modify_type) != key
            else:
                continue

            if is_gone:
                return True

        return False

    def _is_added_again(self, place: Place, key: Key) -> bool:
        return any(
            isinstance(one, ops.AddColumnOp)
            and (one.schema, one.table_name, one.column.name) == place
            and self._key_of(one.column.type) == key
            for one in walk(self._tree)
        )

    # -- one kind of change each -----------------------------------------------------

    def _rename(self) -> dict[Key, Key]:
        """Rename a type whose columns all get one with the same labels."""
        renamed: dict[Key, Key] = {}

        for key, live in self._live.items():
            changes = {place_of(one): one for one in self._alterations()}
            columns = [(one.schema, one.table, one.name) for one in live.columns]
            new = {
                self._key_of(changes[place].modify_type) if place in changes else None
                for place in columns
            }
            other = new.pop() if len(new) == 1 else None

            if other is None or other in self._live or key in self._wanted:
                continue

            is_same = tuple(self._wanted[other].enums) == live.labels

            if is_same and other[0] == key[0] and other not in renamed.values():
                renamed[key] = other
                self._add_rename(key, other)

                for place in columns:
                    changes[place].modify_type = None
                    changes[place].existing_type = self._wanted[other]

        return renamed

    def _add_rename(self, key: Key, other: Key) -> None:
        up = enum_sql.write_rename(self._context, key, other[1])
        down = enum_sql.write_rename(self._context, other, key[1])
        self._first.append(Statements("rename_enum", key[1], up=up, down=down))

    def _make(self, renamed: cabc.Mapping[Key, Key]) -> set[Key]:
        """Make the types that are not there.

        :return: those that are left to the new tables.
        """
        in_tables = set(self._list_used(ops.CreateTableOp))
        elsewhere = set(self._list_used(ops.AddColumnOp, ops.AlterColumnOp))
        missing = self._wanted.keys() - self._live.keys() - set(renamed.values())

        for key in sorted(missing & (in_tables | elsewhere), key=str):
            labels = self._wanted[key].enums
            create = enum_sql.write_create(self._context, key, labels)
            up = create if key in elsewhere else Script()
            down = enum_sql.write_drop(self._context, key)
            self._first.append(Statements("add_enum", key[1], up=up, down=down))

        return (missing & in_tables) - elsewhere

    def _list_used(
        self, *kinds: type[ops.MigrateOperation]
    ) -> cabc.Iterator[Key | None]:
        for one in walk(self._tree):
            if not isinstance(one, kinds):
                continue

            if isinstance(one, ops.CreateTableOp):
                yield from (self._key_of(each.type) for each in one.to_table().columns)
            elif isinstance(one, ops.AddColumnOp):
                yield self._key_of(one.column.type)
            elif isinstance(one, ops.AlterColumnOp):
                yield self._key_of(one.modify_type)

    def _change(self) -> None:
        """Add the labels that are new, or put another type in the place of one."""
        for key in sorted(self._live.keys() & self._wanted.keys(), key=str):
            live, labels = self._live[key], tuple(self._wanted[key].enums)

            if live.labels != labels:
                self._first.append(self._write_change(key, live, labels))

    def _write_change(
        self, key: Key, live: EnumType, labels: tuple[str, ...]
    ) -> Statements:
        context = self._context
        gone, new = set(live.labels) - set(labels), set(labels) - set(live.labels)
        is_addition = enum_sql.can_only_add(live.labels, labels)
        defaults = {
            one: Defaults(one.default, one.default)
            if is_addition
            else Defaults(one.default, self._take_default(one))
            for one in live.columns
        }
        down = enum_sql.write_replacement(
            context,
            key,
            live.labels,
            gone=new,
            columns={one: Defaults(*reversed(each)) for one, each in defaults.items()},
            users=live.users,
        )

        if is_addition:
            up = enum_sql.write_additions(context, key, live.labels, labels)
        else:
            up = enum_sql.write_replacement(
                context,
                key,
                labels,
                gone=gone,
                columns=defaults,
                users=live.users,
            )
            self._note(key, gone, new)

        return Statements("change_enum", key[1], up=up, down=down)

    def _take_default(self, column: EnumColumn) -> str | None:
        """Return the default that a column will have, which changes with its type."""
        place = (column.schema, column.table, column.name)

        for one in self._alterations():
            if place_of(one) != place or one.modify_server_default is False:
                continue

            default, one.modify_server_default = one.modify_server_default, False
            return write_default(
                self._context, sa.Column("x", sa.Text, server_default=default)
            )

        return column.default

    def _note(self, key: Key, gone: set[str], new: set[str]) -> None:
        if not gone:
            return

        values = ", ".join(sorted(gone))
        text = f"The enum {key[1]} loses {values}: rows that have it stop the upgrade."

        if len(gone) == 1 and len(new) == 1:
            text += (
                " If it was renamed, write instead: ALTER TYPE"
                f" {key[1]} RENAME VALUE '{values}' TO '{new.pop()}'"
            )

        self._notes.append(text)

    def _drop(self, renamed: cabc.Mapping[Key, Key]) -> None:
        """Drop the types that the last column leaves."""
        for key in sorted(self._live.keys() - self._wanted.keys(), key=str):
            live = self._live[key]
            is_left = live.columns and all(
                self._is_leaving(one, key) for one in live.columns
            )

            if not is_left or key in renamed:
                continue

            if live.is_needed:
                self._notes.append(
                    f"The enum {key[1]} stays: something else than a column needs it."
                )
                continue

            up = enum_sql.write_drop(self._context, key)
            down = enum_sql.write_create(self._context, key, live.labels)
            self._last.append(Statements("remove_enum", key[1], up=up, down=down))

    # -- what refers to a type -------------------------------------------------------

    def _refer(
        self, column: sa.Column[t.Any], left: cabc.Collection[Key]
    ) -> sa.Column[t.Any]:
        """Return a column whose type is only referred to."""
        key = self._key_of(column.type)

        if key is None or key in left:
            return column

        copy = column._copy()
        copy.type = self._refer_type(column.type)
        return copy

    def _refer_type(self, type_: t.Any) -> t.Any:
        found = find_enum(type_, self._dialect) if type_ is not None else None

        if found is None:
            return type_

        enum, is_array = found
        reference = postgresql.ENUM(
            *enum.enums, name=enum.name, schema=enum.schema, create_type=False
        )
        return postgresql.ARRAY(reference) if is_array else reference
