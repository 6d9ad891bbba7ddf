"""Numbers of rows, in words."""

from __future__ import annotations

from ...plan import COUNT_LIMIT


def describe_rows(number: int) -> str:
    """Return a number of rows as people write it: ``48 210 rows``.

    :param number: as :meth:`Comparison.count_rows` returns it.
    """
    if number > COUNT_LIMIT:
        return f"more than {describe_rows(COUNT_LIMIT)}"

    return f"{number:,} row{'' if number == 1 else 's'}".replace(",", " ")


def describe_name(table: str, column: str | None = None, *, schema: str | None) -> str:
    """Return ``schema.table.column``, as far as there is one, on one line."""
    parts = [part for part in (schema, table, column) if part]
    return clean(".".join(parts))


def clean(text: str) -> str:
    """Return a text that can stand in a comment: whatever ends a line is ``?``."""
    return "".join(one if one.isprintable() else "?" for one in text)
