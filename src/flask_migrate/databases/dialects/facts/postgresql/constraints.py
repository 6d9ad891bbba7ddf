"""What constraints take on PostgreSQL, whoever adds or drops them."""

from __future__ import annotations

from .....plan import LockLevel
from ..base import Draft
from ..definitions import ColumnText
from ..definitions import ConstraintText
from ..definitions import read_constraint
from ..statements import find_names
from ..statements import has_words
from ..statements import Path
from ..statements import Reader
from ..tables import Column
from ..tables import ForeignKey
from ..tables import Key
from ..tables import Table
from .catalog import find_proven
from .catalog import PostgreSQLCatalog
from .locks import AX
from .locks import RS
from .locks import SRX
from .locks import SUX


class ConstraintActions:
    """The actions of one ALTER TABLE on its constraints.

    :param catalog: the tables at this point of the plan.
    :param draft: where the findings go.
    """

    def __init__(self, catalog: PostgreSQLCatalog, draft: Draft) -> None:
        self.catalog: PostgreSQLCatalog = catalog
        self.draft: Draft = draft
        self.path: Path = ()
        self.table: Table = Table(name="")
        self._only = False

    def open(self, path: Path, *, is_only: bool) -> None:
        """Turn to a table.

        :param is_only: without its partitions.
        """
        self.path = path
        self.table = self.catalog.get(path)
        self._only = is_only

    def lock(self, level: LockLevel = AX, table: Table | None = None) -> None:
        """Note a lock on the table, and on its partitions."""
        table = table or self.table

        for one in [table] if self._only else table.family():
            self.draft.lock(one, level)

    def _prove(self, column: Column) -> None:
        if self.table.is_proven(column.name):
            return

        self.draft.take_time("scan", self.table)
        reason = f"rows of {self.table.name} with NULL in {column.name}"
        self.draft.may_refuse(reason, self.table)

    def add_constraint(self, action: Reader) -> None:
        """``ADD CONSTRAINT``, ``ADD PRIMARY KEY`` ..."""
        self.add_constraint_text(read_constraint(action))

    def add_constraint_text(self, text: ConstraintText) -> None:
        """Note what a constraint takes."""
        if text.kind == "FOREIGN KEY":
            self._add_foreign_key(text, checks=text.is_valid)
        elif text.kind == "CHECK":
            self._add_check(text)
        elif text.kind == "NOT NULL":
            self._add_not_null(text)
        else:
            self._add_key(text)

    def _add_check(self, text: ConstraintText) -> None:
        self.lock()
        self._scan(text)
        names = frozenset(find_names(text.expression))
        proven = find_proven(text.expression)
        self.table.keys.append(
            Key(
                name=text.name,
                kind="CHECK",
                names=names,
                proves=proven,
                is_valid=text.is_valid,
            )
        )

    def _scan(self, text: ConstraintText) -> None:
        if not text.is_valid:
            return

        condition = "".join(token.before + token.text for token in text.expression)
        reason = f"rows of {self.table.name} where {condition.strip()} is false"
        self.draft.take_time("scan", self.table)
        self.draft.may_refuse(reason, self.table)

    def _add_not_null(self, text: ConstraintText) -> None:
        # PostgreSQL 18 has NOT NULL as a constraint of a name.
        self.lock()
        column = self.table.column(text.columns[0])

        if column is not None and text.is_valid:
            self._prove(column)
            column.nullable = False

    def _add_key(self, text: ConstraintText) -> None:
        self.lock()
        name, columns = text.name, text.columns

        if text.index:
            index = self.table.key(text.index)
            columns = index.columns if index is not None else columns
            self.table.keys = [key for key in self.table.keys if key is not index]
            name = name or text.index
        else:
            self.draft.take_time("index build", self.table)
            self.refuse_duplicates(text, columns)

        if text.kind == "PRIMARY KEY":
            for column in map(self.table.column, columns):
                if column is not None:
                    self._prove(column)
                    column.nullable = False

        self.table.keys.append(Key(name=name, kind=text.kind, columns=columns))

    def refuse_duplicates(self, text: ConstraintText, columns: Path) -> None:
        """Note that equal values would stop it, where a column may have any."""
        known = [column for column in map(self.table.column, columns) if column]
        is_null = len(known) == 1 and known[0].is_empty

        if text.kind == "EXCLUDE":
            self.draft.may_refuse(
                f"rows of {self.table.name} that exclude each other", self.table
            )
        elif not is_null:
            names = ", ".join(columns)
            self.draft.may_refuse(
                f"duplicates in {self.table.name}.{names}", self.table
            )

    def _add_foreign_key(self, text: ConstraintText, *, checks: bool) -> None:
        target = self.catalog.get(text.target)
        self.draft.lock(self.table, SRX)
        self.draft.lock(target, SRX)
        key = make_foreign_key(text, self.table, target)
        self.catalog.foreign_keys.append(key)

        if checks:
            self.check_foreign_key(key)

    def check_foreign_key(self, key: ForeignKey) -> None:
        """Note that each row is looked up."""
        self.draft.take_time("foreign key check", key.table)
        names = ", ".join(key.columns)
        reason = f"rows of {key.table.name} whose {names} is not in {key.target.name}"
        self.draft.may_refuse(reason, key.table)

    def drop_constraint(self, action: Reader) -> None:
        """``DROP CONSTRAINT``: of a foreign key, it locks the other table too."""
        self.lock()
        is_optional = action.skip_if_exists()
        name = action.name()
        cascades = action.accept_any("CASCADE", "RESTRICT") == "CASCADE"
        mine = self.catalog.keys_from(self.table)
        found = [key for key in mine if key.name == name]
        key = self.table.key(name)

        if not found and key is None:
            if not is_optional:
                self.draft.fail(f"{self.table.name} has no constraint {name}")

            return

        if key is not None and key.kind in {"PRIMARY KEY", "UNIQUE"}:
            self._free_key(key, found, cascades=cascades)

        for one in found:
            self._drop_foreign_key(one)

        self.table.keys = [one for one in self.table.keys if one is not key]

    def _free_key(self, key: Key, found: list[ForeignKey], *, cascades: bool) -> None:
        others = [
            one
            for one in self.catalog.keys_to(self.table)
            if set(one.target_columns) == set(key.columns)
        ]
        found += others

        if others and not cascades:
            names = ", ".join(one.table.name for one in others)
            self.draft.fail(f"the foreign key of {names} needs {key.name}")

    def _drop_foreign_key(self, key: ForeignKey) -> None:
        self.draft.lock(key.table, AX)
        self.draft.lock(key.target, AX)
        self.catalog.foreign_keys.remove(key)

    def validate(self, action: Reader) -> None:
        """``VALIDATE CONSTRAINT``: reads go on, and writes."""
        self.lock(SUX)
        name = action.name()
        mine = self.catalog.keys_from(self.table)
        foreign = next((key for key in mine if key.name == name), None)
        check = self.table.key(name)

        if foreign is not None and not foreign.is_valid:
            self.draft.lock(foreign.target, RS)
            self.check_foreign_key(foreign)
            foreign.is_valid = True
        elif check is not None and not check.is_valid:
            self.draft.take_time("scan", self.table)
            reason = f"rows of {self.table.name} that break {name}"
            self.draft.may_refuse(reason, self.table)
            check.is_valid = True
        elif foreign is None and check is None:
            self.draft.fail(f"{self.table.name} has no constraint {name}")


