"""Renames: found, asked about, and written as renames.

The database is compared as it will be called after the renames (:mod:`.trial`), so
everything else about a table or a column is compared as always.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ..comparison import Comparison
from .following import follow_default_names
from .names import Names
from .operations import make_operations
from .operations import OURS
from .pairs import take_pairs
from .reading import list_sequences
from .reading import read_sides

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import MigrateOperation
    from alembic.operations.ops import UpgradeOps
    from alembic.runtime.plugins import Plugin


def setup(plugin: Plugin) -> None:
    """Register what comes before the comparison, and what comes after it.

    The last of :data:`PLUGINS` that has to do with operations: what the others have
    looked at is undone in the end.
    """
    plugin.add_autogenerate_comparator(
        find_renames, "schema", "renames", priority=DispatchPriority.FIRST
    )
    plugin.add_autogenerate_comparator(
        follow_renames, "autogenerate", "renames", priority=DispatchPriority.LAST
    )


def find_renames(
    context: AutogenContext, upgrade: UpgradeOps, schemas: set[str | None]
) -> PriorityDispatchResult:
    """Write what is renamed, and let the comparison see the new names.

    :raises RenameUnanswered: for what nobody has answered.
    """
    comparison = Comparison.find(context)
    is_asked = bool(comparison.answers.renamed)
    sides = read_sides(context, schemas, is_asked=is_asked)
    names = Names()

    if sides is not None:
        # Mostly nothing can have been renamed.
        from .deciding import decide

        names = decide(sides, comparison)

    comparison.names = names

    if sides is not None and names:
        found: list[MigrateOperation] = [*make_operations(names, sides.old)]
        sequences = list_sequences(context.inspector, sides, schemas)
        found += follow_default_names(sides, names, sequences=sequences)
        upgrade.ops.extend(found)
        _look_at_renamed(context, comparison, found, names=names)

    return PriorityDispatchResult.CONTINUE


def _look_at_renamed(
    context: AutogenContext,
    comparison: Comparison,
    operations: list[MigrateOperation],
    *,
    names: Names,
) -> None:
    """Let the comparison see a database in which the renames are done."""
    from .trial import try_renames

    assert context.connection is not None
    schemas = {table.schema for table in context.sorted_tables}
    schemas |= {schema for schema, _ in names.tables}
    place = try_renames(
        context.connection,
        operations,
        stack=comparison.stack,
        has_schemas=bool(schemas - {None}),
    )
    context.connection, context.inspector = place, sa.inspect(place)


def follow_renames(
    context: AutogenContext, upgrade: UpgradeOps
) -> PriorityDispatchResult:
    """Rename what is dropped and made again only for its name; renames come first."""
    assert context.dialect is not None
    Comparison.find(context).close()
    following = take_pairs(upgrade, context.dialect)
    first = [op for op in upgrade.ops if isinstance(op, OURS)]
    rest = [op for op in upgrade.ops if not isinstance(op, OURS)]
    upgrade.ops[:] = [*first, *following, *rest]
    return PriorityDispatchResult.CONTINUE
