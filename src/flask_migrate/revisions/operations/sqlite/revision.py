"""What a batch asks of a table, written into the text that SQLite keeps of it.

Alembic describes the new table by what reflection saw of the old one. Only what the
batch has changed between the two is taken from there; the rest stays as it is stored.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from ....databases.dialects.sqlite_clauses import Clause
from ....databases.dialects.sqlite_clauses import ColumnDefinition
from ....databases.dialects.sqlite_ddl import TableDefinition
from ....databases.dialects.sqlite_parser import parse_constraint
from ....databases.dialects.sqlite_parser import parse_table
from ....databases.dialects.sqlite_tokens import quote_name
from ....databases.dialects.tokens import DefinitionError
from . import matching

if t.TYPE_CHECKING:
    from alembic.operations.batch import ApplyBatchImpl

_STRICT_TYPES = frozenset({"INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"})


class Revision:
    """The difference between a table and what a batch makes of it.

    :param batch: Alembic's, with every operation of the batch applied.
    :param dropped: what its ``drop_constraint`` named; ``None`` if that is unknown.
    :raises DefinitionError: if what Alembic wants is not understood.
    """

    def __init__(
        self,
        batch: ApplyBatchImpl,
        dialect: sa.Dialect,
        *,
        dropped: tuple[sa.Constraint, ...] | None,
    ) -> None:
        self._batch = batch
        self._dialect = dialect
        self._dropped = dropped
        self._old = {str(column.name): column for column in batch.table.columns}
        transfers = batch.column_transfers
        self._kept = {name for name in self._old if "expr" in transfers.get(name, ())}
        self._check_overwritten()
        self._wanted = self._render()

    @property
    def table(self) -> str:
        """The name of the table, as the batch has it."""
        return str(self._batch.table.name)

    @property
    def is_given(self) -> bool:
        """Whether the user has described the whole table (``copy_from``)."""
        return not self._batch.reflected

    @property
    def old_names(self) -> frozenset[str]:
        """The columns of the table that Alembic knows."""
        return frozenset(self._old)

    @property
    def names(self) -> dict[str, str]:
        """The new name of every old column that stays, by the old one."""
        columns = self._batch.columns.items()
        return {old: str(new.name) for old, new in columns if old in self._kept}

    @property
    def renames(self) -> dict[str, str]:
        """The columns that change their name."""
        return {old: new for old, new in self.names.items() if old != new}

    @property
    def dropped(self) -> tuple[str, ...]:
        """The columns that go."""
        return tuple(name for name in self._old if name not in self._kept)

    @property
    def retyped(self) -> dict[str, str]:
        """The new type of the columns that get one, by their old name."""
        compiler = self._dialect.type_compiler_instance
        columns = self._batch.columns
        return {
            name: compiler.process(columns[name].type, type_expression=columns[name])
            for name, transfer in self._batch.column_transfers.items()
            if "type" in transfer and name in self._kept
        }

    def is_cast(self, name: str) -> bool:
        """Tell whether the values of a column are cast to its new type."""
        return isinstance(self._batch.column_transfers[name].get("expr"), sa.Cast)

    def apply(
        self, stored: TableDefinition, *, dropped: cabc.Collection[str]
    ) -> TableDefinition:
        """Return the new table.

        :param stored: the old one, its columns already under their new names.
        :param dropped: the columns that go, under the names that they have by now.
        :raises DefinitionError: if it cannot be done without a loss.
        """
        if self.is_given:
            return self._wanted

        table = stored.without_columns(dropped)

        for name in self._batch.columns:
            table = self._change_column(table, name)

        order = [str(column.name) for column in self._batch.columns.values()]
        table = self._drop_constraints(table.with_order(order))
        table = self._add_constraints(table)
        table = self._change_options(self._change_key(table))
        _check_types(table)
        return table

    def _check_overwritten(self) -> None:
        """Refuse a new column in the place of one that the batch has not dropped.

        Alembic 1.20 replaces the old one, its values included, also where it has just
        got another name.
        """
        for name in self._batch.existing_ordering:
            if name not in self._kept:
                raise DefinitionError(
                    f"a column {name} is added while there is one; if that gets another"
                    " name, it must do so in a batch of its own, before"
                )

    # -- what the batch wants ----------------------------------------------------

    def _render(self) -> TableDefinition:
        """Return the table that Alembic would make."""
        table = self._batch.new_table
        assert table is not None  # Alembic makes it before it asks its backend

        if not self.is_given:
            self._simplify(table)

        wanted = parse_table(str(CreateTable(table).compile(dialect=self._dialect)))

        for constraint in self._find_forgotten(table):
            text = matching.render(constraint, self._dialect)
            wanted = wanted.with_constraint(parse_constraint(f"\n\t{text}"))

        return wanted

    def _simplify(self, table: sa.Table) -> None:
        """Take from the table what is there anyway, and may not render.

        SQLAlchemy has no column without a type, and SQLAlchemy 2.0 misreads checks
        and computed columns that share a line with others.
        """
        batch = self._batch
        table.constraints -= {
            one
            for one in table.constraints
            if isinstance(one, sa.CheckConstraint)
            and batch.named_constraints.get(str(one.name)) in batch.table.constraints
        }

        for column in table.columns:
            if column.name not in self.names.values():
                continue

            if isinstance(column.type, sa.types.NullType):
                column.type = sa.BLOB()

            if column.computed is not None:
                column.computed = column.server_default = None

    def _find_forgotten(self, table: sa.Table) -> cabc.Iterator[sa.Constraint]:
        """Find the added constraints that name a column by its new name.

        Alembic 1.20 knows columns by their old names, and leaves these out.
        """
        known = {constraint.name for constraint in table.constraints}
        names = {str(column.name) for column in self._batch.columns.values()}

        for name, constraint in self._batch.named_constraints.items():
            if name in known or constraint in self._batch.table.constraints:
                continue

            missing = set(matching.list_columns(constraint)) - names

            if missing:
                columns = ", ".join(sorted(missing))
                raise DefinitionError(f"{name} is about {columns}, which is not there")

            yield constraint

    # -- columns -----------------------------------------------------------------

    def _change_column(self, table: TableDefinition, name: str) -> TableDefinition:
        new_name = str(self._batch.columns[name].name)
        column = table.column(new_name)
        wanted = self._wanted.column(new_name)
        assert wanted is not None  # it was rendered from the same columns

        if name not in self._kept:
            if column is not None:
                raise DefinitionError(f"it has a column {new_name} already")

            return table.with_column(dataclasses.replace(wanted, after=""))

        if column is None:
            raise DefinitionError(f"it has no column {name}")

        return table.with_column(self._edit_column(column, name, wanted))

    def _edit_column(
        self, column: ColumnDefinition, name: str, wanted: ColumnDefinition
    ) -> ColumnDefinition:
        old, new = self._old[name], self._batch.columns[name]

        if name in self.retyped:
            column = column.with_type(self.retyped[name])

        if old.nullable != new.nullable:
            column = column.with_null(bool(new.nullable))

        if _default(old) is not _default(new):
            default = wanted.find("DEFAULT")
            column = column.without("DEFAULT")
            column = column.with_clause(default) if default else column

        return column

    # -- constraints -------------------------------------------------------------

    def _drop_constraints(self, table: TableDefinition) -> TableDefinition:
        for description in self._find_dropped():
            found = description.find_in(table)

            if found is not None:
                table = table.swap(found, None)

        return table

    def _find_dropped(self) -> cabc.Iterator[matching.Description]:
        batch = self._batch
        kept = {*batch.named_constraints.values(), *batch.unnamed_constraints}

        for constraint in batch.table.constraints - kept:
            if self._is_dropped(constraint):
                yield matching.describe_constraint(constraint, self.names)

        for constraint in self._dropped or ():
            # The old type of a column may have a check without a name.
            if isinstance(constraint, sa.CheckConstraint) and not matching.is_named(
                constraint
            ):
                yield matching.describe_text(constraint, self._dialect)

    def _is_dropped(self, constraint: sa.Constraint) -> bool:
        """Tell whether a constraint that Alembic leaves out is really to go.

        It also leaves out what it cannot carry: unnamed checks, and the check of an
        Enum whose column is renamed.
        """
        if isinstance(constraint, sa.PrimaryKeyConstraint):
            return False

        if not isinstance(constraint, sa.CheckConstraint):
            return True

        # SQLAlchemy 2 has no public name for `_type_bound`.
        if constraint._type_bound or not matching.is_named(constraint):
            return False

        if self._dropped is None or constraint.name in self._batch.named_constraints:
            return True

        return any(constraint.name == one.name for one in self._dropped)

    def _add_constraints(self, table: TableDefinition) -> TableDefinition:
        for clause in self._wanted.constraints:
            if clause.kind == "PRIMARY KEY":
                continue

            # SQLAlchemy ends its lines behind each part.
            clause = dataclasses.replace(clause, after="")
            found = matching.describe_clause(clause).find_in(table)

            if found is None:
                replaced = matching.find_replaced(table, clause)
                table = table.swap(replaced, None) if replaced else table
                table = table.with_constraint(clause)
            elif clause.name is not None and found.clause.name is None:
                # The name comes from the naming convention of the batch, and the next
                # revision may use it.
                table = table.with_name(found, clause)

        return table

    def _change_key(self, table: TableDefinition) -> TableDefinition:
        old, new = table.primary_key, self._wanted.primary_key
        columns = new.columns if new else ()
        reflected = matching.list_columns(self._batch.table.primary_key)

        if columns == tuple(self.names[one] for one in reflected if one in self.names):
            # The batch leaves it, but may drop some of its columns.
            old_columns = old.columns if old else ()
            columns = tuple(one for one in old_columns if table.column(one))

            if columns == old_columns:
                return self._name_key(table)

        if not columns:
            return table.without_primary_key()

        names = ", ".join(quote_name(name) for name in columns)
        clause = Clause.make("PRIMARY KEY", f"({names})")

        if new is not None and new.clause.name is not None:
            clause = clause.named_like(new.clause)

        return table.without_primary_key().with_constraint(clause)

    def _name_key(self, table: TableDefinition) -> TableDefinition:
        old, new = table.primary_key, self._wanted.primary_key

        if old is None or new is None or new.clause.name in {None, old.clause.name}:
            return table

        return table.with_name(old, new.clause)

    # -- options -----------------------------------------------------------------

    def _change_options(self, table: TableDefinition) -> TableDefinition:
        """Apply the ``sqlite_...`` options; a reflected one is as it is stored."""
        given = self._batch.table_kwargs
        wanted = bool(given.get("sqlite_autoincrement", table.is_autoincrement))
        had = table.is_autoincrement

        # It needs the number of the row, which WITHOUT ROWID takes away.
        if had and not wanted:
            table = table.with_autoincrement(False)

        table = table.with_options(
            strict=bool(given.get("sqlite_strict", table.is_strict)),
            rowid=bool(given.get("sqlite_with_rowid", table.has_rowid)),
        )
        return table.with_autoincrement(True) if wanted and not had else table


def _default(column: sa.Column[t.Any]) -> object:
    """Return what tells one default from another: copies share their argument."""
    return getattr(column.server_default, "arg", None)


def _check_types(table: TableDefinition) -> None:
    """Refuse types that SQLite would refuse, in words.

    :raises DefinitionError: naming the column.
    """
    for column in table.columns:
        is_known = column.type_text.upper() in _STRICT_TYPES

        if table.is_strict and not is_known:
            raise DefinitionError(
                f"it is STRICT, and {column.name} cannot be {column.type_text}"
                f" there, only {', '.join(sorted(_STRICT_TYPES))}"
            )

    if table.is_autoincrement and table.rowid_column is None:
        raise DefinitionError(
            "AUTOINCREMENT needs a primary key of one INTEGER column, which in SQLite"
            " holds 64 bits"
        )
