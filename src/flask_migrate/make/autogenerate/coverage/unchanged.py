"""Tables that nobody has changed are recognised by what was read of them.

Alembic 1.20 makes a ``Table`` of everything that it has read, which takes most of the
time of a comparison, and asks some thirty comparators about it. Where the facts of a
table are, one by one, what its model says, none of them would find anything: it is left
out before. The rule is one-sided. Whatever is not plainly equal, or could be seen in
another way by a hook of the user or a comparator of others, is compared in full.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects import get_dialect
from ....databases.dialects.definitions import Place
from ..database import get_connection
from ..database import remember
from ..database import write_type
from .defaults import is_spelled_alike
from .editor import TITLES
from .identity import find_serial
from .identity import is_wanted
from .inventory import Inventory
from .inventory import Stock
from .pairing import pair
from .pairing import Pairing
from .recognition import find_place
from .recognition import is_exact
from .recognition import is_seen
from .recognition import recognise

_PLAIN = {"name", "type", "nullable", "default", "autoincrement", "comment"}
"""What reflection says of a column that is neither computed nor an identity."""
_KINDS = ("check", "unique", "exclude", "index")
_TITLES = {**TITLES, "foreign": "foreign_key_constraint"}


def setup(plugin: Plugin) -> None:
    """Stand around Alembic's own comparator of tables, and after the renames."""
    for work, priority in (
        (_leave_out, DispatchPriority.FIRST),
        (_take_back, DispatchPriority.LAST),
    ):
        plugin.add_autogenerate_comparator(work, "schema", "tables", priority=priority)


def _leave_out(
    context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]
) -> PriorityDispatchResult:
    if is_exact(context):
        left = Unchanged(context, schemas)
        filters: t.Any = (context._name_filters, context._object_filters)
        remember(context, "unchanged")["filters"] = filters
        # Alembic 1.20 takes filters from the environment only.
        context._name_filters = [*filters[0], left.has_name]
        context._object_filters = [*filters[1], left.has_model]

    return PriorityDispatchResult.CONTINUE


