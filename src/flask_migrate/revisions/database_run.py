"""One database during one run: where it stands, and how one step changes it."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import inspect
import logging
import pathlib
import typing as t

import sqlalchemy as sa
from alembic.runtime.migration import MigrationStep

from ..databases.dialects import Dialect
from ..databases.dialects import get_dialect
from ..databases.dialects import SessionGuard
from ..databases.dialects.base import hide_password
from ..databases.dialects.locks import MigrationLock
from ..errors import BadOption
from ..errors import HistoryError
from ..plan import Direction
from ..plan import Step
from . import files
from .border import crossing
from .heads import Heads
from .loading import check_result
from .operations import silence_carried
from .operations.sqlite import ForeignKeysEnforced

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
    :param lock_timeout: seconds that one statement may wait for another session.
    :param start: for SQL, the ids that the database of a name stands at.
    """

    def __init__(
        self,
        context: MigrationContext,
        history: History,
        *,
        arguments: dict[str, t.Any],
        lock_timeout: float,
        start: cabc.Callable[[str], tuple[str, ...]],
    ) -> None:
        self.context = context
        self.history = history
        self._arguments = arguments
        self._start = start
        self._guard: SessionGuard | None = None
        self._is_foreign = False
        self._is_writing = False
        self._at_end: list[cabc.Callable[[], None]] = []
        self._maintainer: Heads | None = None
        self._stored: tuple[str, ...] = ()

        if not context.as_sql:
            assert context.connection is not None  # env.py ran online
            self._guard = self.dialect.session_guard(
                context.connection, lock_timeout=lock_timeout
            )
            self._is_foreign = context.connection.in_transaction()

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
    def heads(self) -> tuple[str, ...]:
        """The ids in its version table, as this run has left them."""
        # Whatever stands in the table: NULL too, which is refused where it matters.
        return tuple(sorted(self._require_maintainer().heads, key=str))

    @property
    def keeps_steps(self) -> bool:
        """Whether the steps before one that fails stay."""
        return not self._is_foreign or self.dialect.keeps_part

    @contextlib.contextmanager
    def opened(self) -> cabc.Iterator[None]:
        """Prepare the session for the work of a command, and put it back after it."""
        guard = self._guard

        if guard is None:
            self._maintainer = Heads(self.context, self._start(self.name))
            yield
            return

        guard.open()

        try:
            self.context.impl.start_migrations()
            self._read_heads()
            yield

            if self._is_foreign and self._is_writing:
                guard.check_step()
        finally:
            guard.close()

    @property
    def is_foreign(self) -> bool:
        """Whether ``env.py`` has begun the transaction, and will end it."""
        return self._is_foreign

    def make_lock(self) -> MigrationLock:
        """Return the lock that keeps two runs on this database apart."""
        schema = self.context.version_table_schema or ""
        scope = f"{schema}.{self.context.version_table}"
        return self.dialect.migration_lock(self._connection, scope=scope)

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
        self._begin_writing()
        # Alembic 1.20 has no public name for this.
        self.context._ensure_version_table(purge=purge)

        if not self.context.as_sql and not self._is_foreign:
            self._connection.commit()

        if purge:
            self._maintainer = Heads(self.context, ())

    def check_table(self) -> None:
        """Refuse a version table with a row that stands twice.

        :raises HistoryError: with the command that sets it right.
        """
        for one in set(self._stored):
            if self._stored.count(one) > 1:
                raise HistoryError(
                    f"The version table holds {one} twice: it has no primary key.",
                    hint=f"`flask db stamp --purge {one}` sets it right.",
                )

    def check_lengths(self, steps: cabc.Iterable[Step]) -> None:
        """Refuse ids that the version table cannot hold, before anything runs.

        :raises BadOption: naming the revision.
        """
        if not self.dialect.enforces_length:
            return

        longest = self._version_length()

        for step in steps:
            if len(step.revision) > longest:
                raise BadOption(
                    f"The id of {step.path} has {len(step.revision)} characters; the"
                    f" version table of this database holds {longest}.",
                    hint="Give the revision a shorter id, or widen the column"
                    f" {self.context.version_table}.version_num.",
                )

    def apply(self, step: Step) -> None:
        """Run one step, whole or not at all where the backend can do that."""
        script = self.history.get_revision(step.revision)
        make = {
            Direction.UPGRADE: MigrationStep.upgrade_from_script,
            Direction.DOWNGRADE: MigrationStep.downgrade_from_script,
        }[step.direction]
        alembic_step = make(self.history.revision_map, script)

        before = set(self._require_maintainer().heads)
        self._begin_writing()

        try:
            with crossing(self.history):
                self._attempt(alembic_step, script, rebuilds=_mentions_rebuild(script))
        except ForeignKeysEnforced:
            # It rebuilds a table without saying so in its own file; nothing of it
            # stayed.
            if self._is_foreign:
                raise

            self._attempt(alembic_step, script, rebuilds=True)
        except BaseException:
            self._require_maintainer().heads = before
            raise

    def stamp(self, targets: tuple[str, ...]) -> None:
        """Write ids into the version table, and run nothing."""
        maintainer = self._require_maintainer()
        self._begin_writing()

        for step in self.history.find_stamps(targets, tuple(maintainer.heads)):
            with self._transaction():
                if self.context.as_sql and not maintainer.heads:
                    self._write_version_table()

                _log.info("Running %s", step)

                if self.context.as_sql:
                    self.context.impl.static_output(f"-- Running {step.short_log}")

                maintainer.update_to_step(step)
                self._notify(step)

    # -- inside ----------------------------------------------------------------

    @property
    def _connection(self) -> sa.Connection:
        assert self.context.connection is not None  # online, or Alembic's stand-in
        return self.context.connection

    def _require_maintainer(self) -> Heads:
        assert self._maintainer is not None  # opened() comes first
        return self._maintainer

    def _begin_writing(self) -> None:
        """Prepare the session before the first change, and only then."""
        if self._guard is None or self._is_writing:
            return

        self._is_writing = True

        if self._is_foreign:
            self._guard.begin_foreign()
        else:
            self._guard.before_step(rebuilds=False)

    def _read_heads(self) -> None:
        # What env.py has begun on the connection is its own: a SET, for example.
        was_idle = not self._connection.in_transaction()
        self._stored = self.context.get_current_heads()
        self._maintainer = Heads(self.context, self._stored)

        if was_idle:
            self._connection.rollback()

    def _attempt(self, step: RevisionStep, script: Script, *, rebuilds: bool) -> None:
        if self._guard is None or self._is_foreign:
            self._run(step, script)
            return

        self._guard.before_step(rebuilds=rebuilds)

        try:
            with self._transaction():
                self._run(step, script)
                self._guard.check_step()
        finally:
            self._guard.after_step()

    def _transaction(self) -> t.Any:
        return self.context.begin_transaction(_per_migration=True)

    def _run(self, step: RevisionStep, script: Script) -> None:
        if self._guard is None:
            self._write_sql(step, script)
            return

        _log.info("Running %s", step)
        self._call(step, script)
        self._require_maintainer().update_to_step(step)
        self._notify(step)

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
        """Call the revision's function with the arguments that it can take."""
        arguments = self._arguments

        if self.name or "engine_name" in arguments:
            if _lacks_function(script, step.migration_fn.__name__, self.name):
                _log.info("Nothing to do for database %s", self.name or "<default>")
                return

            if not _accepts(step.migration_fn, arguments):
                # Written before the repository had several databases.
                if self.name:
                    return

                arguments = {}

        with silence_carried():
            result = step.migration_fn(**arguments)

        check_result(script, result)

    def _notify(self, step: t.Any) -> None:
        for callback in self.context.on_version_apply_callbacks:
            callback(
                ctx=self.context,
                step=step.info,
                heads=set(self._require_maintainer().heads),
                run_args=self._arguments,
            )

    def _version_length(self) -> int:
        if self.context.as_sql:
            return files.VERSION_LENGTH

        inspector = sa.inspect(self._connection)
        table, schema = self.context.version_table, self.context.version_table_schema
        was_idle = not self._connection.in_transaction()

        try:
            if not inspector.has_table(table, schema=schema):
                return files.VERSION_LENGTH

            columns = inspector.get_columns(table, schema=schema)
        finally:
            if was_idle:
                self._connection.rollback()

        kind = next(one["type"] for one in columns if one["name"] == "version_num")
        return getattr(kind, "length", None) or 10**6


def _mentions_rebuild(script: Script) -> bool:
    """Tell whether a file says that it rebuilds tables; SQLite must know before."""
    try:
        return "batch_alter_table" in pathlib.Path(script.path).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _lacks_function(script: Script, direction: str, name: str) -> bool:
    """Tell whether a revision of several databases was written before this one.

    Flask-Migrate's template looks up ``upgrade_<name>``, which is not there where a
    bind was added later.
    """
    names = vars(script.module)
    dispatches = any(one.startswith(f"{direction}_") for one in names)
    code = getattr(getattr(script.module, direction), "__code__", None)
    uses_names = code is not None and "globals" in code.co_names
    return dispatches and uses_names and f"{direction}_{name}" not in names


def _accepts(function: t.Any, arguments: dict[str, t.Any]) -> bool:
    try:
        inspect.signature(function).bind(**arguments)
    except TypeError:
        return False

    return True
