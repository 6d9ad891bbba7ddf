"""Sequences of PostgreSQL that belong to no column: made first, dropped last.

A sequence of the models stands in their ``MetaData``, or gives a column its default.
Those of a serial or identity column come and go with it and are never touched here.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult
from sqlalchemy.sql import functions
from sqlalchemy.sql import visitors

from ....databases.dialects.postgresql_sequences import list_sequences
from ....databases.dialects.postgresql_sequences import SequenceInfo
from ....databases.dialects.postgresql_sequences import SequenceOptions
from ..comparison import Comparison
from ..database import get_connection
from ..database import quote
from ..database import write_default
from ..database import write_type
from ..statements import Script
from ..statements import Statements

Key = tuple[str | None, str]
"""A sequence: its schema, ``None`` for the default one, and its name."""


def setup(plugin: Plugin) -> None:
    """Compare sequences."""
    plugin.add_autogenerate_comparator(
        _compare,
        "schema",
        "sequences",
        qualifier="postgresql",
        priority=DispatchPriority.LAST,
    )


def _compare(
    context: AutogenContext, tree: ops.UpgradeOps, schemas: set[str | None]
) -> PriorityDispatchResult:
    live = {(one.schema, one.name): one for one in list_sequences_once(context)}
    wanted = {
        key: one
        for key, one in _list_wanted(context)
        if key[0] in schemas and _is_compared(context, one, is_live=False)
    }
    made = [
        change
        for key, one in sorted(wanted.items(), key=str)
        for change in _make(context, key, one, live.get(key))
    ]
    dropped = [
        _drop(context, key, one)
        for key, one in live.items()
        if one.owner is None
        and key not in wanted
        and key[0] in schemas
        and not _is_mentioned(context, key)
        and _is_compared(context, sa.Sequence(key[1], schema=key[0]), is_live=True)
    ]
    tree.ops = [*made, *tree.ops, *dropped]
    return PriorityDispatchResult.CONTINUE


def list_sequences_once(context: AutogenContext) -> list[SequenceInfo]:
    """Return the sequences of the database, which are read once in a comparison."""
    known = context.inspector.info_cache
    key = "flask_migrate_sequences"

    if key not in known:
        known[key] = list_sequences(get_connection(context))

    return t.cast("list[SequenceInfo]", known[key])


def _is_compared(context: AutogenContext, one: sa.Sequence, *, is_live: bool) -> bool:
    """Ask the user's ``include_object``, which Alembic never asks about sequences."""
    name: t.Any = one.name
    kind: t.Any = "sequence"
    return context.run_object_filters(one, name, kind, is_live, None)


def _list_wanted(context: AutogenContext) -> cabc.Iterator[tuple[Key, sa.Sequence]]:
    default = get_connection(context).dialect.default_schema_name

    for one in _list_sequences(context):
        # Such a one is for backends without serial columns.
        if not one.optional:
            schema = None if one.schema == default else one.schema
            yield (schema, str(one.name)), one


def _list_sequences(context: AutogenContext) -> cabc.Iterator[sa.Sequence]:
    metadata = context.metadata
    several = metadata if isinstance(metadata, cabc.Sequence) else [metadata]

    for one in several:
        if one is not None:
            # SQLAlchemy 2.1 lists them by no public name.
            yield from one._sequences.values()

    for table in context.sorted_tables:
        for column in table.columns:
            default = getattr(column.server_default, "arg", None)

            if isinstance(default, sa.ClauseElement):
                yield from (
                    each.sequence
                    for each in visitors.iterate(default)
                    if isinstance(each, functions.next_value)
                )


def _is_mentioned(context: AutogenContext, key: Key) -> bool:
    """Tell whether a default of the models calls a sequence by its name."""
    return any(
        key[1] in (write_default(context, column) or "")
        for table in context.sorted_tables
        for column in table.columns
        if isinstance(column.server_default, sa.DefaultClause)
    )


def _make(
    context: AutogenContext, key: Key, model: sa.Sequence, live: SequenceInfo | None
) -> cabc.Iterator[Statements]:
    """Yield what makes a sequence, or lets it count in another way."""
    data_type = model.data_type
    kind = "bigint" if data_type is None else write_type(context, data_type).lower()
    options = SequenceOptions.of(model, kind)
    name = quote(context, *key)

    if live is None:
        yield Statements(
            "add_sequence",
            key[1],
            up=Script((f"CREATE SEQUENCE {name}{_write_all(options)}",)),
            down=Script((f"DROP SEQUENCE {name}",)),
        )
    elif live.owner is None and options.resolve() != live.options.resolve():
        alter = f"ALTER SEQUENCE {name}"
        yield Statements(
            "change_sequence",
            key[1],
            up=Script((alter + _write_change(options, live.options),)),
            down=Script((alter + _write_change(live.options, options),)),
        )


def _drop(context: AutogenContext, key: Key, live: SequenceInfo) -> Statements:
    Comparison.find(context).notes.append(
        f"drops the sequence {key[1]}: how far it has counted is lost."
    )
    name = quote(context, *key)
    return Statements(
        "remove_sequence",
        key[1],
        up=Script((f"DROP SEQUENCE {name}",)),
        down=Script((f"CREATE SEQUENCE {name}{_write_all(live.options)}",)),
    )


def _write_all(options: SequenceOptions) -> str:
    kind = "" if options.kind == "bigint" else f" AS {options.kind}"
    return kind + options.write()


def _write_change(options: SequenceOptions, other: SequenceOptions) -> str:
    kind = "" if options.kind == other.kind else f" AS {options.kind}"
    return kind + options.write(other)
