"""What statements do on MySQL and MariaDB; :mod:`.mysql_alter` has ALTER TABLE."""

from __future__ import annotations

from .....plan import LockLevel
from ...tokens import DefinitionError
from ...tokens import split
from ..base import Draft
from ..base import Handler
from ..definitions import CLAUSES
from ..definitions import ConstraintText
from ..definitions import read_column
from ..definitions import read_constraint
from ..definitions import starts_constraint
from ..statements import has_words
from ..statements import Path
from ..statements import Reader
from ..tables import ForeignKey
from ..tables import Key
from ..tables import Table
from .alter import Alteration
from .columns import make_column
from .rows import RowFacts

_HERE = "measured on MariaDB 10.11"
_MANUAL = "MySQL manual, Metadata Locking"


class MySQLFacts(RowFacts):
    """The facts of MySQL 5.7 to 8.4 and MariaDB 10.6 to 11.8.

    DDL commits by itself, so that no lock is held any longer than its statement.
    """

    def _alter(self, draft: Draft) -> Alteration:
        draft.transactional = False
        alteration = Alteration(self.catalog, self.server, draft)
        alteration.checks_foreign_keys = self._checks_foreign_keys
        return alteration

    def create(self, reader: Reader, draft: Draft) -> None:
        """``CREATE``, with the words that may stand before the noun."""
        words = set()

        while word := reader.accept_any("TEMPORARY", "UNIQUE", "FULLTEXT", "SPATIAL"):
            words.add(word)

        draft.words = frozenset(words)

        if reader.accept("TABLE"):
            self.create_table(reader, draft)
        else:
            reader.expect("INDEX")
            self.create_index(reader, draft)

    # -- tables ------------------------------------------------------------------

    def alter_table(self, reader: Reader, draft: Draft) -> None:
        """``ALTER TABLE``."""
        draft.transactional = False
        is_optional = reader.skip_if_exists()
        path = reader.path()
        parts = [reader.read(part) for part in split(reader.rest())]

        if is_optional and self.catalog.find(path) is None:
            draft.source = _HERE
            return

        self._alter(draft).run(path, parts)

    def create_table(self, reader: Reader, draft: Draft) -> None:
        """``CREATE TABLE``: nobody uses it."""
        draft.transactional = False
        draft.source = _HERE
        is_temporary = "TEMPORARY" in draft.words
        is_optional = reader.skip_if_exists()
        path = reader.path()

        if self.catalog.find(path) is not None and not is_temporary:
            reader.rest()
            if not is_optional:
                draft.fail(f"there is a table {'.'.join(path)}")
            return

        table = self.catalog.add(path)

        if reader.keyword == "(":
            body = reader.read(reader.group())

            for part in split(body.rest()):
                self._note(table, body.read(part))

        if has_words(reader.rest(), "SELECT"):
            table.is_filled = True
            draft.take_time("rows")

    def _note(self, table: Table, item: Reader) -> None:
        if item.accept_any("INDEX", "KEY", "FULLTEXT", "SPATIAL"):
            item.rest()
        elif starts_constraint(item):
            self._note_constraint(table, read_constraint(item))
        elif item.starts("LIKE"):
            item.rest()
        else:
            column = make_column(read_column(item, {**CLAUSES, "AS": 1, "COMMENT": 1}))
            table.columns[column.name] = column

    def _note_constraint(self, table: Table, text: ConstraintText) -> None:
        if text.kind != "FOREIGN KEY":
            key = Key(name=text.name, kind=text.kind, columns=text.columns)
            table.keys.append(key)
            return

        target = self.catalog.find(text.target)

        if target is not None:
            self.catalog.foreign_keys.append(
                ForeignKey(
                    name=text.name, table=table, columns=text.columns, target=target
                )
            )

    def drop_table(self, reader: Reader, draft: Draft) -> None:
        """``DROP TABLE``."""
        draft.transactional = False
        draft.source = _HERE
        is_optional = reader.skip_if_exists()
        paths = reader.paths()
        reader.accept_any("CASCADE", "RESTRICT")
        found = {path: self.catalog.find(path) for path in paths}

        for path, table in found.items():
            if table is None:
                if not is_optional:
                    raise DefinitionError(f"there is no {'.'.join(path)}")
                continue

            draft.lock(table, LockLevel.LOCK_EXCLUSIVE)
            draft.lose(table)
            self._refuse(table, list(found.values()), draft)

            for key in self.catalog.foreign_keys:
                if key.table is table:
                    draft.lock(key.target, LockLevel.LOCK_SHARED)

        for path, table in found.items():
            if table is not None:
                self.catalog.drop(path)

    def _refuse(self, table: Table, dropped: list[Table | None], draft: Draft) -> None:
        for key in self.catalog.foreign_keys:
            is_needed = key.target is table and key.table not in dropped

            if is_needed and self._checks_foreign_keys:
                draft.fail(f"the foreign key of {key.table.name} needs it")

    def truncate(self, reader: Reader, draft: Draft) -> None:
        """``TRUNCATE``: a new, empty table."""
        draft.transactional = False
        draft.source = _HERE
        reader.accept("TABLE")
        table = self.catalog.get(reader.path())
        draft.lock(table, LockLevel.LOCK_EXCLUSIVE)
        draft.lose(table)
        self._refuse(table, [table], draft)

    def rename_table(self, reader: Reader, draft: Draft) -> None:
        """``RENAME TABLE``."""
        draft.transactional = False
        draft.source = _HERE

        while True:
            old = reader.path()
            reader.expect("TO")
            draft.lock(self.catalog.get(old), LockLevel.LOCK_EXCLUSIVE)
            self.catalog.rename(old, reader.path())

            if not reader.accept(","):
                return

    def rebuild(self, reader: Reader, draft: Draft) -> None:
        """``OPTIMIZE TABLE``: InnoDB makes it anew, beside its users."""
        path = reader.path()
        action = reader.read(self._tokenize("FORCE"))
        self._alter(draft).run(path, [action])

    def analyze(self, reader: Reader, draft: Draft) -> None:
        """``ANALYZE TABLE``: reads a sample."""
        draft.transactional = False
        draft.source = _MANUAL
        draft.lock(self.catalog.get(reader.path()), LockLevel.LOCK_NONE)
        reader.rest()

    # -- indexes -----------------------------------------------------------------

    def create_index(self, reader: Reader, draft: Draft) -> None:
        """``CREATE INDEX``, which is an ALTER TABLE."""
        kinds = draft.words & {"UNIQUE", "FULLTEXT", "SPATIAL"}
        kind = next(iter(kinds), "INDEX")
        reader.skip_if_exists()
        name = reader.name()

        if reader.accept("USING"):
            reader.name()

        reader.expect("ON")
        path = reader.path()
        columns = reader.columns()
        alteration = self._begin(path, draft)
        key = Key(name=name, kind=kind, columns=columns)

        if alteration.table.key(name) is not None:
            draft.fail(f"there is an index {name}")

        alteration.index(key)
        self._finish(alteration, reader)

    def drop_index(self, reader: Reader, draft: Draft) -> None:
        """``DROP INDEX``."""
        is_optional = reader.skip_if_exists()
        name = reader.name()
        reader.expect("ON")
        alteration = self._begin(reader.path(), draft)
        alteration.drop_key(name, is_optional=is_optional)
        self._finish(alteration, reader)

    def _begin(self, path: Path, draft: Draft) -> Alteration:
        alteration = self._alter(draft)
        alteration.open(path)
        return alteration

    def _finish(self, alteration: Alteration, reader: Reader) -> None:
        while not reader.at_end:
            if reader.accept("ALGORITHM"):
                alteration.set_algorithm(reader)
            elif reader.accept("LOCK"):
                alteration.set_lock(reader)
            else:
                reader.take()

        alteration.finish()

    # -- the rest ----------------------------------------------------------------

    def change_trigger(self, reader: Reader, draft: Draft) -> None:
        """``CREATE TRIGGER``: for a moment, nobody uses the table."""
        draft.transactional = False
        draft.source = _MANUAL

        while not reader.accept("ON"):
            reader.take()

        draft.lock(self.catalog.get(reader.path()), LockLevel.LOCK_EXCLUSIVE)
        reader.rest()

    def change_view(self, reader: Reader, draft: Draft) -> None:
        """``CREATE VIEW``, ``DROP VIEW``: nothing on the tables below."""
        draft.transactional = False
        draft.source = _MANUAL
        reader.rest()

    def touch_nothing(self, reader: Reader, draft: Draft) -> None:
        """What touches no table, and commits by itself."""
        draft.transactional = False
        draft.source = _MANUAL
        reader.rest()

    def set_variable(self, reader: Reader, draft: Draft) -> None:
        """``SET``: foreign keys that are not checked cost nothing."""
        draft.source = "MySQL manual, SET"
        reader.accept_any("SESSION", "LOCAL")
        tokens = [token for token in reader.rest() if token.keyword not in {"@", "."}]
        words = [token.name.lower() for token in tokens]

        if "foreign_key_checks" in words:
            value = words[words.index("foreign_key_checks") + 2 :][:1]
            self._checks_foreign_keys = value not in (["0"], ["off"], ["false"])

    def steer(self, reader: Reader, draft: Draft) -> None:
        """``COMMIT`` and what else belongs to a transaction."""
        draft.source = "MySQL manual, Transactional Statements"
        reader.rest()


