"""The text that SQLite keeps of a table, as parts that can be changed one at a time.

SQLite stores each ``CREATE TABLE`` as it was typed, and an edited copy of that text is
the only copy that has everything: reflection forgets collations, actions of foreign
keys, unnamed checks and more. What is not edited comes out as it went in, spaces and
comments included. :mod:`.sqlite_parser` makes these parts.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

from .sqlite_clauses import Clause
from .sqlite_clauses import ColumnDefinition
from .sqlite_clauses import Constraint
from .sqlite_tokens import mentions
from .sqlite_tokens import quote_name
from .sqlite_tokens import tokenize
from .sqlite_tokens import without_qualifier
from .tokens import DefinitionError
from .tokens import is_same
from .tokens import join
from .tokens import Tokens


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TableDefinition:
    """One table.

    :param name: its name, without quotes.
    :param columns: in order.
    :param constraints: those of the table itself.
    :param options: what follows the parentheses: ``STRICT``, ``WITHOUT ROWID``.
    """

    name: str
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[Clause, ...]
    options: Tokens = ()

    @property
    def is_strict(self) -> bool:
        """Whether values must have the type of their column."""
        return any(token.keyword == "STRICT" for token in self.options)

    @property
    def has_rowid(self) -> bool:
        """Whether rows have a number of their own."""
        return all(token.keyword != "WITHOUT" for token in self.options)

    @property
    def primary_key(self) -> Constraint | None:
        """The primary key, wherever it is written."""
        return next(self.find_all("PRIMARY KEY"), None)

    @property
    def is_autoincrement(self) -> bool:
        """Whether the number of a row is never given twice."""
        key = self.primary_key
        return key is not None and key.clause.has("AUTOINCREMENT")

    @property
    def rowid_column(self) -> ColumnDefinition | None:
        """The column that is the number of the row, if one is."""
        key = self.primary_key

        if key is None or not self.has_rowid or len(key.columns) != 1:
            return None

        column = self.column(key.columns[0])
        is_descending = key.column is not None and key.clause.has("DESC")
        is_integer = column is not None and column.type_text.upper() == "INTEGER"
        return column if is_integer and not is_descending else None

    def to_sql(self, name: str | None = None) -> str:
        """Return the statement that makes the table.

        :param name: the name to make it under; its own by default.
        """
        table = self if name is None else self._without_own_name()
        columns = [column.sql for column in table.columns]
        items = ",".join(columns + [clause.sql for clause in table.constraints])
        options = join(self.options)
        return f"CREATE TABLE {quote_name(name or self.name)} ({items}){options}"

    def column(self, name: str) -> ColumnDefinition | None:
        """Return the column of a name."""
        same = (one for one in self.columns if is_same(one.name, name))
        return next(same, None)

    def find_all(self, kind: str) -> cabc.Iterator[Constraint]:
        """Find the constraints of a kind, of the table and of its columns.

        :param kind: as a table constraint is called: ``FOREIGN KEY`` also finds the
            ``REFERENCES`` of a column.
        """
        column_kind = {"FOREIGN KEY": "REFERENCES"}.get(kind, kind)

        for column in self.columns:
            for clause in column.clauses:
                if clause.kind == column_kind:
                    yield Constraint(clause=clause, column=column)

        for clause in self.constraints:
            if clause.kind == kind:
                yield Constraint(clause=clause)

    def swap(self, old: Constraint, new: Clause | None) -> TableDefinition:
        """Return the table with one constraint replaced or, for ``None``, left out."""
        if old.column is None:
            kept = _swap(self.constraints, old.clause, new)
            return dataclasses.replace(self, constraints=kept)

        kept = _swap(old.column.clauses, old.clause, new)
        return self.with_column(dataclasses.replace(old.column, clauses=kept))

    def with_name(self, old: Constraint, like: Clause) -> TableDefinition:
        """Return the table with another name for one constraint.

        A key of a column becomes one of the table: SQLAlchemy looks for names there.

        :param like: a clause of that name.
        """
        clause = old.clause

        if old.column is None or clause.kind not in {"UNIQUE", "REFERENCES"}:
            return self.swap(old, clause.named_like(like))

        columns = f"({quote_name(old.column.name)})"

        if clause.kind == "UNIQUE":
            key = Clause.make("UNIQUE", columns + join(clause.body[1:]))
        else:
            key = Clause.make("FOREIGN KEY", columns + join(clause.body))

        return self.swap(old, None).with_constraint(key.named_like(like))

    def with_column(self, column: ColumnDefinition) -> TableDefinition:
        """Return the table with a column added, or replaced by its name."""
        columns = [
            column if is_same(one.name, column.name) else one for one in self.columns
        ]

        if column not in columns:
            columns.append(column)

        return dataclasses.replace(self, columns=tuple(columns))

    def with_constraint(self, clause: Clause) -> TableDefinition:
        """Return the table with one more constraint."""
        return dataclasses.replace(self, constraints=(*self.constraints, clause))

    def with_order(self, names: cabc.Iterable[str]) -> TableDefinition:
        """Return the table with these columns first, in this order."""
        ranks = {name.casefold(): rank for rank, name in enumerate(names)}
        last = len(ranks)
        ordered = sorted(
            self.columns, key=lambda one: ranks.get(one.name.casefold(), last)
        )
        return dataclasses.replace(self, columns=tuple(ordered))

    def without_primary_key(self) -> TableDefinition:
        """Return the table without its primary key."""
        key = self.primary_key
        return self if key is None else self.swap(key, None)

    def with_autoincrement(self, wanted: bool) -> TableDefinition:
        """Return the table with row numbers that may or may not be given twice.

        :raises DefinitionError: if the primary key is not one INTEGER column.
        """
        column = self.rowid_column

        if column is None:
            raise DefinitionError("AUTOINCREMENT needs one INTEGER primary key column")

        table = self.without_primary_key()
        key = Clause.make("PRIMARY KEY", "AUTOINCREMENT" * wanted)
        bare = column.without("PRIMARY KEY")
        return table.with_column(bare.with_clause(key))

    def with_options(self, *, strict: bool, rowid: bool) -> TableDefinition:
        """Return the table with or without ``STRICT`` and ``WITHOUT ROWID``."""
        if (strict, rowid) == (self.is_strict, self.has_rowid):
            return self

        # In SQLAlchemy's order: a text that goes there and back is the same.
        words = ["WITHOUT ROWID"] * (not rowid) + ["STRICT"] * strict
        return dataclasses.replace(self, options=tokenize(" " + ", ".join(words)))

    def without_columns(self, names: cabc.Iterable[str]) -> TableDefinition:
        """Return the table without some columns and what was about them alone.

        A unique or foreign key goes with any of its columns, a check with all of its
        own. The primary key is left as it is, for the caller to replace.

        :raises DefinitionError: if something that stays needs one of them.
        """
        gone = {name.casefold() for name in names}
        columns = tuple(one for one in self.columns if one.name.casefold() not in gone)
        kept = tuple(one for one in self.constraints if self._keeps(one, gone))

        for column in columns:
            for clause in column.clauses:
                if clause.kind in _EXPRESSIONS and mentions(clause.body, gone):
                    raise DefinitionError(f"{column.name} {_describe(clause)} needs it")

        return dataclasses.replace(self, columns=columns, constraints=kept)

    def _keeps(self, clause: Clause, gone: cabc.Set[str]) -> bool:
        if clause.kind in {"UNIQUE", "FOREIGN KEY"}:
            return gone.isdisjoint(name.casefold() for name in clause.columns)

        if clause.kind != "CHECK" or not mentions(clause.body, gone):
            return True

        others = {one.name.casefold() for one in self.columns} - gone

        if mentions(clause.body, others):
            raise DefinitionError(f"{_describe(clause)} needs it, and another column")

        return False

    def _without_own_name(self) -> TableDefinition:
        """Return the table with ``CHECK (own.a > 0)`` as ``CHECK (a > 0)``.

        The text must be right while the table has another name.
        """

        def strip(clause: Clause) -> Clause:
            if clause.kind not in _EXPRESSIONS:
                return clause

            tokens = without_qualifier(clause.tokens, self.name)
            return dataclasses.replace(clause, tokens=tokens)

        columns = tuple(
            dataclasses.replace(one, clauses=tuple(map(strip, one.clauses)))
            for one in self.columns
        )
        kept = tuple(map(strip, self.constraints))
        return dataclasses.replace(self, columns=columns, constraints=kept)


_EXPRESSIONS = frozenset({"CHECK", "GENERATED"})
"""The clauses that hold an expression about columns."""


def _swap(
    clauses: tuple[Clause, ...], old: Clause, new: Clause | None
) -> tuple[Clause, ...]:
    replaced = (new if clause is old else clause for clause in clauses)
    return tuple(clause for clause in replaced if clause is not None)


def _describe(clause: Clause) -> str:
    return f"{clause.kind} {clause.name}" if clause.name else join(clause.body).strip()
