"""Comments on constraints, which Alembic neither compares nor writes."""

from __future__ import annotations

import collections.abc as cabc

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult
from sqlalchemy.schema import DropConstraintComment
from sqlalchemy.schema import SetConstraintComment

from ....databases.dialects import get_dialect
from ....databases.dialects.definitions import undouble
from ..statements import make_statement
from ..statements import Statements
from .inventory import Inventory

Comments = cabc.Mapping[str, str]
"""By the name of the constraint."""


def setup(plugin: Plugin) -> None:
    """Compare comments when it is known which constraints are made anew."""
    plugin.add_autogenerate_comparator(
        _compare, "table", "constraintcomments", priority=DispatchPriority.LAST
    )


def _compare(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    live: sa.Table | None,
    model: sa.Table | None,
) -> PriorityDispatchResult:
    dialect = context.dialect
    assert dialect is not None  # a comparison has one

    if not get_dialect(dialect.name).comments_constraints:
        return PriorityDispatchResult.CONTINUE

    old = {} if live is None else _read_live(context, schema, name)
    new = {} if model is None else _read_model(model)
    drops = (one for one in changes.ops if isinstance(one, ops.DropConstraintOp))
    anew = {one.constraint_name for one in drops}

    for key in sorted(old):
        if key in anew or old[key] != new.get(key):
            gone = _make(changes, key, old[key], dialect).reverse()
            changes.ops.insert(0, gone)

    for key in sorted(new):
        if key in anew or old.get(key) != new[key]:
            changes.ops.append(_make(changes, key, new[key], dialect))

    return PriorityDispatchResult.CONTINUE


def _read_live(context: AutogenContext, schema: str | None, name: str) -> Comments:
    stock = Inventory.find(context).find_stock(schema, name)
    found = stock.live if stock is not None else ()
    return {
        one.name: one.comment
        for one in found
        if one.name and one.comment and one.kind != "index"
    }


def _read_model(model: sa.Table) -> Comments:
    return {
        str(one.name): one.comment
        for one in model.constraints
        if isinstance(one.name, str) and one.comment
    }


def _make(
    changes: ops.ModifyTableOps, name: str, comment: str, dialect: sa.Dialect
) -> Statements:
    constraint = sa.CheckConstraint("true", name=name, comment=comment)
    table = sa.Table(changes.table_name, sa.MetaData(), schema=changes.schema)
    table.append_constraint(constraint)

    def write(ddl: SetConstraintComment | DropConstraintComment) -> str:
        return undouble(str(ddl.compile(dialect=dialect)), dialect).strip()

    return make_statement(
        write(SetConstraintComment(constraint)),
        back=write(DropConstraintComment(constraint)),
    )