_HANDLERS: dict[str, Handler] = {
    "ALTER TABLE": MySQLFacts.alter_table,
    "DROP TABLE": MySQLFacts.drop_table,
    "TRUNCATE": MySQLFacts.truncate,
    "RENAME TABLE": MySQLFacts.rename_table,
    "OPTIMIZE TABLE": MySQLFacts.rebuild,
    "ANALYZE TABLE": MySQLFacts.analyze,
    "DROP INDEX": MySQLFacts.drop_index,
    "INSERT": MySQLFacts.insert,
    "REPLACE": MySQLFacts.insert,
    "UPDATE": MySQLFacts.update,
    "DELETE": MySQLFacts.delete,
    "SELECT": MySQLFacts.select,
    "CREATE TRIGGER": MySQLFacts.change_trigger,
    "CREATE VIEW": MySQLFacts.change_view,
    "CREATE OR REPLACE VIEW": MySQLFacts.change_view,
    "DROP VIEW": MySQLFacts.change_view,
    "SET": MySQLFacts.set_variable,
    **dict.fromkeys(
        ("CREATE DATABASE", "CREATE FUNCTION", "CREATE PROCEDURE", "GRANT", "REVOKE"),
        MySQLFacts.touch_nothing,
    ),
    **dict.fromkeys(("BEGIN", "COMMIT", "ROLLBACK", "START"), MySQLFacts.steer),
    "CREATE": MySQLFacts.create,
}
MySQLFacts.handlers = {
    tuple(words.split()): handler for words, handler in _HANDLERS.items()
}
