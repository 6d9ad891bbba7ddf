"""What the actions of ALTER TABLE on columns do on MySQL and MariaDB."""

from __future__ import annotations

import collections.abc as cabc

from ...tokens import read_tokens
from ...tokens import Tokens
from ..definitions import CLAUSES
from ..definitions import ColumnText
from ..definitions import read_column
from ..definitions import read_reference
from ..statements import find_calls
from ..statements import find_names
from ..statements import has_words
from ..statements import MYSQL
from ..statements import Reader
from ..tables import Column
from ..tables import ForeignKey
from ..tables import Key
from .keys import KeyActions
from .types import ColumnType
from .types import compare_types
from .types import may_lose
from .types import may_refuse
from .types import read_type

COLUMN_CLAUSES = {
    **CLAUSES,
    "AS": 1,
    "AUTO_INCREMENT": 0,
    "COMMENT": 1,
    "CHARACTER": 2,
    "CHARSET": 1,
    "KEY": 0,
    "FIRST": 0,
    "AFTER": 1,
    "INVISIBLE": 0,
    "VISIBLE": 0,
    "STORAGE": 1,
    "COMPRESSED": 0,
}


# A call that has another value in the next row (MariaDB copies the table for it).
_STEADY = frozenset(
    {
        "now",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "curdate",
        "current_date",
        "curtime",
        "current_time",
        "utc_timestamp",
        "utc_date",
    }
)


_INDEXES = ("INDEX", "UNIQUE", "PRIMARY KEY", "FULLTEXT", "SPATIAL")


