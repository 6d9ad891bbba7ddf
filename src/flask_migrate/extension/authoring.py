"""Verbs that write files: init, revision, check, merge, edit."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import os
import typing as t

from ..errors import BadOption
from ..errors import DifferencesFound
from ..errors import MigrationError
from ..results import Written
from .base import Directory
from .base import Verbs
from .base import XArgument
from .opened import Opened

if t.TYPE_CHECKING:
    from ..make.autogenerate import Draft
    from ..make.autogenerate import RevisionOptions
    from ..make.autogenerate.comparison import Answers
    from ..make.autogenerate.comparison import Askers
    from ..questions import RenameQuestion
    from ..revisions.config import Config
    from ..revisions.repository import InitResult
    from ..revisions.repository import RepositoryTemplate
    from ..settings import Against
    from .drafting import Drafting


class Authoring(Verbs):
    """What a ``Migrate`` writes."""

    def list_templates(self) -> tuple[RepositoryTemplate, ...]:
        """Return the repositories that :meth:`init` can make."""
        from ..revisions.config import Config
        from ..revisions.repository import list_repository_templates

        return list_repository_templates(Config())

    def init(
        self,
        directory: Directory = None,
        *,
        multidb: bool = False,
        template: str | os.PathLike[str] | None = None,
        package: bool = False,
    ) -> InitResult:
        """Make a new repository.

        :param directory: its folder, which may exist if it is empty.
        :param multidb: for several databases.
        :param template: one of :meth:`list_templates`, or the path of a folder.
        :param package: make the folder an importable package.
        :raises RepositoryError: the folder is not empty, or there is no such template.
        """
        from ..revisions.config import Config
        from ..revisions.repository import make_repository

        folder = str(directory or self.state.directory)
        name = str(template or ("flask-multidb" if multidb else "flask"))
        parent, last = os.path.split(name.replace("\\", "/").rstrip("/"))
        config = Config(template_directory=parent or None)
        config.set_main_option("script_location", folder.replace("%", "%%"))
        config.config_file_name = os.path.join(folder, "alembic.ini")
        config = self.call_configure_callbacks(config)
        return make_repository(config, folder, template=last, package=package)

    def revision(
        self,
        directory: Directory = None,
        *,
        options: RevisionOptions,
        autogenerate: bool = False,
        sql: bool = False,
        x_arg: XArgument = None,
        answers: Answers | None = None,
        against: Against | None = None,
        verify: bool | None = None,
        askers: Askers | None = None,
    ) -> Written:
        """Write a new revision file.

        :param options: what it is asked to be.
        :param autogenerate: from the difference between the models and the databases.
        :param sql: refused, as by Alembic.
        :param answers: for autogenerate: what is said beforehand of what it may ask.
        :param askers: for autogenerate: who answers the rest.
        :param against: for autogenerate: what the models are compared with; the
            setting otherwise.
        :param verify: for autogenerate: keep only what runs on a scratch database; the
            setting otherwise.
        :return: what was written; nothing where autogenerate finds nothing.
        :raises OutOfDate: a database that the models are compared with is not at the
            head.
        :raises RenameUnanswered: something may have been renamed, and nobody has said
            so; nothing is written.
        :raises FillUnanswered: rows need a value, and nobody has said which.
        :raises NotProven: what was written fails on a scratch database.
        """
        opened = self._open(directory, x_arg, autogenerate=autogenerate)
        _refuse_sql(sql, autogenerate=autogenerate)
        draft = self._draft(
            opened,
            options,
            autogenerate=autogenerate,
            answers=answers,
            askers=askers,
        )

        if not autogenerate:
            if _runs_environment(opened.config):
                opened.run(draft.compare, options=draft.environment_options)

            return draft.write()

        opened.history.check_new(options.head)

        with self._drafting(opened, draft, against=against) as work:
            settings = self.state.read_settings()
            return work.write(verify=settings.verify if verify is None else verify)

    def rename(
        self,
        directory: Directory = None,
        *,
        old: str,
        new: str,
        options: RevisionOptions | None = None,
    ) -> Written:
        """Write a revision that renames a table or a column, without a comparison.

        :param old: ``posts``, ``users.name``; with a schema in front, if need be.
        :param new: the new name alone.
        :param options: what the revision is asked to be.
        :raises BadOption: no database has it, or something has the new name.
        """
        from ..make.autogenerate import RevisionOptions

        opened = self._open(directory)
        asked = options or RevisionOptions()

        if asked.message is None:
            message = f"rename {old} to {new}"
            asked = dataclasses.replace(asked, message=message)

        draft = self._draft(opened, asked, autogenerate=False)
        opened.run(
            lambda run: draft.rename(run, old=old, new=new),
            options=draft.environment_options,
        )
        draft.require_operations(old)
        return draft.write()

    def check(
        self,
        directory: Directory = None,
        *,
        answers: Answers | None = None,
        against: Against | None = None,
    ) -> tuple[str, ...]:
        """Compare the models with the databases.

        :param answers: what the comparison may ask.
        :param against: what the models are compared with; the setting otherwise.
        :return: what the user should know, in words.
        :raises DifferencesFound: with every difference.
        :raises OutOfDate: a database that the models are compared with is not at the
            head.
        :raises ChangedScripts: an applied script has changed, and the policy is to
            stop then.
        """
        from ..make.autogenerate import RevisionOptions
        from ..make.autogenerate.comparison import Answers
        from ..make.autogenerate.comparison import Askers
        from ..report.differences import format_differences

        opened = self._open(directory, autogenerate=True)
        # What would be refused or asked is a difference here, like any other.
        wanted = dataclasses.replace(answers or Answers(), allow_mass_drop=True)
        asked: list[RenameQuestion] = []

        def accept(questions: tuple[RenameQuestion, ...]) -> dict[str, str]:
            asked.extend(questions)
            return {one.old: one.new for one in questions}

        draft = self._draft(
            opened,
            RevisionOptions(),
            autogenerate=True,
            answers=wanted,
            askers=Askers(rename=accept),
        )

        with self._drafting(opened, draft, against=against) as work:
            work.check()

        if differences := draft.list_differences():
            parts = [
                format_differences(differences),
                *(f"Probably renamed: {one}" for one in asked),
                *work.notes,
            ]
            raise DifferencesFound(
                f"New upgrade operations detected: {list(differences)}\n"
                + "\n".join(parts),
                diffs=differences,
                differences=tuple(work.differences),
                questions=tuple(asked),
                hint="Write them down with `flask db migrate`.",
            )

        return tuple(work.notes)

    def merge(
        self,
        directory: Directory = None,
        *,
        revisions: str | cabc.Sequence[str] = "heads",
        options: RevisionOptions,
    ) -> Written:
        """Write the revision that joins several.

        :param revisions: what it joins; every head where nothing is named.
        :raises BadOption: they are fewer than two.
        """
        from ..make.autogenerate import write_merge

        opened = self._open(directory)
        wanted = (revisions,) if isinstance(revisions, str) else tuple(revisions)
        parents = opened.history.find(wanted or ("heads",))
        unique = tuple(dict.fromkeys(parents))

        if len(unique) < 2:
            named = " ".join(wanted) or "heads"
            raise BadOption(
                f"merge joins several revisions, and {named!r} means {len(unique)}.",
                hint="`flask db heads` lists what there is to join; `flask db revision`"
                " writes an empty revision.",
            )

        opened.history.check_parents(unique)

        if _runs_environment(opened.config):
            opened.run(lambda run: None)

        return write_merge(
            opened.config,
            opened.history,
            parents=unique,
            options=options,
            names=self._names(opened),
        )

    def edit(self, directory: Directory = None, *, revision: str = "current") -> None:
        """Open a revision file in the user's editor.

        :raises RevisionNotFound: there is none of that name.
        """
        from ..revisions.files import open_in_editor

        opened = self._open(directory)

        if revision == "current":
            paths = [one.path for one in self._find_current(opened)]
        else:
            paths = [script.path for script in opened.history.find(revision)]

        if not paths:
            raise MigrationError(
                "No current revisions"
                if revision == "current"
                else f"No revision files indicated by symbol '{revision}'",
                hint="`flask db history` lists the revisions.",
            )

        for path in paths:
            open_in_editor(path)

    @contextlib.contextmanager
    def _drafting(
        self, opened: Opened, draft: Draft, *, against: Against | None
    ) -> cabc.Iterator[Drafting]:
        from .drafting import Drafting
        from .scratches import Scratches

        heads = tuple(opened.history.get_heads())

        with Scratches(heads) as scratches:
            yield Drafting(
                opened=opened,
                draft=draft,
                scratches=scratches,
                against=against or self.state.read_settings().against,
            )

    def _draft(
        self,
        opened: Opened,
        options: RevisionOptions,
        *,
        autogenerate: bool,
        answers: Answers | None = None,
        askers: Askers | None = None,
    ) -> Draft:
        from ..make.autogenerate import Draft

        return Draft(
            opened.config,
            opened.history,
            options=options,
            names=self._names(opened),
            autogenerate=autogenerate,
            answers=answers,
            askers=askers,
        )


def _refuse_sql(sql: bool, *, autogenerate: bool) -> None:
    if sql:
        raise MigrationError(
            "Using --sql with --autogenerate does not make any sense"
            if autogenerate
            else "Using --sql with the revision command when revision_environment is"
            " not configured does not make any sense",
            hint="`flask db upgrade --sql` writes the SQL of revisions.",
        )


def _runs_environment(config: Config) -> bool:
    """Tell whether the repository wants ``env.py`` run for every new revision."""
    value = config.get_main_option("revision_environment") or ""
    return value.strip().lower() in ("1", "true", "yes", "on", "y", "t")
