"""``AUTOINCREMENT``, ``STRICT`` and ``WITHOUT ROWID`` of a table on SQLite.

SQLite changes none of them in place: the table is rebuilt by a batch that says what
its options are.
"""

from __future__ import annotations

import typing as t

from alembic.autogenerate.render import renderers
from alembic.operations import ops
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects.sqlite_tables import DEFAULTS
from ....databases.dialects.sqlite_tables import list_options
from .sqlite_tables import find_pair

if t.TYPE_CHECKING:
    import sqlalchemy as sa
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin


class RebuildTableOp(ops.AlterTableOp):
    """A table gets other options.

    :param before: the options that it has, by SQLAlchemy's names.
    :param after: the options that it gets.
    """

    def __init__(
        self,
        table_name: str,
        *,
        schema: str | None,
        before: dict[str, bool],
        after: dict[str, bool],
    ) -> None:
        super().__init__(table_name, schema=schema)
        self.before: dict[str, bool] = before
        self.after: dict[str, bool] = after

    @property
    def stated(self) -> dict[str, bool]:
        """The options that a batch must name: it forgets what is not the default."""
        return {
            name: value
            for name, value in self.after.items()
            if DEFAULTS[name] != value or self.before[name] != value
        }

    @property
    def is_free(self) -> bool:
        """Whether an option goes, and none comes."""
        return all(
            value in (self.before[name], DEFAULTS[name])
            for name, value in self.after.items()
        )

    def reverse(self) -> RebuildTableOp:
        """Return the way back."""
        return RebuildTableOp(
            self.table_name, schema=self.schema, before=self.after, after=self.before
        )

    def to_diff_tuple(self) -> tuple[t.Any, ...]:
        """Return the options that change, in words."""
        changed = (
            f"{name} {self.before[name]} to {value}"
            for name, value in self.after.items()
            if value != self.before[name]
        )
        return ("change_options", f"of {self.table_name}: {', '.join(changed)}")


@renderers.dispatch_for(RebuildTableOp)
def _render(context: AutogenContext, op: RebuildTableOp) -> list[str]:
    place = f"{op.table_name!r}, schema={op.schema!r}"
    options = f"recreate='always', table_kwargs={op.stated!r}"
    return [f"with op.batch_alter_table({place}, {options}):", "pass", ""]


def setup(plugin: Plugin) -> None:
    """Register the comparators."""
    plugin.add_autogenerate_comparator(
        _compare, "table", "sqlite_options", qualifier="sqlite"
    )
    plugin.add_autogenerate_comparator(
        _take_out,
        "autogenerate",
        "sqlite_options",
        qualifier="sqlite",
        priority=DispatchPriority.LAST,
    )


def _compare(
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

    if pair is not None:
        before, after = list_options(pair.live), list_options(pair.wanted)
        # What is no longer asked of the columns goes first, what is new comes last.
        free = {
            key: value if after[key] == value else before[key]
            for key, value in DEFAULTS.items()
        }
        changes.ops += [
            RebuildTableOp(name, schema=schema, before=one, after=other)
            for one, other in ((before, free), (free, after))
            if one != other
        ]

    return PriorityDispatchResult.CONTINUE


def _take_out(
    context: AutogenContext, upgrade: ops.UpgradeOps
) -> PriorityDispatchResult:
    """Give each rebuild a batch of its own, around the other changes of its table.

    ``STRICT`` and ``AUTOINCREMENT`` want columns that are right before they come, and
    after they have gone.
    """
    for place, changes in reversed(list(enumerate(upgrade.ops))):
        if isinstance(changes, ops.ModifyTableOps):
            rebuilds = [one for one in changes.ops if isinstance(one, RebuildTableOp)]
            changes.ops[:] = [one for one in changes.ops if one not in rebuilds]
            upgrade.ops[place : place + 1] = [
                *(one for one in rebuilds if one.is_free),
                *([changes] if changes.ops else []),
                *(one for one in rebuilds if not one.is_free),
            ]

    return PriorityDispatchResult.CONTINUE
