"""The scratch databases of one command: built by the scripts, one for each live one."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import io
import logging
import typing as t

import sqlalchemy as sa

from ..databases.dialects import get_dialect
from ..databases.scratch import scratch_database
from ..errors import MigrationError
from ..plan import Direction

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun
    from ..revisions.rehearsal import Rehearsal


class Scratches:
    """Scratch databases that live as long as the command.

    :param heads: the revisions that each is built to.
    """

    def __init__(self, heads: tuple[str, ...]) -> None:
        self.heads = heads
        self._stack = contextlib.ExitStack()
        self._kept: dict[str, sa.Engine] = {}

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def standing_for(self, run: DatabaseRun) -> cabc.Iterator[Rehearsal]:
        """Yield a run on a scratch database that the scripts have built.

        :param run: the live database, which is only read.
        :raises MigrationError: it cannot be made, or a script fails on it.
        """
        with contextlib.ExitStack() as stack:
            engine = self._kept.get(run.name)

            if engine is None:
                # An asynchronous engine belongs to an event loop that ends before us.
                is_kept = not run.connection.dialect.is_async
                engine = self._build(run, self._stack if is_kept else stack)

                if is_kept:
                    self._kept[run.name] = engine

            yield stack.enter_context(self._entering(run, engine))

    @contextlib.contextmanager
    def standing_as_copy(self, run: DatabaseRun) -> cabc.Iterator[Rehearsal]:
        """Yield a run on a copy of the live schema, where the backend can copy one.

        :raises MigrationError: it cannot be made.
        """
        with (
            scratch_database(run.connection) as engine,
            self._entering(run, engine) as rehearsal,
        ):
            rehearsal.adopt_heads(run.heads)
            yield rehearsal

    def _build(self, run: DatabaseRun, stack: contextlib.ExitStack) -> sa.Engine:
        """Make a scratch database and replay the scripts on it.

        What the scripts do not make themselves, but stand on, is given to them before
        only where they fail without it: they may be the ones that make it. The next
        revision may stand on it too.
        """
        try:
            return self._replay(run, stack, has_ground=False)
        except MigrationError:
            if not get_dialect(run.context.dialect.name).has_ground:
                raise

            return self._replay(run, stack, has_ground=True)

    def _replay(
        self, run: DatabaseRun, stack: contextlib.ExitStack, *, has_ground: bool
    ) -> sa.Engine:
        from ..make.planner import make_plan
        from ..run.executor import execute

        with contextlib.ExitStack() as attempt:
            engine = attempt.enter_context(
                scratch_database(run.connection, is_empty=True)
            )

            if has_ground:
                _copy_ground(run, engine)

            with quiet(), self._entering(run, engine) as rehearsal:
                rehearsal.ensure_version_table()

                for head in self.heads:
                    execute(
                        make_plan(
                            run.history,
                            Direction.UPGRADE,
                            target=head,
                            heads=rehearsal.heads,
                        ),
                        rehearsal,
                    )

            _copy_ground(run, engine)
            stack.push(attempt.pop_all())

        return engine

    @contextlib.contextmanager
    def _entering(
        self, run: DatabaseRun, engine: sa.Engine
    ) -> cabc.Iterator[Rehearsal]:
        # Most comparisons find that they need no scratch database.
        from ..revisions.rehearsal import rehearsing_on

        with engine.connect() as connection:
            # As on the live database: what a transaction refuses is refused here.
            level = connection.default_isolation_level
            connection.execution_options(isolation_level=level)
            run.dialect.hasten(connection)
            connection.commit()

            with contextlib.ExitStack() as stack:
                with quiet():
                    entered = rehearsing_on(run, connection)
                    rehearsal = stack.enter_context(entered)

                yield rehearsal


def _copy_ground(run: DatabaseRun, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        run.dialect.copy_ground(run.connection, connection)


@contextlib.contextmanager
def quiet() -> cabc.Iterator[None]:
    """Let nobody say anything of what happens on a scratch database.

    Scripts and hooks that print do so when they run in earnest.
    """
    logger = logging.getLogger("alembic")
    level = logger.level
    logger.setLevel(logging.WARNING)

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
