"""One method per verb of ``flask db``: what :class:`flask_migrate.Migrate` can do."""

from __future__ import annotations

import collections.abc as cabc
import io
import os
import pathlib
import typing as t

from .databases.dialects.base import describe_url
from .databases.sources import Database
from .errors import BadOption
from .errors import DifferencesFound
from .errors import MigrationError
from .errors import OutOfDate
from .errors import UsageError
from .opened import Opened
from .plan import DatabaseResult
from .plan import DatabaseState
from .plan import Direction
from .plan import Revision
from .plan import RunResult

if t.TYPE_CHECKING:
    from alembic.script import Script

    from .app_state import AppState
    from .make.autogenerate import Draft
    from .make.autogenerate import RevisionOptions
    from .revisions.config import Config
    from .revisions.database_run import DatabaseRun
    from .revisions.repository import InitResult
    from .revisions.repository import RepositoryTemplate

Directory = str | os.PathLike[str] | None
"""The folder of a repository; ``None`` for the application's own."""

XArgument = str | cabc.Sequence[str] | None
"""One or several values for ``context.get_x_argument()``."""


class Verbs:
    """What a ``Migrate`` can do; every method needs an application context."""

    if t.TYPE_CHECKING:

        @property
        def state(self) -> AppState: ...

        def get_config(
            self,
            directory: Directory = None,
            x_arg: XArgument = None,
            opts: cabc.Iterable[str] | None = None,
        ) -> Config: ...

        def call_configure_callbacks(self, config: Config) -> Config: ...

    # -- the repository ----------------------------------------------------------

    def list_templates(self) -> tuple[RepositoryTemplate, ...]:
        """Return the repositories that :meth:`init` can make."""
        from .revisions.config import Config
        from .revisions.repository import list_repository_templates

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
        from .revisions.config import Config
        from .revisions.repository import make_repository

        folder = str(directory or self.state.directory)
        name = str(template or ("flask-multidb" if multidb else "flask"))
        parent, last = os.path.split(name.replace("\\", "/").rstrip("/"))
        config = Config(template_directory=parent or None)
        config.set_main_option("script_location", folder.replace("%", "%%"))
        config.config_file_name = os.path.join(folder, "alembic.ini")
        config = self.call_configure_callbacks(config)
        return make_repository(config, folder, template=last, package=package)

    # -- writing revisions -------------------------------------------------------

    def revision(
        self,
        directory: Directory = None,
        *,
        options: RevisionOptions,
        autogenerate: bool = False,
        sql: bool = False,
        x_arg: XArgument = None,
    ) -> tuple[Revision, ...]:
        """Write a new revision file.

        :param options: what it is asked to be.
        :param autogenerate: from the difference between the models and the databases.
        :param sql: refused, as by Alembic.
        :return: the revisions written; empty where autogenerate finds nothing.
        :raises OutOfDate: autogenerate needs a database at the head.
        """
        opened = self._open(directory, x_arg, autogenerate=autogenerate)
        _refuse_sql(sql, autogenerate=autogenerate)
        draft = self._draft(opened, options, autogenerate=autogenerate)

        if autogenerate or _runs_environment(opened.config):
            opened.run(draft.compare, options=draft.environment_options)

        return draft.write()

    def check(self, directory: Directory = None) -> None:
        """Compare the models with the databases.

        :raises DifferencesFound: with every difference.
        :raises OutOfDate: a database is not at the head.
        """
        from .make.autogenerate import RevisionOptions

        opened = self._open(directory, autogenerate=True)
        draft = self._draft(opened, RevisionOptions(), autogenerate=True)
        opened.run(draft.compare, options=draft.environment_options)

        if differences := draft.list_differences():
            raise DifferencesFound(
                f"New upgrade operations detected: {list(differences)}",
                diffs=differences,
                hint="Write them down with `flask db migrate`.",
            )

    def merge(
        self,
        directory: Directory = None,
        *,
        revisions: str | cabc.Sequence[str] = "heads",
        options: RevisionOptions,
    ) -> Revision | None:
        """Write the revision that joins several.

        :param revisions: what it joins; every head where nothing is named.
        :raises BadOption: they are fewer than two.
        """
        from .make.autogenerate import write_merge

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
        from .revisions.files import open_in_editor

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

    # -- changing databases ------------------------------------------------------

    def upgrade(
        self, directory: Directory = None, *, revision: str = "head", **options: t.Any
    ) -> RunResult:
        """Bring the databases forward to a revision.

        :param revision: the target.
        :param options: as :meth:`_move`.
        """
        return self._move(Direction.UPGRADE, directory, revision, **options)

    def downgrade(
        self, directory: Directory = None, *, revision: str = "-1", **options: t.Any
    ) -> RunResult:
        """Bring the databases back to a revision.

        :param revision: the target.
        :param options: as :meth:`_move`.
        """
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
    ) -> RunResult:
        """Run the revisions between where each database stands and a target.

        :param sql: return the script instead; it begins where each database stands, or
            at the base where it cannot be reached. ``from:to`` says it by hand.
        :param tag: for ``context.get_tag_argument()``.
        :param allow_lossy_casts: ``table.column`` whose values a type change may alter.
        :raises StepFailed: a revision stopped; says what stays.
        """
        from .make.planner import make_plan
        from .run.executor import execute

        opened = self._open(directory, x_arg)
        opened.history.require_version_folder()
        start, target, find_start = _find_start(opened, direction, revision, sql=sql)
        results: list[DatabaseResult] = []

        def work(run: DatabaseRun) -> None:
            plan = make_plan(
                opened.history,
                direction,
                target=target,
                heads=run.heads,
                database=run.key,
            )

            if not run.heads and not sql:
                run.ensure_version_table()

            execute(plan, run)
            results.append(
                DatabaseResult(
                    database=run.key,
                    start=plan.start,
                    end=run.heads,
                    steps=plan.steps,
                )
            )

        output = io.StringIO() if sql else None
        opened.run(
            work,
            writes=not sql,
            output=output,
            find_start=find_start,
            allow_lossy_casts=allow_lossy_casts,
            options={"tag": tag, "destination_rev": target, "starting_rev": start},
        )
        return _result(results, output)

    def stamp(
        self,
        directory: Directory = None,
        *,
        revisions: str | cabc.Sequence[str] = "head",
        sql: bool = False,
        tag: str | None = None,
        purge: bool = False,
    ) -> RunResult:
        """Write revisions into the version table, and run nothing.

        :param revisions: one or several; ``base`` empties the table.
        :param sql: return the statements instead.
        :param tag: for ``context.get_tag_argument()``.
        :param purge: empty the table first, whatever is in it.
        """
        if sql and purge:
            raise BadOption("Can't use --purge with --sql mode")

        opened = self._open(directory)
        wanted = (revisions,) if isinstance(revisions, str) else tuple(revisions)
        start, targets = _split_starts(wanted) if sql else (None, wanted)
        results: list[DatabaseResult] = []

        def work(run: DatabaseRun) -> None:
            before = run.heads

            if purge or (not before and not sql):
                run.ensure_version_table(purge=purge)

            run.stamp(targets)
            results.append(
                DatabaseResult(database=run.key, start=before, end=run.heads)
            )

        output = io.StringIO() if sql else None
        begins = _resolve(opened, start)
        opened.run(
            work,
            writes=not sql,
            output=output,
            find_start=lambda name: begins,
            options={"tag": tag, "destination_rev": targets, "purge": False},
        )
        return _result(results, output)

    def ensure_version(self, directory: Directory = None, *, sql: bool = False) -> RunResult:
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

    # -- looking -----------------------------------------------------------------

    def show(
        self, directory: Directory = None, *, revision: str = "head"
    ) -> tuple[Revision, ...]:
        """Return the revisions that a name means; ``current`` asks the databases."""
        opened = self._open(directory)

        if revision == "current":
            return self._find_current(opened)

        return tuple(
            opened.history.describe(script) for script in opened.history.find(revision)
        )

    def history(
        self,
        directory: Directory = None,
        *,
        rev_range: str | None = None,
        indicate_current: bool = False,
    ) -> tuple[Revision, ...]:
        """Return the revisions, the newest first.

        :param rev_range: ``start:end``; either may be left out or be ``current``.
        :param indicate_current: ask the databases where they stand.
        """
        opened = self._open(directory)
        base, head = _split_range(rev_range)
        walk, describe = opened.history.walk, opened.history.describe

        if "current" not in (base, head) and not indicate_current:
            return tuple(describe(script) for script in walk(base, head))

        found: list[Revision] = []

        def work(run: DatabaseRun) -> None:
            lower: t.Any = run.heads if base == "current" and head != "current" else base
            upper: t.Any = run.heads if head == "current" else head
            found.extend(
                describe(
                    script,
                    is_current=indicate_current and script.revision in run.heads,
                )
                for script in walk(lower, upper)
            )

        opened.run(work)
        return tuple(found)

    def heads(
        self, directory: Directory = None, *, resolve_dependencies: bool = False
    ) -> tuple[Revision, ...]:
        """Return the newest revision of each branch.

        :param resolve_dependencies: one that another depends on is none.
        """
        opened = self._open(directory)
        scripts = opened.history.list_heads(resolve_dependencies=resolve_dependencies)
        return tuple(opened.history.describe(script) for script in scripts)

    def branches(self, directory: Directory = None) -> tuple[Revision, ...]:
        """Return the revisions that several follow."""
        opened = self._open(directory)
        return tuple(
            opened.history.describe(script)
            for script in opened.history.walk(None, None)
            if script.is_branch_point
        )

    def current(
        self, directory: Directory = None, *, check_heads: bool = False
    ) -> tuple[DatabaseState, ...]:
        """Return where each database stands.

        :param check_heads: refuse one that is not at every head.
        :raises OutOfDate: with ``check_heads``.
        """
        opened = self._open(directory)
        history = opened.history
        found: list[DatabaseState] = []

        def work(run: DatabaseRun) -> None:
            if check_heads:
                _check_heads(run)

            found.append(
                DatabaseState(
                    database=run.key,
                    url=run.safe_url,
                    heads=run.heads,
                    revisions=tuple(map(history.describe, history.list_current(run.heads))),
                )
            )

        opened.run(work)
        return tuple(found)

    # -- the databases themselves ------------------------------------------------

    def create(
        self, bind: str | None = None, **options: str | None
    ) -> tuple[tuple[Database, bool], ...]:
        """Make the databases that do not exist yet.

        :param bind: only the one of this bind key.
        :param options: ``encoding``, ``owner``, ``template``, ``collation``, where the
            backend has them.
        :return: each database, and whether it was made now.
        """
        from .databases.lifecycle import make_missing

        given = {key: value for key, value in options.items() if value is not None}
        return tuple(
            (database, make_missing(database, given)) for database in self._choose(bind)
        )

    def name_database(self, bind: str | None = None) -> tuple[str, str]:
        """Return the name of a database and where it is, in words.

        :param bind: its bind key, the default one otherwise.
        """
        from .databases.lifecycle import name_of

        database = self._choose(bind or "")[0]
        return name_of(database), describe_url(database.url)

    def drop(self, bind: str | None = None, *, confirm: str) -> Database:
        """Drop one database, with everything in it.

        :param bind: its bind key, the default one otherwise.
        :param confirm: its name, as a consent.
        :raises UsageError: the name is another one.
        """
        from .databases.lifecycle import drop_existing

        database = self._choose(bind or "")[0]
        name, where = self.name_database(bind)

        if confirm != name:
            raise UsageError(
                f"drop deletes the database {name} on {where} and everything in it, and"
                f" {repr(confirm) + ' is not its name' if confirm else 'nobody consents'}"
                "; nothing was done.",
                hint=f"flask db drop --confirm {name}"
                + (f" --bind {bind}" if bind else ""),
            )

        drop_existing(database)
        return database

    # -- inside ------------------------------------------------------------------

    def _open(
        self,
        directory: Directory = None,
        x_arg: XArgument = None,
        *,
        autogenerate: bool = False,
    ) -> Opened:
        from .revisions.history import History

        state = self.state
        opts = ["autogenerate"] if autogenerate else None

        with state.active():
            config = self.get_config(directory, x_arg, opts)

        return Opened(state=state, config=config, history=History.open(config))

    def _draft(
        self, opened: Opened, options: RevisionOptions, *, autogenerate: bool
    ) -> Draft:
        from .make.autogenerate import Draft

        return Draft(
            opened.config,
            opened.history,
            options=options,
            names=self._names(opened),
            autogenerate=autogenerate,
        )

    def _names(self, opened: Opened) -> tuple[str, ...]:
        try:
            return tuple(one.name for one in opened.state.find_databases())
        except MigrationError:
            # An env.py of its own may know databases that we do not.
            return ()

    def _find_current(self, opened: Opened) -> tuple[Revision, ...]:
        found: list[Script] = []
        opened.run(lambda run: found.extend(opened.history.find(run.heads)))
        return tuple(map(opened.history.describe, found))

    def _choose(self, bind: str | None) -> tuple[Database, ...]:
        databases = self.state.find_databases()

        if bind is None:
            return databases

        wanted = None if bind in ("", "default") else bind
        found = tuple(one for one in databases if one.key == wanted)

        if not found:
            keys = ", ".join(one.title for one in databases)
            raise BadOption(
                f"The application has no database {bind or '<default>'!r}; it has"
                f" {keys}.",
                hint="Name one of them with --bind.",
            )

        return found


