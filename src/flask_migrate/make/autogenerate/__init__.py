"""Draft a revision: from the models, or empty."""

from __future__ import annotations

import contextlib
import dataclasses
import tokenize
import typing as t

import sqlalchemy as sa
from alembic import util
from alembic.autogenerate import RevisionContext

from ...errors import BadOption
from ...results import Written
from ...revisions.border import crossing
from .comparison import Answers
from .comparison import Askers
from .comparison import Comparison
from .comparison import require_matched
from .destruction import write_remarks
from .fill_question import require_fills
from .imports import find_unbound
from .messages import propose_message
from .remarks import remark

if t.TYPE_CHECKING:
    from alembic.config import Config
    from alembic.operations.ops import MigrationScript
    from alembic.script import Script

    from ...revisions.database_run import DatabaseRun
    from ...revisions.history import History


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RevisionOptions:
    """What a new revision is asked to be.

    :param message: the first line of its docstring.
    :param head: what it follows.
    :param splice: it may follow a revision that is no head.
    :param branch_label: the name of the branch that it begins.
    :param version_path: the folder of its file, where there are several.
    :param rev_id: its id; a random one otherwise.
    :param depends_on: the revisions that it also needs.
    """

    message: str | None = None
    head: str = "head"
    splice: bool = False
    branch_label: str | None = None
    version_path: str | None = None
    rev_id: str | None = None
    depends_on: tuple[str, ...] = ()


class Draft:
    """A revision that is not written yet.

    :param config: Alembic's configuration of the repository.
    :param history: the revision files.
    :param options: what it is asked to be.
    :param names: the names of the databases, for templates of several.
    :param autogenerate: compare the models with the databases.
    :param answers: what was said beforehand of what a comparison may ask.
    :param askers: who answers the rest.
    :raises BadOption: there are answers, and nothing is compared.
    """

    def __init__(
        self,
        config: Config,
        history: History,
        *,
        options: RevisionOptions,
        names: tuple[str, ...] = (),
        autogenerate: bool = False,
        answers: Answers | None = None,
        askers: Askers | None = None,
    ) -> None:
        self._answers = answers or Answers()
        self._askers = askers or Askers()

        if self._answers.renamed and not autogenerate:
            raise BadOption(
                "--rename answers what a comparison asks, and there is none.",
                hint="Add --autogenerate, or write `flask db rename OLD NEW`.",
            )

        self._comparisons: list[Comparison] = []
        self._notes: tuple[str, ...] = ()
        self._history = history
        self._autogenerate = autogenerate
        arguments = dataclasses.asdict(options)
        arguments["depends_on"] = list(options.depends_on) or None
        self.context: RevisionContext = RevisionContext(
            config, history, {**arguments, "autogenerate": autogenerate, "sql": False}
        )
        self.context.template_args.update(template_names(names))

    @property
    def has_answers(self) -> bool:
        """Whether something was declared that a comparison has to find."""
        return bool(self._answers.renamed or self._answers.fills)

    @property
    def environment_options(self) -> dict[str, t.Any]:
        """What ``env.py`` may ask of Alembic while the draft is made."""
        return {
            "template_args": self.context.template_args,
            "revision_context": self.context,
        }

    def compare(self, run: DatabaseRun, *, live: sa.Connection | None = None) -> None:
        """Add the operations that bring one database to its models.

        :param run: what the models are compared with; at the head.
        :param live: where rows are counted, if that is another database.
        """
        if not self._autogenerate:
            self.skip(run)
            return

        with crossing(self._history):
            heads: t.Any = run.heads
            comparison = self._begin(run, live or run.connection)

            with contextlib.closing(comparison):
                self.context.run_autogenerate(heads, run.context)

    def skip(self, run: DatabaseRun, *, notes: tuple[str, ...] = ()) -> None:
        """Add no operations for one database, as where a comparison finds none.

        :param notes: what that comparison had to say, in words.
        """
        self._notes += notes

        with crossing(self._history):
            heads: t.Any = run.heads
            self.context.run_no_autogenerate(heads, run.context)

    def _begin(self, run: DatabaseRun, live: sa.Connection) -> Comparison:
        comparison = Comparison(
            answers=self._answers,
            askers=self._askers,
            live=live,
            reads_only=live is run.connection,
        )
        comparison.begin(run.context)
        self._comparisons.append(comparison)
        return comparison

    @property
    def notes(self) -> tuple[str, ...]:
        """What the comparisons have to say, in words."""
        notes = (note for each in self._comparisons for note in each.notes)
        return tuple(dict.fromkeys((*self._notes, *notes)))

    def rename(self, run: DatabaseRun, *, old: str, new: str) -> None:
        """Add a rename of a table or a column, where one database has it.

        :param old: ``posts``, ``users.name``.
        :raises BadOption: something has the new name already.
        """
        from .renames.commanded import make_rename

        self.compare(run)
        script = self.context.generated_revisions[-1]
        upgrade, downgrade = script.upgrade_ops_list[-1], script.downgrade_ops_list[-1]
        upgrade.ops.extend(make_rename(run.connection, old, new=new))
        downgrade.ops[:] = upgrade.reverse().ops

    def require_operations(self, old: str) -> None:
        """Refuse to write a rename that renames nothing.

        :raises BadOption: no database has it.
        """
        lists = self.context.generated_revisions[-1].upgrade_ops_list

        if not any(operations.ops for operations in lists):
            raise BadOption(
                f"There is no {old} to rename in the database.",
                hint="Name a table as `posts`, a column as `users.name`; `flask db"
                " upgrade` first, if a pending revision makes it.",
            )

    def list_differences(self) -> tuple[t.Any, ...]:
        """Return Alembic's description of each difference that was found."""
        return tuple(
            difference
            for script in self.context.generated_revisions[-1:]
            for operations in script.upgrade_ops_list
            for difference in operations.as_diffs()
        )

    def write(self) -> Written:
        """Write the files; none where nothing is left in the draft.

        :return: several revisions where a hook has split one.
        :raises FillUnanswered: rows need a value, and nobody has said which.
        :raises BadOption: an answer is to no question.
        """
        require_matched(self._comparisons)
        require_fills(one for each in self._comparisons for one in each.unanswered)
        self._check_fills()

        if self._autogenerate:
            for draft in self.context.generated_revisions:
                _complete(draft)

        with crossing(self._history):
            scripts = [script for script in self.context.generate_scripts() if script]

        unbound = [note for script in scripts for note in _read_back(script)]
        written = self._history.describe_written(scripts)
        # Where nothing is left to do there is nothing to say, but to an answer.
        is_told = bool(scripts or self._answers.fills)
        notes = (*self.notes, *unbound) if is_told else ()
        return dataclasses.replace(written, notes=notes)

    def _check_fills(self) -> None:
        used = {name for each in self._comparisons for name in each.used_fills}

        for name in self._answers.fills:
            if name not in used:
                raise BadOption(
                    f"--fill {name}: no such column is new or becomes NOT NULL, in a"
                    " table that stays. Nothing was written.",
                    hint="Write it as table.column, with the schema in front where it"
                    " is not the default one; it is for autogenerate only.",
                )


