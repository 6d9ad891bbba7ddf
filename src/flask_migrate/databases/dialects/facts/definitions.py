"""Columns and constraints, as statements write them."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

from ..tokens import Token
from ..tokens import Tokens
from .statements import has_words
from .statements import Path
from .statements import Reader


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ColumnText:
    """One column, as a statement writes it.

    :param name: without quotes.
    :param type: its tokens.
    :param clauses: what follows, each with the word that begins it.
    """

    name: str
    type: Tokens
    clauses: tuple[tuple[str, Tokens], ...]

    def get(self, keyword: str) -> Tokens | None:
        """Return what follows the first clause of a keyword."""
        return next((body for word, body in self.clauses if word == keyword), None)

    def has(self, *keywords: str) -> bool:
        """Tell whether there is a clause of one of the keywords."""
        return any(word in keywords for word, _ in self.clauses)

    @property
    def is_not_null(self) -> bool:
        """Whether it says NOT NULL, or is the primary key."""
        return any(
            word == "PRIMARY" or (word == "NOT" and has_words(body[:1], "NULL"))
            for word, body in self.clauses
        )


CLAUSES: dict[str, int] = {
    "NOT": 1,
    "NULL": 0,
    "DEFAULT": 1,
    "CHECK": 1,
    "UNIQUE": 0,
    "PRIMARY": 1,
    "REFERENCES": 1,
    "GENERATED": 3,
    "CONSTRAINT": 1,
    "COLLATE": 1,
    "ON": 2,
}
"""What begins a clause of a column, with how many words at least belong to it."""


def read_column(
    reader: Reader, clauses: cabc.Mapping[str, int] = CLAUSES
) -> ColumnText:
    """Read a name, a type and clauses, up to the end of the tokens."""
    name = reader.name()
    parts: list[tuple[str, list[Token]]] = [("", [])]
    wanted = 0

    while not reader.at_end:
        keyword = reader.keyword
        unit = reader.unit()

        if keyword in clauses and wanted <= 0:
            parts.append((keyword, []))
            wanted = clauses[keyword]
        else:
            parts[-1][1].extend(unit)
            # ON DELETE SET NULL, ON DELETE NO ACTION
            wanted += (keyword in {"SET", "NO"}) - 1

    return ColumnText(
        name=name,
        type=tuple(parts[0][1]),
        clauses=tuple((word, tuple(body)) for word, body in parts[1:]),
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintText:
    """One constraint of a table, as a statement writes it.

    :param kind: ``PRIMARY KEY``, ``UNIQUE``, ``FOREIGN KEY``, ``CHECK``, ``EXCLUDE``
        or ``NOT NULL``.
    :param name: empty if the server chooses it.
    :param columns: empty for a check.
    :param target: the table that a foreign key points to.
    :param expression: of a check.
    :param options: what follows.
    """

    kind: str
    name: str = ""
    columns: tuple[str, ...] = ()
    target: Path = ()
    expression: Tokens = ()
    options: Tokens = ()

    @property
    def is_valid(self) -> bool:
        """Whether the rows that are there are checked."""
        return not has_words(self.options, "NOT", "VALID")

    @property
    def index(self) -> str:
        """The index that it takes over; empty if it builds its own."""
        words = [token.keyword for token in self.options]
        is_using = words[:2] == ["USING", "INDEX"] and len(words) > 2
        return self.options[2].name if is_using else ""


def starts_constraint(reader: Reader) -> bool:
    """Tell whether a constraint of a table comes next, and no column."""
    return reader.keyword == "CONSTRAINT" or any(
        reader.starts(*words) for words in _CONSTRAINTS
    )


_CONSTRAINTS = (
    ("PRIMARY", "KEY"),
    ("FOREIGN", "KEY"),
    ("UNIQUE",),
    ("CHECK", "("),
    ("EXCLUDE",),
    ("NOT", "NULL"),
)


def read_constraint(reader: Reader) -> ConstraintText:
    """Read a constraint of a table, up to the end of the tokens."""
    named = reader.accept("CONSTRAINT") and not starts_constraint(reader)
    name = reader.name() if named else ""
    words = next((words for words in _CONSTRAINTS if reader.starts(*words)), None)

    if words is None:
        raise reader.surprise("a constraint")

    kind = " ".join(word for word in words if word != "(")
    reader.accept(*kind.split())
    read = {"CHECK": _read_check, "FOREIGN KEY": _read_foreign_key}.get(kind, _read_key)
    return dataclasses.replace(read(reader, kind), name=name)


def read_reference(column: str, body: Tokens, *, folds: bool) -> ConstraintText:
    """Return the foreign key that ``REFERENCES`` makes of a column.

    :param body: what follows the word.
    """
    reader = Reader(body, folds=folds)
    target = reader.path()
    return ConstraintText(
        kind="FOREIGN KEY", columns=(column,), target=target, options=reader.rest()
    )


def _read_check(reader: Reader, kind: str) -> ConstraintText:
    return ConstraintText(kind=kind, expression=reader.group(), options=reader.rest())


def _read_foreign_key(reader: Reader, kind: str) -> ConstraintText:
    if reader.keyword != "(":
        reader.name()

    columns = reader.columns()
    reader.expect("REFERENCES")
    target = reader.path()
    return ConstraintText(
        kind=kind, columns=columns, target=target, options=reader.rest()
    )


def _read_key(reader: Reader, kind: str) -> ConstraintText:
    if kind == "NOT NULL":
        columns: tuple[str, ...] = (reader.name(),)
        return ConstraintText(kind=kind, columns=columns, options=reader.rest())

    # UNIQUE KEY name (a), UNIQUE INDEX (a): MySQL; NULLS NOT DISTINCT: PostgreSQL.
    while kind != "EXCLUDE" and reader.keyword not in {"(", "USING", ""}:
        reader.take()

    columns = reader.columns() if reader.keyword == "(" else ()
    return ConstraintText(kind=kind, columns=columns, options=reader.rest())
