"""Read a ``CREATE TABLE`` into its parts.

The grammar is that of https://sqlite.org/lang_createtable.html, with what SQLite takes
beyond it: no comma between the constraints of a table, quoted names of any kind, types
of any words.
"""

from __future__ import annotations

import collections.abc as cabc

from .sqlite_clauses import Clause
from .sqlite_clauses import ColumnDefinition
from .sqlite_ddl import TableDefinition
from .sqlite_tokens import tokenize
from .tokens import DefinitionError
from .tokens import Token
from .tokens import Tokens


def parse_table(sql: str) -> TableDefinition:
    """Read a whole statement.

    :raises DefinitionError: saying what is not understood.
    """
    return _Reader(tokenize(sql)).read_table()


def parse_column(sql: str) -> ColumnDefinition:
    """Read one column, as it stands in a table."""
    reader = _Reader(tokenize(sql))
    column = reader.read_column()
    reader.expect_end()
    return column


def parse_constraint(sql: str) -> Clause:
    """Read one constraint of a table."""
    reader = _Reader(tokenize(sql))
    clause = reader.read_clause(_TABLE_CLAUSES)
    reader.expect_end()
    return clause


class _Reader:
    """A place in a text, and what may come next."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._place = 0

    # -- one token at a time -----------------------------------------------------

    @property
    def _next(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    @property
    def _keyword(self) -> str:
        return self._next.keyword if self._next else ""

    @property
    def _ends_item(self) -> bool:
        return self._next is None or self._keyword in {",", ")"}

    def _take(self) -> Token:
        token = self._next

        if token is None:
            raise self._surprise("more")

        self._place += 1
        return token

    def _accept(self, *keywords: str) -> bool:
        found = self._keyword in keywords
        self._place += found
        return found

    def _expect(self, *keywords: str) -> None:
        for keyword in keywords:
            if not self._accept(keyword):
                raise self._surprise(keyword)

    def _surprise(self, wanted: str) -> DefinitionError:
        rest = self._tokens[self._place : self._place + 3]
        found = " ".join(token.text for token in rest)
        where = f"where it says {found}" if found else "at the end"
        return DefinitionError(f"{wanted} is expected {where}")

    def expect_end(self) -> None:
        """Refuse what is left over."""
        if self._next is not None:
            raise self._surprise("nothing")

    # -- the parts of a table ----------------------------------------------------

    def read_table(self) -> TableDefinition:
        """Read ``CREATE TABLE name (...) options``."""
        self._expect("CREATE", "TABLE")
        name = self._take().name

        if self._accept("."):
            name = self._take().name

        self._expect("(")
        columns: list[ColumnDefinition] = []
        constraints: list[Clause] = []

        while True:
            if self._starts(_TABLE_CLAUSES):
                constraints.append(self.read_clause(_TABLE_CLAUSES))
            else:
                columns.append(self.read_column())

            if self._accept(",") or self._starts(_TABLE_CLAUSES):
                continue

            self._expect(")")
            break

        options = self._tokens[self._place :]

        while self._accept("STRICT", "WITHOUT", "ROWID", ","):
            pass

        self.expect_end()
        return TableDefinition(
            name=name,
            columns=tuple(columns),
            constraints=tuple(constraints),
            options=options,
        )

    def read_column(self) -> ColumnDefinition:
        """Read a name, a type and clauses."""
        head = self._take()
        start = self._place

        while not self._ends_item and not self._starts(_COLUMN_CLAUSES):
            self._skip_one()

        type_tokens = self._tokens[start : self._place]
        clauses = []

        while not self._ends_item:
            clauses.append(self.read_clause(_COLUMN_CLAUSES))

        return ColumnDefinition(
            head=head,
            type=type_tokens,
            clauses=tuple(clauses),
            after=self._space_behind(),
        )

    def read_clause(self, kinds: cabc.Mapping[str, _Kind]) -> Clause:
        """Read one clause of the kinds that may stand here."""
        start = self._place
        name = self._take().name if self._accept("CONSTRAINT") else None
        kind = kinds.get(self._keyword)

        if kind is None:
            raise self._surprise("a constraint")

        title, skip = kind
        skip(self)
        tokens = self._tokens[start : self._place]
        after = self._space_behind() if kinds is _TABLE_CLAUSES else ""
        return Clause(kind=title, name=name, tokens=tokens, after=after)

    def _starts(self, kinds: cabc.Mapping[str, _Kind]) -> bool:
        if self._keyword == "GENERATED":
            # Alone it is no keyword, and may be a word of the type.
            following = self._tokens[self._place + 1 : self._place + 2]
            return any(token.keyword == "ALWAYS" for token in following)

        return self._keyword == "CONSTRAINT" or self._keyword in kinds

    def _space_behind(self) -> str:
        return self._next.before if self._next and self._ends_item else ""

    # -- the kinds of clauses ----------------------------------------------------

    def skip_key(self) -> None:
        """Pass the ``PRIMARY KEY`` of a column."""
        self._expect("PRIMARY", "KEY")
        self._accept("ASC", "DESC")
        self._skip_conflict()
        self._accept("AUTOINCREMENT")

    def skip_not_null(self) -> None:
        """Pass ``NOT NULL``."""
        self._expect("NOT", "NULL")
        self._skip_conflict()

    def skip_word(self) -> None:
        """Pass ``NULL``, or the ``UNIQUE`` of a column."""
        self._take()
        self._skip_conflict()

    def skip_check(self) -> None:
        """Pass ``CHECK (...)`` or, at the table, ``UNIQUE (...)``."""
        self._take()
        self._skip_group()
        self._skip_conflict()

    def skip_default(self) -> None:
        """Pass a literal, with or without a sign, or an expression in parentheses."""
        self._expect("DEFAULT")

        if self._accept("+", "-"):
            self._take()
        else:
            self._skip_one()

    def skip_collate(self) -> None:
        """Pass ``COLLATE name``."""
        self._take()
        self._take()

    def skip_references(self) -> None:
        """Pass ``REFERENCES table (...)`` with its actions."""
        self._expect("REFERENCES")
        self._take()

        if self._keyword == "(":
            self._skip_group()

        while self._skip_action():
            pass

    def skip_generated(self) -> None:
        """Pass ``GENERATED ALWAYS AS (...) STORED``, or the short form of it."""
        if self._accept("GENERATED"):
            self._expect("ALWAYS")

        self._expect("AS")
        self._skip_group()
        self._accept("STORED", "VIRTUAL")

    def skip_table_key(self) -> None:
        """Pass the ``PRIMARY KEY (...)`` of a table."""
        self._expect("PRIMARY", "KEY")
        self._skip_group()
        self._skip_conflict()

    def skip_foreign_key(self) -> None:
        """Pass ``FOREIGN KEY (...) REFERENCES ...``."""
        self._expect("FOREIGN", "KEY")
        self._skip_group()
        self.skip_references()

    def _skip_action(self) -> bool:
        if self._accept("ON"):
            self._take()

            if not self._accept("CASCADE", "RESTRICT"):
                # SET NULL, SET DEFAULT, NO ACTION
                self._take()
                self._take()

            return True

        if self._accept("MATCH"):
            self._take()
            return True

        following = self._tokens[self._place + 1 : self._place + 2]
        is_negated = any(token.keyword == "DEFERRABLE" for token in following)

        if self._keyword == "NOT" and is_negated:
            self._take()

        if not self._accept("DEFERRABLE"):
            return False

        if self._accept("INITIALLY"):
            self._take()

        return True

    def _skip_conflict(self) -> None:
        if self._accept("ON"):
            self._expect("CONFLICT")
            self._take()

    def _skip_group(self) -> None:
        if self._keyword != "(":
            raise self._surprise("(")

        self._skip_one()

    def _skip_one(self) -> None:
        """Pass one token, or everything in one pair of parentheses."""
        depth = 0

        while True:
            depth += {"(": 1, ")": -1}.get(self._take().keyword, 0)

            if depth <= 0:
                return


_Kind = tuple[str, cabc.Callable[[_Reader], None]]

_COLUMN_CLAUSES: dict[str, _Kind] = {
    "PRIMARY": ("PRIMARY KEY", _Reader.skip_key),
    "NOT": ("NOT NULL", _Reader.skip_not_null),
    "NULL": ("NULL", _Reader.skip_word),
    "UNIQUE": ("UNIQUE", _Reader.skip_word),
    "CHECK": ("CHECK", _Reader.skip_check),
    "DEFAULT": ("DEFAULT", _Reader.skip_default),
    "COLLATE": ("COLLATE", _Reader.skip_collate),
    "REFERENCES": ("REFERENCES", _Reader.skip_references),
    "GENERATED": ("GENERATED", _Reader.skip_generated),
    "AS": ("GENERATED", _Reader.skip_generated),
}

_TABLE_CLAUSES: dict[str, _Kind] = {
    "PRIMARY": ("PRIMARY KEY", _Reader.skip_table_key),
    "UNIQUE": ("UNIQUE", _Reader.skip_check),
    "CHECK": ("CHECK", _Reader.skip_check),
    "FOREIGN": ("FOREIGN KEY", _Reader.skip_foreign_key),
}
