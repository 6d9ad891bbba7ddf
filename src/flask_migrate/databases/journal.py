"""The journal: which statements of a step are done, where they cannot be undone.

A step whose statements commit by themselves can stop in the middle. Each of its
changes is written down: what rolls back, in its own transaction; what does not, before
and after it. The next run calls the same function again, and what is done already is
answered without the server. A statement that was under way when the run was killed is
looked for in the live schema.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import hashlib
import logging
import time
import typing as t

import sqlalchemy as sa
from sqlalchemy import event

from ..errors import JournalMismatch
from ..errors import LockNotAcquired
from ..results import JournalRow
from ..results import Progress
from .columns import LONG_TEXT
from .connections import explain
from .dialects.base import Dialect
from .dialects.base import first_line
from .dialects.base import hide_secrets
from .dialects.durability import Durability
from .dialects.durability import ends_transaction
from .together import Change
from .trail import Sent
from .trail import Trail

_log = logging.getLogger("flask_migrate")

SUFFIX = "_journal"
POLL_SECONDS = 0.2
"""How often a run asks whether the statement of a killed run has ended."""


def make_table(version_table: str, schema: str | None, *, dialect: Dialect) -> sa.Table:
    """Return the journal that belongs to a version table."""
    return sa.Table(
        f"{version_table}{SUFFIX}",
        sa.MetaData(),
        sa.Column("step", sa.String(255), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("parameters", sa.String(64), nullable=False),
        sa.Column("statement", LONG_TEXT, nullable=False),
        sa.Column("checksum", sa.String(64), nullable=False),
        sa.Column("progress", sa.String(16), nullable=False),
        sa.Column("probe", sa.String(64)),
        sa.Column("session", sa.BigInteger),
        sa.Column("row_count", sa.BigInteger),
        sa.Column("generated_key", sa.BigInteger),
        schema=schema,
        **dialect.any_text,
    )


class Journal:
    """Follows the statements of one step after the other on one connection.

    :param connection: of the run.
    :param dialect: what is known of its backend.
    :param version_table: whose journal it is.
    :param schema: of the version table.
    :param patience: seconds to wait for the statement of a killed run.
    """

    def __init__(
        self,
        connection: sa.Connection,
        dialect: Dialect,
        *,
        version_table: str,
        schema: str | None,
        patience: float = 60.0,
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self._table = make_table(version_table, schema, dialect=dialect)
        # With parameters for all that differs, so that SQLAlchemy knows them again.
        here = self._table.c.step == sa.bindparam("the_step")
        self._addition: sa.Insert = self._table.insert().inline()
        self._removal: sa.Delete = self._table.delete().where(here)
        self._update: sa.Update = self._table.update().where(
            here, self._table.c.position == sa.bindparam("the_position")
        )
        self._patience = patience
        self.is_kept: bool = True
        self._exists = False
        self._left: dict[str, list[JournalRow]] = {}
        self._step = self._checksum = ""
        self._trail = Trail()
        self._is_following = False
        self._is_ours = False
        self._current: JournalRow | None = None
        self._skipped: JournalRow | None = None
        self._unwritten: list[JournalRow] = []
        self._stored: set[tuple[str, int]] = set()

    # -- around steps ----------------------------------------------------------

    def open(self) -> None:
        """Read what stopped runs have left; make the table where it will be needed.

        Outside of a transaction. A user who may not write it goes on without it.
        """
        inspector = sa.inspect(self._connection)
        self._exists = inspector.has_table(self._table.name, schema=self._table.schema)

        if self._exists:
            self._read_left()

        if self._dialect.keeps_part:
            self._try_to_write()

    @contextlib.contextmanager
    def attached(self) -> cabc.Iterator[None]:
        """Listen to the connection, before anybody else does.

        What is done already is nobody's business: no index is swept away while the
        server still builds it, and no limit is lifted for a row of ours.
        """
        # SQLAlchemy takes `retval` for some events only, and `insert` for none.
        listeners: tuple[tuple[str, t.Any, dict[str, bool]], ...] = (
            ("before_cursor_execute", self._before_execute, {"retval": True}),
            ("after_cursor_execute", self._after_execute, {}),
            ("commit", self._on_commit, {}),
        )

        for name, function, options in listeners:
            event.listen(self._connection, name, function, **options)

        try:
            yield
        finally:
            for name, function, _ in listeners:
                event.remove(self._connection, name, function)

    def read(self) -> tuple[JournalRow, ...]:
        """Return every row, in order; none where there is no table."""
        if not sa.inspect(self._connection).has_table(
            self._table.name, schema=self._table.schema
        ):
            return ()

        query = self._table.select().order_by(
            self._table.c.step, self._table.c.position
        )
        rows = self._connection.execute(query).mappings()
        return tuple(
            JournalRow(**{**row, "progress": Progress(row["progress"])}) for row in rows
        )

    @contextlib.contextmanager
    def following(self, step: str, *, checksum: str) -> cabc.Iterator[None]:
        """Follow the statements of a step while its function runs.

        :param step: the revision and the direction.
        :param checksum: of its script.
        :raises JournalMismatch: the function goes another way than what is done.
        """
        self._step, self._checksum = step, checksum
        self._trail = Trail(self._left.get(step, ()), checksum=checksum)
        self._current = self._skipped = None
        self._unwritten = []
        self._is_following = True

        try:
            yield
            self._trail.expect_end(step)
        finally:
            self._is_following = False

    def forget(self, step: str) -> tuple[Change, ...]:
        """Return what deletes the rows of a step, in the transaction that completes it.

        :return: nothing where there are none.
        """
        self._unwritten = []

        if self._left.pop(step, None) or self._has_rows(step):
            self._stored = {place for place in self._stored if place[0] != step}
            return (Change(statement=self._removal, values={"the_step": step}),)

        return ()

    def note_failure(self) -> bool:
        """Write down that the server has refused the current statement.

        Outside of a transaction, after the step has been rolled back.

        :return: whether something of the step stays.
        """
        current, self._current = self._current, None
        # What commits by itself is done, whatever came after it.
        known = [row for row in self._unwritten if row.session is not None]
        self._unwritten = []

        if not (self._exists and self.is_kept):
            return False

        if current is not None and current.session is not None:
            known.append(dataclasses.replace(current, progress=Progress.FAILED))

        try:
            for row in known:
                self._write(row)

            self._connection.commit()

            self._read_left()
            self._connection.rollback()
        except sa.exc.SQLAlchemyError:
            # A connection that was lost says nothing: the next run looks for itself.
            return True

        rows = self._left.get(self._step, ())
        return any(row.progress is not Progress.FAILED for row in rows)

    # -- around statements -----------------------------------------------------

    def _before_execute(
        self,
        connection: sa.Connection,
        cursor: t.Any,
        statement: str,
        parameters: t.Any,
        context: t.Any,
        executemany: bool,
    ) -> tuple[str, t.Any]:
        if not self._listens:
            return statement, parameters

        durability = self._dialect.judge_durability(
            statement, autocommit=self._is_autocommit
        )

        if durability is Durability.READ:
            self._trail.note_look()

            if ends_transaction(statement):
                self._on_commit(connection)

            return statement, parameters

        with self._own_statements():
            self._note_refused()
            sent = Sent(
                digest=hashlib.sha256(statement.encode()).hexdigest(),
                parameters=hashlib.sha256(repr(parameters).encode()).hexdigest(),
                statement=hide_secrets(statement),
            )
            row = self._trail.take(self._step, sent)

            if row is not None and self._is_done(row):
                self._skipped = row
                return self._dialect.nothing, [()] if executemany else ()

            self._begin(row, sent, durability)

        return statement, parameters

    def _after_execute(
        self, connection: sa.Connection, cursor: t.Any, *arguments: t.Any
    ) -> None:
        context = arguments[2]

        if not self._listens:
            return

        if self._skipped is not None:
            # What a loop "until no row is left" looks at; SQLAlchemy 2 has no other
            # place for it.
            context._rowcount = self._skipped.row_count

            # Only MySQL's drivers let it be set, and only theirs are asked for it.
            with contextlib.suppress(AttributeError):
                cursor.lastrowid = self._skipped.generated_key

            self._skipped = None
        elif self._current is not None:
            self._end(
                dataclasses.replace(
                    self._current,
                    progress=Progress.DONE,
                    row_count=getattr(cursor, "rowcount", None),
                    # PostgreSQL's drivers have none: its keys come in RETURNING.
                    generated_key=getattr(cursor, "lastrowid", None),
                )
            )

    def _begin(self, row: JournalRow | None, sent: Sent, kind: Durability) -> None:
        """Write down what is about to run, where it commits by itself."""
        commits = kind is Durability.COMMITS
        # Looked at again in these words, if the run is killed meanwhile.
        text = sent.statement
        self._current = JournalRow(
            step=self._step,
            position=self._trail.next_position() if row is None else row.position,
            digest=sent.digest,
            parameters=sent.parameters,
            statement=text if commits else text[:2000],
            checksum=self._checksum,
            progress=Progress.BEGUN,
            probe=self._dialect.probe(self._connection, text) if commits else None,
            session=self._dialect.read_session(self._connection) if commits else None,
        )

        if commits:
            self._write_unwritten()
            self._write(self._current)

            if not self._dialect.commits_first(text):
                self._commit()
        elif self._is_autocommit:
            # It shares a transaction with its row.
            self._connection.exec_driver_sql("BEGIN")

    def _end(self, row: JournalRow) -> None:
        self._current = None

        with self._own_statements():
            self._unwritten.append(row)

            if self._is_autocommit:
                self._write_unwritten()

                if row.session is None:
                    self._connection.exec_driver_sql("COMMIT")
            elif row.session is not None and row.probe is None:
                # Where the schema can tell, the next commit is early enough.
                self._write_unwritten()
                self._commit()

    def _note_refused(self) -> None:
        """Note that the statement before was refused, and the function went on."""
        current, self._current = self._current, None

        if current is None:
            return

        if current.session is not None:
            self._write(dataclasses.replace(current, progress=Progress.FAILED))
            self._commit()
        elif self._is_autocommit:
            self._connection.exec_driver_sql("ROLLBACK")

    def _on_commit(self, connection: sa.Connection) -> None:
        """Keep what the function itself commits in the middle of the step."""
        if self._listens:
            with self._own_statements():
                self._write_unwritten()

    def _is_done(self, row: JournalRow) -> bool:
        found = self.look(row)

        if found is Progress.BEGUN:
            raise JournalMismatch(
                "A run was stopped while the server worked at a statement, and nothing"
                f" says whether it was done: {row.statement[:300]}",
                hint="Find out, then say so: `flask db repair` shows how.",
            )

        return found is not Progress.FAILED

    def look(self, row: JournalRow) -> Progress:
        """Return how far a statement has come, by the live schema where in doubt.

        :return: still ``BEGUN`` where the schema cannot tell.
        """
        if row.progress is not Progress.BEGUN:
            return row.progress

        self._await_end(row)

        if row.probe is None:
            return Progress.BEGUN

        is_same = self._dialect.probe(self._connection, row.statement) == row.probe
        return Progress.FAILED if is_same else Progress.DONE

    def settle(self, rows: cabc.Iterable[JournalRow]) -> None:
        """Write rows anew, as somebody has decided."""
        for row in rows:
            self._write(row)

    def drop(self, step: str) -> None:
        """Delete what is known of a step."""
        self._connection.execute(self._removal, {"the_step": step})
        self._stored = {place for place in self._stored if place[0] != step}

    @property
    def left(self) -> tuple[str, ...]:
        """The steps of which stopped runs have left a part."""
        return tuple(self._left)

    def forget_part(self, step: str) -> None:
        """Delete what a stopped run has left of a step."""
        if self._left.pop(step, None):
            self.drop(step)

    def _has_rows(self, step: str) -> bool:
        return any(place[0] == step for place in self._stored)

    def _await_end(self, row: JournalRow) -> None:
        """Wait until the server has done with the statement of a killed run."""
        deadline = time.monotonic() + self._patience
        session = row.session
        has_said = False

        while session is not None and self._dialect.is_running(
            self._connection, session
        ):
            if time.monotonic() > deadline:
                raise LockNotAcquired(
                    "The server still works at a statement of a run that was killed"
                    f" (connection {session}): {row.statement[:300]}",
                    hint="Wait for it or end it on the server, then run the command"
                    " again.",
                )

            if not has_said:
                has_said = True
                _log.info(
                    "Waiting for the server, which still works at a statement of a run"
                    " that was killed (connection %s): %s",
                    session,
                    row.statement[:300],
                )

            time.sleep(POLL_SECONDS)

    def _read_left(self) -> None:
        rows = self.read()
        self._left = {}
        self._stored = {(row.step, row.position) for row in rows}

        for row in rows:
            self._left.setdefault(row.step, []).append(row)

    # -- the table -------------------------------------------------------------

    @property
    def _is_autocommit(self) -> bool:
        return self._dialect.commits_each(self._connection)

    @property
    def _listens(self) -> bool:
        return self._is_following and self.is_kept and not self._is_ours

    @contextlib.contextmanager
    def _own_statements(self) -> cabc.Iterator[None]:
        self._is_ours = True

        try:
            yield
        finally:
            self._is_ours = False

    def _commit(self) -> None:
        # Below SQLAlchemy, whose transaction object belongs to Alembic.
        if not self._is_autocommit:
            self._connection.connection.commit()

    def _try_to_write(self) -> None:
        try:
            if not self._exists:
                self._create()

            self._connection.execute(
                self._table.delete().where(self._table.c.step == "")
            )
        except sa.exc.DBAPIError as error:
            if isinstance(explain(error, self._connection.engine.url), LockNotAcquired):
                raise

            self._connection.rollback()
            self.is_kept = False
            _log.warning(
                "What a stopped run has done cannot be written down: %s cannot be made"
                " or written (%s).",
                self._table.fullname,
                first_line(error),
            )

    def _create(self) -> None:
        self._table.create(self._connection)
        self._exists = True

    def _write_unwritten(self) -> None:
        for row in self._unwritten:
            self._write(row)

        self._unwritten = []

    def _write(self, row: JournalRow) -> None:
        if not self._exists:
            self._create()

        # One statement: where each commits by itself, no row is away for a moment. One
        # that was rolled back with what it spoke of is not there to be changed.
        values, place = row.to_dict(), (row.step, row.position)

        if place not in self._stored or not self._change(values):
            self._connection.execute(self._addition, values)
            self._stored.add(place)

    def _change(self, values: dict[str, t.Any]) -> bool:
        names = {"the_step": values["step"], "the_position": values["position"]}
        return bool(
            self._connection.execute(self._update, {**values, **names}).rowcount
        )
