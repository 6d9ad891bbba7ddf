"""The operations that rename, each with its way back and its text.

Alembic 1.20 has no text and no way back for a renamed table, and its way back for a
column forgets the name.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.operations import ops

from ....databases.dialects import get_dialect
from ....databases.dialects.renaming import Kind
from .names import Key
from .names import Names

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext


class RenameTableOp(ops.RenameTableOp):
    """A table gets another name.

    :param reason: why it is thought to be the same.
    """

    def __init__(self, key: Key, new: str, *, reason: str = "") -> None:
        super().__init__(key[1], new, schema=key[0])
        self.reason = reason

    def reverse(self) -> RenameTableOp:
        """Return the way back."""
        return RenameTableOp((self.schema, self.new_table_name), self.table_name)

    def to_diff_tuple(self) -> tuple[t.Any, ...]:
        """Return what is shown of it."""
        return ("rename_table", self.schema, self.table_name, self.new_table_name)


class RenameColumnOp(ops.AlterColumnOp):
    """A column gets another name.

    :param reason: why it is thought to be the same.
    """

    reason: str = ""
    modify_name: str

    def has_changes(self) -> bool:
        """Tell that there is something to do; Alembic does not count a name."""
        return True

    def reverse(self) -> RenameColumnOp:
        """Return the way back."""
        return RenameColumnOp(
            self.table_name,
            self.modify_name,
            schema=self.schema,
            modify_name=self.column_name,
            existing_type=self.existing_type,
            existing_nullable=self.existing_nullable,
            existing_server_default=self.existing_server_default,
            existing_comment=self.existing_comment,
        )

    def to_diff_tuple(self) -> tuple[t.Any, ...]:
        """Return what is shown of it."""
        place = (self.schema, self.table_name, self.column_name)
        return ("rename_column", *place, self.modify_name)


class RenameObjectOp(ops.ExecuteSQLOp):
    """An index, a constraint, a sequence or a type gets another name.

    :param up: the statement.
    :param down: its way back.
    :param diff: what is shown of it: the kind, the schema, the table, both names.
    """

    def __init__(self, up: str, down: str, *, diff: tuple[t.Any, ...]) -> None:
        # Alembic takes a word after a colon for a parameter.
        super().__init__(up.replace(":", "\\:"))
        self._texts = (up, down)
        self._diff = diff

    def reverse(self) -> RenameObjectOp:
        """Return the way back."""
        up, down = self._texts
        *place, old, new = self._diff
        return RenameObjectOp(down, up, diff=(*place, new, old))

    def to_diff_tuple(self) -> tuple[t.Any, ...]:
        """Return what is shown of it."""
        kind, *place = self._diff
        return (f"rename_{kind}", *place)


OURS = (RenameTableOp, RenameColumnOp, RenameObjectOp)


@renderers.dispatch_for(RenameTableOp)
def _render_table(context: AutogenContext, op: RenameTableOp) -> list[str]:
    prefix = context.opts["alembic_module_prefix"] or ""
    schema = f", schema={str(op.schema)!r}" if op.schema else ""
    old, new = str(op.table_name), str(op.new_table_name)
    return [
        *_render_reason(op.reason),
        f"{prefix}rename_table({old!r}, {new!r}{schema})",
    ]


@renderers.dispatch_for(RenameColumnOp)
def _render_column(context: AutogenContext, op: RenameColumnOp) -> list[str]:
    stock = renderers.dispatch(ops.AlterColumnOp)
    return [*_render_reason(op.reason), stock(context, op)]


def _render_reason(reason: str) -> list[str]:
    """Return a comment, which no text of a user can end."""
    plain = "".join(one if one.isprintable() else " " for one in reason)
    return [f"# rename: {plain}"] if plain else []


def make_operations(
    names: Names, tables: cabc.Mapping[Key, sa.Table]
) -> cabc.Iterator[ops.MigrateOperation]:
    """Yield what renames tables and columns, in an order that can be run.

    :param tables: of the database, by their old names.
    """
    for schema in sorted({key[0] for key in names.tables}, key=str):
        moves = {key[1]: new for key, new in names.tables.items() if key[0] == schema}

        for old, source, new in order_moves(moves):
            reason = names.reasons[(schema, source), None]
            yield RenameTableOp((schema, old), new, reason=reason)

    for key, moves in names.columns.items():
        for old, source, new in order_moves(moves):
            op = make_column_operation(
                tables[key].columns[source], names.new_table(key), old=old, new=new
            )
            op.reason = names.reasons[key, source]
            yield op


def make_column_operation(
    column: sa.Column[t.Any], table: Key, *, old: str, new: str
) -> RenameColumnOp:
    """Return what renames one column.

    :param column: as it is; MySQL must be told all of it.
    :param table: the name of its table at that moment.
    """
    default = column.server_default
    stated = isinstance(default, sa.DefaultClause) and "nextval(" not in str(
        default.arg
    )
    return RenameColumnOp(
        table[1],
        old,
        schema=table[0],
        modify_name=new,
        existing_type=column.type,
        existing_nullable=column.nullable,
        existing_server_default=default if stated else False,
        existing_comment=column.comment,
    )


def make_object_operation(
    kind: Kind, table: Key, *, old: str, new: str, dialect: sa.Dialect
) -> RenameObjectOp | None:
    """Return what renames an object of a table.

    :return: ``None`` where the backend cannot.
    """
    quote = dialect.identifier_preparer.quote
    schema, name = table
    place = f"{quote(schema)}." if schema else ""
    own = place if kind in ("sequence", "type") else ""
    renaming = get_dialect(dialect.name).renaming
    up, down = (
        renaming.rename(
            kind, table=place + quote(name), old=own + quote(one), new=quote(other)
        )
        for one, other in ((old, new), (new, old))
    )

    if up is None or down is None:
        return None

    return RenameObjectOp(up, down, diff=(kind, schema, name, old, new))


def order_moves(moves: cabc.Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return renames in an order in which no name is taken twice.

    :param moves: each old name, and its new one; two may change places.
    :return: the name at that moment, the first one, and the new one.
    """
    waiting = {old: (old, new) for old, new in moves.items()}
    ordered: list[tuple[str, str, str]] = []

    while waiting:
        free = [old for old, (_, new) in waiting.items() if new not in waiting]

        if free:
            source, new = waiting.pop(free[0])
            ordered.append((free[0], source, new))
        else:
            # A circle: one of them steps aside.
            old, (source, new) = waiting.popitem()
            aside = f"{old}_renamed"
            ordered.append((old, source, aside))
            waiting[aside] = (source, new)

    return ordered
