"""What a run writes beside the version table: its history, and a step's journal."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import datetime
import functools
import logging
import pathlib
import time
import typing as t

import sqlalchemy as sa

from ..databases.dialects import Dialect
from ..databases.journal import Journal
from ..databases.recorder import name_host
from ..databases.recorder import name_user
from ..databases.recorder import Recorder
from ..databases.together import Change
from ..errors import JournalMismatch
from ..plan import Direction
from ..plan import Step
from ..results import HistoryEntry
from ..settings import Settings
from .checksums import checksum_of

if t.TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from alembic.runtime.migration import StampStep

_log = logging.getLogger("flask_migrate")


class Ledger:
    """Keeps the books of one database during one run.

    :param context: Alembic's view of the database, online.
    :param dialect: what is known of its backend.
    :param settings: of the application.
    :param run: the id of the run in the history.
    """

    def __init__(
        self,
        context: MigrationContext,
        dialect: Dialect,
        *,
        settings: Settings,
        run: str,
    ) -> None:
        assert context.connection is not None  # online
        self._connection: sa.Connection = context.connection
        self._settings = settings
        self._dialect = dialect
        self._run = run
        self._is_open = False
        self._script: bytes | None = None
        self._checksum: str | None = None
        self._began = 0.0
        self._started = datetime.datetime.now(datetime.UTC)
        self.recorder: Recorder = Recorder(
            self._connection,
            version_table=context.version_table,
            schema=context.version_table_schema,
        )
        self.journal: Journal = Journal(
            self._connection,
            dialect,
            version_table=context.version_table,
            schema=context.version_table_schema,
            patience=settings.ddl_deadline,
        )

    def open(self) -> None:
        """Find or make the tables, once, before the first change."""
        if self._is_open:
            return

        was_idle = not self._connection.in_transaction()

        if self._settings.history:
            with self._savepoint(needed=not was_idle):
                self.recorder.ensure()

            if was_idle and self.recorder.is_ready:
                self._connection.commit()
            elif was_idle:
                self._connection.rollback()

        self.journal.open()

        if was_idle:
            self._connection.commit()

        self._is_open = True

    def read_script(self, step: Step) -> bytes:
        """Read the file of a step, which all that follows is about.

        :return: what is in it; nothing where a compiled one has no source.
        """
        try:
            self._script = pathlib.Path(step.path).read_bytes()
        except OSError:
            self._script = self._checksum = None
        else:
            self._checksum = checksum_of(self._script)

        return self._script or b""

    @contextlib.contextmanager
    def following(self, step: Step) -> cabc.Iterator[None]:
        """Follow the function of a step, statement by statement."""
        self._began = time.monotonic()
        self._started = datetime.datetime.now(datetime.UTC)

        with self.journal.following(_name(step), checksum=self._checksum or ""):
            yield

    def complete(self, step: Step) -> tuple[Change, ...]:
        """Return what closes the journal of a step and adds it to the history.

        It belongs into the transaction of the step.
        """
        return (*self.journal.forget(_name(step)), *self._describe_step(step))

    def check_parts(self, direction: Direction, *, applied: frozenset[str]) -> None:
        """Refuse to go the other way while a part of a step is done.

        :param direction: of the run.
        :param applied: the revisions that the database has whole.
        :raises JournalMismatch: naming the step.
        """
        for part in self.journal.left:
            revision, _, way = part.rpartition(" ")
            is_upgrade = way == Direction.UPGRADE.value

            if is_upgrade is (revision in applied):
                # Something else has finished it: Alembic itself, or a hand.
                self.journal.forget_part(part)
            elif way != direction.value:
                raise JournalMismatch(
                    f"A stopped run has done a part of {part}; nothing can go the other"
                    " way before the rest of it is done.",
                    hint=f"Run `flask db {way}`; `flask db repair` shows the other ways"
                    " out.",
                )

    def note_failure(self) -> bool:
        """Note in the journal that a step was stopped, after its rollback.

        :return: whether something of it stays.
        """
        return self.journal.note_failure()

    def record_failure(self, step: Step, error: str) -> None:
        """Add a step that has failed to the history, in a transaction of its own.

        :param error: why, without secrets.
        """
        # What is wrong with the connection has been said already.
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            self._run_all(self._describe_step(step, outcome="failed", error=error))
            self._connection.commit()

    def record_stamp(self, step: StampStep) -> None:
        """Add one change of the version table, in its transaction."""
        for part in self.journal.left:
            _log.warning(
                "What a stopped run has done of %s is forgotten: the stamp says where"
                " the database stands.",
                part,
            )
            self.journal.forget_part(part)

        self._run_all(
            self._describe(
                revision=", ".join(step.to_) or "base",
                direction=Direction.UPGRADE if step.is_upgrade else Direction.DOWNGRADE,
                kind="stamp",
            )
        )

    def record_tag(self, name: str, revision: str) -> None:
        """Add a name for where the database stands."""
        self._run_all(
            self._describe(
                revision=revision, direction=Direction.UPGRADE, kind="tag", message=name
            )
        )

    def _describe_step(self, step: Step, **outcome: str) -> tuple[Change, ...]:
        return self._describe(
            self._script,
            revision=step.revision,
            direction=step.direction,
            kind=step.direction.value,
            message=step.message,
            started=self._started,
            seconds=round(time.monotonic() - self._began, 3),
            checksum=self._checksum,
            **outcome,
        )

    @functools.cached_property
    def _names(self) -> tuple[str, str]:
        """Who runs this, and where: the same for every step."""
        return name_user(), name_host()

    def _run_all(self, changes: tuple[Change, ...]) -> None:
        for one in changes:
            self._connection.execute(one.statement, one.values)

    def _describe(
        self, script: bytes | None = None, *, direction: Direction, **values: t.Any
    ) -> tuple[Change, ...]:
        entry = HistoryEntry(
            run=self._run,
            direction=direction.value,
            username=self._names[0],
            host=self._names[1],
            app_version=self._settings.app_version,
            started=values.pop("started", datetime.datetime.now(datetime.UTC)),
            **values,
        )
        return self.recorder.describe(entry, script)

    @contextlib.contextmanager
    def _savepoint(self, *, needed: bool) -> cabc.Iterator[None]:
        """Keep a CREATE that is refused from taking a transaction of env.py with it."""
        if not needed or self._dialect.keeps_part:
            yield
            return

        nested = self._connection.begin_nested()

        try:
            yield
        finally:
            if self.recorder.is_ready:
                nested.commit()
            else:
                nested.rollback()


def _name(step: Step) -> str:
    return f"{step.revision} {step.direction.value}"
