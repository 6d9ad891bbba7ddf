"""The parts of a table on SQLite: clauses, and columns that have some."""

from __future__ import annotations

import dataclasses

from .sqlite_tokens import tokenize
from .tokens import inside
from .tokens import join
from .tokens import split
from .tokens import Token
from .tokens import Tokens


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One constraint, or one property of a column.

    :param kind: its first keywords: ``NOT NULL``, ``CHECK``, ``FOREIGN KEY``...
    :param name: what follows ``CONSTRAINT``.
    :param tokens: everything, ``CONSTRAINT`` and the name included.
    :param after: the spaces and comments behind a table constraint.
    """

    kind: str
    name: str | None = None
    tokens: Tokens
    after: str = ""

    @classmethod
    def make(cls, kind: str, rest: str = "") -> Clause:
        """Return a clause without a name, with a space in front.

        :param rest: what follows the keywords of its kind.
        """
        return cls(kind=kind, tokens=tokenize(f" {kind} {rest}"))

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
        """The first list in parentheses, as names; for a key of a table."""
        return tuple(part[0].name for part in split(inside(self.body)) if part)

    @property
    def referred(self) -> str | None:
        """The table that a foreign key points to."""
        words = [token.keyword for token in self.body]

        if "REFERENCES" not in words:
            return None

        return self.body[words.index("REFERENCES") + 1].name

    def has(self, keyword: str) -> bool:
        """Tell whether a keyword stands in it."""
        return any(token.keyword == keyword for token in self.body)

    def named_like(self, other: Clause) -> Clause:
        """Return the same constraint under the name of another, which has one.

        The name is written in the same way: whoever reads names from the text, as
        SQLAlchemy does, may not expect quotes that are not needed.
        """
        head = (other.tokens[0].spaced(self.tokens[0].before), other.tokens[1])
        body = (self.body[0].spaced(" "), *self.body[1:])
        return dataclasses.replace(self, name=other.name, tokens=head + body)


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

    def with_clause(self, clause: Clause) -> ColumnDefinition:
        """Return the column with one more clause, in front of the others."""
        return dataclasses.replace(self, clauses=(clause, *self.clauses))

    def with_type(self, text: str) -> ColumnDefinition:
        """Return the column with another type.

        :param text: the type; a ``COLLATE`` in it replaces the column's own.
        """
        tokens = tokenize(f" {text}")
        words = [token.keyword for token in tokens]
        end = words.index("COLLATE") if "COLLATE" in words else len(tokens)
        column = dataclasses.replace(self, type=tokens[:end])

        if end == len(tokens):
            return column

        collation = Clause(kind="COLLATE", tokens=tokens[end:])
        return column.without("COLLATE").with_clause(collation)

    def with_null(self, allowed: bool) -> ColumnDefinition:
        """Return the column with NULL allowed or forbidden."""
        column = self.without("NULL", "NOT NULL")
        return column if allowed else column.with_clause(Clause.make("NOT NULL"))

    def with_default(self, text: str | None) -> ColumnDefinition:
        """Return the column with another default, or none.

        :param text: a literal, or an expression in parentheses.
        """
        column = self.without("DEFAULT")

        if text is None:
            return column

        return column.with_clause(Clause.make("DEFAULT", text))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A constraint and where it stands.

    :param clause: its text.
    :param column: the column that it is written at; ``None`` at the table.
    """

    clause: Clause
    column: ColumnDefinition | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about; empty for a check of the table."""
        if self.column is not None:
            return (self.column.name,)

        return () if self.clause.kind == "CHECK" else self.clause.columns
