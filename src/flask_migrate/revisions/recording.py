"""What the function of a step asks for, written down instead of done."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import contextvars
import dataclasses
import io
import logging
import re
import typing as t

import alembic.context
import alembic.op
import sqlalchemy as sa
from alembic.operations import BatchOperations
from alembic.operations import MigrateOperation
from alembic.operations import Operations
from alembic.operations import ops
from alembic.operations.batch import BatchOperationsImpl
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import event

from ..databases.dialects.base import hide_secrets
from ..databases.dialects.durability import strip_comments
from ..plan import Direction
from ..plan import Step

if t.TYPE_CHECKING:
    from .database_run import DatabaseRun

READS = "it reads the database"
"""Why a function cannot be followed without one."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A table or one of its columns that an operation makes or takes away.

    :param table: its name.
    :param schema: ``None`` for the default one.
    :param column: ``None`` for the whole table, or for rows of it.
    """

    table: str
    schema: str | None = None
    column: str | None = None


@dataclasses.dataclass(slots=True, kw_only=True)
class Recording:
    """What was asked for.

    :param count: how many operations.
    :param gone: what is taken away, in order.
    :param made: what was made on the way.
    :param opaque: why not all of it is known; empty where it is.
    :param error: what the function has raised by itself.
    """

    count: int = 0
    gone: list[Gone] = dataclasses.field(default_factory=list)
    made: list[Gone] = dataclasses.field(default_factory=list)
    opaque: str = ""
    error: Exception | None = None

    def note(self, operation: MigrateOperation) -> None:
        """Write down one operation."""
        self.count += 1

        match operation:
            case ops.DropTableOp():
                self.gone.append(
                    Gone(table=operation.table_name, schema=operation.schema)
                )
            case ops.DropColumnOp():
                self.gone.append(_name_column(operation, operation.column_name))
            case ops.CreateTableOp():
                self.made.append(
                    Gone(table=operation.table_name, schema=operation.schema)
                )
            case ops.AddColumnOp():
                self.made.append(_name_column(operation, operation.column.name))
            case ops.ExecuteSQLOp():
                self._note_sql(operation)

    def _note_sql(self, operation: ops.ExecuteSQLOp) -> None:
        try:
            text = strip_comments(str(operation.sqltext)).strip()
        except sa.exc.SQLAlchemyError:
            self.opaque = READS
            return

        gone = _read_losses(text)

        if gone is None:
            first = " ".join(hide_secrets(text).split()[:2])
            self.opaque = f"it runs {first} ..."
        else:
            self.gone += gone


def _name_column(operation: ops.AlterTableOp, column: str) -> Gone:
    return Gone(table=operation.table_name, schema=operation.schema, column=column)


def record(run: DatabaseRun, step: Step) -> Recording:
    """Call the function of a step, and change nothing.

    A statement that it sends by itself, through the application's session for
    example, is refused.
    """
    recording = Recording()

    with _stand_in(run, recording), _refusing_statements(recording):
        try:
            run.call(step)
        except _OPAQUE:
            recording.opaque = READS
        except Exception as error:
            if not recording.opaque:
                recording.error = error

    return recording


def changes_nothing(run: DatabaseRun, step: Step) -> bool:
    """Tell whether the function of a step is empty, as that of a merge is."""
    found = record(run, step)
    return not (found.count or found.opaque or found.error)


def turn(step: Step) -> Step:
    """Return a step the other way."""
    up = step.direction is Direction.UPGRADE
    return dataclasses.replace(
        step, direction=Direction.DOWNGRADE if up else Direction.UPGRADE
    )


class _ReadsDatabase(Exception):  # it is no error
    pass


_OPAQUE = (_ReadsDatabase, AttributeError, TypeError, CommandError)
"""What a function raises that finds no database where it looks for one."""

_REFUSED: contextvars.ContextVar[Recording | None] = contextvars.ContextVar(
    "flask_migrate_recording", default=None
)


@contextlib.contextmanager
def _refusing_statements(recording: Recording) -> cabc.Iterator[None]:
    """Let no statement of this context reach any database; others go on."""

    def refuse(*arguments: t.Any) -> None:
        if found := _REFUSED.get():
            found.opaque = READS
            raise _ReadsDatabase

    token = _REFUSED.set(recording)
    event.listen(sa.Engine, "before_cursor_execute", refuse)

    try:
        yield
    finally:
        event.remove(sa.Engine, "before_cursor_execute", refuse)
        _REFUSED.reset(token)


class _Recorder(Operations):
    """Stands where ``op`` leads to, and writes down what it is asked for."""

    recording: Recording

    def invoke(self, operation: MigrateOperation) -> t.Any:
        return _answer(self, operation)

    def get_bind(self) -> t.NoReturn:
        self.recording.opaque = READS
        raise _ReadsDatabase

    @contextlib.contextmanager
    def batch_alter_table(
        self, table_name: str, schema: str | None = None, *args: t.Any, **kwargs: t.Any
    ) -> cabc.Iterator[BatchOperations]:
        make: t.Any = BatchOperationsImpl  # Alembic has no types for it
        impl = make(
            self,
            table_name,
            schema,
            *("never", None, (), {}, (), {}, None, ()),
        )
        batch = _BatchRecorder(self.migration_context, impl=impl)
        batch.recording = self.recording
        # What the batch has collected is not flushed.
        yield batch


class _BatchRecorder(BatchOperations):
    recording: Recording

    def invoke(self, operation: MigrateOperation) -> t.Any:
        return _answer(self, operation)

    def get_bind(self) -> t.NoReturn:
        self.recording.opaque = READS
        raise _ReadsDatabase


class _NoConnection:
    """Stands where a function may look for a connection."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def in_transaction(self) -> bool:
        """Alembic asks this around an ``autocommit_block()``."""
        return False

    def __getattr__(self, name: str) -> t.NoReturn:
        self._recording.opaque = READS
        raise _ReadsDatabase


