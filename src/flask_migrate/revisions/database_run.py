"""One database during one run: where it stands, and how one step changes it."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import logging
import typing as t

import sqlalchemy as sa
from alembic.runtime.migration import MigrationStep

from ..databases.connections import explain
from ..databases.dialects import Dialect
from ..databases.dialects import get_dialect
from ..databases.dialects import Limits
from ..databases.dialects import SessionGuard
from ..databases.dialects.base import hide_password
from ..databases.dialects.locks import LockPolicy
from ..databases.dialects.locks import MigrationLock
from ..errors import LockNotAcquired
from ..errors import MigrationError
from ..events import Event
from ..events import Listener
from ..plan import Direction
from ..plan import Plan
from ..plan import Step
from ..settings import Settings
from .border import crossing
from .calling import call_function
from .calling import says_rebuild
from .heads import Heads
from .ledger import Ledger
from .operations import ForeignKeysEnforced
from .version_table import read_ids
from .version_table import refuse_long
from .version_table import refuse_twins

if t.TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from alembic.runtime.migration import RevisionStep
    from alembic.script import Script

    from .history import History

# Alembic's own logger: what it says while it runs stays where people look for it.
_log = logging.getLogger("alembic.runtime.migration")


class DatabaseRun:
    """One database, as one command sees it.

    :param context: Alembic's view of it, configured by ``env.py``.
    :param history: the revision files.
    :param arguments: what ``env.py`` gives to ``upgrade()`` and ``downgrade()``.
    :param settings: of the application.
    :param run: the id of this run in the history.
    :param listener: is told what happens.
    :param start: for SQL, the ids that the database of a name stands at.
    """

    guard_commit: cabc.Callable[[sa.Connection], None] | None = None
    """Refuses a commit after the migration lock was lost; set by who holds it."""

    def __init__(
        self,
        context: MigrationContext,
        history: History,
        *,
        arguments: dict[str, t.Any],
        settings: Settings,
        run: str,
        listener: Listener | None,
        start: cabc.Callable[[str], tuple[str, ...]],
    ) -> None:
        self.context = context
        self.history = history
        self.settings = settings
        self._arguments = arguments
        self._start = start
        self.run_id = run
        self.step: Step | None = None
        self._listener = listener
        self._guard: SessionGuard | None = None
        self.ledger: Ledger | None = None
        self.has_part: bool = False
        self._is_foreign = False
        self._is_writing = False
        self._at_end: list[cabc.Callable[[], None]] = []
        self._maintainer: Heads | None = None
        self._stored: tuple[str, ...] = ()

        if not context.as_sql:
            assert context.connection is not None  # env.py ran online
            self._is_foreign = context.connection.in_transaction()
            self._guard = self.dialect.session_guard(
                context.connection, limits=self._choose_limits()
            )
            self.ledger = Ledger(context, self.dialect, settings=settings, run=run)

    @property
    def name(self) -> str:
        """The name that templates and revisions use: empty for the default one."""
        return self._arguments.get("engine_name") or ""

    @property
    def key(self) -> str | None:
        """The bind key."""
        return self.name or None

    @property
    def dialect(self) -> Dialect:
        """What is known of its backend."""
        return get_dialect(self.context.dialect.name)

    @property
    def url(self) -> sa.URL | None:
        """Where it is; holds the password. ``None`` where SQL is written."""
        if self.context.as_sql or self.context.connection is None:
            return None

        return self.context.connection.engine.url

    @property
    def safe_url(self) -> str:
        """Where it is, without the password."""
        return hide_password(self.url)

    @property
    def database_name(self) -> str:
        """What the server or the file system calls it."""
        return (None if self.url is None else self.url.database) or ":memory:"

    def explain(self, error: BaseException) -> MigrationError | None:
        """Say in words what went wrong, by the name of the server that is there.

        :return: ``None`` where the error is not about a database.
        """
        url, connection = self.url, self.context.connection

        if url is not None and connection is not None:
            url = self.dialect.name_server(connection)

        return explain(error, url)

    @property
    def heads(self) -> tuple[str, ...]:
        """The ids in its version table, as this run has left them."""
        # Whatever stands in the table: NULL too, which is refused where it matters.
        return tuple(sorted(self._require_maintainer().heads, key=str))

    @property
    def keeps_steps(self) -> bool:
        """Whether the steps before one that fails stay."""
        return not self._is_foreign or self.dialect.keeps_part

    @property
    def connection(self) -> sa.Connection:
        """The connection that the steps run on."""
        return self._connection

    def read_session(self) -> int:
        """Return the server's number of the connection."""
        with self._reading():
            return self.dialect.read_session(self._connection)

    @contextlib.contextmanager
    def _reading(self) -> cabc.Iterator[None]:
        """Read something, and leave the state of the transaction as it was."""
        was_idle = not self._connection.in_transaction()

        try:
            yield
        finally:
            if was_idle:
                self._connection.rollback()

    def emit(self, event: Event) -> None:
        """Tell who listens what has happened."""
        if self._listener is not None:
            self._listener(event)

    @property
    def keeps_journal(self) -> bool:
        """Whether a stopped step can go on where it stopped."""
        return self.ledger is not None and self.ledger.journal.is_kept

    @contextlib.contextmanager
    def opened(self) -> cabc.Iterator[None]:
        """Prepare the session for the work of a command, and put it back after it."""
        guard = self._guard

        if guard is None:
            self._maintainer = Heads(self.context, self._start(self.name))
            yield
            return

        with contextlib.ExitStack() as stack:
            if self.ledger is not None:
                stack.enter_context(self.ledger.journal.attached())

            guard.open()
            stack.callback(guard.close)
            self.context.impl.start_migrations()
            self._read_heads()
            yield

            if self._is_foreign and self._is_writing:
                guard.check_step()

    @property
    def is_foreign(self) -> bool:
        """Whether ``env.py`` has begun the transaction, and will end it."""
        return self._is_foreign

    def make_lock(self) -> MigrationLock:
        """Return the lock that keeps two runs on this database apart."""
        return self.dialect.migration_lock(
            self._connection,
            table=self.context.version_table,
            schema=self.context.version_table_schema,
            policy=LockPolicy(kind=self.settings.lock, lease=self.settings.lock_lease),
        )

    def call_at_end(self, function: cabc.Callable[[], None]) -> None:
        """Call a function when the transaction of ``env.py`` has ended."""
        self._at_end.append(function)

    def finish(self) -> None:
        """Put back what outlives the transaction of ``env.py``."""
        if self._guard is not None:
            self._guard.finish()

        for function in self._at_end:
            function()

    def read_version_table(self) -> None:
        """Read the ids again, after something else has changed them."""
        self._read_heads()

    def ensure_version_table(self, *, purge: bool = False) -> None:
        """Make the version table where it is missing.

        :param purge: empty it.
        """
        self._prepare_session()
        # Alembic 1.20 has no public name for this.
        self.context._ensure_version_table(purge=purge)

        if not self.context.as_sql and not self._is_foreign:
            self._connection.commit()

        if purge:
            self._maintainer = Heads(self.context, ())

    def begin_writing(self) -> None:
        """Prepare the session and the books before the first change, and only then."""
        self._prepare_session()

        if self.ledger is not None:
            self.ledger.open()

    def read_changed(self) -> list[Script]:
        """Return the applied scripts that are others than they were when they ran."""
        if self.ledger is None or not self.settings.history:
            return []

        was_idle = not self._connection.in_transaction()

        if not was_idle and not self.ledger.recorder.exists():
            return []

        checksums = self.ledger.recorder.read_checksums()

        if was_idle:
            self._connection.rollback()

        return self.history.find_changed(self.heads, checksums)

    def may_retry(self, error: BaseException) -> bool:
        """Tell whether a step may be tried again: others held what it needs."""
        return (
            not self._is_foreign
            and isinstance(error, sa.exc.DBAPIError)
            and isinstance(self.explain(error), LockNotAcquired)
        )

    def describe_blockers(self, error: BaseException) -> str | None:
        """Say who was in the way of the statement that an error is about."""
        statement = getattr(error, "statement", None)

        if self.ledger is None or self._is_foreign or not statement:
            return None

        try:
            found = self.dialect.describe_blockers(self._connection, statement)
            self._connection.rollback()
        except sa.exc.SQLAlchemyError:
            return None

        return found

    def check_table(self) -> None:
        """Refuse a version table with a row that stands twice.

        :raises HistoryError: with the command that sets it right.
        """
        refuse_twins(self._stored)

    def check_lengths(self, steps: cabc.Iterable[Step]) -> None:
        """Refuse ids that the version table cannot hold, before anything runs.

        :raises BadOption: naming the revision.
        """
        if self.dialect.enforces_length:
            refuse_long(steps, self.context)

    def check_parts(self, plan: Plan) -> None:
        """Refuse to go the other way while a part of a step is done."""
        if self.ledger is None or not plan.steps:
            return

        self.begin_writing()

        if self.ledger.journal.left:
            walks = (self.history.walk(None, head) for head in self.heads)
            applied = {script.revision for walk in walks for script in walk}
            self.ledger.check_parts(plan.direction, applied=frozenset(applied))
            self.commit()

    def apply(self, step: Step) -> None:
        """Run one step, whole or not at all where the backend can do that.

        May be called again for a step that has failed: what stays of it is known to the
        journal, and is not done twice.
        """
        alembic_step, script = self._find_step(step)
        before = set(self._require_maintainer().heads)
        text = b"" if self.ledger is None else self.ledger.read_script(step)
        self.begin_writing()
        self._check_lock()

        try:
            with crossing(self.history):
                self._attempt(alembic_step, script, step, rebuilds=says_rebuild(text))
        except BaseException:
            self._require_maintainer().heads = before
            self.has_part = self.ledger is not None and self.ledger.note_failure()
            raise

    def call(self, step: Step) -> None:
        """Call the function of a step, where ``op`` leads somewhere else meanwhile."""
        self._call(*self._find_step(step))

    def stamp(self, targets: tuple[str, ...]) -> None:
        """Write ids into the version table, and run nothing."""
        maintainer = self._require_maintainer()
        self.begin_writing()

        for step in self.history.find_stamps(targets, tuple(maintainer.heads)):
            with self._transaction():
                if self.context.as_sql and not maintainer.heads:
                    self._write_version_table()

                _log.info("Running %s", step)

                if self.context.as_sql:
                    self.context.impl.static_output(f"-- Running {step.short_log}")

                self._check_lock()
                maintainer.update_to_step(step)

                if self.ledger is not None:
                    self.ledger.record_stamp(step)

                self._notify(step)

    def commit(self) -> None:
        """Commit what was written beside the steps."""
        if not self._is_foreign:
            self._connection.commit()

    # -- inside ----------------------------------------------------------------

    def _find_step(self, step: Step) -> tuple[RevisionStep, Script]:
        script = self.history.get_revision(step.revision)
        make = {
            Direction.UPGRADE: MigrationStep.upgrade_from_script,
            Direction.DOWNGRADE: MigrationStep.downgrade_from_script,
        }[step.direction]
        return make(self.history.revision_map, script), script

    @property
    def _connection(self) -> sa.Connection:
        assert self.context.connection is not None  # online, or Alembic's stand-in
        return self.context.connection

    def _require_maintainer(self) -> Heads:
        assert self._maintainer is not None  # opened() comes first
        return self._maintainer

    def _prepare_session(self) -> None:
        if self._guard is None or self._is_writing:
            return

        self._is_writing = True

        if self._is_foreign:
            self._guard.begin_foreign()
        else:
            self._guard.before_step(rebuilds=False)

    def _choose_limits(self) -> Limits:
        settings = self.settings
        patience = settings.ddl_lock_timeout or self.dialect.lock_timeout

        if self._is_foreign:
            # A statement inside the transaction of env.py cannot be tried again.
            patience = settings.ddl_deadline

        return Limits(
            lock_timeout=patience, statement_timeout=settings.statement_timeout
        )

    def _read_heads(self) -> None:
        # What env.py has begun on the connection is its own: a SET, for example.
        was_idle = not self._connection.in_transaction()
        self._stored = (
            read_ids(self.context) if was_idle else self.context.get_current_heads()
        )
        self._maintainer = Heads(self.context, self._stored)

        if was_idle:
            self._connection.rollback()

    def _attempt(
        self, alembic_step: RevisionStep, script: Script, step: Step, *, rebuilds: bool
    ) -> None:
        if self._guard is None or self._is_foreign:
            self._run(alembic_step, script, step)
            return

        try:
            self._run_guarded(alembic_step, script, step, rebuilds=rebuilds)
        except ForeignKeysEnforced:
            # It rebuilds a table without saying so in its own file; nothing of it
            # stayed.
            self._run_guarded(alembic_step, script, step, rebuilds=True)

    def _run_guarded(
        self, alembic_step: RevisionStep, script: Script, step: Step, *, rebuilds: bool
    ) -> None:
        assert self._guard is not None  # online
        self._guard.before_step(rebuilds=rebuilds)

        try:
            with self._transaction():
                self._run(alembic_step, script, step)
                self._guard.check_step()
        finally:
            self._guard.after_step()

    def _transaction(self) -> t.Any:
        return self.context.begin_transaction(_per_migration=True)

    def _run(self, alembic_step: RevisionStep, script: Script, step: Step) -> None:
        if self.ledger is None:
            self._write_sql(alembic_step, script)
            return

        _log.info("Running %s", alembic_step)

        with self.ledger.following(step):
            self._call(alembic_step, script)

        self._check_lock()
        beside = self.ledger.complete(step)
        self._require_maintainer().move(alembic_step, beside=beside)
        self._notify(alembic_step)

    def _check_lock(self) -> None:
        """Refuse to go on where another run has taken the migration lock over.

        Nobody can take it over between this and the end of the transaction.
        """
        if self.guard_commit is None:
            return

        was_idle = not self._connection.in_transaction()

        try:
            self.guard_commit(self._connection)
        finally:
            if was_idle:
                self._connection.rollback()

    def _write_sql(self, step: RevisionStep, script: Script) -> None:
        with self._transaction():
            if not self._require_maintainer().heads:
                self._write_version_table()

            _log.info("Running %s", step)
            self.context.impl.static_output(f"-- Running {step.short_log}")
            self._call(step, script)
            self._require_maintainer().update_to_step(step)
            self._notify(step)

    def _write_version_table(self) -> None:
        # Alembic's own attribute: there is no other way to its table.
        self.context._version.create(self._connection)

    def _call(self, step: RevisionStep, script: Script) -> None:
        call_function(step, script, name=self.name, arguments=self._arguments)

    def _notify(self, step: t.Any) -> None:
        for callback in self.context.on_version_apply_callbacks:
            callback(
                ctx=self.context,
                step=step.info,
                heads=set(self._require_maintainer().heads),
                run_args=self._arguments,
            )
