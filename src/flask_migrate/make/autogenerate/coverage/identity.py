"""Where an integer column of PostgreSQL takes its numbers from: identity, serial, none.

Alembic sees identities only, and what it writes for their changes does not run. Here a
column leaves one source and enters another by SQL, and the new source goes on behind
the highest number that there is.
"""

from __future__ import annotations

import dataclasses
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects.postgresql_sequences import SequenceOptions
from ..columns import leave_alone
from ..database import quote
from ..database import quote_text
from ..database import remember
from ..database import write_type
from ..statements import Script
from ..statements import Statements
from .sequences import list_sequences_once


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a column takes its numbers from.

    :param kind: ``identity``, ``serial`` or ``none``.
    :param options: of its sequence.
    :param always: an identity that no INSERT may override.
    :param sequence: of a serial: its schema and name.
    """

    kind: t.Literal["identity", "serial", "none"] = "none"
    options: SequenceOptions = dataclasses.field(default_factory=SequenceOptions)
    always: bool = False
    sequence: tuple[str | None, str] | None = None

    def is_like(self, other: Source) -> bool:
        """Tell whether nothing must be done to come to another source."""
        if self.kind != other.kind:
            return False

        if self.kind == "serial":
            # One that can count too far has never hurt anybody.
            return self.options.top >= other.options.top

        options = self.options.retype(other.options.kind)
        is_same = options.resolve() == other.options.resolve()
        return is_same and self.always == other.always


def setup(plugin: Plugin) -> None:
    """Compare the sources of numbers."""
    # Before Alembic's own comparator.
    plugin.add_autogenerate_comparator(
        leave_alone("identity"),
        "column",
        "server_default",
        qualifier="postgresql",
        priority=DispatchPriority.FIRST,
    )
    plugin.add_autogenerate_comparator(
        _compare,
        "table",
        "identity",
        qualifier="postgresql",
        priority=DispatchPriority.LAST,
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

    for column in model.columns:
        old = live.columns.get(column.name)

        affinity = column.type._type_affinity or object

        if old is None or not issubclass(affinity, sa.Integer):
            continue

        there = _find_live(context, schema, old)
        wanted = _find_wanted(context, schema, column)

        if there is not None and wanted is not None and not there.is_like(wanted):
            place = Place(context, schema, column, was_nullable=bool(old.nullable))
            changes.ops.append(place.move(there, wanted))

    return PriorityDispatchResult.CONTINUE


def _find_live(
    context: AutogenContext, schema: str | None, column: sa.Column[t.Any]
) -> Source | None:
    """Return the source of a live column; ``None`` where it has another default."""
    if column.identity is not None:
        return _read_identity(context, column)

    assert column.table is not None
    serial = find_serial(context, (schema, column.table.name, column.name))

    if serial is not None:
        return serial

    return Source() if column.server_default is None else None


def find_serial(
    context: AutogenContext, place: tuple[str | None, str, str]
) -> Source | None:
    """Return the sequence that a column owns and takes its default from.

    :param place: the schema, the table and the name of the column.
    """
    known = remember(context, "owned_sequences")

    if not known:
        known[None] = None
        known |= {
            one.owner: one for one in list_sequences_once(context) if one.is_default
        }

    one = known.get(place)
    key = one and (one.schema, one.name)
    return one and Source(kind="serial", options=one.options, sequence=key)


def is_wanted(context: AutogenContext, there: Source, model: sa.Column[t.Any]) -> bool:
    """Tell whether a key takes its numbers from where its model wants them."""
    is_key = model.table._autoincrement_column is model
    wanted = _find_wanted(context, model.table.schema, model)
    return is_key and (wanted is None or there.is_like(wanted))


def _find_wanted(
    context: AutogenContext, schema: str | None, column: sa.Column[t.Any]
) -> Source | None:
    """Return the source that a model wants; ``None`` where any will do.

    A key whose values come from Python is made as a serial by ``create_table``, which
    does not know of that, and not by ``create_all``.
    """
    if column.identity is not None:
        return _read_identity(context, column)

    if column.server_default is not None:
        return None

    is_key = column.table._autoincrement_column is column
    default = column.default

    if is_key and (default is None or getattr(default, "optional", False)):
        name = f"{column.table.name[: 58 - len(column.name)]}_{column.name}_seq"
        kind = _find_kind(context, column)
        options = SequenceOptions(kind=kind)
        return Source(kind="serial", options=options, sequence=(schema, name))

    return Source() if column.autoincrement is False else None


def _read_identity(context: AutogenContext, column: sa.Column[t.Any]) -> Source:
    identity = column.identity
    options = SequenceOptions.of(identity, _find_kind(context, column))
    always = bool(identity is not None and identity.always)
    return Source(kind="identity", options=options, always=always)


def _find_kind(context: AutogenContext, column: sa.Column[t.Any]) -> str:
    return write_type(context, column.type).lower()


class Place:
    """A column, as the SQL below speaks of it."""

    def __init__(
        self,
        context: AutogenContext,
        schema: str | None,
        column: sa.Column[t.Any],
        *,
        was_nullable: bool,
    ) -> None:
        self._was_nullable = was_nullable
        self._full_name = f"{column.table.name}.{column.name}"
        self._context = context
        self._name = column.name
        self._table = quote(context, schema, column.table.name)
        self._column = quote(context, column.name)
        self._alter = f"ALTER TABLE {self._table} ALTER COLUMN {self._column}"

    def move(self, old: Source, new: Source) -> Statements:
        """Return what brings the column from one source to another."""
        if old.kind == new.kind == "serial":
            up, down = self.widen(old, new), self.widen(old, old)
        elif old.kind == new.kind:
            up, down = self.change(old, new), self.change(new, old)
        else:
            up = self.leave(old) + self.enter(new)
            down = self.leave(new) + self.enter(old)

        if self._was_nullable and new.kind == "identity":
            # Alembic leaves this to whoever makes the identity.
            up = (f"{self._alter} SET NOT NULL", *up)
            down = (*down, f"{self._alter} DROP NOT NULL")

        return Statements(
            "change_identity", self._full_name, up=Script(up), down=Script(down)
        )

    def change(self, old: Source, new: Source) -> tuple[str, ...]:
        """Let an identity count in another way."""
        words = ""

        if old.always != new.always:
            words = f" SET GENERATED {_write_always(new)}"

        other = old.options.retype(new.options.kind)
        return (f"{self._alter}{words}{new.options.write(other, word='SET ')}",)

    def widen(self, serial: Source, new: Source) -> tuple[str, ...]:
        """Let the sequence of a serial count as far as another one."""
        assert serial.sequence is not None  # it is a serial
        name = quote(self._context, *serial.sequence)
        return (f"ALTER SEQUENCE {name} AS {new.options.kind}",)

    def leave(self, source: Source) -> tuple[str, ...]:
        """Take the source away."""
        if source.kind == "identity":
            return (f"{self._alter} DROP IDENTITY",)

        if source.sequence is None:
            return ()

        drop = f"DROP SEQUENCE {quote(self._context, *source.sequence)}"
        return (f"{self._alter} DROP DEFAULT", drop)

    def enter(self, source: Source) -> tuple[str, ...]:
        """Give the column a source that goes on behind its highest number."""
        if source.kind == "none":
            return ()

        options = source.options.write()

        if source.sequence is None:
            brackets = f" ({options.strip()})" if options else ""
            made: tuple[str, ...] = (
                f"{self._alter} ADD GENERATED {_write_always(source)}"
                f" AS IDENTITY{brackets}",
            )
        else:
            name = quote(self._context, *source.sequence)
            kind = source.options.kind
            made = (
                f"CREATE SEQUENCE {name} AS {kind}{options}"
                f" OWNED BY {self._table}.{self._column}",
                f"{self._alter} SET DEFAULT nextval({quote_text(name)}::regclass)",
            )

        return (*made, self._go_on(source.options.resolve()))

    def _go_on(self, options: SequenceOptions) -> str:
        increment = options.increment or 1
        last = "max" if increment > 0 else "min"
        names = f"{quote_text(self._table)}, {quote_text(self._name)}"
        return (
            f"SELECT setval(pg_get_serial_sequence({names}),"
            f" coalesce({last}({self._column}) + {increment}, {options.start}), false)"
            f" FROM {self._table}"
        )


def _write_always(source: Source) -> str:
    return "ALWAYS" if source.always else "BY DEFAULT"
