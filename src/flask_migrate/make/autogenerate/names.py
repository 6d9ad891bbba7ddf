"""Names for constraints that have none: a revision must be able to drop them.

The models may leave the name to the server, which is asked by SQLAlchemy's
``create_all`` only. In a revision it stands: what the server would choose, so that
nobody sees a difference, else ``uq_table_column`` and the like.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult
from sqlalchemy.sql.elements import conv

from ...databases.dialects import get_dialect
from .coverage.inventory import Inventory

CONVENTION = {
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""What a batch calls constraints without a name, so that it can drop them."""


class ConventionTable(ops.ModifyTableOps):
    """Changes of a table whose constraints may have no names in the database."""


@renderers.dispatch_for(ConventionTable)
def _render(context: AutogenContext, changes: ConventionTable) -> list[str]:
    plain = ops.ModifyTableOps(changes.table_name, changes.ops, schema=changes.schema)
    lines: list[str] = list(renderers.dispatch(plain)(context, plain))
    end = ") as batch_op:"

    if lines and lines[0].endswith(end):
        lines[0] = (
            f"{lines[0].removesuffix(end)}, naming_convention={CONVENTION!r}{end}"
        )

    return lines


def setup(plugin: Plugin) -> None:
    """Give names when every operation is known."""
    plugin.add_autogenerate_comparator(
        _give_names, "autogenerate", "names", priority=DispatchPriority.LAST
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """What a name is made of.

    :param kind: ``uq``, ``fk``, ``pk`` or ``ck``.
    """

    kind: str
    table: str
    columns: tuple[str, ...] = ()
    referred: str = ""

    @property
    def name(self) -> str:
        """The name that :data:`CONVENTION` gives."""
        columns = () if self.kind == "pk" else self.columns
        return "_".join(
            one for one in (self.kind, self.table, *columns, self.referred) if one
        )


def _give_names(
    context: AutogenContext, upgrade: ops.UpgradeOps
) -> PriorityDispatchResult:
    for place, changes in enumerate(upgrade.ops):
        if isinstance(changes, ops.CreateTableOp):
            _claim_names(changes, context)

        if not isinstance(changes, ops.ModifyTableOps):
            continue

        unnamed = [one for one in changes.ops if _is_unnamed(one)]

        for operation in unnamed:
            if isinstance(operation, ops.DropConstraintOp):
                _name_removal(operation)
            else:
                _name_addition(t.cast("t.Any", operation), context)

        if any(isinstance(one, ops.DropConstraintOp) for one in unnamed):
            upgrade.ops[place] = ConventionTable(
                changes.table_name, changes.ops, schema=changes.schema
            )

    return PriorityDispatchResult.CONTINUE


def _claim_names(table: ops.CreateTableOp, context: AutogenContext) -> None:
    """Note the names that the server will give to what is made with a table."""
    assert context.dialect is not None  # a comparison has one
    backend = get_dialect(context.dialect.name)
    keys = (one for one in table.columns if isinstance(one, sa.ForeignKeyConstraint))

    for key in keys:
        columns = tuple(key.column_keys)
        name = backend.name_constraint("fk", str(table.table_name), columns)

        if name is not None:
            Inventory.find(context).claim(table.schema, name)


def _is_unnamed(operation: ops.MigrateOperation) -> bool:
    kinds = (ops.AddConstraintOp, ops.DropConstraintOp)
    return isinstance(operation, kinds) and not isinstance(
        getattr(operation, "constraint_name", None), str
    )


def _name_removal(operation: ops.DropConstraintOp) -> None:
    way_back: t.Any = operation._reverse

    if way_back is not None:
        name = conv(_describe(way_back).name)
        operation.constraint_name = way_back.constraint_name = name


def _name_addition(operation: t.Any, context: AutogenContext) -> None:
    assert context.dialect is not None  # a comparison has one
    key = _describe(operation)
    dialect = get_dialect(context.dialect.name)
    name = dialect.name_constraint(key.kind, key.table, key.columns) or key.name
    schema = getattr(operation, "schema", None) or operation.kw.get("source_schema")
    limit = context.dialect.max_identifier_length
    free = Inventory.find(context).claim(schema, name[: limit - 3])
    operation.constraint_name = conv(free)


def _describe(operation: t.Any) -> _Key:
    if isinstance(operation, ops.CreateForeignKeyOp):
        return _Key(
            kind="fk",
            table=str(operation.source_table),
            columns=tuple(operation.local_cols),
            referred=str(operation.referent_table),
        )

    kinds: cabc.Mapping[type, str] = {
        ops.CreateUniqueConstraintOp: "uq",
        ops.CreatePrimaryKeyOp: "pk",
    }
    columns = getattr(operation, "columns", None) or ()
    return _Key(
        kind=kinds.get(type(operation), "ck"),
        table=str(operation.table_name),
        columns=tuple(
            one.name if isinstance(one, sa.Column) else one for one in columns
        ),
    )
