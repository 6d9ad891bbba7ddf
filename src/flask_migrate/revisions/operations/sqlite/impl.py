"""Alembic's operations on SQLite, with table rebuilds that lose nothing."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from alembic.ddl import sqlite
from sqlalchemy.schema import CreateIndex

from .. import ForeignKeysEnforced
from ..rendering import ExactText
from .catalog import Catalog
from .leftovers import check_original

if t.TYPE_CHECKING:
    from alembic.operations.batch import ApplyBatchImpl
    from alembic.operations.batch import BatchOperationsImpl

    from .rebuild import Rebuild

_KEPT_TYPES = frozenset({sa.Date, sa.DateTime, sa.Time, sa.Interval, sa.Uuid, sa.JSON})
"""Types that SQLAlchemy stores as text, in columns that SQLite takes for numeric.

A cast to one of them makes 2024 of '2024-01-31'; without it the text stays.
"""


class SQLiteImpl(ExactText, sqlite.SQLiteImpl):
    """Alembic's operations on SQLite.

    A batch runs as in Alembic 1.20, through its own hooks; each hook of a rebuild
    is handed to a :class:`.Rebuild`.
    """

    allow_lossy_casts: frozenset[str] = frozenset()
    """Columns, as ``table.column``, whose values a change of type may rewrite."""

    _rebuild: Rebuild | None = None
    _dropped: tuple[sa.Constraint, ...] | None = None

    def requires_recreate_in_batch(self, batch_op: BatchOperationsImpl) -> bool:
        """Tell whether a batch needs a rebuild: SQLite renames columns by itself."""
        self._dropped = None

        if not self.as_sql:
            check_original(self._catalog(batch_op.schema), str(batch_op.table_name))

            if _has_only_renames(batch_op):
                return False

        if not super().requires_recreate_in_batch(batch_op):
            return False

        self._dropped = tuple(
            arguments[0]
            for name, arguments, _ in batch_op.batch
            if name == "drop_constraint"
        )
        return True

    def cast_for_batch_migrate(
        self,
        existing: sa.Column[t.Any],
        existing_transfer: dict[str, t.Any],
        new_type: sa.types.TypeEngine[t.Any],
    ) -> None:
        """Note that a column gets another type, and cast its values if that helps."""
        existing_transfer["type"] = new_type

        # SQLAlchemy 2 has no public name for the kind of a type behind decorators.
        if new_type._type_affinity not in _KEPT_TYPES:
            super().cast_for_batch_migrate(existing, existing_transfer, new_type)

    def prep_table_for_batch(self, batch_impl: ApplyBatchImpl, table: sa.Table) -> None:
        """Begin a rebuild.

        :raises ForeignKeysEnforced: if it would fire foreign keys.
        :raises DataAtRisk: if it would lose something.
        """
        self._rebuild = None

        if self.as_sql:
            return

        if self._catalog().has_pragma("foreign_keys"):
            raise ForeignKeysEnforced(
                f"The table {table.name} cannot be rebuilt while PRAGMA foreign_keys"
                " is on: the rows that point to it would be deleted or changed.",
                hint="Turn it off before the transaction begins.",
            )

        assert self.connection is not None  # not as_sql
        # The greater part of what stands here, and hardly a run needs it.
        from .rebuild import Rebuild

        rebuild = Rebuild(
            self.connection,
            batch_impl,
            dropped=self._dropped,
            allow_lossy_casts=self.allow_lossy_casts,
        )
        self._dropped = None
        rebuild.prepare()
        self._rebuild = rebuild

    def create_table(self, table: sa.Table, **kw: t.Any) -> None:
        """Make a table, or the copy of a rebuild."""
        if self._rebuild is None or table is not self._rebuild.batch.new_table:
            super().create_table(table, **kw)
            return

        self._rebuild.create()

        for index in table.indexes:
            self._exec(CreateIndex(index))

    def drop_table(self, table: sa.Table, **kw: t.Any) -> None:
        """Drop a table, or the original of a rebuild."""
        if self._rebuild is not None and table is self._rebuild.batch.table:
            self._rebuild.drop_original()
        else:
            super().drop_table(table, **kw)

    def rename_table(
        self, old_table_name: str, new_table_name: str, schema: str | None = None
    ) -> None:
        """Rename a table, or give the copy of a rebuild its name."""
        rebuild = self._rebuild

        if rebuild is None or old_table_name != rebuild.temporary:
            super().rename_table(old_table_name, new_table_name, schema=schema)
            return

        self._rebuild = None
        rebuild.finish()

        for index in rebuild.take_new_indexes():
            self._exec(CreateIndex(index))

    def _exec(self, construct: t.Any, *args: t.Any, **kw: t.Any) -> t.Any:
        """Run a statement, or fill the copy of a rebuild."""
        rebuild = self._rebuild

        if (
            rebuild is not None
            and isinstance(construct, sa.Insert)
            and construct.table is rebuild.batch.new_table
        ):
            rebuild.copy()
            return None

        return super()._exec(construct, *args, **kw)

    def _catalog(self, schema: str | None = None) -> Catalog:
        assert self.connection is not None  # not as_sql
        return Catalog(self.connection, schema)


def _has_only_renames(batch_op: BatchOperationsImpl) -> bool:
    """Tell whether a batch renames columns and does nothing else."""
    names = []

    for name, arguments, options in batch_op.batch:
        changes = (
            options.get(key, default) is not default for key, default in _UNCHANGED
        )

        if name != "alter_column" or not options.get("name") or any(changes):
            return False

        names += [arguments[1], options["name"]]

    # Two columns may exchange their names.
    return bool(names) and len(set(names)) == len(names)


_UNCHANGED: tuple[tuple[str, object], ...] = (
    ("nullable", None),
    ("server_default", False),
    ("type_", None),
    ("autoincrement", None),
    ("comment", False),
)
"""The arguments of ``alter_column``, with what says that nothing changes."""
