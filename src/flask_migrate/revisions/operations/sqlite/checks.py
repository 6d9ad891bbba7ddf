"""What is refused before a rebuild begins, because something would be lost."""

from __future__ import annotations

import collections.abc as cabc

from ....databases.dialects.sqlite_ddl import TableDefinition
from ....databases.dialects.sqlite_tokens import mentions
from ....databases.dialects.sqlite_tokens import tokenize
from ....errors import DataAtRisk
from .casts import Cast
from .catalog import Catalog
from .catalog import find_update_columns
from .catalog import StoredObject
from .revision import Revision


def refuse(table: str, why: str, *, hint: str) -> DataAtRisk:
    """Return the error that says why a table is left as it was."""
    return DataAtRisk(
        f"The table {table} cannot be rebuilt without a loss: {why}. It is as it was.",
        hint=hint,
    )


def check_description(revision: Revision, stored: TableDefinition) -> None:
    """Refuse a ``copy_from`` that forgets columns, with their values.

    :raises DataAtRisk: naming them.
    """
    known = {name.casefold() for name in revision.old_names}
    lost = [one.name for one in stored.columns if one.name.casefold() not in known]

    if revision.is_given and lost:
        raise refuse(
            stored.name,
            f"the table given as copy_from has no {', '.join(lost)}",
            hint="Name these columns in it; drop_column() drops one on purpose.",
        )


def check_dropped(
    catalog: Catalog, revision: Revision, kept: cabc.Iterable[StoredObject]
) -> None:
    """Refuse to drop a column that something else needs.

    :param kept: the indexes and triggers of the table that stay.
    :raises DataAtRisk: naming what needs it.
    """
    table = revision.table
    dropped = {name.casefold() for name in revision.dropped}

    for other, column in catalog.find_references(table):
        if column.casefold() in dropped:
            raise refuse(
                table,
                f"a foreign key of {other} points to {column}, which is dropped",
                hint=f"Drop that foreign key of {other} first.",
            )

    for one in kept:
        if _needs(one, dropped):
            raise refuse(
                table,
                f"the {one.title} needs a column that is dropped",
                hint=f"Drop the {one.kind} first:"
                f' op.execute("DROP {one.kind.upper()} {one.name}").',
            )


def check_casts(
    catalog: Catalog,
    revision: Revision,
    stored: TableDefinition,
    *,
    allowed: frozenset[str],
) -> None:
    """Refuse changes of type that would rewrite values.

    :param allowed: columns, as ``table.column``, whose values may change.
    :raises DataAtRisk: counting the rows.
    """
    table = revision.table
    rowid = stored.has_rowid and stored.column("rowid") is None
    losses = {}

    for name, text in revision.retyped.items():
        column = stored.column(name)

        if column is None or f"{table}.{name}" in allowed:
            continue

        cast = Cast(
            column=name,
            old=column.type_text,
            new=column.with_type(text).type_text,
            explicit=revision.is_cast(name),
        )

        if loss := cast.describe_loss(catalog, table, rowid=rowid):
            losses[f"{table}.{name}"] = loss

    if losses:
        flags = " ".join(f"--allow-lossy-cast {name}" for name in losses)
        raise DataAtRisk(
            "\n".join(f"{name}: {loss}" for name, loss in losses.items()),
            hint=f"Correct those values, or let them change: flask db upgrade {flags}",
        )


def _needs(stored: StoredObject, dropped: cabc.Set[str]) -> bool:
    if stored.kind == "trigger":
        # SQLite does not look: the trigger would just wait for ever. What its body
        # needs is seen when it is compiled again.
        return not dropped.isdisjoint(map(str.casefold, find_update_columns(stored)))

    tokens = tokenize(stored.sql)
    start = [token.keyword for token in tokens].index("ON") + 2
    return mentions(tokens[start:], dropped)
