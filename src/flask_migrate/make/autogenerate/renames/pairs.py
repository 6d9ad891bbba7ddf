"""What is dropped and made again only for its name: an index, a constraint, a type."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.schema import AddConstraint
from sqlalchemy.schema import CreateIndex

from ....databases.dialects.renaming import Kind
from .following import find_kind
from .operations import make_object_operation
from .operations import RenameObjectOp


def take_pairs(tree: ops.OpContainer, dialect: sa.Dialect) -> list[RenameObjectOp]:
    """Take out what is dropped and made again only for its name.

    :param tree: the operations of an upgrade.
    :return: what renames it instead; nothing where the backend cannot.
    """
    modified = [one for one in tree.ops if isinstance(one, ops.ModifyTableOps)]
    found = [op for one in modified for op in _take_objects(one, dialect)]
    tree.ops[:] = [one for one in tree.ops if one not in modified or one.ops]
    return found


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """An operation that makes or drops something.

    :param sql: what makes it, without its name.
    """

    op: ops.MigrateOperation
    is_made: bool
    kind: Kind
    name: str
    sql: str


def _take_objects(
    table: ops.ModifyTableOps, dialect: sa.Dialect
) -> cabc.Iterator[RenameObjectOp]:
    signed = [one for op in table.ops if (one := _sign(op, dialect))]
    gone = [one for one in signed if not one.is_made]
    dropped = {one.name for one in gone}
    key = (table.schema, table.table_name)

    for made in [one for one in signed if one.is_made and one.name not in dropped]:
        same = (one for one in gone if (one.kind, one.sql) == (made.kind, made.sql))
        old = next(same, None)

        if old is None:
            continue

        op = make_object_operation(
            made.kind, key, old=old.name, new=made.name, dialect=dialect
        )

        if op is not None:
            gone.remove(old)
            table.ops.remove(old.op)
            table.ops.remove(made.op)
            yield op


def _sign(op: ops.MigrateOperation, dialect: sa.Dialect) -> _Signed | None:
    is_made = isinstance(op, ops.CreateIndexOp | ops.AddConstraintOp)

    try:
        if isinstance(op, ops.CreateIndexOp | ops.DropIndexOp):
            name, kind, sql = _read_index(op.to_index(), dialect)
        elif isinstance(op, ops.AddConstraintOp | ops.DropConstraintOp):
            name, kind, sql = _read_constraint(op.to_constraint(), dialect)
        else:
            return None
    # A constraint that was never read, or that this backend cannot say.
    except (ValueError, sa.exc.SQLAlchemyError):
        return None

    if not name:
        return None

    return _Signed(op=op, is_made=is_made, kind=kind, name=name, sql=sql)


def _read_index(index: sa.Index, dialect: sa.Dialect) -> tuple[str, Kind, str]:
    name, index.name = str(index.name or ""), sa.sql.quoted_name("x", None)
    # The table of an operation has the columns of the key alone.
    assert index.table is not None
    included = index.dialect_options[dialect.name].get("include") or ()

    for one in included:
        if isinstance(one, str) and one not in index.table.c:
            index.table.append_column(sa.Column(one, sa.types.NullType()))

    return name, "index", str(CreateIndex(index).compile(dialect=dialect))


def _read_constraint(
    constraint: sa.Constraint, dialect: sa.Dialect
) -> tuple[str, Kind, str]:
    name, constraint.name = str(constraint.name or ""), "x"
    add = AddConstraint(constraint, isolate_from_table=False)
    # PostgreSQL's inspector says what is so by default; a model does not.
    sql = str(add.compile(dialect=dialect)).replace(" NULLS DISTINCT", "")
    return name, find_kind(constraint), sql
