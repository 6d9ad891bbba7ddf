"""Which text in a table is which of SQLAlchemy's constraints."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

import sqlalchemy as sa

from ....databases.dialects.sqlite_clauses import Clause
from ....databases.dialects.sqlite_clauses import Constraint
from ....databases.dialects.sqlite_ddl import TableDefinition
from ....databases.dialects.sqlite_parser import parse_constraint
from ....databases.dialects.sqlite_tokens import mentions
from ....databases.dialects.tokens import is_same
from ....databases.dialects.tokens import Tokens

_KINDS: dict[type[sa.Constraint], str] = {
    sa.PrimaryKeyConstraint: "PRIMARY KEY",
    sa.ForeignKeyConstraint: "FOREIGN KEY",
    sa.UniqueConstraint: "UNIQUE",
    sa.CheckConstraint: "CHECK",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A constraint, as far as it can be recognised in a text.

    :param kind: ``UNIQUE``, ``FOREIGN KEY``...
    :param name: if it has one.
    :param columns: what it is about, in order; empty for a check.
    :param referred: the table that a foreign key points to.
    :param body: a check without its name, in a form that can be compared.
    """

    kind: str
    name: str | None = None
    columns: tuple[str, ...] = ()
    referred: str | None = None
    body: tuple[str, ...] = ()

    def find_in(self, table: TableDefinition) -> Constraint | None:
        """Return the constraint by its name, else one that may be it.

        SQLAlchemy does not see the name of a constraint that stands at a column.
        """
        found = tuple(table.find_all(self.kind))

        if self.name is not None:
            for one in found:
                if one.clause.name is not None and is_same(one.clause.name, self.name):
                    return one

        alike = [one for one in found if self._is_like(one)]
        unnamed = [one for one in alike if one.clause.name is None]
        candidates = unnamed if self.name is not None else unnamed + alike
        return next(iter(candidates), None)

    def _is_like(self, found: Constraint) -> bool:
        if self.kind == "CHECK":
            return self.body == _fold(found.clause.body)

        return _fold_names(self.columns) == _fold_names(found.columns) and (
            (self.referred or "").casefold() == (found.clause.referred or "").casefold()
        )


def describe_clause(clause: Clause) -> Description:
    """Describe a constraint of a table by its text."""
    is_check = clause.kind == "CHECK"
    return Description(
        kind=clause.kind,
        name=clause.name,
        columns=() if is_check else clause.columns,
        referred=clause.referred,
        body=_fold(clause.body) if is_check else (),
    )


def describe_constraint(
    constraint: sa.Constraint, names: cabc.Mapping[str, str]
) -> Description:
    """Describe a constraint that Alembic has reflected.

    :param names: the new names of the columns, by their old ones.
    """
    referred = None

    if isinstance(constraint, sa.ForeignKeyConstraint):
        referred = constraint.elements[0].target_fullname.rpartition(".")[0]
        referred = referred.rpartition(".")[2]

    return Description(
        kind=next(kind for one, kind in _KINDS.items() if isinstance(constraint, one)),
        name=str(constraint.name) if is_named(constraint) else None,
        columns=tuple(names.get(name, name) for name in list_columns(constraint)),
        referred=referred,
    )


def describe_text(constraint: sa.CheckConstraint, dialect: sa.Dialect) -> Description:
    """Describe a check by what it says."""
    return describe_clause(parse_constraint(render(constraint, dialect)))


def is_named(constraint: sa.Constraint) -> bool:
    """Tell whether a constraint has a name; SQLAlchemy's placeholder is none."""
    return isinstance(constraint.name, str)


def list_columns(constraint: sa.Constraint) -> tuple[str, ...]:
    """Return the names of the columns that a constraint is about, if it is a key."""
    if isinstance(constraint, sa.CheckConstraint):
        return ()

    return tuple(str(column.name) for column in getattr(constraint, "columns", ()))


def render(constraint: sa.Constraint, dialect: sa.Dialect) -> str:
    """Return the text of a constraint, as it stands in a table."""
    compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
    return compiler.process(constraint)


def find_replaced(table: TableDefinition, clause: Clause) -> Constraint | None:
    """Return the list of values that another list of values of a column replaces.

    SQLAlchemy writes an Enum or Boolean as ``CHECK (status IN (...))``, often without a
    name; with the old one beside it the new one would be useless.
    """
    column = _list_owner(clause)
    checks = (one for one in table.find_all("CHECK") if one.clause.name is None)
    same = (one for one in checks if column and _list_owner(one.clause) == column)
    return next(same, None)


def find_checks(table: TableDefinition, column: str) -> list[str]:
    """Return the checks without a name that speak of a column."""
    return [
        _text(one)
        for one in table.find_all("CHECK")
        if one.clause.name is None and mentions(one.clause.body, {column})
    ]


def list_shared_keys(
    table: TableDefinition, dropped: cabc.Collection[str]
) -> list[str]:
    """Return the keys of a table that some, and not all, of their columns leave."""
    gone = set(_fold_names(dropped))
    return [
        " ".join(token.text for token in clause.tokens)
        for clause in table.constraints
        if clause.kind in {"UNIQUE", "FOREIGN KEY"}
        and gone & set(_fold_names(clause.columns))
        and set(_fold_names(clause.columns)) - gone
    ]


def list_losses(old: TableDefinition, new: TableDefinition) -> list[str]:
    """Return what one definition says and another does not, as SQL."""
    lost = []

    for kind in ("CHECK", "UNIQUE", "FOREIGN KEY"):
        for found in old.find_all(kind):
            if _describe_found(found).find_in(new) is None:
                lost.append(_text(found))

    for column in old.columns:
        kept = new.column(column.name)

        for kind in ("COLLATE", "GENERATED"):
            clause = column.find(kind)

            if clause is not None and kept is not None and kept.find(kind) is None:
                lost.append(_text(Constraint(clause=clause, column=column)))

    if old.is_autoincrement and not new.is_autoincrement:
        lost.append("AUTOINCREMENT")

    return lost


def _describe_found(found: Constraint) -> Description:
    description = describe_clause(found.clause)
    return dataclasses.replace(description, columns=found.columns)


def _text(found: Constraint) -> str:
    text = " ".join(token.text for token in found.clause.tokens)
    return f"{text} of {found.column.name}" if found.column else text


def _list_owner(clause: Clause) -> str | None:
    keywords = [token.keyword for token in clause.body]
    is_list = keywords[3:5] == ["IN", "("]
    return clause.body[2].name.casefold() if is_list else None


def _fold(tokens: Tokens) -> tuple[str, ...]:
    return tuple(
        token.text if token.kind == "string" else token.name.casefold()
        for token in tokens
    )


def _fold_names(names: cabc.Iterable[str]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in names)
