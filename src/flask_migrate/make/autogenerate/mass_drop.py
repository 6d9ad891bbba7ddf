"""Refuse to drop most of the tables: the models were not imported, nearly always."""

from __future__ import annotations

import typing as t

from alembic.operations import ops
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ...errors import MassDrop
from .comparison import Comparison

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin


def setup(plugin: Plugin) -> None:
    """Look at the operations when all of them are known."""
    plugin.add_autogenerate_comparator(
        _refuse, "autogenerate", "mass_drop", priority=DispatchPriority.LAST
    )


def _refuse(
    context: AutogenContext, upgrade_ops: ops.UpgradeOps
) -> PriorityDispatchResult:
    dropped = [one for one in upgrade_ops.ops if isinstance(one, ops.DropTableOp)]
    created = [one for one in upgrade_ops.ops if isinstance(one, ops.CreateTableOp)]
    known = len(context.table_key_to_table)
    standing = len(dropped) + known - len(created)

    if not _is_most(len(dropped), standing):
        return PriorityDispatchResult.CONTINUE

    names = sorted(
        f"{one.schema}.{one.table_name}" if one.schema else one.table_name
        for one in dropped
    )
    sentence = (
        f"{len(dropped)} of the {standing} tables would be dropped"
        f" ({', '.join(names[:10])}), because the models have {known or 'no'}"
        f" table{'' if known == 1 else 's'}: some were probably not imported."
    )
    comparison = Comparison.find(context)

    if not comparison.answers.allow_mass_drop:
        raise MassDrop(
            f"{sentence} Nothing was written.",
            tables=tuple(names),
            hint="Import the models where the application is made; if the tables"
            " should really go, add --allow-mass-drop.",
        )

    comparison.notes.append(sentence)
    return PriorityDispatchResult.CONTINUE


def _is_most(dropped: int, standing: int) -> bool:
    """Tell whether so many tables go that it looks like a mistake."""
    return bool(dropped) and (
        dropped == standing or (dropped > 2 and 2 * dropped > standing)
    )