def _refuse_sql(sql: bool, *, autogenerate: bool) -> None:
    if sql:
        raise UsageError(
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


def _split_range(rev_range: str | None) -> tuple[str | None, str | None]:
    if rev_range is None:
        return None, None

    if rev_range.count(":") != 1:
        raise BadOption(
            "History range requires [start]:[end], [start]:, or :[end]; not"
            f" {rev_range!r}.",
            hint="Write `flask db history -r START:END`; either may be left out.",
        )

    base, _, head = rev_range.strip().partition(":")
    return base or None, head or None


def _split_starts(
    revisions: tuple[str, ...],
) -> tuple[str | None, tuple[str, ...]]:
    """Split ``from:to`` of a stamp that is written as SQL."""
    pairs = [one.rpartition(":") for one in revisions]
    starts = {start for start, colon, _ in pairs if colon}

    if len(starts) > 1:
        raise BadOption(
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
            raise BadOption(
                f"Range revision not allowed: {revision!r}.",
                hint=f"Name one revision: `flask db {direction.value} {target}`, or add"
                " --sql.",
            )

        return None, target, None

    if colon:
        begins = _resolve(opened, start)
        return start, target, lambda name: begins

    known = opened.read_heads()

    if direction is Direction.DOWNGRADE and not any(known.values()):
        if target != "-1":
            raise BadOption(
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


def _result(results: list[DatabaseResult], output: io.StringIO | None) -> RunResult:
    return RunResult(
        databases=tuple(results), sql=None if output is None else output.getvalue()
    )


def _check_heads(run: DatabaseRun) -> None:
    wanted = set(run.history.get_heads(consider_depends_on=True))

    if set(run.heads) != wanted:
        raise OutOfDate(
            f"Database is not on all head revisions: it is at"
            f" {', '.join(run.heads) or 'base'}, the heads are"
            f" {', '.join(sorted(wanted)) or 'none'}.",
            hint="flask db upgrade heads",
        )
