"""Compare the models with what the scripts build, and prove what was written."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import pathlib
import typing as t

import sqlalchemy as sa

from ..databases.snapshot import Snapshot
from ..errors import MassDrop
from ..errors import MigrationError
from ..errors import NotProven
from ..errors import UsageError
from ..make.autogenerate import Draft
from ..make.autogenerate import RevisionOptions
from ..make.autogenerate.comparison import Answers
from ..plan import Direction
from ..plan import Plan
from ..plan import Step
from ..report.differences import describe_differences
from ..report.differences import format_differences
from ..results import Difference
from ..revisions.head_file import HeadFile
from ..revisions.history import History
from ..settings import Against
from .changed import check_scripts
from .known import is_as_built
from .known import remember
from .overlooked import describe_nothing
from .overlooked import find_unloaded
from .overlooked import find_unwritten
from .overlooked import summarise
from .planning import find_snapshot
from .scratches import quiet
from .scratches import Scratches

if t.TYPE_CHECKING:
    from ..plan import Revision
    from ..results import Written
    from ..revisions.config import Config
    from ..revisions.database_run import DatabaseRun
    from .opened import Opened


@dataclasses.dataclass(kw_only=True)
class Drafting:
    """How one revision is drafted from the models, and proven.

    :param opened: the repository and its databases.
    :param draft: of the revision.
    :param scratches: of this command.
    :param against: what the models are compared with.
    :param notes: what the user should know, in words.
    :param differences: everything that was found.
    :param explanations: what was compared where nothing was found, in words.
    """

    opened: Opened
    draft: Draft
    scratches: Scratches
    against: Against = "auto"
    notes: list[str] = dataclasses.field(default_factory=list)
    differences: list[Difference] = dataclasses.field(default_factory=list)
    explanations: list[str] = dataclasses.field(default_factory=list)
    _live: set[str] = dataclasses.field(default_factory=set)

    def write(self, *, verify: bool) -> Written:
        """Draft, write, and keep what can be proven.

        :param verify: prove it; it is kept unproven otherwise.
        """
        self.opened.run(self.compare, options=self.draft.environment_options)
        written = self.draft.write()

        if verify and written.revisions:
            try:
                self._prove_all(written.revisions)
            except BaseException as error:
                if isinstance(error, NotProven):
                    error.add_line("\n".join(written.notes))

                discard(written.revisions, self.opened.config)
                raise

        explanations = () if self.differences else self.explanations
        notes = (*written.notes, *self.notes, *explanations)
        return dataclasses.replace(written, notes=notes)

    def check(self) -> None:
        """Draft, and look at the scripts that are applied; write nothing."""

        def work(run: DatabaseRun) -> None:
            # Scripts ask this command whether a database is behind, too.
            if self.against != "scripts":
                self._require_head(run)

            self.compare(run)
            check_scripts(run)

        self.opened.run(work, options=self.draft.environment_options)
        self.notes += self.draft.notes

    def compare(self, run: DatabaseRun) -> None:
        """Add the operations that bring one database to its models."""
        before = len(self.draft.list_differences())

        if not self._is_settled(run):
            self._compare(run)

        found = self.draft.list_differences()[before:]
        self.differences += describe_differences(found, run.key)

        if not self.differences:
            metadatas = self.opened.list_metadatas()
            root = self.opened.state.root
            text = describe_nothing(run, root, metadatas=metadatas)
            self.explanations.append(text)

    def _compare(self, run: DatabaseRun) -> None:
        with contextlib.ExitStack() as stack:
            reference = self._enter_reference(run, stack)

            try:
                self.draft.compare(reference, live=run.connection)
            except MassDrop as error:
                if missing := find_unloaded(self.opened.state.root):
                    error.add_line(missing)

                raise

    def _is_settled(self, run: DatabaseRun) -> bool:
        """Tell whether there is nothing to find, without running the scripts again.

        So it is where the database is known to be what they build, and the models are
        no different from it. Anything else is worth a scratch database.
        """
        if self.against != "auto" or self.draft.has_answers or not is_as_built(run):
            return False

        with quiet():
            again = self._compare_again(run)

        if again.list_differences():
            return False

        self.draft.skip(run, notes=again.notes)
        return True

    def _prove_all(self, revisions: cabc.Sequence[Revision]) -> None:
        """Run what was written on scratch databases: up, down and up again.

        :param revisions: in the order in which they follow each other.
        :raises NotProven: they fail; what is merely left over is noted.
        """
        steps = tuple(
            Step(
                revision=one.revision,
                direction=Direction.UPGRADE,
                message=one.message,
                path=one.path,
            )
            for one in revisions
        )
        proven: list[bool] = []

        def work(run: DatabaseRun) -> None:
            proven.append(self._prove(run, steps))

        with quiet():
            self.opened.run(work)

        if proven and all(proven):
            self.notes.append(
                "Proven on a scratch database: upgrade, nothing left to change,"
                " downgrade, upgrade."
            )

    def _enter_reference(
        self, run: DatabaseRun, stack: contextlib.ExitStack
    ) -> DatabaseRun:
        """Return what the models of a database are compared with."""
        if self.against == "database":
            return self._take_live(run)

        try:
            reference = stack.enter_context(self.scratches.standing_for(run))
        except MigrationError as error:
            if self.against == "scripts":
                raise

            self.notes.append(
                "The scripts could not be replayed on a scratch database, so the models"
                f" were compared with {run.safe_url} itself: {error.message}"
            )

            if error.hint:
                self.notes.append(error.hint)

            return self._take_live(run)

        built = find_snapshot(reference)
        remember(run, built)

        if self.against == "auto":
            self._note_drift(run, reference, built=built)

        return reference

    def _take_live(self, run: DatabaseRun) -> DatabaseRun:
        """Compare with the database itself, which has to be at the head for that."""
        self._live.add(run.name)
        return self._require_head(run)

    def _require_head(self, run: DatabaseRun) -> DatabaseRun:
        run.history.check_heads(
            run.heads, sentence="Target database is not up to date."
        )
        return run

    def _note_drift(
        self, run: DatabaseRun, reference: DatabaseRun, *, built: Snapshot
    ) -> None:
        """Say where the live database is not what the scripts build."""
        if set(run.heads) != set(reference.heads):
            self.notes.append(
                f"{run.safe_url} is not at the head; the models were compared with"
                " what the scripts build."
            )
            return

        live = find_snapshot(run)
        changes = describe_changes(built, live)

        if changes:
            self.notes.append(
                f"{run.safe_url} is not what the scripts build ({summarise(changes)});"
                " the models were compared with the scripts."
                " --against database compares with it instead."
            )

        if made := find_unwritten(run, built, live):
            self.notes.append(
                f"{summarise(made)}: made by db.create_all(), it seems, and not by a"
                " revision. Where a table stands already, `flask db stamp` marks the"
                " revision that makes it as applied."
            )

    def _prove(self, run: DatabaseRun, steps: tuple[Step, ...]) -> bool:
        try:
            with contextlib.ExitStack() as stack:
                return self._walk(self._enter_proof(run, stack), steps)
        except NotProven:
            raise
        except MigrationError as error:
            self.notes.append(f"Not proven: {error.message}")

            if error.hint:
                self.notes.append(error.hint)

            return False

    def _enter_proof(
        self, run: DatabaseRun, stack: contextlib.ExitStack
    ) -> DatabaseRun:
        """Return a scratch database that is like what the models were compared with."""
        if run.name not in self._live:
            return stack.enter_context(self.scratches.standing_for(run))

        if run.dialect.copies_schema:
            return stack.enter_context(self.scratches.standing_as_copy(run))

        raise UsageError(
            f"the models were compared with {run.safe_url} itself, and its schema"
            f" cannot be copied on {run.dialect.title}."
        )

    def _walk(self, scratch: DatabaseRun, steps: tuple[Step, ...]) -> bool:
        before = find_snapshot(scratch)
        self._execute(scratch, steps)
        left = self._compare_again(scratch).list_differences()
        back = tuple(
            dataclasses.replace(one, direction=Direction.DOWNGRADE)
            for one in reversed(steps)
        )

        if left:
            self.notes.append(
                "After the upgrade the models still differ; the next `flask db migrate`"
                f" would find it again:\n{format_differences(left)}"
            )

        try:
            self._execute(scratch, back)
        except NotProven as error:
            # Some never go back, and say so in their template.
            self.notes.append(f"Not proven: {error.__cause__}")
            return False

        if lost := describe_changes(before, find_snapshot(scratch)):
            self.notes.append(
                "downgrade() does not bring the schema back as it was:"
                f" {summarise(lost)}."
            )

        self._execute(scratch, steps)
        return not left and not lost

    def _execute(self, scratch: DatabaseRun, steps: tuple[Step, ...]) -> None:
        from ..run.executor import execute

        plan = Plan(
            direction=steps[0].direction,
            start=scratch.heads,
            target=steps[-1].revision,
            steps=steps,
        )

        try:
            execute(plan, scratch)
        except (MigrationError, sa.exc.SQLAlchemyError) as error:
            raise NotProven(
                "The revision was not kept, because it fails on a scratch database."
                f"\n{error}",
                hint="--no-verify writes it nevertheless, to be corrected by hand.",
            ) from error

    def _compare_again(self, run: DatabaseRun) -> Draft:
        """Return what another comparison would change, if nobody answered anything."""
        draft = Draft(
            self.opened.config,
            self.opened.history,
            options=RevisionOptions(),
            autogenerate=True,
            answers=Answers(renames="never", allow_mass_drop=True),
        )
        draft.compare(run)
        return draft


def describe_changes(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Return what one schema has and another one has not, in words."""
    old, new = set(before.objects), set(after.objects)
    named = [(one.kind, one.table, one.name) for one in (*(old - new), *(new - old))]
    return tuple(
        f"{kind} {table}{f'.{name}' if name else ''}"
        for kind, table, name in sorted(set(named))
    )


def discard(revisions: cabc.Iterable[Revision], config: Config) -> None:
    """Remove the files of revisions that are not kept."""
    for one in revisions:
        pathlib.Path(one.path).unlink(missing_ok=True)

    HeadFile(History.open(config)).update()
