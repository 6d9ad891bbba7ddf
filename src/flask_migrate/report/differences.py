"""What autogenerate has found, one line a difference, in words."""

from __future__ import annotations

import collections.abc as cabc
import typing as t


def format_differences(differences: cabc.Iterable[t.Any]) -> str:
    """Return one line for each difference, in Alembic's order.

    :param differences: tuples as of ``compare_metadata()``; the changes of one column
        come as a list of them.
    """
    flat = (
        one
        for difference in differences
        for one in (difference if isinstance(difference, list) else [difference])
    )
    return "\n".join(f"  {_format(*one)}" for one in flat)


def _format(kind: str, *rest: t.Any) -> str:
    verb, _, what = kind.partition("_")

    if verb == "rename":
        *path, new = rest
        return f"rename {what} {'.'.join(one for one in path if one)} to {new}"

    if verb == "modify":
        _, table, column, _, before, after = rest
        return f"modify {what} of {table}.{column}: {before!r} to {after!r}"

    subject = rest[-1] if what == "column" else rest[0]
    table = getattr(subject, "table", None)
    name = getattr(subject, "name", None) or "without a name"
    place = getattr(table, "fullname", None)

    if what == "column":
        return f"{verb} column {rest[1]}.{name}"

    words = what.replace("fk", "foreign key").replace("_", " ")
    return f"{verb} {words} {name}{f' of {place}' if place else ''}"
