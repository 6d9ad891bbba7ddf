"""What the models and the database say of keys, checks and indexes, in one language."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa

from ....databases.dialects import get_dialect
from ....databases.dialects.definitions import Definition
from ....databases.dialects.definitions import Definitions
from ....databases.dialects.definitions import Item
from ....databases.dialects.definitions import Kind
from ....databases.dialects.definitions import Place

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

_KEY = "flask_migrate_inventory"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One thing that a model says.

    :param item: the model's own.
    :param definition: what the server makes of it; ``None`` for what it cannot make on
        the columns that it has now.
    """

    item: Item
    definition: Definition | None

    @property
    def kind(self) -> Kind:
        """What it is, also where the server cannot make it."""
        if self.definition is not None:
            return self.definition.kind

        return _KINDS.get(type(self.item).__visit_name__, "check")

    @property
    def is_named(self) -> bool:
        """Whether the model gives it a name; SQLAlchemy's placeholder is none."""
        return isinstance(self.item.name, str)

    @property
    def name(self) -> str | None:
        """Its name in the database, also where only the server has given it one."""
        if self.definition is not None:
            return self.definition.name

        return str(self.item.name) if self.is_named else None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Both sides of one table.

    :param live: what stands in the database.
    :param wanted: what the model says; empty for a table without one.
    """

    live: tuple[Definition, ...]
    wanted: tuple[Wanted, ...]


class Inventory:
    """Everything of one comparison, asked of the server at once."""

    def __init__(self, context: AutogenContext) -> None:
        assert context.connection is not None  # a comparison looks at a database
        self._context = context
        self._connection: sa.Connection = context.connection
        self._dialect = get_dialect(self._connection.dialect.name)
        self._names: dict[str | None, set[str]] = {}
        self._read_schemas: set[str | None] = set()
        self._stocks: dict[Place, Stock] = {}

    @classmethod
    def find(cls, context: AutogenContext) -> Inventory:
        """Return the inventory of a comparison."""
        # The inspector lives as long as the comparison, as does Alembic's own cache.
        cache: dict[t.Any, t.Any] = context.inspector.info_cache

        if _KEY not in cache:
            cache[_KEY] = cls(context)

        found: Inventory = cache[_KEY]
        return found

    def find_stock(self, schema: str | None, table: str) -> Stock | None:
        """Return both sides of a table that exists.

        :return: ``None`` where the server cannot be asked.
        """
        self._read(schema)
        return self._stocks.get((schema, table))

    def claim(self, schema: str | None, name: str) -> str:
        """Return a name for something new that nothing in a schema has."""
        self._read(schema)
        taken = self._names.setdefault(schema, set())
        numbered = (f"{name}{number}" for number in range(1, len(taken) + 2))
        free = next(one for one in (name, *numbered) if one not in taken)
        taken.add(free)
        return free

    def _read(self, schema: str | None) -> None:
        if schema in self._read_schemas:
            return

        models = {self._place(one): one for one in self._context.sorted_tables}
        known = {schema, *(place[0] for place in models)} & self._list_schemas(schema)
        wanted = known - self._read_schemas
        self._read_schemas |= wanted
        # The default one first; None has no order.
        schemas = sorted(wanted, key=lambda one: one or "")
        live = self._dialect.read_definitions(self._connection, schemas)

        if live is not None:
            items = {
                place: self._list_items(table)
                for place, table in models.items()
                if place[0] in wanted
            }
            self._fill(live, items, schemas)

    def _list_schemas(self, schema: str | None) -> set[str | None]:
        """Return the schemas that Alembic compares, as far as that is known."""
        has_all = self._context.opts.get("include_schemas", False)
        models = {self._place(one)[0] for one in self._context.sorted_tables}
        return {schema, *models} if has_all else {schema}

    def _fill(
        self,
        live: Definitions,
        items: cabc.Mapping[Place, list[Item]],
        schemas: cabc.Sequence[str | None],
    ) -> None:
        inspector = self._context.inspector
        places = [
            (schema, name)
            for schema in schemas
            for name in inspector.get_table_names(schema=schema)
        ]
        # Where neither side has any, there is nothing to ask.
        asked = {one: items[one] for one in places if items.get(one)}
        tried = self._dialect.try_definitions(self._connection, asked, live=live)

        for place in places:
            definitions = live.get(place, ())
            names = (one.name for one in definitions if one.name)
            self._names.setdefault(place[0], set()).update(names)

            if place not in asked or place in tried:
                pairs = zip(items.get(place, ()), tried.get(place, ()), strict=True)
                wanted = tuple(Wanted(item=one, definition=two) for one, two in pairs)
                self._stocks[place] = Stock(live=definitions, wanted=wanted)

    def _place(self, table: sa.Table) -> Place:
        is_default = table.schema == self._connection.dialect.default_schema_name
        return (None if is_default else table.schema, table.name)

    def _list_items(self, table: sa.Table) -> list[Item]:
        """Return what a table is created with, in that order."""
        dialect = self._connection.dialect
        compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
        inline = (one for column in table.columns for one in column.constraints)
        found = {*table.constraints, *inline}
        has_all = self._dialect.tells_indexes
        # SQLAlchemy 2.1 has no public name for these two: the order of creation, and
        # whether a backend is to have the constraint at all.
        constraints = [
            one
            for one in sorted(found, key=lambda one: one._creation_order)
            if (has_all or isinstance(one, sa.CheckConstraint))
            and not isinstance(one, _COMPARED_ELSEWHERE)
            and one._should_create_for_compiler(compiler)
        ]
        indexes = sorted(table.indexes, key=lambda one: str(one.name))
        return [*constraints, *(indexes if has_all else ())]


_KINDS: dict[str, Kind] = {
    "index": "index",
    "unique_constraint": "unique",
    "exclude_constraint": "exclude",
}
"""By SQLAlchemy's names of its constructs."""
_COMPARED_ELSEWHERE = (sa.PrimaryKeyConstraint, sa.ForeignKeyConstraint)