def _complete(draft: MigrationScript) -> None:
    """Give a draft that a comparison has made its message and its remarks."""
    upgrades, downgrades = draft.upgrade_ops_list, draft.downgrade_ops_list

    if draft.message is None:
        operations = [one for tree in upgrades for one in tree.ops]
        draft.message = propose_message(operations) or None

    for tree in (*upgrades, *downgrades):
        remark(tree, write_remarks)


def _read_back(script: Script) -> list[str]:
    """Return what a written file still needs from its author."""
    with tokenize.open(script.path) as file:
        unbound = find_unbound(file.read())

    return [
        f"{script.path} uses the name {name}, which nothing in it defines: add its"
        " import before you keep the file."
        for name in unbound
    ]


def write_merge(
    config: Config,
    history: History,
    *,
    parents: tuple[Script, ...],
    options: RevisionOptions,
    names: tuple[str, ...] = (),
) -> Written:
    """Write the revision that joins several.

    :param parents: what it follows.
    """
    script = history.generate_revision(
        options.rev_id or util.rev_id(),
        options.message,
        refresh=True,
        head=tuple(parent.revision for parent in parents),
        branch_labels=options.branch_label,
        splice=options.splice,
        config=config,
        **template_names(names),
    )
    return history.describe_written([script] if script else [])


def template_names(names: tuple[str, ...]) -> dict[str, t.Any]:
    """Return what a template for several databases needs to know of them.

    :param names: of the databases, empty for the default one.
    :return: ``databases``: pairs of a name and the end of its functions' names. Two
        names never share one.
    """
    pairs: list[tuple[str, str]] = []

    for name in names:
        plain = "".join(one if f"x{one}".isidentifier() else "_" for one in name)
        taken = {end for _, end in pairs}
        ends = [plain, *(f"{plain}_{number}" for number in range(2, len(names) + 2))]
        pairs.append((name, next(end for end in ends if end not in taken)))

    return {"databases": pairs}