class ColumnActions(KeyActions):
    """The actions of one ALTER TABLE on its columns."""

    def add_column(self, text: ColumnText) -> None:
        """``ADD COLUMN``."""
        if text.name in self.table.columns:
            self.draft.fail(f"{self.table.name} has a column {text.name}")
            return

        for change in self._find_changes(text):
            self.take(change)

        column = make_column(text)
        self.table.columns[text.name] = column
        self._count_version()
        self._constrain(text)

    def _find_changes(self, text: ColumnText) -> cabc.Iterator[str]:
        generated = text.get("GENERATED") or text.get("AS")
        table = self.table

        if generated is None:
            yield "add column"
        elif has_words(generated, "STORED") or has_words(generated, "PERSISTENT"):
            yield "add column, stored"
        else:
            yield "add column, virtual"

        if text.has("AUTO_INCREMENT"):
            yield "add column, auto increment"

        if text.has("CHECK"):
            yield "add column, check"

        if any(key.kind == "FULLTEXT" for key in table.keys):
            yield "add column, fulltext"

        if table.options.get("format", "").upper() == "COMPRESSED":
            yield "add column, compressed"

        if text.has("FIRST", "AFTER") and self._has_generated():
            yield "add column, in between, generated"

        yield from self._find_default(text)

    def _find_default(self, text: ColumnText) -> cabc.Iterator[str]:
        default = text.get("DEFAULT") or ()
        calls = find_calls(default)

        if calls - _STEADY:
            yield "add column, random expression"
        elif default[:1] and default[0].keyword == "(":
            yield "add column, expression"

    def _has_generated(self) -> bool:
        return any(column.generated for column in self.table.columns.values())

    def _constrain(self, text: ColumnText) -> None:
        if text.has("UNIQUE", "PRIMARY", "KEY"):
            self.take("add column, unique")
            kind = "UNIQUE" if text.has("UNIQUE") else "PRIMARY KEY"
            self.table.keys.append(Key(name=text.name, kind=kind, columns=(text.name,)))

        reference = text.get("REFERENCES")

        # MySQL reads it, and makes no foreign key.
        if reference is not None and self.server.is_mariadb:
            constraint = read_reference(text.name, reference, folds=False)
            self.add_foreign_key(constraint)

    def drop_column(self, name: str, *, is_optional: bool = False) -> None:
        """``DROP COLUMN``."""
        column = self.table.column(name)

        if column is None:
            if not is_optional:
                self.draft.fail(f"{self.table.name} has no column {name}")
            return

        self.draft.lose(self.table, name)
        kind = {"VIRTUAL": ", virtual", "STORED": ", stored"}.get(column.generated, "")
        self.take(f"drop column{kind}")

        is_beside = not kind and self._has_generated()
        is_indexed = bool(self.table.keys_of(name, *_INDEXES))

        if is_beside:
            self.take("drop column, generated")

        if is_indexed:
            self.take("drop column, indexed")

        if is_beside and is_indexed and self.server.copies_beside_generated:
            self.take("copy")

        if self.table.options.get("format", "").upper() == "COMPRESSED":
            self.take("add column, compressed")

        for key in self._foreign_keys_of(name):
            self.draft.fail(f"the foreign key {key.name} needs it")

        self.table.drop_column(name)
        self._count_version()

    def _foreign_keys_of(self, column: str) -> list[ForeignKey]:
        return [
            key
            for key in self.catalog.foreign_keys
            if (key.table is self.table and column in key.columns)
            or (key.target is self.table and column in key.target_columns)
        ]

    def modify(self, action: Reader) -> None:
        """``MODIFY``."""
        action.accept("COLUMN")
        action.skip_if_exists()
        text = read_column(action, COLUMN_CLAUSES)
        self.restate(text.name, text)

    def change(self, action: Reader) -> None:
        """``CHANGE``: MODIFY, with another name."""
        action.accept("COLUMN")
        action.skip_if_exists()
        old = action.name()
        self.restate(old, read_column(action, COLUMN_CLAUSES))

    def restate(self, name: str, text: ColumnText) -> None:
        """Compare a column with what will be said of it; the rest is lost."""
        column = self.table.column(name)

        if column is None:
            self.draft.fail(f"{self.table.name} has no column {name}")
            return

        if text.name != name:
            self._rename(name, text.name)

        self._compare_type(column, text)
        self._compare_nullable(column, text)
        self._compare_rest(column, text)
        new = make_column(text)
        column.type, column.nullable = new.type, new.nullable
        column.default, column.comment = new.default, new.comment

    def _compare_type(self, column: Column, text: ColumnText) -> None:
        old = self._read_type(read_tokens(column.type, MYSQL))
        new = self._read_type(text.type)
        size = self.catalog.max_bytes(column.charset) if column.charset else 4
        change = compare_types(
            old, new, bytes_per_character=size, is_mariadb=self.server.is_mariadb
        )
        name = f"{self.table.name}.{column.name}"
        self.take(change)

        if change == "other type":
            for key in self._foreign_keys_of(column.name):
                # Only together with the other one.
                self.draft.fail(f"the foreign key {key.name} needs the old type")

        if may_refuse(old, new):
            is_shorter = old.is_text and new.length and new.base in {"char", "varchar"}
            why = (
                f"longer than {new.length}" if is_shorter else f"that are no {new.base}"
            )
            self.draft.may_refuse(f"values of {name} {why}", self.table)

        if may_lose(old, new):
            self.draft.lose(self.table, column.name)

        if new.is_text:
            self._compare_charset(column, text)

    def _read_type(self, tokens: Tokens) -> ColumnType:
        return read_type(tokens, is_mariadb=self.server.is_mariadb)

    def _compare_charset(self, column: Column, text: ColumnText) -> None:
        words = text.get("CHARACTER") or text.get("CHARSET") or ()
        charset = words[-1].name.lower() if words else ""
        collation = text.get("COLLATE") or ()
        name = collation[0].name.lower() if collation else ""
        charset = charset or name.partition("_")[0]

        if charset and column.charset and not _is_same_charset(charset, column.charset):
            is_wider = column.charset in {"utf8", "utf8mb3"} and charset == "utf8mb4"
            self.take("mb3 to mb4" if is_wider else "other charset")
        elif name and name != column.collation:
            is_indexed = self.table.keys_of(column.name, *_INDEXES)
            self.take(f"other collation{', indexed' if is_indexed else ''}")

            if is_indexed:
                self.draft.take_time("index build", self.table)

    def _compare_nullable(self, column: Column, text: ColumnText) -> None:
        if text.is_not_null and column.nullable:
            generated = ", generated" if self._has_generated() else ""
            self.take(f"set not null{generated}")
            reason = f"rows of {self.table.name} with NULL in {column.name}"
            self.draft.may_refuse(reason, self.table)
        elif not text.is_not_null and not column.nullable:
            is_key = self.table.keys_of(column.name, "PRIMARY KEY")
            self.take("same type" if is_key else "set null")

    def _compare_rest(self, column: Column, text: ColumnText) -> None:
        if text.has("FIRST", "AFTER"):
            self.take("reorder")

        is_generated = text.has("GENERATED", "AS")

        if is_generated or column.generated:
            self.take("other type")
            self.draft.source = "unproven: a generated column is taken for a copy"

        if text.has("UNIQUE", "PRIMARY"):
            self.take("add index")

    def rename_column(self, action: Reader) -> None:
        """``RENAME COLUMN``."""
        old = action.name()
        action.expect("TO")
        new = action.name()

        if not self.server.is_mariadb and self.server.version < (8,):
            raise action.surprise("CHANGE, on MySQL 5.7,")

        self._rename(old, new)

    def _rename(self, old: str, new: str) -> None:
        self.take("rename column")

        if not self.server.is_mariadb and (
            self.table.keys_of(old, "CHECK") or old.lower() in self._generated_from()
        ):
            self.draft.fail(f"a check or a generated column uses {old}")

        self.table.rename_column(old, new)

    def _generated_from(self) -> frozenset[str]:
        texts = [
            column.default or ""
            for column in self.table.columns.values()
            if column.generated
        ]
        tokens = [token for text in texts for token in read_tokens(text, MYSQL)]
        return frozenset(find_names(tuple(tokens)))

    def _alter_column(self, action: Reader) -> None:
        action.accept("COLUMN")
        column = self.table.column(action.name())

        if action.accept("SET", "INVISIBLE") or action.accept("SET", "VISIBLE"):
            self.take("set invisible")
            return

        if not (action.accept("SET", "DEFAULT") or action.accept("DROP", "DEFAULT")):
            raise action.surprise("a default")

        self.take("set default")
        text = " ".join(token.text for token in action.rest())

        if column is not None:
            column.default = text or None


def make_column(text: ColumnText) -> Column:
    """Return a column that the plan makes."""
    generated = text.get("GENERATED") or text.get("AS")
    is_stored = generated is not None and has_words(generated, "STORED")
    default = text.get("DEFAULT") or generated
    comment = text.get("COMMENT")
    return Column(
        name=text.name,
        type="".join(token.before + token.text for token in text.type).strip(),
        nullable=not text.is_not_null,
        default=" ".join(token.text for token in default) if default else None,
        generated="" if generated is None else "STORED" if is_stored else "VIRTUAL",
        comment=comment[0].name if comment else "",
    )


def _is_same_charset(one: str, other: str) -> bool:
    names = {"utf8": "utf8mb3"}
    return names.get(one, one) == names.get(other, other)