def _take_back(
    context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]
) -> PriorityDispatchResult:
    """Let the comparators that come later see every table again."""
    filters = remember(context, "unchanged").pop("filters", None)

    if filters is not None:
        context._name_filters, context._object_filters = filters

    return PriorityDispatchResult.CONTINUE


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was read of a table, as SQLAlchemy's inspector says it.

    :param columns: in their order.
    :param primary: the primary key.
    :param foreign: the foreign keys.
    :param comment: on the table.
    :param stock: its other keys, its checks and its indexes.
    """

    columns: list[dict[str, t.Any]]
    primary: dict[str, t.Any]
    foreign: list[dict[str, t.Any]]
    comment: str | None
    stock: Stock


class Unchanged:
    """The tables of one comparison that stand as the models have them.

    :param context: of the comparison; what was not recognised has been read.
    :param schemas: that are compared.
    """

    def __init__(
        self, context: AutogenContext, schemas: cabc.Collection[str | None]
    ) -> None:
        self._context = context
        self._places = set(recognise(context, schemas))

        if get_dialect(get_connection(context).dialect.name).tells_tables:
            self._places.update(self._find_same())

    def _find_same(self) -> cabc.Iterator[Place]:
        """Yield the tables of which everything that was read is in the models."""
        for table in self._context.sorted_tables:
            place = find_place(self._context, table)
            facts = self._find_facts(place)

            if (
                facts is not None
                and _has_same_keys(facts, table)
                and self._has_same_columns(facts, place, table)
                and self._is_seen(facts, place)
            ):
                yield place

    def has_name(self, name: str | None, kind: str, parents: t.Any) -> bool:
        """Tell Alembic whether to look at a table of the database."""
        place = (parents.get("schema_name"), name)
        return kind != "table" or place not in self._places

    def has_model(
        self, item: t.Any, name: object, kind: str, reflected: bool, other: object
    ) -> bool:
        """Tell Alembic whether to look at a table of the models."""
        return kind != "table" or find_place(self._context, item) not in self._places

    def _find_facts(self, place: Place) -> Facts | None:
        columns = self._read("columns").get(place)
        stock = Inventory.find(self._context).find_stock(*place) if columns else None

        if not columns or stock is None:
            return None

        return Facts(
            columns=columns,
            primary=self._read("pk_constraint").get(place) or {},
            foreign=self._read("foreign_keys").get(place) or [],
            comment=(self._read("table_comment").get(place) or {}).get("text"),
            stock=stock,
        )

    def _is_seen(self, facts: Facts, place: Place) -> bool:
        parts = [("column", one["name"]) for one in facts.columns]
        parts += [
            (_TITLES[one.kind], one.name or "")
            for one in facts.stock.live
            if one.kind in _TITLES
        ]
        return is_seen(self._context, place, parts)

    def _read(self, part: str) -> t.Any:
        return self._context.inspector.info_cache.get(f"alembic_{part}", {})

    def _has_same_columns(self, facts: Facts, place: Place, model: sa.Table) -> bool:
        models = {one.name: one for one in model.columns}
        return len(models) == len(facts.columns) and all(
            one["name"] in models
            and self._is_same_column(one, models[one["name"]], schema=place[0])
            for one in facts.columns
        )

    def _is_same_column(
        self, live: dict[str, t.Any], model: sa.Column[t.Any], *, schema: str | None
    ) -> bool:
        is_plain = not (live.keys() - _PLAIN or model.computed or model.identity)
        return (
            is_plain
            and live["nullable"] == model.nullable
            and (live.get("comment") or None) == (model.comment or None)
            and self._is_same_type(live["type"], model.type)
            and self._has_same_default(live["default"], model, schema=schema)
        )

    def _is_same_type(self, live: t.Any, model: sa.types.TypeEngine[t.Any]) -> bool:
        try:
            return write_type(self._context, live) == write_type(self._context, model)
        except sa.exc.CompileError:
            return False

    def _has_same_default(
        self, live: str | None, model: sa.Column[t.Any], *, schema: str | None
    ) -> bool:
        context = self._context

        if model.server_default is not None:
            return live is not None and is_spelled_alike(context, live, model)

        serial = find_serial(context, (schema, model.table.name, model.name))

        if live is None or serial is None:
            is_key = model.table._autoincrement_column is model
            return live is None and serial is None and not is_key

        return live.startswith("nextval(") and is_wanted(context, serial, model)


def _has_same_keys(facts: Facts, model: sa.Table) -> bool:
    """Compare the keys, checks, indexes and comments of a table."""
    name = model.primary_key.name
    found = (facts.primary.get("constrained_columns", []), facts.primary.get("name"))
    wanted = [one.name for one in model.primary_key.columns]
    is_commented = any(one.comment for one in facts.stock.live) or any(
        one.comment for one in model.constraints
    )
    return (
        found[0] == wanted
        and (not isinstance(name, str) or name == found[1])
        and (facts.comment or None) == (model.comment or None)
        and not is_commented
        and pair(facts.stock, _KINDS) == Pairing()
        and _has_same_foreign_keys(facts, model)
    )


def _has_same_foreign_keys(facts: Facts, model: sa.Table) -> bool:
    left = [(one["name"], _describe_live(one)) for one in facts.foreign]

    for key in model.foreign_key_constraints:
        wanted = _describe_model(key)
        named = key.name if isinstance(key.name, str) else None
        same = (one for one in left if one[1] == wanted and named in (None, one[0]))
        found = next(same, None)

        if found is None:
            return False

        left.remove(found)

    return not left


def _describe_live(key: dict[str, t.Any]) -> tuple[object, ...]:
    names = (key["referred_schema"], key["referred_table"])
    place = ".".join(one for one in names if one)
    ends = [f"{place}.{one}" for one in key["referred_columns"]]
    return (key["constrained_columns"], ends, *_complete(key["options"]))


def _describe_model(key: sa.ForeignKeyConstraint) -> tuple[object, ...]:
    try:
        ends = [f"{one.column.table}.{one.column.name}" for one in key.elements]
    except sa.exc.NoReferenceError:
        return ()  # Alembic has to say what is wrong with it.

    names = ("onupdate", "ondelete", "deferrable", "initially", "match")
    options = {name: getattr(key, name) for name in names}
    columns = [one.parent.name for one in key.elements]
    return (columns, ends, *_complete(options))


def _complete(options: cabc.Mapping[str, t.Any]) -> tuple[object, ...]:
    """Return the options of a foreign key with everything said."""
    return (
        (options.get("onupdate") or "NO ACTION").upper(),
        (options.get("ondelete") or "NO ACTION").upper(),
        bool(options.get("deferrable")),
        (options.get("initially") or "IMMEDIATE").upper(),
        (options.get("match") or "SIMPLE").upper(),
    )
