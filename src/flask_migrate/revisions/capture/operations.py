"""``alembic.op`` while a step is captured: each operation is noted, and then runs."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t

from alembic import op as alembic_op
from alembic.operations import BatchOperations
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from .recorder import Recorder
from .wording import describe_operation
from .wording import name_operation

if t.TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation

    from ..environment import Environment


class RecordingOperations(Operations):
    """Alembic's operations, each noted before it runs.

    :param context: what they run in.
    :param recorder: of the step.
    """

    def __init__(self, context: MigrationContext, recorder: Recorder) -> None:
        super().__init__(context)
        self.recorder = recorder

    def invoke(self, operation: MigrateOperation) -> t.Any:
        """Note an operation, and run it."""
        dialect = self.migration_context.dialect
        text = describe_operation(operation, dialect)

        with self.recorder.operation(name_operation(operation), text):
            return super().invoke(operation)

    @contextlib.contextmanager
    def batch_alter_table(
        self, table_name: str, *args: t.Any, **options: t.Any
    ) -> cabc.Iterator[BatchOperations]:
        """Note a batch as one operation, with everything that it is to do."""
        changes: list[str] = []
        title = f"batch {table_name}"

        with (
            self.recorder.operation("batch_alter_table", title),
            super().batch_alter_table(table_name, *args, **options) as batch,
        ):
            run = batch.invoke

            def invoke(operation: MigrateOperation) -> t.Any:
                dialect = self.migration_context.dialect
                changes.append(describe_operation(operation, dialect))
                self.recorder.reword(f"{title}: {'; '.join(changes)}")
                return run(operation)

            # Alembic 1.20 hard-codes the class of what it yields.
            batch.invoke = invoke  # type: ignore[method-assign]
            yield batch


# The functions of the module `alembic.op` then reach ours, while ours is installed.
RecordingOperations.create_module_class_proxy(vars(alembic_op), vars(alembic_op))


@contextlib.contextmanager
def standing_in(
    live: MigrationContext, context: MigrationContext, operations: Operations
) -> cabc.Iterator[None]:
    """Let ``alembic.op`` and ``alembic.context`` lead to another context for a while.

    :param live: what they lead to before and after.
    :param context: what ``context.get_context()`` answers meanwhile.
    :param operations: what ``op`` is meanwhile.
    """
    environment = t.cast("Environment", live.environment_context)
    environment.stand_in = context
    # Alembic 1.20's `Operations.context()` hard-codes its own class.
    operations._install_proxy()

    try:
        yield
    finally:
        environment.stand_in = None
        Operations(live)._install_proxy()
