"""What ``ALTER COLUMN ... TYPE`` does on PostgreSQL."""

from __future__ import annotations

from ...tokens import Tokens
from ..tables import Column
from .catalog import read
from .constraints import ConstraintActions
from .constraints import find_readers
from .locks import AX
from .types import is_kept
from .types import may_lose
from .types import may_refuse
from .types import read_type
from .types import ServerType


class TypeChange:
    """One ``ALTER COLUMN ... TYPE``."""

    def __init__(
        self, alteration: ConstraintActions, column: Column, text: Tokens
    ) -> None:
        self._alteration = alteration
        self._catalog = alteration.catalog
        self._table = alteration.table
        self._draft = alteration.draft
        self._column = column
        self._words = [token.keyword for token in text]
        self._old = read_type(read(column.type))
        cut = [self._words.index(w) for w in _AFTER_TYPE if w in self._words]
        self.new: ServerType = read_type(text[: min(cut)] if cut else text)
        self._text = text

    def run(self) -> None:
        """Note what it takes."""
        self._alteration.lock()
        name = self._column.name

        if users := find_readers(self._table, name):
            self._draft.fail(f"{', '.join(users)} uses {self._table.name}.{name}")

        is_kept = self._is_kept()

        if not is_kept:
            self._write()
        elif self._table.keys_of(name, "CHECK"):
            # No measurement shows a check that is not read again.
            self._draft.take_time("scan", self._table)

        if is_kept and "COLLATE" in self._words and self._is_indexed():
            self._draft.take_time("index build", self._table)

        self._check_foreign_keys(is_kept)

    def _is_kept(self) -> bool:
        if "USING" in self._words:
            return False

        domain = self._catalog.find_domain(self.new.base)
        new = self.new

        if domain is not None:
            if domain[1]:
                return False

            new = read_type(read(domain[0]))

        return is_kept(self._old, new, self._catalog)

    def _is_indexed(self) -> bool:
        kinds = ("INDEX", "UNIQUE INDEX", "UNIQUE", "PRIMARY KEY", "EXCLUDE")
        return bool(self._table.keys_of(self._column.name, *kinds))

    def _write(self) -> None:
        name = f"{self._table.name}.{self._column.name}"
        self._draft.take_time("rewrite", self._table)

        if (self._old.base, self.new.base) not in _MEASURED:
            self._draft.source = (
                f"unproven: {self._old} to {self.new} is taken for a rewrite"
            )

        if may_lose(self._old, self.new):
            self._draft.lose(self._table, self._column.name)

        if may_refuse(self._old, self.new):
            is_shorter = self._old.base in _TEXTS and len(self.new.limits) == 1
            why = (
                f"longer than {self.new.limits[0]}"
                if is_shorter
                else f"that are no {self.new}"
            )
            self._draft.may_refuse(f"values of {name} {why}", self._table)

    def _check_foreign_keys(self, is_kept: bool) -> None:
        name = self._column.name
        keys = [
            *self._catalog.keys_from(self._table, name),
            *self._catalog.keys_to(self._table, name),
        ]

        for key in keys:
            self._draft.lock(key.table, AX)
            self._draft.lock(key.target, AX)

            if not is_kept:
                self._alteration.check_foreign_key(key)


_TEXTS = {"character varying", "character", "text"}


_AFTER_TYPE = ("COLLATE", "USING")


_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")


_MEASURED = frozenset(
    {
        *((old, new) for old in _TEXTS for new in _TEXTS),
        *((old, new) for old in _NUMBERS for new in _NUMBERS),
        *((old, "text") for old in _NUMBERS),
        ("json", "jsonb"),
        ("text", "json"),
        ("date", "timestamp without time zone"),
        ("timestamp without time zone", "timestamp without time zone"),
        ("timestamp without time zone", "timestamp with time zone"),
        ("timestamp with time zone", "timestamp without time zone"),
    }
)
"""The pairs that were seen to write the table."""
