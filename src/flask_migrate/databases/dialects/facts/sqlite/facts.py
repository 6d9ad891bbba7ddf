"""What statements do on SQLite.

A database has one writer, from its first change until its commit; who reads goes on.
Measured on SQLite 3.40 and 3.54 by the steps that the server takes: those that grow
with the rows are work.
"""

from __future__ import annotations

from .....plan import Impact
from ...tokens import DefinitionError
from ...tokens import split
from ...tokens import Tokens
from ..base import Draft
from ..base import Handler
from ..definitions import read_column
from ..definitions import read_constraint
from ..definitions import read_reference
from ..definitions import starts_constraint
from ..statements import find_names
from ..statements import has_words
from ..statements import Reader
from ..tables import ForeignKey
from ..tables import Key
from ..tables import Table
from .alter import AlterFacts
from .alter import COLUMN_CLAUSES
from .alter import make_column

_SOURCE = "measured on SQLite 3.40 and 3.54"


class SQLiteFacts(AlterFacts):
    """The facts of SQLite 3.35 and later."""

    # -- tables ------------------------------------------------------------------

    def create(self, reader: Reader, draft: Draft) -> None:
        """``CREATE``, with the words that may stand before the noun."""
        is_unique = reader.accept("UNIQUE")
        reader.accept_any("TEMP", "TEMPORARY")
        noun = reader.accept_any("TABLE", "INDEX", "VIEW", "TRIGGER")

        if noun == "TABLE":
            self.create_table(reader, draft)
        elif noun == "INDEX":
            self.create_index(reader, draft, is_unique=is_unique)
        elif noun:
            # Their text is stored, and that is all.
            reader.rest()
            self.write(draft)
        else:
            raise reader.surprise("a table, an index, a view or a trigger")

    def create_table(self, reader: Reader, draft: Draft) -> None:
        """``CREATE TABLE``."""
        draft.source = _SOURCE
        is_optional = reader.skip_if_exists()
        path = reader.path()

        if self.catalog.find(path) is not None:
            reader.rest()
            if not is_optional:
                draft.fail(f"there is a table {path[-1]}")
            return

        self.write(draft)
        table = self.catalog.add(path)

        if reader.keyword == "(":
            for part in split(reader.group()):
                self._note(table, reader.read(part))

        if has_words(reader.rest(), "SELECT"):
            draft.take_time("rows")
            table.is_filled = True

    def _note(self, table: Table, item: Reader) -> None:
        if not starts_constraint(item):
            text = read_column(item, COLUMN_CLAUSES)
            table.columns[text.name.lower()] = make_column(text)
            body = text.get("REFERENCES")
            constraint = read_reference(text.name, body, folds=False) if body else None
        else:
            # SQLite needs no comma behind a constraint.
            constraint = read_constraint(item)

        if constraint is not None and constraint.kind == "FOREIGN KEY":
            target = self.catalog.find(constraint.target)
            names = tuple(name.lower() for name in constraint.columns)
            if target is not None:
                self.catalog.foreign_keys.append(
                    ForeignKey(name="", table=table, columns=names, target=target)
                )

    def drop_table(self, reader: Reader, draft: Draft) -> None:
        """``DROP TABLE``: with foreign keys enforced, it deletes each row first."""
        is_optional = reader.skip_if_exists()
        path = reader.path()
        table = self.catalog.find(path)

        if table is None:
            if not is_optional:
                raise DefinitionError(f"there is no {path[-1]}")
            draft.source = _SOURCE
            return

        self.write(draft, table)
        copy, kept = self._copies.get(table, (None, set()))

        if copy is not None:
            # A rebuild: only what was not copied is lost.
            for name in table.columns.keys() - kept:
                draft.lose(table, name)

            _replace(table, copy)
        else:
            draft.lose(table)
            self._delete_children(table, draft)

        self.catalog.drop(path)

    def _delete_children(self, table: Table, draft: Draft) -> None:
        if not self.catalog.enforces:
            return

        for key in self.catalog.foreign_keys:
            if key.target is not table or key.table is table:
                continue

            draft.take_time("rows", table)

            if key.action == "CASCADE":
                draft.lose(key.table, is_part=True)
            elif key.action in {"SET NULL", "SET DEFAULT"}:
                for name in key.columns:
                    draft.lose(key.table, name, is_part=True)
            else:
                reason = f"rows of {key.table.name} that point to {table.name}"
                draft.may_refuse(reason, key.table)

    def drop_view(self, reader: Reader, draft: Draft) -> None:
        """``DROP VIEW``, ``DROP TRIGGER``."""
        self.write(draft)
        reader.skip_if_exists()
        path = reader.path()

        for table in self.catalog.known():
            if table is not None:
                table.views = [pair for pair in table.views if pair[0].name != path[-1]]

    # -- indexes -----------------------------------------------------------------

    def create_index(self, reader: Reader, draft: Draft, *, is_unique: bool) -> None:
        """``CREATE INDEX``: there is no way beside the users."""
        is_optional = reader.skip_if_exists()
        name = reader.path()[-1]
        reader.expect("ON")
        table = self.catalog.get(reader.path())
        columns = tuple(column.lower() for column in reader.columns())
        names = frozenset(find_names(reader.rest()))
        draft.source = _SOURCE

        if table.key(name) is not None:
            if not is_optional:
                draft.fail(f"there is an index {name}")
            return

        self.write(draft, table)
        draft.take_time("index build", table)
        kind = "UNIQUE INDEX" if is_unique else "INDEX"
        table.keys.append(Key(name=name, kind=kind, columns=columns, names=names))

        if is_unique:
            draft.may_refuse(f"duplicates in {table.name}.{', '.join(columns)}", table)

    def drop_index(self, reader: Reader, draft: Draft) -> None:
        """``DROP INDEX``."""
        is_optional = reader.skip_if_exists()
        name = reader.path()[-1]
        table = self.catalog.find_owner(name)
        draft.source = _SOURCE

        if table is None:
            if not is_optional:
                raise DefinitionError(f"there is no index {name}")
            return

        self.write(draft, table)
        table.keys = [key for key in table.keys if key.name != name]

    def reindex(self, reader: Reader, draft: Draft) -> None:
        """``REINDEX``."""
        path = reader.path() if not reader.at_end else ()
        table = self.catalog.find_owner(path[-1]) if path else None
        self.write(draft, table or (self.catalog.find(path) if path else None))
        draft.take_time("index build", table)

    # -- rows --------------------------------------------------------------------

    def insert(self, reader: Reader, draft: Draft) -> None:
        """``INSERT``; a rebuild copies a table by one of these."""
        if reader.accept("OR"):
            reader.name()

        reader.expect("INTO")
        table = self.catalog.get(reader.path())
        tokens = reader.rest()
        self.write(draft, table)

        if has_words(tokens, "SELECT"):
            draft.take_time("rows")
            self._note_copy(table, tokens)

        table.is_filled = True

    def _note_copy(self, table: Table, tokens: Tokens) -> None:
        words = [token.keyword for token in tokens]
        place = words.index("FROM") if "FROM" in words else len(words)
        source = Reader(tokens[place + 1 :])
        is_whole = table.is_new and not {"WHERE", "LIMIT", "JOIN"} & set(words)

        if is_whole and source.is_plain:
            found = self.catalog.find(source.path())
            start = words.index("SELECT")
            if found is not None:
                self._copies[found] = table, find_names(tokens[start:place])

    def update(self, reader: Reader, draft: Draft) -> None:
        """``UPDATE``."""
        if reader.accept("OR"):
            reader.name()

        table = self.catalog.get(reader.path())
        reader.rest()
        self.write(draft, table)
        draft.take_time("rows", table)

    def delete(self, reader: Reader, draft: Draft) -> None:
        """``DELETE``: without a condition, pages and not rows are freed."""
        reader.expect("FROM")
        table = self.catalog.get(reader.path())
        tokens = reader.rest()
        is_part = has_words(tokens, "WHERE")
        has_trigger = any(user.kind == "trigger" for user, _ in table.views)
        self.write(draft, table)
        draft.lose(table, is_part=is_part)

        if is_part or has_trigger:
            draft.take_time("rows", table)

        self._delete_children(table, draft)

    def read(self, reader: Reader, draft: Draft) -> None:
        """``SELECT``: readers and the writer do not wait for each other."""
        draft.source = _SOURCE
        reader.rest()

    # -- the rest ----------------------------------------------------------------

    def analyze(self, reader: Reader, draft: Draft) -> None:
        """``ANALYZE``: reads every index, and writes what it has counted."""
        table = None if reader.at_end else self.catalog.find(reader.path())
        self.write(draft, table)
        draft.take_time("scan", table)

    def vacuum(self, reader: Reader, draft: Draft) -> None:
        """``VACUUM``: the file is written anew, alone."""
        reader.rest()
        draft.transactional = False
        self.write(draft, source="SQLite manual, VACUUM")
        draft.take_time("rewrite")
        draft.impact = Impact.LONG

    def pragma(self, reader: Reader, draft: Draft) -> None:
        """``PRAGMA``: those of the connection only."""
        draft.source = "SQLite manual, PRAGMA Statements"
        name = reader.path()[-1].lower()
        tokens = reader.rest()

        if name == "foreign_keys" and tokens:
            draft.transactional = False
            value = tokens[-1].name.lower()
            self.catalog.enforces = value in {"1", "on", "true", "yes"}
        elif tokens and name not in _QUIET:
            raise DefinitionError(f"PRAGMA {name} may change the file")

    def steer(self, reader: Reader, draft: Draft) -> None:
        """``BEGIN``, ``COMMIT`` and what else belongs to a transaction."""
        draft.source = "SQLite manual, Transactions"
        reader.rest()


