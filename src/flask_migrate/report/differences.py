"""What autogenerate has found, one line a difference, in words."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from ..results import Difference


def format_differences(differences: cabc.Iterable[t.Any]) -> str:
    """Return one line for each difference, in Alembic's order.

    :param differences: tuples as of ``compare_metadata()``; the changes of one column
        come as a list of them.
    """
    return "\n".join(f"  {one.text}" for one in describe_differences(differences))


def describe_differences(
    differences: cabc.Iterable[t.Any], database: str | None = None
) -> tuple[Difference, ...]:
    """Return each difference as a value.

    :param differences: as for :func:`format_differences`.
    :param database: the bind key of where they were found.
    """
    flat = (
        one
        for difference in differences
        for one in (difference if isinstance(difference, list) else [difference])
    )
    return tuple(_describe(database, *one) for one in flat)


def format_annotations(differences: cabc.Iterable[Difference]) -> str:
    """Return one GitHub annotation for each difference."""
    return "\n".join(
        f"::error title=Models and migrations differ::{_escape(one.text)}"
        for one in differences
    )


def _describe(database: str | None, kind: str, *rest: t.Any) -> Difference:
    verb, _, what = kind.partition("_")
    words = what.replace("fk", "foreign key").replace("_", " ")
    kind = f"{verb} {words}".strip()

    if verb == "rename":
        schema, table, *column, new = rest
        place = f"{schema}.{table}" if schema else table
        return Difference(
            database=database,
            kind=kind,
            table=place,
            name="".join(column),
            text=f"rename {what} {'.'.join((place, *column))} to {new}",
        )

    if verb == "modify":
        schema, table, column, _, before, after = rest
        return Difference(
            database=database,
            kind=kind,
            table=f"{schema}.{table}" if schema else table,
            name=column,
            text=f"modify {what} of {table}.{column}: {before!r} to {after!r}",
        )

    subject = rest[-1] if what == "column" else rest[0]

    if isinstance(subject, str):
        text = f"{kind} {' '.join(subject.split())}"
        return Difference(database=database, kind=kind, text=text)

    name = getattr(subject, "name", None) or "without a name"
    place = getattr(getattr(subject, "table", None), "fullname", None)

    if what == "column":
        text = f"{verb} column {rest[1]}.{name}"
        place = f"{rest[0]}.{rest[1]}" if rest[0] else rest[1]
    else:
        text = f"{kind} {name}{f' of {place}' if place else ''}"

    return Difference(
        database=database,
        kind=kind,
        table=place or getattr(subject, "fullname", None) or name,
        name=name if place else "",
        text=text,
    )


def _escape(text: str) -> str:
    """Return a text as GitHub's workflow commands want it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
