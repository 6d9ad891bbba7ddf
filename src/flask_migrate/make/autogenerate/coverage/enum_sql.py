"""The SQL that makes, changes and drops an enum type of PostgreSQL."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from alembic.autogenerate.api import AutogenContext

from ....databases.dialects.postgresql_enums import EnumColumn
from ....databases.dialects.postgresql_enums import EnumUser
from ..database import quote
from ..database import quote_text
from ..statements import Script

Key = tuple[str | None, str]
"""A type: its schema, ``None`` for the default one, and its name."""


class Defaults(t.NamedTuple):
    """The default of a column as SQL, before and after its type is another one."""

    before: str | None
    after: str | None


def write_create(
    context: AutogenContext, key: Key, labels: cabc.Sequence[str]
) -> Script:
    """Return what makes a type."""
    values = ", ".join(map(quote_text, labels))
    return Script((f"CREATE TYPE {quote(context, *key)} AS ENUM ({values})",))


def write_drop(context: AutogenContext, key: Key) -> Script:
    """Return what drops a type."""
    return Script((f"DROP TYPE {quote(context, *key)}",))


def write_rename(context: AutogenContext, key: Key, name: str) -> Script:
    """Return what gives a type another name."""
    return Script(
        (f"ALTER TYPE {quote(context, *key)} RENAME TO {quote(context, name)}",)
    )


def can_only_add(old: cabc.Sequence[str], new: cabc.Sequence[str]) -> bool:
    """Tell whether all old labels are among the new ones, in the same order."""
    return [one for one in new if one in set(old)] == list(old)


def write_additions(
    context: AutogenContext, key: Key, old: cabc.Sequence[str], new: cabc.Sequence[str]
) -> Script:
    """Return what adds the labels that are new."""
    there = set(old)
    lines = []

    for place, label in enumerate(new):
        if label in there:
            continue

        value = f"ALTER TYPE {quote(context, *key)} ADD VALUE {quote_text(label)}"

        if there.isdisjoint(new[place + 1 :]):
            where = ""
        elif place:
            where = f" AFTER {quote_text(new[place - 1])}"
        else:
            where = f" BEFORE {quote_text(next(one for one in new if one in there))}"

        there.add(label)
        lines.append(value + where)

    comment = "A value can be used only once the transaction that adds it has ended."
    return Script(tuple(lines), comment, commits=True)


def write_replacement(
    context: AutogenContext,
    key: Key,
    labels: cabc.Sequence[str],
    *,
    gone: cabc.Collection[str],
    columns: cabc.Mapping[EnumColumn, Defaults],
    users: cabc.Sequence[EnumUser],
) -> Script:
    """Return what puts a type with other labels in the place of one.

    :param gone: the labels that it does not have any more.
    :param columns: all that have it.
    :param users: the indexes and checks that name one of its values.
    """
    schema, name = key
    # Names longer than 63 bytes would be cut, to the same one.
    old = (schema, f"{name[:55]}__old")
    lines = [one.drop for one in users]

    for column, defaults in columns.items():
        if defaults.before is not None:
            lines.append(f"{_alter(context, column)} DROP DEFAULT")

    lines += write_rename(context, key, old[1]).sql
    lines += write_create(context, key, labels).sql

    for column in columns:
        end = "[]" if column.is_array else ""
        cast = f"{quote(context, column.name)}::text{end}::{quote(context, *key)}{end}"
        type_ = f"{quote(context, *key)}{end}"
        lines.append(f"{_alter(context, column)} TYPE {type_} USING {cast}")

    for column, defaults in columns.items():
        if defaults.after is not None:
            lines.append(f"{_alter(context, column)} SET DEFAULT {defaults.after}")

    lines += [one.create for one in users]
    lines += write_drop(context, old).sql
    values = ", ".join(sorted(map(repr, gone)))
    comment = (
        f"Rows with the value {values} stop this; change them first." if gone else ""
    )
    return Script(tuple(lines), comment)


def _alter(context: AutogenContext, column: EnumColumn) -> str:
    table = quote(context, column.schema, column.table)
    return f"ALTER TABLE {table} ALTER COLUMN {quote(context, column.name)}"
