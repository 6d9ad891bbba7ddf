"""A dry run: the steps really run, and nothing of them stays.

Where DDL can be rolled back they run on the live database, all in one transaction;
elsewhere on a scratch copy of its schema.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import copy
import dataclasses
import re
import typing as t

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event

from ..databases.dialects import Dialect
from ..databases.dialects.base import Limits
from ..databases.scratch import scratch_database
from ..errors import UsageError
from ..plan import Plan
from ..plan import Step
from .calling import says_rebuild
from .capture import capture
from .capture.operations import standing_in
from .capture.quarantine import quarantine
from .capture.recorder import ends_transaction
from .database_run import DatabaseRun
from .operations import ForeignKeysEnforced
from .operations import make_impl


class Rehearsal(DatabaseRun):
    """A database whose steps run, and are undone."""

    @property
    def dialect(self) -> Dialect:
        """What is known of its backend; nothing that it commits by itself stays."""
        dialect = copy.copy(super().dialect)
        dialect.keeps_part = False
        return dialect

    @property
    def keeps_steps(self) -> bool:
        """Whether the steps before one that fails stay."""
        return False

    @property
    def keeps_journal(self) -> bool:
        """Whether a stopped step can go on where it stopped."""
        return False

    def _choose_limits(self) -> Limits:
        # Nothing is tried again here, and others queue behind a long wait.
        patience = self.settings.ddl_lock_timeout or self.dialect.lock_timeout
        return dataclasses.replace(super()._choose_limits(), lock_timeout=patience)

    def adopt_heads(self, heads: cabc.Iterable[str]) -> None:
        """Say of a copy of a schema where it stands; a copy has no rows."""
        self.ensure_version_table()
        # Alembic 1.20's own attribute: there is no other way to its table.
        table = self.context._version

        for head in heads:
            self.connection.execute(table.insert().values(version_num=head))

        self.commit()
        self.read_version_table()

    def apply(self, step: Step) -> None:
        """Run one step, and what its commit would have checked."""
        try:
            super().apply(step)
        finally:
            self.has_part = False

        if self._guard is not None:
            self._guard.settle()


class _UndoneContext(MigrationContext):
    """Alembic's view of a transaction that will be rolled back."""

    @contextlib.contextmanager
    def autocommit_block(self) -> cabc.Iterator[None]:
        """Refuse what would commit."""
        raise _refusal("autocommit_block()")
        yield


def rehearse(
    run: DatabaseRun,
    plan: Plan,
    work: cabc.Callable[[Rehearsal], None],
) -> str:
    """Run the steps of a plan, and undo them.

    :param run: the live database.
    :param work: runs the steps on what it is given.
    :return: how they were undone, in words.
    :raises UsageError: a step cannot be undone; nothing was run.
    """
    count = f"{len(plan.steps)} step{'' if len(plan.steps) == 1 else 's'}"

    if not _can_undo(run):
        with _on_scratch(run) as rehearsal:
            work(rehearsal)

        return f"ran {count} on a scratch copy of the schema, without rows"

    _refuse_commits(run, plan)
    assert run.ledger is not None  # online
    rebuilds = any(says_rebuild(run.ledger.read_script(step)) for step in plan.steps)

    try:
        _undo(run, work, rebuilds=rebuilds)
    except ForeignKeysEnforced:
        if rebuilds or run.is_foreign:
            raise

        _undo(run, work, rebuilds=True)

    server = run.dialect.describe_server(_connection(run)).partition(" ")[0]
    return f"ran {count} on {server} and rolled back"


def _can_undo(run: DatabaseRun) -> bool:
    """Tell whether DDL can be rolled back, whatever ``env.py`` says of transactions."""
    known = run.dialect.transactional_ddl
    return run.context.impl.transactional_ddl if known is None else known


def _undo(
    run: DatabaseRun, work: cabc.Callable[[Rehearsal], None], *, rebuilds: bool
) -> None:
    with _in_transaction(run, rebuilds=rebuilds) as rehearsal:
        work(rehearsal)


def _refuse_commits(run: DatabaseRun, plan: Plan) -> None:
    for one in capture(run, plan):
        if one.commits:
            raise _refusal(f"revision {one.step}")


def _refusal(what: str) -> UsageError:
    return UsageError(
        f"A dry run is not possible: {what} commits in the middle, which cannot be"
        " rolled back. The database is as it was.",
        hint="`flask db plan --sql` shows what it would do.",
    )


@contextlib.contextmanager
def _in_transaction(run: DatabaseRun, *, rebuilds: bool) -> cabc.Iterator[Rehearsal]:
    """Yield the live database in a transaction that is rolled back in the end."""
    connection, guard = _connection(run), run._guard
    assert guard is not None  # online

    if run.is_foreign:
        run._prepare_session()
        transaction: sa.Transaction = connection.begin_nested()
    else:
        guard.before_step(rebuilds=rebuilds)
        transaction = connection.begin()

    try:
        with (
            quarantine(_refuse_own, connection),
            _fenced(connection),
            _opened(run, _UndoneContext, connection) as rehearsal,
        ):
            yield rehearsal
            guard.check_step()
    finally:
        transaction.rollback()

        if not run.is_foreign:
            # A revision may have ended that one, and begun another.
            connection.rollback()
            guard.after_step()

        run.read_version_table()


