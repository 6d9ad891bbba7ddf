"""The text that SQLite keeps of a table, as parts that can be changed one at a time.

SQLite stores each ``CREATE TABLE`` as it was typed, and an edited copy of that text is
the only copy that has everything: reflection forgets collations, actions of foreign
keys, unnamed checks and more. What is not edited comes out as it went in, spaces and
comments included. The grammar is that of https://sqlite.org/lang_createtable.html.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import re
import typing as t

Names = cabc.Set[str]

_TOKEN = re.compile(
    r"""
    (?P<before> (?: [ \t\n\f\r]+ | --[^\n]* | /\*.*?(?:\*/|\Z) )* )
    (?:
        (?P<string> '(?:[^']|'')*' )
      | (?P<quoted> "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] )
      | (?P<blob>   [xX]'[0-9a-fA-F]*' )
      | (?P<word>   (?:[A-Za-z_]|[^\x00-\x7f])(?:[A-Za-z0-9_$]|[^\x00-\x7f])* )
      | (?P<number> 0[xX][0-9a-fA-F_]+
                  | (?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)? )
      | (?P<symbol> [^'"`\[] )
    )
    """,
    re.VERBOSE | re.DOTALL,
)

_TABLE_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})
_COLUMN_CLAUSES = frozenset(
    {
        *("CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT"),
        *("COLLATE", "REFERENCES", "AS"),
    }
)


class DefinitionError(ValueError):
    """A text is not understood, or cannot be changed in the way that was asked."""


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """One word, name, literal or sign.

    :param before: the spaces and comments in front of it.
    :param text: as typed.
    :param kind: ``word``, ``quoted``, ``string``, ``blob``, ``number`` or ``symbol``.
    """

    before: str
    text: str
    kind: str

    @property
    def keyword(self) -> str:
        """A bare word in capitals, or a sign; empty for what is quoted."""
        return self.text.upper() if self.kind in {"word", "symbol"} else ""

    @property
    def name(self) -> str:
        """The identifier that it spells, without quotes."""
        if self.kind not in {"quoted", "string"}:
            return self.text

        quote, inner = self.text[-1], self.text[1:-1]
        return inner.replace(quote * 2, quote)


Tokens = tuple[Token, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One constraint, or one property of a column.

    :param kind: its first keywords: ``NOT NULL``, ``CHECK``, ``FOREIGN KEY``...
    :param name: what follows ``CONSTRAINT``.
    :param tokens: everything, ``CONSTRAINT`` and the name included.
    :param after: the spaces and comments behind a table constraint.
    """

    kind: str
    name: str | None
    tokens: Tokens
    after: str = ""

    @property
    def body(self) -> Tokens:
        """The tokens behind the name."""
        return self.tokens if self.name is None else self.tokens[2:]

    @property
    def sql(self) -> str:
        """The text, with what stands around it."""
        return join(self.tokens) + self.after

    @property
    def columns(self) -> tuple[str, ...]:
        """The first list in parentheses, as names, for a key of a table."""
        inside = _split(_inside(self.body))
        return tuple(part[0].name for part in inside if part)

    @property
    def referred(self) -> str | None:
        """The table that a foreign key points to."""
        for token, following in zip(self.body, self.body[1:], strict=False):
            if token.keyword == "REFERENCES":
                return following.name

        return None

    def has(self, keyword: str) -> bool:
        """Tell whether the keyword stands in it."""
        return any(token.keyword == keyword for token in self.body)

    def renamed(self, name: str) -> Clause:
        """Return the same constraint under another name."""
        first = dataclasses.replace(self.body[0], before=" ")
        spaces = self.tokens[0].before
        head = tokenize(f"CONSTRAINT {quote_name(name)}")
        head = (dataclasses.replace(head[0], before=spaces), *head[1:])
        return dataclasses.replace(
            self, name=name, tokens=(*head, first, *self.body[1:])
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDefinition:
    """One column.

    :param head: the token of its name.
    :param type: the declared type, which may be empty.
    :param clauses: its properties and constraints, in order.
    :param after: the spaces and comments behind it.
    """

    head: Token
    type: Tokens
    clauses: tuple[Clause, ...]
    after: str = ""

    @property
    def name(self) -> str:
        """Its name, without quotes."""
        return self.head.name

    @property
    def type_text(self) -> str:
        """The declared type."""
        return join(self.type).strip()

    @property
    def sql(self) -> str:
        """The text, with what stands around it."""
        clauses = "".join(clause.sql for clause in self.clauses)
        return join((self.head, *self.type)) + clauses + self.after

    @property
    def is_generated(self) -> bool:
        """Whether its values are computed from others."""
        return self.find("GENERATED") is not None

    def find(self, kind: str) -> Clause | None:
        """Return the first clause of a kind."""
        return next((one for one in self.clauses if one.kind == kind), None)

    def without(self, *kinds: str) -> ColumnDefinition:
        """Return the column without its clauses of these kinds."""
        kept = tuple(clause for clause in self.clauses if clause.kind not in kinds)
        return dataclasses.replace(self, clauses=kept)

    def swap(self, old: Clause, new: Clause | None) -> ColumnDefinition:
        """Return the column with one clause replaced or, for ``None``, left out."""
        return dataclasses.replace(self, clauses=_swap(self.clauses, old, new))

    def with_type(self, text: str) -> ColumnDefinition:
        """Return the column with another type, which may name a collation."""
        new = parse_column(f"x {text}")
        column = dataclasses.replace(self, type=new.type)

        if collation := new.find("COLLATE"):
            column = column.without("COLLATE").with_clause(collation)

        return column

    def with_null(self, allowed: bool) -> ColumnDefinition:
        """Return the column with NULL allowed or forbidden."""
        column = self.without("NULL", "NOT NULL")

        if allowed:
            return column

        return column.with_clause(_column_clause("NOT NULL"))

    def with_default(self, text: str | None) -> ColumnDefinition:
        """Return the column with another default, or none.

        :param text: a literal, or an expression in parentheses.
        """
        column = self.without("DEFAULT")

        if text is None:
            return column

        return column.with_clause(_column_clause(f"DEFAULT {text}"))

    def with_clause(self, clause: Clause) -> ColumnDefinition:
        """Return the column with one more clause, in front of the others."""
        return dataclasses.replace(self, clauses=(clause, *self.clauses))


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
    options: Tokens

    @property
    def is_strict(self) -> bool:
        """Whether values must have the type of their column."""
        return any(token.keyword == "STRICT" for token in self.options)

    @property
    def has_rowid(self) -> bool:
        """Whether rows have a number of their own."""
        return all(token.keyword != "WITHOUT" for token in self.options)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The names of the columns of the primary key."""
        found = next(self.find_all("PRIMARY KEY"), None)
        return found.columns if found else ()

    @property
    def rowid_column(self) -> str | None:
        """The column that is the number of the row, if one is."""
        names = self.primary_key

        if not self.has_rowid or len(names) != 1:
            return None

        column = self.column(names[0])
        clause = column.find("PRIMARY KEY") if column else None
        is_descending = clause is not None and clause.has("DESC")
        is_integer = column is not None and column.type_text.upper() == "INTEGER"
        return names[0] if is_integer and not is_descending else None

    def to_sql(self, name: str | None = None) -> str:
        """Return the statement that makes the table.

        :param name: the name to make it under; its own by default.
        """
        table = self if name is None else self._without_own_name()
        items = ",".join(item.sql for item in (*table.columns, *table.constraints))
        return f"CREATE TABLE {quote_name(name or self.name)} ({items})" + join(
            self.options
        )

    def column(self, name: str) -> ColumnDefinition | None:
        """Return the column of a name; SQLite ignores case."""
        same = (one for one in self.columns if is_same(one.name, name))
        return next(same, None)

    def find_all(self, kind: str) -> cabc.Iterator[Constraint]:
        """Find the constraints of a kind, of the table and of its columns.

        :param kind: as a table constraint is called: ``FOREIGN KEY`` also finds the
            ``REFERENCES`` of a column.
        """
        column_kind = "REFERENCES" if kind == "FOREIGN KEY" else kind

        for column in self.columns:
            for clause in column.clauses:
                if clause.kind == column_kind:
                    yield Constraint(clause=clause, column=column)

        for clause in self.constraints:
            if clause.kind == kind:
                yield Constraint(clause=clause, column=None)

    def swap(self, old: Constraint, new: Clause | None) -> TableDefinition:
        """Return the table with one constraint replaced or, for ``None``, left out."""
        if old.column is None:
            kept = _swap(self.constraints, old.clause, new)
            return dataclasses.replace(self, constraints=kept)

        return self.with_column(old.column.swap(old.clause, new))

    def with_column(self, column: ColumnDefinition) -> TableDefinition:
        """Return the table with a column added, or replaced by its name."""
        if self.column(column.name) is None:
            return dataclasses.replace(self, columns=(*self.columns, column))

        same = (
            column if is_same(one.name, column.name) else one for one in self.columns
        )
        return dataclasses.replace(self, columns=tuple(same))

    def with_constraint(self, text: str) -> TableDefinition:
        """Return the table with one more constraint."""
        clause = parse_constraint("\n\t" + text)
        return dataclasses.replace(self, constraints=(*self.constraints, clause))

    def with_order(self, names: cabc.Sequence[str]) -> TableDefinition:
        """Return the table with these columns first, in this order."""
        ranks = {name.casefold(): rank for rank, name in enumerate(names)}
        ordered = sorted(
            self.columns, key=lambda one: ranks.get(one.name.casefold(), len(ranks))
        )
        return dataclasses.replace(self, columns=tuple(ordered))

    def with_primary_key(
        self, names: cabc.Sequence[str], *, name: str | None = None
    ) -> TableDefinition:
        """Return the table with another primary key, or none.

        :param names: its columns.
        :param name: the name of the constraint.
        """
        table = self

        for found in tuple(self.find_all("PRIMARY KEY")):
            table = table.swap(found, None)

        if not names:
            return table

        label = f"CONSTRAINT {quote_name(name)} " if name else ""
        columns = ", ".join(quote_name(each) for each in names)
        return table.with_constraint(f"{label}PRIMARY KEY ({columns})")

    def with_autoincrement(self) -> TableDefinition:
        """Return the table with numbers that are never given twice.

        :raises DefinitionError: if the primary key is not one INTEGER column.
        """
        name = self.rowid_column
        column = self.column(name) if name is not None else None

        if column is None:
            raise DefinitionError(
                "AUTOINCREMENT needs a primary key of one INTEGER column"
            )

        bare = self.with_primary_key(()).column(column.name)
        assert bare is not None  # only its clause went
        key = _column_clause("PRIMARY KEY AUTOINCREMENT")
        return self.with_primary_key(()).with_column(bare.with_clause(key))

    def with_options(self, *, strict: bool, rowid: bool) -> TableDefinition:
        """Return the table with or without ``STRICT`` and ``WITHOUT ROWID``."""
        if (strict, rowid) == (self.is_strict, self.has_rowid):
            return self

        words = ["STRICT"] * strict + ["WITHOUT ROWID"] * (not rowid)
        options = tokenize(" " + ", ".join(words)) if words else ()
        return dataclasses.replace(self, options=options)

    def without_columns(self, names: Names) -> TableDefinition:
        """Return the table without some columns and what was about them alone.

        A unique or foreign key goes with any of its columns, a check with all of its
        own; a primary key is left as it is, for the caller to replace.

        :raises DefinitionError: if something that stays needs one of them.
        """
        folded = {name.casefold() for name in names}
        columns = tuple(
            one for one in self.columns if one.name.casefold() not in folded
        )
        kept = tuple(
            clause for clause in self.constraints if self._keeps(clause, folded)
        )
        self._check_users(columns, folded)
        return dataclasses.replace(self, columns=columns, constraints=kept)

    def _keeps(self, clause: Clause, dropped: Names) -> bool:
        if clause.kind in {"UNIQUE", "FOREIGN KEY"}:
            return not dropped & {name.casefold() for name in clause.columns}

        if clause.kind != "CHECK" or not mentions(clause.body, dropped):
            return True

        others = {one.name.casefold() for one in self.columns} - dropped

        if mentions(clause.body, others):
            raise DefinitionError(f"{_describe(clause)} is about it and another column")

        return False

    def _check_users(
        self, columns: cabc.Iterable[ColumnDefinition], dropped: Names
    ) -> None:
        for column in columns:
            for clause in column.clauses:
                if clause.kind in {"CHECK", "GENERATED"} and mentions(
                    clause.body, dropped
                ):
                    raise DefinitionError(f"{_describe(clause)} of {column.name} uses it")

    def _without_own_name(self) -> TableDefinition:
        """Return the table with ``CHECK (own.a > 0)`` as ``CHECK (a > 0)``.

        The text must also make a table of another name.
        """

        def strip(clause: Clause) -> Clause:
            if clause.kind not in {"CHECK", "GENERATED"}:
                return clause

            return dataclasses.replace(
                clause, tokens=_without_qualifier(clause.tokens, self.name)
            )

        columns = tuple(
            dataclasses.replace(one, clauses=tuple(map(strip, one.clauses)))
            for one in self.columns
        )
        kept = tuple(map(strip, self.constraints))
        return dataclasses.replace(self, columns=columns, constraints=kept)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A constraint and where it stands.

    :param clause: its text.
    :param column: the column that it is written at; ``None`` at the table.
    """

    clause: Clause
    column: ColumnDefinition | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about; empty for a check of the table."""
        if self.column is not None:
            return (self.column.name,)

        return () if self.clause.kind == "CHECK" else self.clause.columns