def _replace(table: Table, copy: Table) -> None:
    """Let the copy of a rebuild stand for what it was made of."""
    copy.live, copy.rows, copy.size = table.live, table.rows, table.size

    for name in copy.columns.keys() & table.columns.keys():
        copy.columns[name].live = table.columns[name].live


_QUIET = frozenset(
    {
        "defer_foreign_keys",
        "foreign_key_check",
        "legacy_alter_table",
        "table_info",
        "table_xinfo",
        "index_list",
        "index_info",
        "busy_timeout",
        "cache_size",
    }
)


_HANDLERS: dict[str, Handler] = {
    "ALTER TABLE": SQLiteFacts.alter_table,
    "CREATE": SQLiteFacts.create,
    "DROP TABLE": SQLiteFacts.drop_table,
    "DROP INDEX": SQLiteFacts.drop_index,
    "DROP VIEW": SQLiteFacts.drop_view,
    "DROP TRIGGER": SQLiteFacts.drop_view,
    "REINDEX": SQLiteFacts.reindex,
    "INSERT": SQLiteFacts.insert,
    "REPLACE": SQLiteFacts.insert,
    "UPDATE": SQLiteFacts.update,
    "DELETE": SQLiteFacts.delete,
    "SELECT": SQLiteFacts.read,
    "ANALYZE": SQLiteFacts.analyze,
    "VACUUM": SQLiteFacts.vacuum,
    "PRAGMA": SQLiteFacts.pragma,
    **dict.fromkeys(
        ("BEGIN", "COMMIT", "ROLLBACK", "END", "SAVEPOINT", "RELEASE"),
        SQLiteFacts.steer,
    ),
}
SQLiteFacts.handlers = {
    tuple(words.split()): handler for words, handler in _HANDLERS.items()
}
