"""What statements about tables and indexes do on PostgreSQL."""

from __future__ import annotations

from .....plan import Impact
from ...tokens import DefinitionError
from ...tokens import split
from ..base import Draft
from ..definitions import ConstraintText
from ..definitions import read_column
from ..definitions import read_constraint
from ..definitions import read_reference
from ..definitions import starts_constraint
from ..statements import find_names
from ..statements import has_words
from ..statements import Path
from ..statements import Reader
from ..tables import Key
from ..tables import Table
from .alter import Alteration
from .constraints import add_column
from .constraints import make_foreign_key
from .locks import AS
from .locks import AX
from .locks import S
from .locks import SOURCE
from .locks import SRX
from .locks import SUX
from .objects import ObjectFacts


class TableFacts(ObjectFacts):
    """``CREATE``, ``ALTER`` and ``DROP`` of tables and indexes."""

    def alter_table(self, reader: Reader, draft: Draft) -> None:
        """``ALTER TABLE``."""
        Alteration(self.catalog, draft).run(reader)

    def create_table(self, reader: Reader, draft: Draft) -> None:
        """``CREATE TABLE``: nobody uses it; a foreign key locks what it points to."""
        draft.source = SOURCE
        is_optional = reader.skip_if_exists()
        path = reader.path()

        if self.catalog.find(path) is not None:
            reader.rest()
            if not is_optional:
                draft.fail(f"there is a table {'.'.join(path)}")
            return

        if reader.accept("PARTITION", "OF"):
            self._create_partition(path, reader, draft)
            return

        table = self.catalog.add(path)

        if reader.keyword == "(":
            self._fill_table(table, reader.read(reader.group()), draft)

        self._read_options(table, reader, draft)

    def _create_partition(self, path: Path, reader: Reader, draft: Draft) -> None:
        parent = self.catalog.get(reader.path())
        reader.rest()
        draft.lock(parent, AX)
        table = self.catalog.add(path)
        table.parent = parent
        parent.children.append(table)

        for one in parent.children:
            if one.is_default:
                draft.lock(one, AX)
                draft.take_time("scan", one)

    def _fill_table(self, table: Table, body: Reader, draft: Draft) -> None:
        for part in split(body.rest()):
            item = body.read(part)

            if item.accept("LIKE"):
                draft.lock(self.catalog.get(item.path()), AS)
            elif starts_constraint(item):
                self._note_constraint(table, read_constraint(item), draft)
            else:
                self._note_column(table, item, draft)

    def _note_column(self, table: Table, item: Reader, draft: Draft) -> None:
        text = read_column(item)
        column = add_column(table, text)

        for word, body in text.clauses:
            kind = {"PRIMARY": "PRIMARY KEY", "UNIQUE": "UNIQUE"}.get(word)

            if kind:
                table.keys.append(Key(name="", kind=kind, columns=(column.name,)))
            elif word == "REFERENCES":
                reference = read_reference(column.name, body, folds=True)
                self._note_constraint(table, reference, draft)

    def _note_constraint(
        self, table: Table, text: ConstraintText, draft: Draft
    ) -> None:
        if text.kind != "FOREIGN KEY":
            table.keys.append(
                Key(
                    name=text.name,
                    kind=text.kind,
                    columns=text.columns,
                    names=frozenset(find_names(text.expression)),
                )
            )
            return

        target = self.catalog.get(text.target)
        draft.lock(target, SRX)
        self.catalog.foreign_keys.append(make_foreign_key(text, table, target))

    def _read_options(self, table: Table, reader: Reader, draft: Draft) -> None:
        tokens = reader.rest()
        options = reader.read(tokens)

        if options.accept("INHERITS"):
            # PostgreSQL manual, Explicit Locking.
            for path in options.read(options.group()).paths():
                draft.lock(self.catalog.get(path), SUX)

        keywords = [token.keyword for token in tokens]

        if "AS" in keywords:
            table.is_filled = True
            self._read_sources(tokens, draft)
            draft.take_time("rows")

    def drop_table(self, reader: Reader, draft: Draft) -> None:
        """``DROP TABLE``: it locks what its foreign keys point to as well."""
        draft.source = SOURCE
        tables = self._read_dropped(reader)
        cascades = reader.accept_any("CASCADE", "RESTRICT") == "CASCADE"

        for table in [one for each in tables.values() for one in each.family()]:
            draft.lock(table, AX)
            draft.lock(table.parent, AX)
            draft.lose(table)
            self._drop_dependents(table, list(tables.values()), draft, cascades)

        for path in tables:
            self.catalog.drop(path)

    def truncate(self, reader: Reader, draft: Draft) -> None:
        """``TRUNCATE``: new, empty files; as quick for a large table."""
        draft.source = SOURCE
        reader.accept("TABLE")
        reader.accept("ONLY")
        tables = [self.catalog.get(path) for path in reader.paths()]
        tokens = reader.rest()
        cascades = has_words(tokens, "CASCADE")

        for table in tables:
            for key in self.catalog.keys_to(table):
                if key.table not in tables:
                    tables.append(key.table)
                    if not cascades:
                        draft.fail(f"the foreign key of {key.table.name} needs it")

            for one in table.family():
                draft.lock(one, AX)
                draft.lose(one)

    def create_index(self, reader: Reader, draft: Draft) -> None:
        """``CREATE INDEX``: writes wait, unless it is built beside them."""
        draft.source = SOURCE
        is_unique = "UNIQUE" in draft.words
        is_online = reader.accept("CONCURRENTLY")
        is_optional = reader.skip_if_exists()
        name = "" if reader.keyword == "ON" else reader.name()
        reader.expect("ON")
        is_only = reader.accept("ONLY")
        table = self.catalog.get(reader.path())

        if reader.accept("USING"):
            reader.name()

        columns = reader.columns()
        names = frozenset(find_names(reader.rest()))
        draft.transactional = not is_online

        for one in [table] if is_only else table.family():
            draft.lock(one, SUX if is_online else S)

        if name and (found := table.key(name)) is not None:
            if not is_optional:
                draft.fail(f"there is an index {name}")
            elif not found.is_valid:
                draft.may_refuse(f"{name} is there, not valid, and stays so")
            return

        self._build_index(table, is_only, draft)

        if is_unique:
            named = ", ".join(filter(None, columns)) or "an expression"
            draft.may_refuse(f"duplicates in {table.name}.{named}", table)

        kind = "UNIQUE INDEX" if is_unique else "INDEX"
        table.keys.append(Key(name=name, kind=kind, columns=columns, names=names))

    def _build_index(self, table: Table, is_only: bool, draft: Draft) -> None:
        # Of a partitioned table ONLY, it is a name that partitions attach to.
        if not (is_only and table.kind == "partitioned table"):
            draft.take_time("index build", table)

    def drop_index(self, reader: Reader, draft: Draft) -> None:
        """``DROP INDEX``: brief, and reads wait too."""
        draft.source = SOURCE
        is_online = reader.accept("CONCURRENTLY")
        is_optional = reader.skip_if_exists()
        draft.transactional = not is_online

        for path in reader.paths():
            table = self.catalog.find_owner(path)

            if table is None:
                if not is_optional:
                    raise DefinitionError(f"there is no index {'.'.join(path)}")
                continue

            draft.lock(table, SUX if is_online else AX)
            self._refuse_drop(table, path[-1], draft)

        reader.accept_any("CASCADE", "RESTRICT")

        if is_online:
            # It waits for whoever uses the table, and nobody waits for it.
            draft.impact = draft.impact or Impact.ONLINE

    def _refuse_drop(self, table: Table, name: str, draft: Draft) -> None:
        key = table.key(name)

        if key is not None and key.kind in {"PRIMARY KEY", "UNIQUE", "EXCLUDE"}:
            draft.fail(f"the constraint {name} of {table.name} needs it")

        table.keys = [one for one in table.keys if one is not key]

    def alter_index(self, reader: Reader, draft: Draft) -> None:
        """``ALTER INDEX``: nothing on its table."""
        draft.source = SOURCE
        reader.skip_if_exists()
        path = reader.path()
        table = self.catalog.find_owner(path)

        if reader.accept("RENAME", "TO"):
            name = reader.name()
            key = table.key(path[-1]) if table is not None else None
            if key is not None:
                key.name = name
        else:
            reader.expect("SET", "(")
            reader.rest()

    def reindex(self, reader: Reader, draft: Draft) -> None:
        """``REINDEX``: the index itself is locked, so that no query can be planned."""
        draft.source = SOURCE
        options = reader.group() if reader.keyword == "(" else ()
        kind = reader.accept_any("INDEX", "TABLE")
        is_online = reader.accept("CONCURRENTLY") or has_words(options, "CONCURRENTLY")

        if not kind:
            draft.transactional = False
            raise reader.surprise("INDEX or TABLE")

        path = reader.path()
        is_index = kind == "INDEX"
        table = self.catalog.find_owner(path) if is_index else self.catalog.get(path)
        draft.transactional = not is_online
        draft.take_time("index build", table)
        draft.lock(table, SUX if is_online else S)

        if not is_online and table is not None and not table.is_new:
            draft.impact = Impact.LONG
