"""What the actions of ALTER TABLE on columns do on PostgreSQL."""

from __future__ import annotations

import collections.abc as cabc

from ...tokens import Tokens
from ..definitions import ColumnText
from ..definitions import ConstraintText
from ..definitions import read_column
from ..definitions import read_reference
from ..statements import find_calls
from ..statements import has_words
from ..statements import Reader
from ..tables import Column
from .constraints import add_column
from .constraints import ConstraintActions
from .constraints import find_readers
from .locks import AX
from .locks import SUX
from .retype import TypeChange
from .types import SERIALS


class ColumnActions(ConstraintActions):
    """The actions of one ALTER TABLE on its columns."""

    def add_column(self, action: Reader) -> None:
        """``ADD COLUMN``: add_col_* of the measurements."""
        self.lock()
        is_optional = action.skip_if_exists()
        text = read_column(action)

        if text.name in self.table.columns:
            if not is_optional:
                self.draft.fail(f"{self.table.name} has a column {text.name}")

            return

        column = add_column(self.table, text)
        self._fill_column(text, column)
        self._constrain_column(text, column)

    def _fill_column(self, text: ColumnText, column: Column) -> None:
        default = text.get("DEFAULT")
        generated = text.get("GENERATED") or ()
        is_stored = has_words(generated, "STORED")
        is_made = has_words(generated, "IDENTITY") or column.type in SERIALS
        domain = self.catalog.find_domain(column.type)

        is_virtual = bool(generated) and not (is_stored or is_made)

        if is_made:
            column.default = "nextval"

        if is_virtual and self.catalog.version < 18:
            self.draft.fail("PostgreSQL before 18 has no virtual columns")

        if is_stored or is_made or (domain and domain[1]) or self._varies(default):
            self.draft.take_time("rewrite", self.table)
        elif column.is_empty and text.is_not_null and not column.generated:
            reason = f"any row of {self.table.name}: {column.name} has no value for it"
            self.draft.may_refuse(reason, self.table)

    def _varies(self, default: Tokens | None) -> bool:
        return default is not None and self.catalog.is_volatile(find_calls(default))

    def _constrain_column(self, text: ColumnText, column: Column) -> None:
        names = (column.name,)

        for word, body in text.clauses:
            if word == "CHECK":
                self.add_constraint_text(
                    ConstraintText(kind="CHECK", expression=body[1:-1])
                )
            elif word in {"UNIQUE", "PRIMARY"}:
                kind = "PRIMARY KEY" if word == "PRIMARY" else "UNIQUE"
                self._add_key(ConstraintText(kind=kind, columns=names))
            elif word == "REFERENCES":
                # NULL in every row points to nothing, so that nothing is checked.
                reference = read_reference(column.name, body, folds=True)
                self._add_foreign_key(reference, checks=not column.is_empty)

    def drop_column(self, action: Reader) -> None:
        """``DROP COLUMN``: the values stay on the disk, and nobody can read them."""
        self.lock()
        is_optional = action.skip_if_exists()
        name = action.name()
        cascades = action.accept_any("CASCADE", "RESTRICT") == "CASCADE"
        column = self.table.column(name)

        if column is None:
            if not is_optional:
                self.draft.fail(f"{self.table.name} has no column {name}")

            return

        self.draft.lose(self.table, name)
        keys = self.catalog.keys_to(self.table, name)
        others = find_readers(self.table, name)

        if (keys or others) and not cascades:
            names = [*others, *(f"the foreign key of {key.table.name}" for key in keys)]
            self.draft.fail(f"{', '.join(names)} uses {self.table.name}.{name}")

        for key in [*keys, *self.catalog.keys_from(self.table, name)]:
            self._drop_foreign_key(key)

        for view, columns in self.table.views:
            if name in columns:
                self.draft.lock(view, AX)

        self.table.drop_column(name)

    def rename_column(self, action: Reader) -> None:
        """``RENAME [COLUMN] a TO b``."""
        self.lock()
        old = action.name()
        action.expect("TO")
        self.table.rename_column(old, action.name())

    def alter_column(self, action: Reader) -> None:
        """``ALTER COLUMN``: a default is for rows that are still to come."""
        action.accept("COLUMN")
        name = action.name()
        column = self.table.column(name)

        if column is None:
            self.lock()
            self.draft.fail(f"{self.table.name} has no column {name}")
            action.rest()
            return

        for words, change in _ACTIONS.items():
            if action.accept(*words):
                change(self, column, action)
                return

        raise action.surprise("a change of a column")

    def set_default(self, column: Column, action: Reader) -> None:
        """``SET DEFAULT`` and ``DROP DEFAULT``."""
        self.lock()
        text = " ".join(token.text for token in action.rest())
        column.default = text or None

    def set_not_null(self, column: Column, action: Reader) -> None:
        """``SET NOT NULL``: a valid check spares the scan (PostgreSQL 12)."""
        self.lock()
        self._prove(column)
        column.nullable = False

    def drop_not_null(self, column: Column, action: Reader) -> None:
        """``DROP NOT NULL``."""
        self.lock()
        column.nullable = True

    def set_statistics(self, column: Column, action: Reader) -> None:
        """``SET STATISTICS``, ``SET (n_distinct = ...)``."""
        action.rest()
        self.lock(SUX)

    def set_other(self, column: Column, action: Reader) -> None:
        """What changes the catalog only: STORAGE, COMPRESSION, an identity."""
        action.rest()
        self.lock()

    def set_expression(self, column: Column, action: Reader) -> None:
        """``SET EXPRESSION`` (PostgreSQL 17)."""
        action.rest()
        self.lock()
        self.draft.take_time("rewrite", self.table)

    def set_type(self, column: Column, action: Reader) -> None:
        """``TYPE``: type_* of the measurements."""
        change = TypeChange(self, column, action.rest())
        change.run()
        column.type = str(change.new)


ColumnAction = cabc.Callable[[ColumnActions, Column, Reader], None]


_ACTIONS: dict[tuple[str, ...], ColumnAction] = {
    ("SET", "DEFAULT"): ColumnActions.set_default,
    ("DROP", "DEFAULT"): ColumnActions.set_default,
    ("SET", "NOT", "NULL"): ColumnActions.set_not_null,
    ("DROP", "NOT", "NULL"): ColumnActions.drop_not_null,
    ("SET", "DATA", "TYPE"): ColumnActions.set_type,
    ("TYPE",): ColumnActions.set_type,
    ("SET", "STATISTICS"): ColumnActions.set_statistics,
    ("SET", "("): ColumnActions.set_statistics,
    ("RESET", "("): ColumnActions.set_statistics,
    ("SET", "EXPRESSION"): ColumnActions.set_expression,
    ("DROP", "EXPRESSION"): ColumnActions.set_other,
    ("SET", "STORAGE"): ColumnActions.set_other,
    ("SET", "COMPRESSION"): ColumnActions.set_other,
    ("ADD", "GENERATED"): ColumnActions.set_other,
    ("SET", "GENERATED"): ColumnActions.set_other,
    ("DROP", "IDENTITY"): ColumnActions.set_other,
    ("RESTART",): ColumnActions.set_other,
}
