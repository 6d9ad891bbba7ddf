"""Columns that may not be NULL, in tables whose rows have no value for them.

The rows that stand are given one in the same revision: by a server default that goes
again, where the value is a plain one; else by an UPDATE before NOT NULL.
"""

from __future__ import annotations

import collections.abc as cabc
import copy
import dataclasses
import re
import typing as t

import sqlalchemy as sa
from alembic.operations import ops
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ...databases.dialects import get_dialect
from ...errors import BadOption
from .comparison import Comparison
from .counting import describe_name
from .fill_operations import FillRowsOp
from .fill_operations import FinishColumnsOps
from .fill_question import FillQuestion
from .fill_question import LATER
from .fill_question import MODEL_DEFAULT
from .remarks import add_remark

if t.TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin

# What every backend takes behind DEFAULT, and Alembic renders as it is.
_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?|true|false|'([^'%:\\]|'')*'", re.IGNORECASE)


def setup(plugin: Plugin) -> None:
    """Register the pass."""
    plugin.add_autogenerate_comparator(
        fill, "autogenerate", "filling", priority=DispatchPriority.LAST
    )


def fill(
    context: AutogenContext, upgrade_ops: ops.UpgradeOps
) -> PriorityDispatchResult:
    """Have the rows filled where that was answered, and ask where it was not."""
    filler = Filler(context)
    upgrade_ops.ops[:] = [
        one for operation in upgrade_ops.ops for one in filler.rewrite(operation)
    ]
    return PriorityDispatchResult.CONTINUE


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What becomes of one operation.

    :param before: comes before the table's own operations.
    :param inside: stands in its place; empty if it goes.
    :param rows: fills rows after them.
    :param after: comes last.
    """

    before: tuple[ops.MigrateOperation, ...] = ()
    inside: tuple[ops.MigrateOperation, ...] = ()
    rows: tuple[ops.MigrateOperation, ...] = ()
    after: tuple[ops.MigrateOperation, ...] = ()


class Filler:
    """Rewrites the operations of one comparison."""

    def __init__(self, context: AutogenContext) -> None:
        self._comparison = Comparison.find(context)
        self._tables = context.table_key_to_table
        self._dialect = without_percents(context.dialect)

    def rewrite(
        self, operation: ops.MigrateOperation
    ) -> cabc.Iterator[ops.MigrateOperation]:
        """Return what stands for an operation, in order."""
        if not isinstance(operation, ops.ModifyTableOps):
            yield operation
            return

        parts = [self._rewrite(one) for one in operation.ops]
        operation.ops[:] = [one for part in parts for one in part.inside]
        yield from (one for part in parts for one in part.before)
        yield from [operation] if operation.ops else []
        yield from (one for part in parts for one in part.rows)

        if after := [one for part in parts for one in part.after]:
            yield FinishColumnsOps(operation.table_name, after, schema=operation.schema)

    def _rewrite(self, one: ops.MigrateOperation) -> Parts:
        if isinstance(one, ops.AddColumnOp) and _needs_value(one.column):
            return self._add(one)

        if isinstance(one, ops.AlterColumnOp) and one.modify_nullable is False:
            return self._tighten(one)

        return Parts(inside=(one,))

    # -- a new column ----------------------------------------------------------

    def _add(self, one: ops.AddColumnOp) -> Parts:
        rows = self._comparison.count_rows(one.table_name, one.schema)
        value = self._find_value(one, one.column, rows=rows)

        if value is None:
            return Parts(inside=(one,))

        if value == LATER:
            return Parts(inside=(self._postpone(one),))

        if self._is_plain(value, one.column.type):
            return self._add_with_default(one, value)

        column = one.column._copy()
        column.nullable = True
        return Parts(
            inside=(_replace_column(one, column),),
            rows=(self._fill(one, column.name, value),),
            after=(_alter(one, column, modify_nullable=False, existing_nullable=True),),
        )

    def _add_with_default(self, one: ops.AddColumnOp, value: str) -> Parts:
        column = one.column._copy()
        column.server_default = sa.DefaultClause(sa.text(value))
        finish = _alter(
            one,
            column,
            modify_server_default=None,
            existing_server_default=column.server_default,
            existing_nullable=False,
        )
        return Parts(inside=(_replace_column(one, column),), after=(finish,))

    def _postpone(self, one: ops.AddColumnOp) -> ops.AddColumnOp:
        name = describe_name(one.table_name, one.column.name, schema=one.schema)
        column = one.column._copy()
        column.nullable = True
        later = _replace_column(one, column)
        add_remark(later, f"{name} is NOT NULL in the models. Still to do, in")
        add_remark(later, "later revisions:")
        add_remark(later, f"1. give every row a value: UPDATE ... SET {name} = ...")
        add_remark(later, "2. the next autogenerate, which writes NOT NULL")
        self._note_later(name)
        return later

    def _note_later(self, name: str) -> None:
        self._comparison.notes.append(
            f"{name} stays nullable for now. The models say NOT NULL, so the next"
            " comparison will show it: give every row a value first."
        )

    # -- a column that stands --------------------------------------------------

    def _tighten(self, one: ops.AlterColumnOp) -> Parts:
        rows = self._comparison.count_rows(
            one.table_name, one.schema, column=one.column_name, is_null=True
        )
        value = self._find_value(one, self._find_column(one), rows=rows)

        if value is None:
            return Parts(inside=(one,))

        if value == LATER:
            one.modify_nullable = None
            self._note_later(
                describe_name(one.table_name, one.column_name, schema=one.schema)
            )
            return Parts(inside=(one,) if one.has_changes() else ())

        return Parts(before=(self._fill(one, one.column_name, value),), inside=(one,))

    def _find_column(self, one: ops.AlterColumnOp) -> sa.Column[t.Any] | None:
        table = self._tables.get(".".join(filter(None, (one.schema, one.table_name))))
        columns = () if table is None else table.columns
        name = one.modify_name or one.column_name
        # A column's key, which finds it, may be another one than its name.
        return next((column for column in columns if column.name == name), None)

    # -- values ----------------------------------------------------------------

    def _find_value(
        self,
        one: ops.AddColumnOp | ops.AlterColumnOp,
        column: sa.Column[t.Any] | None,
        *,
        rows: int | None,
    ) -> str | None:
        """Return SQL, or :data:`LATER`; ``None`` where nothing is to be written."""
        is_new = isinstance(one, ops.AddColumnOp)
        name = one.column.name if isinstance(one, ops.AddColumnOp) else one.column_name
        question = FillQuestion(
            table=describe_name(one.table_name, schema=one.schema),
            column=describe_name(name, schema=None),
            is_new=is_new,
            rows=rows or 0,
            default=None if column is None else find_default(column, self._dialect),
        )
        given = self._comparison.answers.fills.get(question.name)

        if given is not None:
            self._comparison.used_fills.add(question.name)
        elif rows:
            given = self._ask(question)
        else:
            self._comparison.notes.append(_warn(question))

        return _read(given, question)

    def _ask(self, question: FillQuestion) -> str | None:
        # Nobody is asked while a rename is tried on the live database: others wait.
        is_trying = self._comparison.reads_only and self._comparison.names
        ask = None if is_trying else self._comparison.askers.fill
        given = ask(question) if ask is not None else None

        if given is None:
            self._comparison.unanswered.append(question)

        return given

    def _fill(
        self, one: ops.AddColumnOp | ops.AlterColumnOp, column: str, value: str
    ) -> FillRowsOp:
        return FillRowsOp(
            one.table_name,
            column,
            value=value,
            schema=one.schema,
            dialect=self._dialect,
        )

    def _is_plain(self, value: str, type_: sa.types.TypeEngine[t.Any]) -> bool:
        """Tell whether the value can be the default of a column of a type."""
        refused = get_dialect(self._dialect.name).no_default
        own = type_.dialect_impl(self._dialect)
        kinds = (own.impl_instance if isinstance(own, sa.TypeDecorator) else own, type_)
        return bool(_PLAIN.fullmatch(value.strip())) and not any(
            isinstance(kind, refused) for kind in kinds
        )


def find_default(column: sa.Column[t.Any], dialect: sa.Dialect) -> str | None:
    """Return the ``default=`` of a model's column as SQL.

    :return: ``None`` where there is none, or it is a function or cannot be written.
    """
    default = column.default

    if isinstance(default, sa.Sequence) or default is None or default.is_callable:
        return None

    value: t.Any = getattr(default, "arg", None)

    try:
        is_sql = default.is_clause_element
        expression = value if is_sql else sa.literal(value, column.type)
        return str(
            expression.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        )
    except Exception:  # a type of the user's own may raise anything
        return None


def without_percents(dialect: sa.Dialect) -> sa.Dialect:
    """Return the same dialect for SQL that is only written down.

    Drivers with ``%s`` have every ``%`` doubled, which is for what is sent at once.
    """
    plain = copy.copy(dialect)
    plain.paramstyle = "named"
    plain.positional = False
    plain.identifier_preparer = plain.preparer(plain)
    return plain


def _needs_value(column: sa.Column[t.Any]) -> bool:
    filled = column.server_default is not None or column.primary_key
    return not (column.nullable or filled)


def _read(given: str | None, question: FillQuestion) -> str | None:
    if given != MODEL_DEFAULT:
        return given

    if question.default is None:
        raise BadOption(
            f"The model has no default for {question.name} that can be written as SQL.",
            hint="Say the value itself: --fill " + f'"{question.name}=SQL".',
        )

    return question.default


def _warn(question: FillQuestion) -> str:
    what = "is new and" if question.is_new else "now"
    where = "has rows" if question.is_new else "has rows without a value there"
    return (
        f"{question.name} {what} may not be NULL. If {question.table} {where} in"
        f' another database, write again with --fill "{question.name}=SQL".'
    )


def _replace_column(one: ops.AddColumnOp, column: sa.Column[t.Any]) -> ops.AddColumnOp:
    changed = copy.copy(one)
    changed.column = column
    return changed


def _alter(
    one: ops.AddColumnOp, column: sa.Column[t.Any], **changes: t.Any
) -> ops.AlterColumnOp:
    return ops.AlterColumnOp(
        one.table_name,
        column.name,
        schema=one.schema,
        existing_type=column.type,
        existing_comment=column.comment,
        **changes,
    )