@contextlib.contextmanager
def _on_scratch(run: DatabaseRun) -> cabc.Iterator[Rehearsal]:
    """Yield a scratch copy of the live database that stands where that one does."""
    with (
        scratch_database(_connection(run)) as engine,
        engine.connect() as scratch,
        rehearsing_on(run, scratch) as rehearsal,
    ):
        rehearsal.adopt_heads(run.heads)
        yield rehearsal


@contextlib.contextmanager
def rehearsing_on(
    run: DatabaseRun, connection: sa.Connection
) -> cabc.Iterator[Rehearsal]:
    """Yield a scratch database that stands where the live one does, for revisions too.

    :param run: the live database.
    :param connection: to the scratch one.
    """
    with (
        quarantine(_refuse_own, _connection(run), connection),
        _walled(connection, run.dialect),
        _opened(run, MigrationContext, connection) as rehearsal,
    ):
        yield rehearsal


@contextlib.contextmanager
def _walled(connection: sa.Connection, dialect: Dialect) -> cabc.Iterator[None]:
    """Let nothing on a scratch database reach another one of its server."""

    def check(
        connection: sa.Connection, cursor: t.Any, statement: str, *rest: t.Any
    ) -> None:
        if dialect.leaves_database(statement, connection.engine.url.database or ""):
            raise UsageError(
                f"A revision names another database than its own, which a scratch"
                f" database cannot stand for: {' '.join(statement.split())[:80]}"
            )

    event.listen(connection, "before_cursor_execute", check)

    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", check)


@contextlib.contextmanager
def keeping_apart(run: DatabaseRun) -> cabc.Iterator[None]:
    """Let revisions that build a new database, and stay there, reach nothing else.

    :param run: the new database.
    """
    connection = _connection(run)
    # What hangs on it tells other people what was applied.
    run.context.on_version_apply_callbacks = ()

    def check(
        connection: sa.Connection, cursor: t.Any, statement: str, *rest: t.Any
    ) -> None:
        if _WHOLE_DATABASE.match(statement):
            raise UsageError(
                "A revision changes a database by its name, and not what is in it:"
                f" {' '.join(statement.split())[:80]}"
            )

    event.listen(connection, "before_cursor_execute", check)

    try:
        with (
            quarantine(_refuse_own, connection),
            _walled(connection, run.dialect),
        ):
            yield
    finally:
        event.remove(connection, "before_cursor_execute", check)


_WHOLE_DATABASE = re.compile(
    r"(?is)\s*(?:(?:CREATE|ALTER|DROP)\s+DATABASE"
    r"|COMMENT\s+ON\s+DATABASE|(?:GRANT|REVOKE)\b.*?\bON\s+DATABASE)\b"
)


@contextlib.contextmanager
def _opened(
    run: DatabaseRun, kind: type[MigrationContext], connection: sa.Connection
) -> cabc.Iterator[Rehearsal]:
    live = run.context
    # What hangs on it tells other people what was applied.
    opts = {**live.opts, "on_version_apply": ()}
    context = kind(connection.dialect, connection, opts, live.environment_context)
    allowed: frozenset[str] = getattr(live.impl, "allow_lossy_casts", frozenset())
    context.impl = make_impl(context, allow_lossy_casts=allowed)
    rehearsal = Rehearsal(
        context,
        run.history,
        arguments=run._arguments,
        # The books are about what happened.
        settings=dataclasses.replace(run.settings, history=False),
        run="",
        listener=None,
        start=run._start,
    )

    with standing_in(live, context, Operations(context)), rehearsal.opened():
        yield rehearsal


@contextlib.contextmanager
def _fenced(connection: sa.Connection) -> cabc.Iterator[None]:
    """Let nothing commit."""

    def refuse(connection: sa.Connection) -> None:
        raise _refusal("a revision")

    def check(
        connection: sa.Connection, cursor: t.Any, statement: str, *rest: t.Any
    ) -> None:
        if ends_transaction(statement):
            raise _refusal("a revision")

    event.listen(connection, "commit", refuse)
    event.listen(connection, "before_cursor_execute", check)

    try:
        yield
    finally:
        event.remove(connection, "commit", refuse)
        event.remove(connection, "before_cursor_execute", check)


def _refuse_own() -> t.NoReturn:
    raise UsageError(
        "A revision uses a database connection of its own, which would reach the live"
        " database: it cannot be tried.",
        hint="Write op.get_bind() in it instead of a session or an engine.",
    )


def _connection(run: DatabaseRun) -> sa.Connection:
    assert run.context.connection is not None  # a dry run is online
    return run.context.connection
