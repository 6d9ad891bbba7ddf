"""What statements about views, triggers and the rest do on PostgreSQL."""

from __future__ import annotations

from ...tokens import DefinitionError
from ..base import Draft
from ..statements import find_names
from ..statements import has_words
from ..statements import Path
from ..statements import Reader
from ..tables import Table
from .locks import AS
from .locks import AX
from .locks import MANUAL
from .locks import S
from .locks import SOURCE
from .locks import SRX
from .locks import SUX
from .locks import X
from .rows import find_sources
from .rows import find_word
from .rows import RowFacts


class ObjectFacts(RowFacts):
    """Views, triggers, policies, domains, sequences, maintenance."""

    def _read_dropped(self, reader: Reader) -> dict[Path, Table]:
        is_optional = reader.skip_if_exists()
        found = {path: self.catalog.find(path) for path in reader.paths()}
        missing = [".".join(path) for path, table in found.items() if table is None]

        if missing and not is_optional:
            raise DefinitionError(f"there is no {missing[0]}")

        return {path: table for path, table in found.items() if table is not None}

    def _drop_dependents(
        self, table: Table, dropped: list[Table], draft: Draft, cascades: bool
    ) -> None:
        for key in self.catalog.keys_from(table):
            draft.lock(key.target, AX)

        for key in self.catalog.keys_to(table):
            if key.table not in dropped:
                draft.lock(key.table, AX)
                if not cascades:
                    draft.fail(f"the foreign key of {key.table.name} needs it")

        for view, _ in table.views:
            draft.lock(view, AX)
            if not cascades:
                draft.fail(f"{view.name} reads it")

    def create_view(self, reader: Reader, draft: Draft) -> None:
        """``CREATE VIEW``: reads what it shows; REPLACE locks the old one."""
        draft.source = SOURCE
        kind = "materialized view" if "MATERIALIZED" in draft.words else "view"
        reader.skip_if_exists()
        path = reader.path()
        found = self.catalog.find(path)
        draft.lock(found, AX)
        view = found or self.catalog.add(path, kind)
        tokens = reader.rest()
        self._read_sources(tokens, draft)
        names = frozenset(find_names(tokens))

        for source in map(self.catalog.find, find_sources(tokens)):
            if source is not None:
                source.views.append((view, names))

        if kind == "materialized view":
            draft.take_time("rows")

    def drop_view(self, reader: Reader, draft: Draft) -> None:
        """``DROP VIEW``, ``DROP SEQUENCE``."""
        draft.source = SOURCE
        dropped = self._read_dropped(reader)
        cascades = reader.accept_any("CASCADE", "RESTRICT") == "CASCADE"

        for path, view in dropped.items():
            draft.lock(view, AX)
            self._drop_dependents(view, [], draft, cascades)
            self.catalog.drop(path)

    def refresh(self, reader: Reader, draft: Draft) -> None:
        """``REFRESH MATERIALIZED VIEW``: for as long as its query runs."""
        draft.source = SOURCE
        reader.expect("MATERIALIZED", "VIEW")
        is_online = reader.accept("CONCURRENTLY")
        view = self.catalog.get(reader.path())
        reader.rest()
        draft.lock(view, X if is_online else AX)
        draft.take_time("rows" if is_online else "rewrite", view)

        for source in self.catalog.find_sources(view):
            draft.lock(source, AS)

    def create_trigger(self, reader: Reader, draft: Draft) -> None:
        """``CREATE TRIGGER``."""
        draft.source = SOURCE
        draft.lock(self._read_on(reader), SRX)

    def change_policy(self, reader: Reader, draft: Draft) -> None:
        """``CREATE POLICY``, ``DROP TRIGGER``, ``CREATE RULE`` and their like."""
        draft.source = SOURCE
        draft.lock(self._read_on(reader), AX)

    def _read_on(self, reader: Reader) -> Table:
        while not reader.accept("ON"):
            reader.take()

        table = self.catalog.get(reader.path())
        reader.rest()
        return table

    def create_statistics(self, reader: Reader, draft: Draft) -> None:
        """``CREATE STATISTICS``."""
        draft.source = SOURCE

        while not reader.accept("FROM"):
            reader.take()

        draft.lock(self.catalog.get(reader.path()), SUX)

    def comment(self, reader: Reader, draft: Draft) -> None:
        """``COMMENT ON``: a table or a column is kept from being altered."""
        draft.source = SOURCE
        kind = reader.accept_any("TABLE", "COLUMN", "VIEW")
        path = reader.path() if kind else ()
        path = path[:-1] if kind == "COLUMN" else path
        reader.rest()

        if kind:
            draft.lock(self.catalog.get(path), SUX)

    def grant(self, reader: Reader, draft: Draft) -> None:
        """``GRANT`` and ``REVOKE``: from 18 on the table is kept from being dropped."""
        draft.source = SOURCE
        tokens = reader.rest()
        place = find_word(tokens, "ON")
        on = reader.read(tokens[place + 1 :])
        on.accept("TABLE")

        if self.catalog.version >= 18 and on.is_plain:
            draft.lock(self.catalog.find(on.path()), AS)

    def alter_domain(self, reader: Reader, draft: Draft) -> None:
        """``ALTER DOMAIN``: a check reads every table that uses it."""
        draft.source = SOURCE
        name = reader.path()[-1]
        action = reader.rest()
        reads = any(has_words(action[:2], *words) for words in _DOMAIN_READS)

        if reads and not has_words(action, "NOT", "VALID"):
            for table in self.catalog.tables_of_domain(name):
                draft.lock(table, S)
                draft.take_time("scan", table)
                draft.may_refuse(f"rows of {table.name} with values refused by {name}")

    def alter_sequence(self, reader: Reader, draft: Draft) -> None:
        """``ALTER SEQUENCE``."""
        draft.source = SOURCE
        reader.skip_if_exists()
        draft.lock(self.catalog.get(reader.path()), SRX)
        owned = reader.rest()

        if has_words(owned, "OWNED", "BY") and not has_words(owned, "NONE"):
            place = find_word(owned, "OWNED")
            path = reader.read(owned[place + 2 :]).path()
            draft.lock(self.catalog.get(path[:-1]), AS)

    def cluster(self, reader: Reader, draft: Draft) -> None:
        """``CLUSTER``."""
        draft.source = SOURCE
        table = self.catalog.get(reader.path())
        reader.rest()
        draft.lock(table, AX)
        draft.take_time("rewrite", table)

    def vacuum(self, reader: Reader, draft: Draft) -> None:
        """``VACUUM``, FULL or not."""
        draft.source = MANUAL.format("VACUUM")
        draft.transactional = False
        options = reader.group() if reader.keyword == "(" else ()
        is_full = reader.accept("FULL") or has_words(options, "FULL")

        while reader.accept_any("FREEZE", "VERBOSE", "ANALYZE"):
            pass

        table = self.catalog.get(reader.path())
        reader.rest()
        draft.lock(table, AX if is_full else SUX)
        draft.take_time("rewrite" if is_full else "scan", table)

    def analyze(self, reader: Reader, draft: Draft) -> None:
        """``ANALYZE``: reads a sample."""
        draft.source = SOURCE
        reader.accept("VERBOSE")
        draft.lock(self.catalog.get(reader.path()), SUX)
        reader.rest()

    def create_apart(self, reader: Reader, draft: Draft) -> None:
        """What touches no table, and cannot run in a transaction."""
        draft.source = MANUAL.format("its own page")
        draft.transactional = False
        reader.rest()

    def touch_nothing(self, reader: Reader, draft: Draft) -> None:
        """What touches no table that is there."""
        draft.source = SOURCE
        tokens = reader.rest()

        if has_words(tokens, "CASCADE"):
            raise DefinitionError("CASCADE may drop anything")

    def set_variable(self, reader: Reader, draft: Draft) -> None:
        """``SET``: the time zone decides how timestamps change."""
        draft.source = MANUAL.format("SET")
        reader.accept_any("LOCAL", "SESSION")
        is_zone = reader.accept("TIME", "ZONE") or reader.accept("TIMEZONE")
        tokens = [token for token in reader.rest() if token.keyword not in {"=", "TO"}]

        if is_zone and tokens:
            self.catalog.time_zone = tokens[0].name


_DOMAIN_READS = (
    ("ADD", "CONSTRAINT"),
    ("ADD", "CHECK"),
    ("SET", "NOT"),
    ("VALIDATE", "CONSTRAINT"),
)
