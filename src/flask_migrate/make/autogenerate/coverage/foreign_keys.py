"""Foreign keys: their name, and MATCH; Alembic compares the rest."""

from __future__ import annotations

import logging
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects import get_dialect
from ..statements import make_rename
from ..statements import Statements

_log = logging.getLogger("alembic.autogenerate.flask_migrate")


def setup(plugin: Plugin) -> None:
    """Look again at the foreign keys that Alembic finds equal."""
    plugin.add_autogenerate_comparator(
        _compare, "table", "foreignkeys", priority=DispatchPriority.LAST
    )


def _compare(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    live: sa.Table | None,
    model: sa.Table | None,
) -> PriorityDispatchResult:
    if live is None or model is None:
        return PriorityDispatchResult.CONTINUE

    pairs = _pair(live, model, context)

    for old, new in pairs:
        if _read_options(old) == _read_options(new):
            _forgive(changes, list(new.column_keys))

    drops = (one for one in changes.ops if isinstance(one, ops.DropConstraintOp))
    dropped = {one.constraint_name for one in drops}
    title: t.Any = "foreign_key_constraint"

    for old, new in pairs:
        if old.name not in dropped and _differs(old, new, context):
            shown = t.cast("str", old.name)

            if context.run_object_filters(new, shown, title, False, old):
                _log.info("Detected changed foreign key %r on %r", shown, name)
                renaming = _make_renaming(live, old, new, context)

                if renaming is not None:
                    changes.ops.append(renaming)
                else:
                    changes.ops.insert(0, ops.DropConstraintOp.from_constraint(old))
                    changes.ops.append(ops.CreateForeignKeyOp.from_constraint(new))

    return PriorityDispatchResult.CONTINUE


def _pair(
    live: sa.Table, model: sa.Table, context: AutogenContext
) -> list[tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]]:
    """Return what has the same columns on both ends, on both sides."""
    assert context.dialect is not None  # a comparison has one
    default = context.dialect.default_schema_name
    known: dict[t.Any, sa.ForeignKeyConstraint] = {}

    for one in live.foreign_key_constraints:
        key = _describe(one, default)

        # Alembic adds a second one to the table, without MATCH.
        if key not in known or one.match:
            known[key] = one

    wanted = {_describe(one, default): one for one in model.foreign_key_constraints}
    return [(known[key], wanted[key]) for key in sorted(known.keys() & wanted.keys())]


def _describe(
    constraint: sa.ForeignKeyConstraint, default: str | None
) -> tuple[tuple[str, str], ...]:
    targets = (one.target_fullname for one in constraint.elements)
    ends = (one.removeprefix(f"{default}.") if default else one for one in targets)
    return tuple(zip(constraint.column_keys, ends, strict=True))


def _forgive(changes: ops.ModifyTableOps, columns: list[str]) -> None:
    """Take back what Alembic wants where only one side says the default schema.

    Each comparison would find it again.

    :param columns: of a foreign key that is the same on both sides.
    """
    kept = [one for one in changes.ops if _find_columns(one) != columns]

    if len(kept) == len(changes.ops) - 2:
        changes.ops[:] = kept


def _find_columns(operation: ops.MigrateOperation) -> list[str] | None:
    """Return what a foreign key that comes or goes is about."""
    if isinstance(operation, ops.DropConstraintOp):
        operation = operation._reverse or operation

    is_key = isinstance(operation, ops.CreateForeignKeyOp)
    return list(t.cast("t.Any", operation).local_cols) if is_key else None


def _read_options(key: sa.ForeignKeyConstraint) -> tuple[object, ...]:
    actions = ((one or "NO ACTION").upper() for one in (key.onupdate, key.ondelete))
    is_deferred = (key.initially or "").upper() == "DEFERRED"
    return (*actions, is_deferred or bool(key.deferrable), is_deferred)


def _make_renaming(
    live: sa.Table,
    old: sa.ForeignKeyConstraint,
    new: sa.ForeignKeyConstraint,
    context: AutogenContext,
) -> Statements | None:
    assert context.dialect is not None  # a comparison has one

    if _has_other_match(old, new, context):
        return None

    names = (str(old.name), str(new.name))
    return make_rename("foreign", live, names, context.dialect)


def _differs(
    old: sa.ForeignKeyConstraint, new: sa.ForeignKeyConstraint, context: AutogenContext
) -> bool:
    # A name for what has none yet is not worth a rebuild.
    has_names = isinstance(old.name, str) and isinstance(new.name, str)

    is_renamed = has_names and old.name != new.name
    return is_renamed or _has_other_match(old, new, context)


def _has_other_match(
    old: sa.ForeignKeyConstraint, new: sa.ForeignKeyConstraint, context: AutogenContext
) -> bool:
    assert context.dialect is not None  # a comparison has one

    if not get_dialect(context.dialect.name).tells_match:
        return False

    return (old.match or "SIMPLE").upper() != (new.match or "SIMPLE").upper()