def add_column(table: Table, text: ColumnText) -> Column:
    """Note a column that the plan makes, and return it."""
    generated = text.get("GENERATED") or text.get("AS") or ()
    is_stored = has_words(generated, "STORED")
    default = text.get("DEFAULT")
    column = Column(
        name=text.name,
        type=" ".join(token.text for token in text.type).lower(),
        nullable=not text.is_not_null,
        default=None if default is None else " ".join(one.text for one in default),
        generated="" if not generated else "STORED" if is_stored else "VIRTUAL",
    )
    table.columns[column.name] = column
    return column


def make_foreign_key(text: ConstraintText, table: Table, target: Table) -> ForeignKey:
    """Return a foreign key that the plan makes."""
    columns: tuple[str, ...] = ()
    reader = Reader(text.options, folds=True)

    if reader.keyword == "(":
        columns = reader.columns()

    primary = next((key for key in target.keys if key.kind == "PRIMARY KEY"), None)
    return ForeignKey(
        name=text.name,
        table=table,
        columns=text.columns,
        target=target,
        target_columns=columns or (primary.columns if primary else ()),
        is_valid=text.is_valid,
    )


def find_readers(table: Table, name: str) -> list[str]:
    """Return what keeps a column as it is: views, generated columns, policies."""
    views = [view.name for view, columns in table.views if name in columns]
    use = table.uses.get(name)
    return [*views, use] if use else views
