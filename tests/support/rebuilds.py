"""A SQLite database in which a test rebuilds a table, as a step of a run would."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import typing as t

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from flask_migrate.revisions.operations import make_impl
from flask_migrate.revisions.operations import silence_carried

if t.TYPE_CHECKING:
    from alembic.operations import BatchOperations


@dataclasses.dataclass(kw_only=True)
class Database:
    """One file, with foreign keys off and a transaction around each change.

    :param engine: begins its transactions itself: Python's driver would not.
    """

    engine: sa.Engine

    def run(self, *statements: str) -> None:
        """Run statements and commit them."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def fetch(self, statement: str) -> list[tuple[t.Any, ...]]:
        """Return the rows of a query."""
        with self.engine.begin() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def get_sql(self, name: str) -> str | None:
        """Return the stored text of a table, index, trigger or view."""
        rows = self.fetch(f"SELECT sql FROM sqlite_master WHERE name = '{name}'")
        return rows[0][0] if rows else None

    @contextlib.contextmanager
    def operations(self, *, lossy: t.Iterable[str] = ()) -> t.Iterator[Operations]:
        """Give operations on our implementation, in one transaction."""
        with self.engine.begin() as connection, silence_carried():
            context = MigrationContext.configure(
                connection, opts={"transactional_ddl": True}
            )
            context.impl = make_impl(context, allow_lossy_casts=frozenset(lossy))
            yield Operations(context)

    @contextlib.contextmanager
    def batch(
        self, table: str = "t", *, lossy: t.Iterable[str] = (), **options: t.Any
    ) -> t.Iterator[BatchOperations]:
        """Run one batch on a table."""
        with (
            self.operations(lossy=lossy) as op,
            op.batch_alter_table(table, **options) as batch,
        ):
            yield batch


def open_database(path: pathlib.Path) -> Database:
    """Return a database in a new file."""
    engine = sa.create_engine(f"sqlite:///{path}")

    @sa.event.listens_for(engine, "connect")
    def connect(connection: t.Any, record: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return Database(engine=engine)
