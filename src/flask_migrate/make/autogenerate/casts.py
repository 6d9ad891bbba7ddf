"""Changes of type that PostgreSQL does not do by itself, in both directions.

The server is asked: where a cast is not automatic, ``postgresql_using`` names it; where
there is none, the column is dropped and added again, and a note says what that costs. A
default is taken away before and given back after: it would be cast too, or stop the
change.
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as t

import sqlalchemy as sa
from alembic import util
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ...databases.dialects.postgresql_casts import find_using
from .columns import walk
from .comparison import Comparison
from .coverage.enums import find_enum
from .database import get_connection
from .database import quote
from .database import write_type


class RetypeOp(ops.AlterColumnOp):
    """A change of type with its casts: ``modify_using`` and ``existing_using``.

    Alembic's own operation would show the same expression on the way back. By these
    names, its ``reverse()`` exchanges the two.
    """


@renderers.dispatch_for(RetypeOp)
def _render(context: AutogenContext, one: RetypeOp) -> list[str]:
    lines: list[str] = util.to_list(renderers.dispatch(ops.AlterColumnOp)(context, one))
    using = one.kw["modify_using"]

    if using:
        end = f",\n           postgresql_using={using!r})"
        lines = [*lines[:-1], lines[-1].removesuffix(")") + end]

    return lines


def setup(plugin: Plugin) -> None:
    """Look at all changes of type, when the enum types are settled."""
    plugin.add_autogenerate_comparator(
        _compare,
        "autogenerate",
        "casts",
        qualifier="postgresql",
        priority=DispatchPriority.LAST,
    )


def _compare(context: AutogenContext, tree: ops.UpgradeOps) -> PriorityDispatchResult:
    for changes in tree.ops:
        if not isinstance(changes, ops.ModifyTableOps):
            continue

        found: list[ops.MigrateOperation] = []

        for one in changes.ops:
            if isinstance(one, ops.AlterColumnOp) and one.modify_type is not None:
                found += _cast(context, tree, one)
            else:
                found.append(one)

        changes.ops = found

    return PriorityDispatchResult.CONTINUE


def _cast(
    context: AutogenContext, tree: ops.UpgradeOps, one: ops.AlterColumnOp
) -> list[ops.MigrateOperation]:
    old, new = one.existing_type, one.modify_type
    model = _find_model(context, one)

    if old is None or new is None or model is None:
        return [one]

    there = _find_using(context, one.column_name, old, new)
    back = _find_using(context, one.column_name, new, old)

    if there is None or back is None:
        return _replace(context, tree, one, model)

    if not there and not back and _name(context, old) == _name(context, new):
        return [one]

    return _keep_default(one, model, using=there, using_back=back)


def _name(context: AutogenContext, type_: sa.types.TypeEngine[t.Any]) -> str:
    """Return a type without its arguments."""
    return re.split(r"\(| COLLATE ", write_type(context, type_))[0]


def _find_model(
    context: AutogenContext, one: ops.AlterColumnOp
) -> sa.Column[t.Any] | None:
    default = get_connection(context).dialect.default_schema_name

    for table in context.sorted_tables:
        schema = None if table.schema == default else table.schema

        if (schema, table.name) == (one.schema, one.table_name):
            return next((c for c in table.columns if c.name == one.column_name), None)

    return None


def _find_using(
    context: AutogenContext,
    name: str,
    old: sa.types.TypeEngine[t.Any],
    new: sa.types.TypeEngine[t.Any],
) -> str | None:
    """Return a cast; empty where none is needed, ``None`` where there is none."""
    connection = get_connection(context)
    old_enum = find_enum(old, connection.dialect)
    new_enum = find_enum(new, connection.dialect)
    column, type_ = quote(context, name), write_type(context, new)

    if old_enum is None and new_enum is None:
        return find_using(connection, write_type(context, old), type_, column=column)

    # The type itself may be made by the same revision, so that nobody can be asked.
    old_array, new_array = (
        isinstance(one.dialect_impl(connection.dialect), sa.ARRAY) for one in (old, new)
    )

    if old_array != new_array:
        return None

    if old_enum and new_enum:
        return f"{column}::text{'[]' if old_array else ''}::{type_}"

    other = new if old_enum else old
    item = getattr(other.dialect_impl(connection.dialect), "item_type", other)

    if not isinstance(item.dialect_impl(connection.dialect), sa.String):
        return None

    return "" if old_enum else f"{column}::{type_}"


def _keep_default(
    one: ops.AlterColumnOp, model: sa.Column[t.Any], *, using: str, using_back: str
) -> list[ops.MigrateOperation]:
    """Return the change between two of the default, where there is one."""
    before, after = one.existing_server_default or None, model.server_default
    plain = all(
        default is None or isinstance(default, sa.DefaultClause)
        for default in (before, after)
    )
    place = (one.table_name, one.column_name)
    steps: list[ops.MigrateOperation] = []

    if plain and before is not None:
        steps.append(
            ops.AlterColumnOp(
                *place,
                schema=one.schema,
                existing_type=one.existing_type,
                existing_nullable=one.existing_nullable,
                existing_server_default=before,
                modify_server_default=None,
            )
        )

    steps.append(_retype(one, plain=plain, using=using, using_back=using_back))

    if plain and after is not None:
        steps.append(
            ops.AlterColumnOp(
                *place,
                schema=one.schema,
                existing_type=one.modify_type,
                existing_nullable=model.nullable,
                existing_server_default=None,
                modify_server_default=after,
            )
        )

    return steps


def _retype(
    one: ops.AlterColumnOp, *, plain: bool, using: str, using_back: str
) -> RetypeOp:
    return RetypeOp(
        one.table_name,
        one.column_name,
        schema=one.schema,
        existing_type=one.existing_type,
        existing_server_default=False if plain else one.existing_server_default,
        existing_nullable=one.existing_nullable,
        existing_comment=one.existing_comment,
        modify_nullable=one.modify_nullable,
        modify_comment=one.modify_comment,
        modify_server_default=False if plain else one.modify_server_default,
        modify_type=one.modify_type,
        **one.kw,
        modify_using=using,
        existing_using=using_back,
    )


def _replace(
    context: AutogenContext,
    tree: ops.UpgradeOps,
    one: ops.AlterColumnOp,
    model: sa.Column[t.Any],
) -> list[ops.MigrateOperation]:
    """Drop the column and add it again."""
    old: sa.Column[t.Any] = sa.Column(
        one.column_name,
        one.existing_type,
        nullable=bool(one.existing_nullable),
        server_default=one.existing_server_default or None,
        comment=one.existing_comment,
    )
    new = model._copy()
    new.type = one.modify_type  # type: ignore[assignment]
    place = (one.schema, one.table_name)
    fallen = list(_find_fallen(context, tree, model))
    Comparison.find(context).notes.append(
        f"{model.table.fullname}.{model.name}: PostgreSQL has no cast between"
        f" {write_type(context, old.type)} and {write_type(context, new.type)}. The"
        " column is dropped and added again: its values are lost, in both directions."
    )
    return [
        *(ops.DropIndexOp.from_index(index) for index in fallen),
        ops.DropColumnOp.from_column_and_tablename(*place, old),
        ops.AddColumnOp.from_column_and_tablename(*place, new),
        *(ops.CreateIndexOp.from_index(index) for index in fallen),
    ]


def _find_fallen(
    context: AutogenContext, tree: ops.UpgradeOps, model: sa.Column[t.Any]
) -> cabc.Iterator[sa.Index]:
    """Find the indexes that fall with a column, and are to stand after it too."""
    there = {
        one["name"]
        for one in context.inspector.get_indexes(
            model.table.name, schema=model.table.schema
        )
    }
    changed = {
        one.index_name
        for one in walk(tree)
        if isinstance(one, (ops.CreateIndexOp, ops.DropIndexOp))
    }

    for index in sorted(model.table.indexes, key=lambda one: str(one.name)):
        if model.name in index.columns and index.name in there - changed:
            yield index
