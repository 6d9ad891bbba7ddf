"""Count the values that a change of type would rewrite, before it does."""

from __future__ import annotations

import dataclasses

from ....databases.dialects.sqlite_tokens import find_affinity
from ....databases.dialects.sqlite_tokens import quote_name
from .catalog import Catalog

_SHOWN = 3
"""How many row numbers a message gives."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A column that gets another type.

    :param column: its name.
    :param old: the type as declared.
    :param new: the type as it will be declared.
    :param explicit: whether values are cast; else SQLite converts what the column's
        affinity makes it convert.
    """

    column: str
    old: str
    new: str
    explicit: bool

    @property
    def condition(self) -> str | None:
        """The SQL condition of a row whose value changes; ``None`` if none can."""
        affinity = find_affinity(self.new)

        if self.explicit:
            return _changes(quote_name(self.column), self.new)

        if affinity == find_affinity(self.old) or affinity not in {"TEXT", "REAL"}:
            # The other affinities convert only what comes back the same.
            return None

        name = quote_name(self.column)
        return f"typeof({name}) IN ('integer', 'real') AND {_changes(name, affinity)}"

    def describe_loss(self, catalog: Catalog, table: str, *, rowid: bool) -> str | None:
        """Return how many rows would change; ``None`` if none would.

        Values are not shown, they may be secret.

        :param rowid: whether rows have numbers, to be shown.
        """
        if self.condition is None:
            return None

        where = catalog.quote(table)
        total, changed = catalog.fetch(
            f"SELECT count(*), count(CASE WHEN {self.condition} THEN 1 END)"
            f" FROM {where}"
        )[0]

        if not changed:
            return None

        text = (
            f"{changed} of {total} rows would change when {self.old or 'no type'}"
            f" becomes {self.new}"
        )

        if not rowid:
            return text

        rows = catalog.fetch(
            f"SELECT rowid FROM {where} WHERE {self.condition}"
            f" ORDER BY rowid LIMIT {_SHOWN}"
        )
        numbers = ", ".join(str(row[0]) for row in rows)
        more = ", ..." if changed > _SHOWN else ""
        return f"{text} (rowid {numbers}{more})"


def _changes(name: str, type_text: str) -> str:
    """Return the condition under which a cast rewrites a value.

    What comes back the same from a cast there and back is unchanged. A text that is
    a number is unchanged when the number is: ``2.0`` may become 2. SQLite itself
    tells what is a number, by converting the other side of a comparison; it keeps 15
    digits, and drops the zeros that make ``007`` a code.
    """
    new = f"CAST({name} AS {type_text})"
    return f"""(CASE typeof({name})
        WHEN 'null' THEN 0
        WHEN 'integer' THEN CAST({new} AS INTEGER) IS NOT {name}
        WHEN 'real' THEN CAST({new} AS REAL) IS NOT {name}
        WHEN 'blob' THEN CAST({new} AS BLOB) IS NOT {name}
        ELSE CAST({new} AS TEXT) IS NOT {name} COLLATE BINARY
            AND NOT ({new} = {name} AND length({name}) <= 15
                AND ltrim({name}, ' +-') NOT GLOB '0[0-9]*')
        END)"""
