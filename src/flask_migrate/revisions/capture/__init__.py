"""Capture: what the steps of a plan would do, without doing it.

Where DDL needs no database to be written, its SQL is noted (`written`); SQLite's
table rebuilds are seen only by running them, on a scratch database (`tried`). The live
database answers questions, and refuses every change meanwhile.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import typing as t

import sqlalchemy as sa
from alembic.runtime.migration import MigrationStep
from alembic.runtime.migration import RevisionStep
from alembic.util import CommandError
from sqlalchemy import exc

from ...databases.dialects.base import first_line
from ...databases.dialects.base import hide_secrets
from ...databases.reading import read_only
from ...databases.scratch import scratch_database
from ...errors import DatabaseError
from ...errors import MigrationError
from ...plan import Direction
from ...plan import Plan
from ...plan import Step
from ..checksums import checksum
from ..heads import Heads
from .operations import RecordingOperations
from .operations import standing_in
from .quarantine import quarantine
from .recorder import Recorder
from .recorder import Unknown
from .reversible import is_reversible
from .tried import make_tried
from .tried import Watch
from .written import make_noted
from .written import NotedContext

if t.TYPE_CHECKING:
    from ..database_run import DatabaseRun

_OF_THE_STAGE = (
    *(AttributeError, TypeError, CommandError),
    *(exc.SQLAlchemyError, MigrationError),
)
"""What a step may raise that finds another database than the live one."""

_MAKERS = {
    Direction.UPGRADE: MigrationStep.upgrade_from_script,
    Direction.DOWNGRADE: MigrationStep.downgrade_from_script,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """One step, as it was captured.

    :param step: with its operations.
    :param doubt: why it may do more than these; empty if it cannot.
    :param commits: whether it commits in the middle, on purpose.
    :param is_idle: whether it does nothing, and asks for nothing.
    :param error: what stopped it, where all before that is known.
    """

    step: Step
    doubt: str
    commits: bool
    is_idle: bool
    error: BaseException | None

    @property
    def raises(self) -> bool:
        """Whether it stops by itself, and not because this is no live database."""
        return self.error is not None and not isinstance(self.error, _OF_THE_STAGE)


def capture(run: DatabaseRun, plan: Plan) -> tuple[Captured, ...]:
    """Return what the steps of a plan would do; the live database stays as it is.

    :param run: the live database, which may stand elsewhere than the plan begins.
    """
    connection = run.context.connection
    assert connection is not None  # a plan is made online
    is_there = set(run.heads) == set(plan.start)
    before = () if is_there else _list_before(run, plan)

    with read_only(connection), _stage(run, is_empty=not is_there) as stage:

        def refuse() -> None:
            stage.recorder.give_up("uses a database connection of its own")

        with quarantine(refuse, connection, *stage.scratch):
            for step in before if run.dialect.captures_live else ():
                _capture(run, stage, step)

            return tuple(_capture(run, stage, step) for step in plan.steps)


def find_end(run: DatabaseRun, plan: Plan) -> tuple[str, ...]:
    """Return the ids in the version table after the steps of a plan."""
    context = make_noted(run.context, Recorder(""))
    heads = Heads(context, plan.start, is_noted=True)

    for step in plan.steps:
        heads.update_to_step(_find_alembic_step(run, step))

    return tuple(sorted(heads.heads))


def _list_before(run: DatabaseRun, plan: Plan) -> list[Step]:
    """Return the steps from the base to where a plan begins."""
    found: list[Step] = []
    reached: tuple[str, ...] = ()

    for one in plan.start:
        for script in run.history.find_steps(Direction.UPGRADE, one, reached):
            found.append(
                Step(
                    revision=script.revision,
                    direction=Direction.UPGRADE,
                    path=script.path,
                )
            )

        reached = (*reached, one)

    return found


@contextlib.contextmanager
def _stage(run: DatabaseRun, *, is_empty: bool) -> cabc.Iterator[_Stage]:
    recorder = Recorder("")

    if not run.dialect.captures_live:
        yield _Stage(make_noted(run.context, recorder))
        return

    connection = run.context.connection
    assert connection is not None  # a plan is made online

    with contextlib.ExitStack() as stack:
        try:
            made = scratch_database(connection, is_empty=is_empty)
            engine = stack.enter_context(made)
        except DatabaseError:
            # A table calls a function that only the application's connections have.
            yield _Stage(make_noted(run.context, recorder))
            return

        scratch = stack.enter_context(engine.connect())
        watch = Watch(scratch, recorder)

        with watch.watching():
            yield _Stage(
                make_tried(run.context, recorder, scratch), scratch, watch=watch
            )


class _Stage:
    """Where the steps of one plan act.

    :param context: what they act in.
    :param scratch: where they really run, if they do.
    :param watch: what sees them there.
    """

    def __init__(
        self,
        context: NotedContext,
        *scratch: sa.Connection,
        watch: Watch | None = None,
    ) -> None:
        self.context = context
        self.scratch = scratch
        self.recorder = context.recorder
        self._watch = watch

    def begin(self, path: str) -> Recorder:
        """Begin a step.

        :param path: its file.
        """
        self.recorder = self.context.recorder = Recorder(path)

        if self._watch is not None:
            self._watch.recorder = self.recorder
        else:
            t.cast("t.Any", self.context.impl).recorder = self.recorder

        return self.recorder


def _capture(run: DatabaseRun, stage: _Stage, step: Step) -> Captured:
    found = _call(run, stage, step)

    if not (stage.scratch and isinstance(found.error, exc.DBAPIError)):
        return found

    # The application's connections may have functions and databases of their own.
    noted = _call(run, _Stage(make_noted(run.context, Recorder(""))), step).step
    longest = max(found.step, noted, key=lambda one: len(one.statements))
    return dataclasses.replace(
        found,
        step=dataclasses.replace(found.step, operations=longest.operations),
        doubt=noted.opaque and found.doubt,
    )


def _call(run: DatabaseRun, stage: _Stage, step: Step) -> Captured:
    recorder = stage.begin(step.path)
    operations = RecordingOperations(stage.context, recorder)
    script = run.history.get_revision(step.revision)

    try:
        with standing_in(run.context, stage.context, operations):
            run._call(_find_alembic_step(run, step), script)
    except Unknown:
        pass
    except (Exception, SystemExit) as error:
        recorder.fail(_explain(error, run), error)

    return Captured(
        step=dataclasses.replace(
            step,
            operations=recorder.operations,
            opaque=recorder.reason,
            checksum=checksum(step.path),
            reversible=is_reversible(step.path, step.direction, name=run.name),
        ),
        doubt=recorder.reason,
        commits=recorder.commits,
        is_idle=recorder.is_idle,
        error=recorder.error,
    )


def _find_alembic_step(run: DatabaseRun, step: Step) -> RevisionStep:
    script = run.history.get_revision(step.revision)
    return _MAKERS[step.direction](run.history.revision_map, script)


def _explain(error: BaseException, run: DatabaseRun) -> str:
    # What SQLAlchemy says to whoever inspects something that is no connection.
    is_question = isinstance(error, exc.ArgumentError) and "Connection" in str(error)

    if is_question or isinstance(error, exc.NoInspectionAvailable):
        return "reads the database"

    known = error if isinstance(error, MigrationError) else run.explain(error)
    reason = (
        known.message.splitlines()[0]
        if known
        else f"{type(error).__name__}: {first_line(error)}"
    )
    return f"stops here ({hide_secrets(reason).removesuffix(': ')})"