def _answer(recorder: _Recorder | _BatchRecorder, operation: MigrateOperation) -> t.Any:
    recorder.recording.note(operation)

    if isinstance(operation, ops.CreateTableOp):
        # A function may insert rows into what it has made.
        return operation.to_table(recorder.migration_context)

    return None


@contextlib.contextmanager
def _stand_in(run: DatabaseRun, recording: Recording) -> cabc.Iterator[None]:
    """Let ``op`` and ``context`` of Alembic lead to the recording.

    Alembic 1.20 keeps what they lead to in ``_proxy``, and has no door for a second
    one inside of the first.
    """
    offline = _make_offline(run.context.dialect)
    offline.connection = t.cast("sa.Connection", _NoConnection(recording))
    recorder = _Recorder(offline)
    recorder.recording = recording
    modules: t.Any = alembic
    environment = modules.context._proxy
    before = modules.op._proxy, environment._migration_context
    modules.op._proxy, environment._migration_context = recorder, offline

    try:
        yield
    finally:
        modules.op._proxy, environment._migration_context = before


def _make_offline(dialect: sa.Dialect) -> MigrationContext:
    """Return a context that is connected to nothing, without a word about it."""
    logger = logging.getLogger("alembic.runtime.migration")
    was_disabled, logger.disabled = logger.disabled, True

    try:
        return MigrationContext.configure(
            dialect=dialect, opts={"as_sql": True, "output_buffer": io.StringIO()}
        )
    finally:
        logger.disabled = was_disabled


_NAME = r"""(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[\w$]+)"""
_PLACE = rf"(?P<place>{_NAME}(?:\s*\.\s*{_NAME})?)"
_DROP_TABLE = re.compile(r"(?is)DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?P<rest>.+)")
_DELETE = re.compile(
    rf"(?is)(?:DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?)\s+(?:ONLY\s+)?{_PLACE}"
)
_ALTER = re.compile(
    rf"(?is)ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_PLACE}(?P<rest>.*)"
)
_DROP_COLUMN = re.compile(
    r"(?is)\bDROP\s+(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?"
    r"(?!(?:CONSTRAINT|DEFAULT|NOT|INDEX|KEY|PRIMARY|FOREIGN|CHECK|EXPRESSION|IDENTITY"
    rf"|PARTITION)\b)(?P<column>{_NAME})"
)
_LOSES_NOTHING = re.compile(
    r"(?i)(?:CREATE|COMMENT|INSERT|UPDATE|GRANT|REVOKE|SET|RESET|ANALYZE|REINDEX|VACUUM"
    r"|PRAGMA|LOCK|DROP\s+(?:UNIQUE\s+)?(?:INDEX|TRIGGER|VIEW|FUNCTION|PROCEDURE|TYPE"
    r"|DOMAIN|SEQUENCE|EXTENSION|POLICY|RULE|ROLE|EVENT)"
    r"|ALTER\s+(?:INDEX|TYPE|VIEW|SEQUENCE|FUNCTION|ROLE|DOMAIN|DATABASE))\b"
)


def _read_losses(sql: str) -> list[Gone] | None:
    """Return what a statement takes away, ``None`` where that is not known."""
    if ";" in sql.rstrip("; \n"):
        return None

    sql = sql.rstrip("; \n")

    if found := _DROP_TABLE.fullmatch(sql):
        names = re.sub(r"(?i)\s+(CASCADE|RESTRICT)\s*$", "", found["rest"])
        return [_read_place(name) for name in names.split(",")]

    if found := _DELETE.match(sql):
        return [_read_place(found["place"])]

    if found := _ALTER.match(sql):
        place = _read_place(found["place"])
        columns = (
            _unquote(one["column"]) for one in _DROP_COLUMN.finditer(found["rest"])
        )
        return [dataclasses.replace(place, column=column) for column in columns]

    return [] if _LOSES_NOTHING.match(sql) else None


def _read_place(text: str) -> Gone:
    names = [_unquote(one) for one in re.findall(_NAME, text)]
    return Gone(table=names[-1], schema=names[0] if len(names) > 1 else None)


def _unquote(name: str) -> str:
    return name[1:-1] if name[:1] in '"`[' else name
