"""One database's Alembic objects during one command, and what ``env.py`` reaches."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import io
import logging
import pathlib
import threading
import traceback
import typing as t
import uuid

import sqlalchemy as sa
from alembic import context as alembic_context
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from ..databases.connections import explain
from ..databases.dialects import get_dialect
from ..databases.sources import Database
from ..errors import MigrationError
from ..errors import NotConfigured
from ..errors import RevisionNotFound
from ..events import Listener
from ..settings import Settings
from .border import crossing
from .database_run import DatabaseRun
from .env_file import explain_env_error
from .missing import explain_missing
from .operations import make_impl

if t.TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

    from .history import History

_log = logging.getLogger("flask_migrate")

_PROCESS = threading.RLock()
"""Alembic's ``op`` and ``context`` are modules: one run in a process at a time.

Two threads that upgraded two databases wrote into each other's (measured on 1.20).
"""


def _no_start(name: str) -> tuple[str, ...]:
    return ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a command asks of the environment.

    :param work: called for each database, inside ``context.run_migrations()``.
    :param databases: those of the application that are known.
    :param configure_args: the application's arguments for ``context.configure()``.
    :param output: where SQL goes; ``None`` runs the statements.
    :param find_start: for SQL, the ids that the database of a name stands at.
    :param settings: of the application.
    :param run: the id of this run in the history.
    :param listener: is told what happens.
    :param allow_lossy_casts: ``table.column`` whose values a type change may alter.
    :param options: more of ``EnvironmentContext``'s options: ``tag``, ...
    """

    work: cabc.Callable[[DatabaseRun], None]
    databases: tuple[Database, ...] = ()
    configure_args: cabc.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    output: io.TextIOBase | t.TextIO | None = None
    find_start: cabc.Callable[[str], tuple[str, ...]] = _no_start
    settings: Settings = dataclasses.field(default_factory=Settings)
    run: str = dataclasses.field(default_factory=lambda: uuid.uuid4().hex)
    listener: Listener | None = None
    allow_lossy_casts: frozenset[str] = frozenset()
    options: cabc.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


def run_environment(config: Config, history: History, request: Request) -> None:
    """Run the repository's ``env.py`` for one command.

    :raises MigrationError: what the work, the file or Alembic refused.
    :raises sqlalchemy.exc.SQLAlchemyError: the database's answer, to be explained by
        who knows its URL.
    """
    with (
        _PROCESS,
        crossing(history),
        Environment(config, history, request) as entered,
    ):
        environment = t.cast("Environment", entered)

        try:
            history.run_env()
        except (MigrationError, CommandError, RevisionError, SQLAlchemyError):
            raise
        except Exception as error:
            if _is_ours(error):
                raise

            path = pathlib.Path(history.dir, "env.py")
            raise explain(error) or explain_env_error(error, path) from error
        else:
            environment.note_if_unused()
        finally:
            environment.finish()


