"""Figures as text."""

from __future__ import annotations

import collections.abc as cabc
import statistics


class Table:
    """Prints a row as soon as it is there: a measurement takes its time.

    :param columns: the names of the columns.
    """

    def __init__(self, *columns: str) -> None:
        self._widths = [max(15, len(one) + 2) for one in columns]
        self.add(*columns)
        self.add(*("-" * (width - 2) for width in self._widths))

    def add(self, *cells: object) -> None:
        """Print one row."""
        pairs = zip(map(str, cells), self._widths, strict=True)
        print("".join(text.ljust(width) for text, width in pairs).rstrip(), flush=True)


def spread(values: cabc.Sequence[float], unit: str = "") -> str:
    """Return the median, and the least and the most."""
    middle = statistics.median(values)
    return f"{middle:.2f}{unit} ({min(values):.2f} to {max(values):.2f})"
