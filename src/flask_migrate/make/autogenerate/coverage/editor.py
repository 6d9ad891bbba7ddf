"""The operations that bring one table's keys, checks and indexes to its model."""

from __future__ import annotations

import dataclasses
import logging
import typing as t

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from ....databases.dialects import get_dialect
from ....databases.dialects.definitions import Definition
from ....databases.dialects.definitions import Item
from ..comparison import Comparison
from ..statements import make_rename
from .inventory import Inventory
from .inventory import Wanted
from .pairing import pair
from .removal import make_removal
from .removal import Removal

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

_log = logging.getLogger("alembic.autogenerate.flask_migrate")

TITLES: dict[str, t.Any] = {
    "check": "check_constraint",
    "unique": "unique_constraint",
    "exclude": "exclude_constraint",
    "index": "index",
}
"""What the user's ``include_name`` and ``include_object`` are told."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """Fills the operations of one table that stands in the database.

    :param context: of the comparison.
    :param changes: where the operations go.
    :param live: the table, as it was reflected.
    """

    context: AutogenContext
    changes: ops.ModifyTableOps
    live: sa.Table

    def compare(self, *kinds: str) -> bool:
        """Compare what is of some kinds.

        :return: ``False`` where the server could not be asked.
        """
        place = (self.changes.schema, self.changes.table_name)
        stock = Inventory.find(self.context).find_stock(*place)

        if stock is None:
            return False

        found = pair(stock, kinds, retyped=self._find_retyped())

        for definition in found.removed:
            if self._can_drop(definition):
                self._drop(definition, None)

        for definition, wanted in found.changed:
            if self._drop(definition, wanted):
                self._add(wanted, word="changed")

        for definition, wanted in found.renamed:
            self._rename(definition, wanted)

        for wanted in found.added:
            if self._includes(wanted.kind, wanted.item, wanted.name, reflected=False):
                self._add(wanted, word="added")

        return True

    def _rename(self, found: Definition, wanted: Wanted) -> None:
        assert self.context.dialect is not None  # a comparison has one
        dialect = self.context.dialect
        names = (found.name or "", wanted.name or "")
        renaming = make_rename(found.kind, self.live, names, dialect)
        removal = make_removal(found, self.live, dialect=dialect)

        if removal is None or not self._allows(found, removal, wanted):
            return

        if renaming is not None:
            self._tell("renamed", found.kind, found.name)
            self.changes.ops.append(renaming)
        elif self._drop(found, wanted):
            self._add(wanted, word="changed")

    def _find_retyped(self) -> frozenset[str]:
        """Return the columns that get a type of another family."""
        changed = (
            one for one in self.changes.ops if isinstance(one, ops.AlterColumnOp)
        )
        return frozenset(
            one.column_name
            for one in changed
            if one.modify_type is not None
            and one.existing_type is not None
            # SQLAlchemy 2.1 has no public name for the family of a type.
            and one.modify_type._type_affinity != one.existing_type._type_affinity
        )

    def _add(self, wanted: Wanted, *, word: str) -> None:
        self._tell(word, wanted.kind, wanted.name)
        item = wanted.item

        if isinstance(item, sa.Index):
            self.changes.ops.append(ops.CreateIndexOp.from_index(item))
            return

        operation = self._make_addition(item)

        name = wanted.name or self._foretell_name(item)

        if not wanted.is_named and name is not None:
            # Said now, so that the way back knows it too.
            free = Inventory.find(self.context).claim(self.live.schema, name)
            t.cast("t.Any", operation).constraint_name = conv(free)

        self.changes.ops.append(operation)

    def _foretell_name(self, item: sa.Constraint) -> str | None:
        """Return the name that the server would give to the check of a new column."""
        assert self.context.dialect is not None  # a comparison has one
        column = getattr(item, "parent", None)

        if not isinstance(column, sa.Column):
            return None

        backend = get_dialect(self.context.dialect.name)
        return backend.name_constraint("ck", self.live.name, (column.name,))

    def _make_addition(self, item: sa.Constraint) -> ops.AddConstraintOp:
        operation = ops.AddConstraintOp.from_constraint(item)

        if isinstance(operation, ops.CreateCheckConstraintOp):
            # Around columns of the model, SQLAlchemy would give the model's table one
            # more constraint each time that Alembic looks at the operation.
            impl = self.context.migration_context.impl
            condition = t.cast("sa.ClauseElement", operation.condition)
            operation.condition = sa.text(impl.render_ddl_sql_expr(condition))

        return operation

    def _drop(self, found: Definition, wanted: Wanted | None) -> bool:
        """Drop a thing of the database.

        :param wanted: what comes in its place.
        :return: whether it may be.
        """
        assert self.context.dialect is not None  # a comparison has one
        removal = make_removal(found, self.live, dialect=self.context.dialect)

        if removal is None or not self._allows(found, removal, wanted):
            return False

        if wanted is None:
            self._tell("removed", found.kind, found.name)

        # Before the columns change: an old condition may not fit a new type.
        self.changes.ops.insert(0, removal)
        return True

    def _can_drop(self, found: Definition) -> bool:
        """Tell whether an operation can say which one is to go."""
        if found.kind != "check" or found.name is not None:
            return True

        Comparison.find(self.context).notes.append(
            f"The table {self.live.name} has a check without a name that no model has,"
            f" and no operation of Alembic can drop it: CHECK ({found.where})"
        )
        return False

    def _allows(
        self, found: Definition, removal: Removal, wanted: Wanted | None
    ) -> bool:
        place = {"table_name": self.live.name, "schema_name": self.live.schema}
        old = _to_item(removal)

        if not self.context.run_name_filters(
            found.name, TITLES[found.kind], t.cast("t.Any", place)
        ):
            return False

        if wanted is None:
            return self._includes(found.kind, old, found.name, reflected=True)

        return self._includes(
            found.kind, wanted.item, found.name, reflected=False, other=old
        )

    def _includes(
        self,
        kind: str,
        item: Item,
        name: str | None,
        *,
        reflected: bool,
        other: Item | None = None,
    ) -> bool:
        title = TITLES[kind]
        name = t.cast("str", name)
        return self.context.run_object_filters(item, name, title, reflected, other)

    def _tell(self, word: str, kind: str, name: str | None) -> None:
        title = TITLES[kind].replace("_", " ")
        _log.info("Detected %s %s %r on %r", word, title, name, self.live.name)


def _to_item(removal: Removal) -> Item:
    if isinstance(removal, ops.DropIndexOp):
        return removal.to_index()

    return removal.to_constraint()
