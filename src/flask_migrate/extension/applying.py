"""Verbs that change databases: upgrade, downgrade, stamp."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import io
import logging
import typing as t

import sqlalchemy as sa

from ..errors import BadOption
from ..errors import HistoryError
from ..errors import MigrationError
from ..errors import MultipleHeads
from ..errors import NotConfigured
from ..errors import UsageError
from ..run_results import DatabaseResult
from ..run_results import RunResult
from .base import Directory
from .base import private_folder
from .base import Verbs
from .base import XArgument

if t.TYPE_CHECKING:
    from ..events import Listener
    from ..plan import Direction
    from ..revisions.database_run import DatabaseRun
    from ..revisions.outline import Outline
    from .glance import Glance
    from .opened import Opened

_log = logging.getLogger("flask_migrate")


_NOT_PLAIN = frozenset({"sql", "dry_run", "from_history"})
"""Options with which an upgrade has something to do wherever a database stands."""


class Applying(Verbs):
    """What a ``Migrate`` changes."""

    def upgrade(
        self, directory: Directory = None, *, revision: str = "head", **options: t.Any
    ) -> RunResult:
        """Bring the databases forward to a revision.

        :param revision: the target.
        :param options: as :meth:`_move`.
        """
        return self._upgrade(directory, revision, **options)

    def _upgrade(
        self,
        directory: Directory,
        revision: str,
        *,
        known: Outline | None = None,
        **options: t.Any,
    ) -> RunResult:
        """Bring the databases forward.

        :param known: the outline of the repository, where it was read already.
        """
        has_work = _NOT_PLAIN & {key for key, value in options.items() if value}
        is_plain = revision in ("head", "heads") and not has_work
        glance = self._glance(directory, known=known) if is_plain else None

        if glance is not None and glance.is_done(revision):
            return _describe_done(glance)

        from ..plan import Direction

        return self._move(
            Direction.UPGRADE,
            directory,
            revision,
            outline=known if glance is None else glance.outline,
            **options,
        )

    def downgrade(
        self, directory: Directory = None, *, revision: str = "-1", **options: t.Any
    ) -> RunResult:
        """Bring the databases back to a revision.

        :param revision: the target.
        :param options: as :meth:`_move`.
        """
        from ..plan import Direction

        return self._move(Direction.DOWNGRADE, directory, revision, **options)

    def _move(
        self,
        direction: Direction,
        directory: Directory,
        revision: str,
        *,
        sql: bool = False,
        tag: str | None = None,
        x_arg: XArgument = None,
        allow_lossy_casts: cabc.Iterable[str] = (),
        lock: bool = True,
        lock_timeout: float | None = None,
        from_history: bool = False,
        on_event: Listener | None = None,
        dry_run: bool = False,
        outline: Outline | None = None,
    ) -> RunResult:
        """Run the revisions between where each database stands and a target.

        :param sql: return the script instead; it begins where each database stands, or
            at the base where it cannot be reached. ``from:to`` says it by hand.
        :param tag: for ``context.get_tag_argument()``.
        :param allow_lossy_casts: ``table.column`` whose values a type change may alter.
        :param lock: keep other runs off the databases meanwhile.
        :param lock_timeout: seconds to wait for another run; the setting otherwise.
        :param from_history: run the text that the history keeps of a revision that a
            database stands at and whose file is missing.
        :param on_event: is told each event of the run, as the signals are.
        :param dry_run: really run them, and undo it: in a transaction that is rolled
            back, or on a scratch copy of the schema.
        :param outline: of the history, where that was read already.
        :raises StepFailed: a revision stopped; says what stays.
        :raises LockNotAcquired: another run did not end in time.
        """
        if dry_run and sql:
            raise BadOption(
                "A dry run writes no SQL.", hint="`flask db plan --sql` shows it."
            )

        from ..signals import make_listener
        from .moving import Move

        opened = self._open(directory, x_arg, outline=outline)
        opened.history.require_version_folder()
        opened.history.load()
        start, target, find_start = _find_start(opened, direction, revision, sql=sql)

        if not from_history:
            # A target may be one whose file is missing.
            opened.history.check_target(target)

        output = io.StringIO() if sql else None

        with private_folder(from_history and not sql) as folder:
            arguments: dict[str, t.Any] = {
                "history": opened.history,
                "direction": direction,
                "target": target,
                "timeout": opened.choose_timeout(lock_timeout, lock=lock),
                "sql": sql,
                "folder": folder,
            }

            if dry_run:
                from .rehearsing import DryMove

                move: Move = DryMove(**arguments)
            else:
                move = Move(**arguments)

            try:
                opened.run(
                    move.work,
                    writes=not sql and not dry_run,
                    output=output,
                    find_start=find_start,
                    listener=None if sql else make_listener(on_event),
                    allow_lossy_casts=allow_lossy_casts,
                    options={
                        "tag": tag,
                        "destination_rev": target,
                        "starting_rev": start,
                    },
                )
            except MigrationError as error:
                move.note_progress(error)
                raise

        return _result(move.collect(), output)

    @contextlib.contextmanager
    def lock(
        self, bind: str | None = None, *, timeout: float | None = None
    ) -> cabc.Iterator[None]:
        """Hold the migration lock around any code; runs inside it take it as theirs.

        :param bind: of the database of this bind key, the default one otherwise.
        :param timeout: seconds to wait for another run; the setting otherwise.
        :raises LockNotAcquired: another run did not end in time.
        """
        from ..run.lock import holding_alone

        state = self.state
        database = self._choose(bind or "")[0]
        arguments = state.configure_args
        limit = state.read_settings().lock_timeout if timeout is None else timeout

        if not isinstance(database.engine, sa.Engine):
            raise NotConfigured(
                f"The engine of {database.title} is asynchronous, and this lock is for"
                " synchronous code; runs take it by themselves.",
                hint="Give Migrate a synchronous engine of the same database.",
            )

        with database.engine.connect() as connection:
            lock = database.dialect.migration_lock(
                connection,
                table=arguments.get("version_table", "alembic_version"),
                schema=arguments.get("version_table_schema"),
                policy=state.read_lock_policy(),
            )

        with holding_alone(lock, title=database.title, timeout=limit):
            yield

    def release_lock(self, directory: Directory = None, *, token: str) -> None:
        """Free the lease of a run that is gone; the next run would do so too.

        :param token: of the lease, as :meth:`read_locks` returns it.
        :raises UsageError: no lease of this token has expired.
        """
        opened = self._open(directory)
        freed: list[bool] = []

        def work(run: DatabaseRun) -> None:
            with contextlib.closing(run.make_lock()) as lock:
                freed.append(lock.release_expired(token))

        opened.run(work, writes=True)

        if not any(freed):
            raise UsageError(
                f"No lease with the token {token!r} has expired; nothing was released.",
                hint="`flask db lock` shows the token, and when the lease expires. A"
                " run that is alive renews it: stop that one first.",
            )

    def stamp(
        self,
        directory: Directory = None,
        *,
        revisions: str | cabc.Sequence[str] = "head",
        sql: bool = False,
        tag: str | None = None,
        purge: bool = False,
        lock: bool = True,
        lock_timeout: float | None = None,
    ) -> RunResult:
        """Write revisions into the version table, and run nothing.

        :param revisions: one or several; ``base`` empties the table.
        :param sql: return the statements instead.
        :param tag: for ``context.get_tag_argument()``.
        :param purge: empty the table first, whatever is in it.
        :param lock: keep other runs off the databases meanwhile.
        :param lock_timeout: seconds to wait for another run; the setting otherwise.
        """
        from ..run.lock import holding

        if sql and purge:
            raise MigrationError("Can't use --purge with --sql mode")

        opened = self._open(directory)
        wanted = (revisions,) if isinstance(revisions, str) else tuple(revisions)
        start, targets = _split_starts(wanted) if sql else (None, wanted)
        opened.history.require_version_folder()

        for one in targets:
            # Before --purge empties the version table; several heads have a sentence
            # of their own here.
            with contextlib.suppress(MultipleHeads):
                opened.history.check_target(one)

        results: list[DatabaseResult] = []

        timeout = None if sql else opened.choose_timeout(lock_timeout, lock=lock)

        def work(run: DatabaseRun) -> None:
            with holding(run, timeout=timeout):
                before = run.heads

                if purge or (not before and not sql):
                    run.ensure_version_table(purge=purge)

                run.stamp(targets)

            results.append(
                DatabaseResult(database=run.key, start=before, end=run.heads)
            )

        output = io.StringIO() if sql else None
        known = opened.read_heads() if sql and start is None else {}
        begins = _resolve(opened, start)
        opened.run(
            work,
            writes=not sql,
            output=output,
            find_start=lambda name: known.get(name, begins),
            options={"tag": tag, "destination_rev": targets, "purge": False},
        )
        return _result(results, output)

    def ensure_version(
        self, directory: Directory = None, *, sql: bool = False
    ) -> RunResult:
        """Make the version table where it is missing.

        :param sql: return the statement instead.
        """
        opened = self._open(directory)
        results: list[DatabaseResult] = []

        def work(run: DatabaseRun) -> None:
            run.ensure_version_table()
            results.append(
                DatabaseResult(database=run.key, start=run.heads, end=run.heads)
            )

        output = io.StringIO() if sql else None
        opened.run(work, writes=not sql, output=output)
        return _result(results, output)


def _describe_done(glance: Glance) -> RunResult:
    """Return the result of an upgrade that has nothing to do."""
    heads = tuple(sorted(glance.outline.effective_heads))
    return RunResult(
        databases=tuple(
            DatabaseResult(database=key, start=heads, end=heads)
            for key in glance.databases
        )
    )


def _split_starts(
    revisions: tuple[str, ...],
) -> tuple[str | None, tuple[str, ...]]:
    """Split ``from:to`` of a stamp that is written as SQL."""
    pairs = [one.rpartition(":") for one in revisions]
    starts = {start for start, colon, _ in pairs if colon}

    if len(starts) > 1:
        raise HistoryError(
            "Stamp operation with --sql only supports a single starting revision at a"
            " time"
        )

    return next(iter(starts), None), tuple(end for _, _, end in pairs)


def _find_start(
    opened: Opened, direction: Direction, revision: str, *, sql: bool
) -> tuple[str | None, str, cabc.Callable[[str], tuple[str, ...]] | None]:
    """Return where SQL begins: as written, where the database stands, or the base.

    :return: the written start, the target, and the ids by a database's name.
    """
    start, colon, target = revision.rpartition(":")

    if not sql:
        if colon:
            raise HistoryError(
                f"Range revision not allowed: {revision!r}.",
                hint=f"Name one revision: `flask db {direction.value} {target}`, or add"
                " --sql.",
            )

        return None, target, None

    if colon:
        begins = _resolve(opened, start)
        return start, target, lambda name: begins

    from ..plan import Direction

    known = opened.read_heads()

    if direction is Direction.DOWNGRADE and not any(known.values()):
        if target != "-1":
            raise HistoryError(
                "downgrade with --sql requires <fromrev>:<torev> where the database"
                " cannot be asked.",
                hint=f"flask db downgrade --sql head:{target}",
            )

        newest = _resolve(opened, "head")
        return "head", target, lambda name: newest

    return None, target, lambda name: known.get(name, ())


def _resolve(opened: Opened, ident: str | None) -> tuple[str, ...]:
    if not ident or ident == "base":
        return ()

    return tuple(script.revision for script in opened.history.find(ident))


def _result(
    results: cabc.Iterable[DatabaseResult], output: io.StringIO | None
) -> RunResult:
    return RunResult(
        databases=tuple(results), sql=None if output is None else output.getvalue()
    )
