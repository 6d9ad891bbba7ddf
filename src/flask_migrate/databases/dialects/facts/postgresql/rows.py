"""What statements that read and write rows do on PostgreSQL."""

from __future__ import annotations

import re

from .....plan import LockLevel
from ...tokens import DefinitionError
from ...tokens import Tokens
from ..base import Draft
from ..statements import find_calls
from ..statements import find_names
from ..statements import has_words
from ..statements import Path
from ..statements import Reader
from ..tables import Table
from .locks import AS
from .locks import AX
from .locks import HERE
from .locks import MANUAL
from .locks import RS
from .locks import RX
from .locks import SOURCE
from .session import PostgreSQLSession


class RowFacts(PostgreSQLSession):
    """``SELECT``, ``INSERT``, ``UPDATE``, ``DELETE``, ``COPY``, ``LOCK``."""

    def insert(self, reader: Reader, draft: Draft) -> None:
        """``INSERT``: it looks up the rows that its foreign keys point to."""
        draft.source = HERE
        table = self.catalog.get(reader.path())
        draft.lock(table, RX)
        self._lock_targets(table, draft)
        tokens = reader.rest()
        self._check_calls(tokens)

        if has_words(tokens, "SELECT"):
            self._read_sources(tokens, draft)
            draft.take_time("rows")

        table.is_filled = True

    def _lock_targets(self, table: Table, draft: Draft) -> None:
        for key in self.catalog.keys_from(table):
            draft.lock(key.target, RS)

    def update(self, reader: Reader, draft: Draft) -> None:
        """``UPDATE``: locks rows, one after the other, until the commit."""
        draft.source = SOURCE
        reader.accept("ONLY")
        table = self.catalog.get(reader.path())
        tokens = reader.rest()
        self._check_calls(tokens)
        words = find_names(tokens[: find_word(tokens, "WHERE")])

        for one in table.family():
            draft.lock(one, RX)

        for key in self.catalog.keys_from(table):
            if not words.isdisjoint(key.columns):
                draft.lock(key.target, RS)

        self._read_sources(tokens, draft)
        draft.take_time("rows", table)

    def delete(self, reader: Reader, draft: Draft) -> None:
        """``DELETE``: looks for the rows that point to what it deletes."""
        draft.source = SOURCE
        reader.expect("FROM")
        reader.accept("ONLY")
        table = self.catalog.get(reader.path())
        tokens = reader.rest()
        self._check_calls(tokens)
        draft.lose(table, is_part=has_words(tokens, "WHERE"))
        self._delete_from(table, draft, set())
        self._read_sources(tokens, draft)
        draft.take_time("rows", table)

    def _delete_from(self, table: Table, draft: Draft, seen: set[Table]) -> None:
        seen.add(table)

        for one in table.family():
            draft.lock(one, RX)

        for key in self.catalog.keys_to(table):
            if key.action == "NO ACTION":
                draft.lock(key.table, RS)
                reason = f"rows of {key.table.name} that point to {table.name}"
                draft.may_refuse(reason, key.table)
                continue

            draft.lock(key.table, RX)

            if key.action == "CASCADE" and key.table not in seen:
                draft.lose(key.table, is_part=True)
                self._delete_from(key.table, draft, seen)

    def select(self, reader: Reader, draft: Draft) -> None:
        """``SELECT``: reads, if no function of it does more."""
        draft.source = SOURCE
        tokens = reader.rest()
        self._check_calls(tokens)
        self._read_sources(tokens, draft)

        if has_words(tokens, "FOR", "UPDATE") or has_words(tokens, "INTO"):
            raise DefinitionError("SELECT does more than read")

    def _check_calls(self, tokens: Tokens) -> None:
        calls = find_calls(tokens)

        if calls and self.catalog.is_volatile(calls, trusts_server=True):
            raise DefinitionError("it calls a function that may do anything")

    def _read_sources(self, tokens: Tokens, draft: Draft) -> None:
        for path in find_sources(tokens):
            table = self.catalog.find(path)
            draft.lock(table, AS)

            if table is not None and table.kind == "view":
                for below in self.catalog.find_sources(table):
                    draft.lock(below, AS)

    def copy(self, reader: Reader, draft: Draft) -> None:
        """``COPY``."""
        draft.source = MANUAL.format("COPY")
        table = self.catalog.get(reader.path())
        tokens = reader.rest()
        is_from = has_words(tokens, "FROM")
        draft.lock(table, RX if is_from else AS)
        draft.take_time("rows" if is_from else "scan")

    def lock_table(self, reader: Reader, draft: Draft) -> None:
        """``LOCK TABLE``."""
        draft.source = MANUAL.format("LOCK")
        reader.accept("TABLE")
        reader.accept("ONLY")
        tables = [self.catalog.get(path) for path in reader.paths()]
        level = AX

        if reader.accept("IN"):
            words = [token.keyword for token in reader.rest()]
            mode = " ".join(word for word in words if word not in {"MODE", "NOWAIT"})
            levels = {one.value: one for one in LockLevel}
            if mode not in levels:
                raise DefinitionError(f"{mode} is no lock mode")
            level = levels[mode]

        reader.accept("NOWAIT")

        for table in tables:
            draft.lock(table, level)


_CLAUSES = re.compile(
    "FROM|JOIN|USING|WHERE|GROUP|ORDER|LIMIT|ON|SET|SELECT|RETURNING|UNION"
)


def find_sources(tokens: Tokens) -> list[Path]:
    """Return what stands behind FROM, JOIN and USING; not all of it is a table."""
    found = []
    clause = ""

    for place, token in enumerate(tokens):
        if _CLAUSES.fullmatch(token.keyword):
            clause = token.keyword

        begins = token.keyword in {"FROM", "JOIN", "USING"} or (
            token.keyword == "," and clause in {"FROM", "USING"}
        )
        reader = Reader(tokens[place + 1 :], folds=True)
        reader.accept("ONLY")

        if begins and reader.is_plain:
            found.append(reader.path())

    return found


def find_word(tokens: Tokens, keyword: str) -> int:
    places = (i for i, token in enumerate(tokens) if token.keyword == keyword)
    return next(places, len(tokens))