def _is_ours(error: BaseException) -> bool:
    """Tell whether this package raised, and not the file that it runs."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return (
        pathlib.Path(__file__).parent.parent
        in pathlib.Path(frame.f_code.co_filename).parents
    )


class Environment(EnvironmentContext):
    """What ``alembic.context`` leads to while ``env.py`` runs, an old one too.

    Replaces the loop of Alembic 1.20's ``MigrationContext.run_migrations``, which has
    no place for what happens around a step.
    """

    def __init__(self, config: Config, history: History, request: Request) -> None:
        super().__init__(
            config, history, as_sql=request.output is not None, **request.options
        )
        self._history = history
        self._request = request
        self._opened: list[DatabaseRun] = []
        self._abandoned: set[pathlib.Path] = set()
        self.stand_in: MigrationContext | None = None
        """What revisions meet instead of the live context, while a plan is made."""

    def get_context(self) -> MigrationContext:
        """Return the context of the database configured last, or what stands for it."""
        return self.stand_in or super().get_context()

    def configure(self, *args: t.Any, **options: t.Any) -> None:
        """Receive what ``env.py`` says of one database; our defaults fill the rest."""
        if self._request.output is not None:
            self._note_output_file(options.get("output_buffer"))
            # An env.py that forgets them writes to another version table than the
            # application's.
            options = {
                **self._request.configure_args,
                **options,
                "output_buffer": self._request.output,
            }
        else:
            options = {**self._online_defaults(args, options), **options}
            options.update(self._models_not_seen(options))
            options.update(_defaults_not_compared(options))

        super().configure(*args, **_without_ours(_with_schemas(options)))
        migration_context = self.get_context()
        migration_context.impl = make_impl(
            migration_context, allow_lossy_casts=self._request.allow_lossy_casts
        )

    def run_migrations(self, **arguments: t.Any) -> None:
        """Do the command's work on the database configured last.

        :param arguments: for ``upgrade()`` and ``downgrade()``; ``engine_name`` names
            the database where there are several.
        """
        migration_context = self.get_context()
        _require_schema(migration_context)

        with Operations.context(migration_context):
            run = DatabaseRun(
                migration_context,
                self._history,
                arguments=arguments,
                settings=self._request.settings,
                run=self._request.run,
                listener=self._request.listener,
                start=self._request.find_start,
            )
            self._opened.append(run)

            with run.opened():
                try:
                    self._request.work(run)
                except RevisionNotFound as error:
                    explain_missing(error, run)
                    raise

    def note_if_unused(self) -> None:
        """Warn of an ``env.py`` that came to its end without any database."""
        if not self._opened:
            path = pathlib.Path(self._history.dir, "env.py")
            _log.warning(
                "%s did not run anything: it never called context.run_migrations().",
                path,
            )

    def finish(self) -> None:
        """Put back what outlives the transactions that ``env.py`` committed."""
        for run in self._opened:
            run.finish()

        for path in self._abandoned:
            with contextlib.suppress(OSError):
                if path.stat().st_size == 0:
                    path.unlink()

    def _online_defaults(
        self, args: tuple[t.Any, ...], options: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        connection = options.get("connection", args[0] if args else None)
        defaults: dict[str, t.Any] = {"transaction_per_migration": True}

        if connection is not None:
            dialect = get_dialect(connection.dialect.name)
            defaults["transactional_ddl"] = dialect.transactional_ddl

        return defaults

    def _models_not_seen(self, options: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the models of a database for which ``env.py`` has found none.

        Those of Flask-Migrate up to 3.1 look for bind keys where Flask-SQLAlchemy 3 no
        longer has them; every table of that database would be dropped.
        """
        given = options.get("target_metadata")
        # The oldest ones make an engine of their own, from the same URL.
        url = getattr(getattr(options.get("connection"), "engine", None), "url", None)
        found = (one for one in self._request.databases if one.url == url)
        database = next(found, None)

        if database is None or not isinstance(given, sa.MetaData) or given.tables:
            return {}

        return {"target_metadata": list(database.metadatas) or given}

    def _note_output_file(self, buffer: t.Any) -> None:
        # Flask-Migrate's env.py for several databases opens `<name>.sql` here, the
        # default database's hidden as `.sql`; ours go to one output.
        name = getattr(buffer, "name", None)

        if isinstance(name, str) and name.endswith(".sql"):
            self._abandoned.add(pathlib.Path(name).absolute())


# The functions of the module `alembic.context` then reach an Environment.
Environment.create_module_class_proxy(vars(alembic_context), vars(alembic_context))


def _require_schema(migration_context: MigrationContext) -> None:
    """Refuse a connection on which an unqualified table has no place.

    :raises NotConfigured: SQLAlchemy would stop at an assertion without words.
    """
    if migration_context.as_sql or migration_context.version_table_schema:
        return

    dialect = migration_context.dialect

    if not dialect.default_schema_name:
        raise NotConfigured(
            f"The connection to {get_dialect(dialect.name).title} has no default"
            " schema: tables have no place there.",
            hint="Name a database in the URL (MySQL, MariaDB), or let search_path begin"
            " with a schema that exists (PostgreSQL).",
        )


def _defaults_not_compared(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the choice of comparators of somebody who refuses one of them.

    Alembic cannot tell ``compare_server_default=False`` from nothing, and ours compares
    defaults unless it is told not to.
    """
    if options.get("compare_server_default") is not False:
        return {}

    given = options.get("autogenerate_plugins") or ["alembic.autogenerate.*"]
    return {"autogenerate_plugins": [*given, "~flask_migrate.defaults"]}


def _with_schemas(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Compare the schemas that the models name, and no others.

    Without ``include_schemas`` a table of another schema is "added" at every run.
    """
    if options.get("include_schemas") is not None or options.get("include_name"):
        return options

    metadatas = options.get("target_metadata") or ()
    several = metadatas if isinstance(metadatas, cabc.Sequence) else (metadatas,)
    schemas = {
        table.schema
        for metadata in several
        for table in getattr(metadata, "tables", {}).values()
    } - {None}

    if not schemas:
        return options

    def include_name(name: str | None, kind: str, parents: t.Any) -> bool:
        return kind != "schema" or name is None or name in schemas

    return {**options, "include_schemas": True, "include_name": include_name}


def _without_ours(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Hide the tables that stand beside the version table from autogenerate."""
    chosen = options.get("include_name")
    prefix = f"{options.get('version_table') or 'alembic_version'}_"

    def include_name(name: str | None, kind: str, parents: t.Any) -> bool:
        if kind == "table" and (name or "").removeprefix(prefix) in OURS:
            return False

        return chosen is None or bool(chosen(name, kind, parents))

    return {**options, "include_name": include_name}


OURS = frozenset({"history", "journal", "lease"})
"""What follows the name of the version table and an underscore in our own tables."""
