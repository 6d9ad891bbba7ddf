"""The renames are tried, so that the comparison meets a database that has them.

Comparators ask the server itself about a table, by its name. So the names have to be
real while they do: in a transaction that is rolled back, or in a copy of the schema
that is dropped.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from ....databases.dialects import get_dialect
from ....databases.scratch import scratch_database
from ....databases.snapshot import take_snapshot
from ....errors import MigrationError
from ....errors import UsageError
from ....revisions.operations import make_impl

if t.TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation

Found = cabc.Iterator[sa.Connection]


def try_renames(
    connection: sa.Connection,
    operations: cabc.Sequence[MigrateOperation],
    *,
    stack: contextlib.ExitStack,
    has_schemas: bool,
) -> sa.Connection:
    """Return where the renames are done, for a while.

    :param connection: to the database that is compared; it stays as it is.
    :param stack: undoes them when it is closed.
    :param has_schemas: more than the default schema is compared.
    :raises UsageError: they cannot be tried.
    """
    way = get_dialect(connection.dialect.name).renaming.trial

    if not way or (way == "copy" and has_schemas):
        raise _explain("a backend on which they cannot be undone")

    enter = _copied if way == "copy" else _aside

    with contextlib.ExitStack() as own:
        try:
            place = own.enter_context(enter(connection))
            _run(place, operations)
        # A right that is missing, a lock that somebody holds, or a name that is taken.
        except (MigrationError, sa.exc.SQLAlchemyError) as error:
            reason = error.message if isinstance(error, MigrationError) else str(error)
            raise _explain(reason.splitlines()[0]) from error

        stack.push(own.pop_all())
        return place


def _explain(reason: str) -> UsageError:
    return UsageError(
        "What is renamed is tried before the rest is compared, and that cannot be done"
        f" here: {reason}. Nothing was written.",
        hint="`flask db rename OLD NEW` writes a rename without a comparison;"
        " `--renames never` drops and adds.",
    )


def _run(
    connection: sa.Connection, operations: cabc.Sequence[MigrateOperation]
) -> None:
    context = MigrationContext.configure(connection)
    context.impl = make_impl(context)
    run = Operations(context)

    for operation in operations:
        run.invoke(operation)


@contextlib.contextmanager
def _copied(connection: sa.Connection) -> Found:
    """Yield a connection to a copy of the schema."""
    with scratch_database(connection) as engine, engine.connect() as target:
        # What needs a function of the application's own connections is not copied.
        if take_snapshot(connection) != take_snapshot(target):
            raise MigrationError("The copy is not complete.")

        yield target


@contextlib.contextmanager
def _aside(connection: sa.Connection) -> Found:
    """Yield a connection on which everything is rolled back."""
    with contextlib.ExitStack() as stack:
        dialect = get_dialect(connection.dialect.name)

        if dialect.commits_each(connection):
            # Such a connection holds no lock that another one would wait for.
            level = connection.dialect.default_isolation_level
            plain = connection.engine.execution_options(isolation_level=level)
            connection = stack.enter_context(plain.connect())

        if not connection.in_transaction():
            stack.callback(connection.rollback)

        undo = connection.begin_nested()
        stack.callback(_undo, undo)

        if dialect.renaming.trial_limit:
            connection.exec_driver_sql(dialect.renaming.trial_limit)

        yield connection


def _undo(transaction: sa.NestedTransaction) -> None:
    # A comparator that failed may have ended the whole transaction already.
    if transaction.is_active:
        transaction.rollback()
