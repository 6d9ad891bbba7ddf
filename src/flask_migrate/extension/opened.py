"""One repository of one application, opened for one command."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import io
import pathlib
import typing as t

import sqlalchemy as sa

from ..databases.connections import explain_any
from ..databases.connections import is_unreachable
from ..databases.connections import prepared
from ..databases.sources import Database
from ..errors import MigrationError
from ..errors import NotConfigured
from ..errors import RevisionFileError
from ..events import Listener

if t.TYPE_CHECKING:
    from ..revisions.config import Config
    from ..revisions.database_run import DatabaseRun
    from ..revisions.history import History
    from .shelves import Scripts
    from .state import AppState

Work = cabc.Callable[["DatabaseRun"], None]
"""What a command does with each database."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A repository and the databases that it is run on.

    :param state: the application.
    :param config: Alembic's configuration of the repository.
    :param history: the revision files.
    """

    state: AppState
    config: Config
    history: History

    def run(
        self,
        work: Work,
        *,
        writes: bool = False,
        output: io.StringIO | None = None,
        find_start: cabc.Callable[[str], tuple[str, ...]] | None = None,
        listener: Listener | None = None,
        allow_lossy_casts: cabc.Iterable[str] = (),
        options: cabc.Mapping[str, t.Any] | None = None,
    ) -> None:
        """Run ``env.py``, which calls the work for each database.

        :param writes: the work may change the databases; else none is made either.
        :param output: where SQL goes; ``None`` runs the statements.
        :param find_start: for SQL, the ids that the database of a name stands at.
        :param listener: is told what happens.
        :param allow_lossy_casts: ``table.column`` whose values a type change may alter.
        :param options: what ``env.py`` may ask of Alembic: ``tag``, ...
        :raises MigrationError: whatever was wrong, in words.
        """
        from ..revisions.environment import Request
        from ..revisions.environment import run_environment

        settings = self.state.read_settings()
        databases, missing = self._find_databases()

        with (
            self.state.active() as arguments,
            prepared(databases, writes=writes, timeout=settings.connect_timeout),
        ):
            request = Request(
                work=work,
                databases=databases,
                configure_args=arguments,
                output=output,
                settings=settings,
                listener=listener,
                allow_lossy_casts=frozenset(allow_lossy_casts),
                options=options or {},
            )

            if find_start is not None:
                request = dataclasses.replace(request, find_start=find_start)

            try:
                run_environment(self.config, self.history, request)
            except Exception as error:
                explained = self._explain(error, databases, missing)

                # One that is clear already keeps its own cause for the traceback.
                if explained is error:
                    raise

                raise explained from error

    @property
    def scripts(self) -> Scripts:
        """What templates depend on."""
        from .shelves import Scripts

        return Scripts(
            state=self.state,
            folder=pathlib.Path(self.history.dir),
            versions=pathlib.Path(self.history.version_folders[0]),
            x_arguments=getattr(self.config.cmd_opts, "x", ()),
            history=self.history,
        )

    def choose_timeout(
        self, seconds: float | None = None, *, lock: bool = True
    ) -> float | None:
        """Return how long to wait for the migration lock; ``None`` to do without it.

        :param seconds: as they were asked for; else the setting.
        :param lock: keep other runs off the databases meanwhile.
        """
        if not lock:
            return None

        return self.state.read_settings().lock_timeout if seconds is None else seconds

    def read_heads(self) -> dict[str, tuple[str, ...]]:
        """Return where each database stands, by its name; empty if unreachable."""
        found: dict[str, tuple[str, ...]] = {}

        def work(run: DatabaseRun) -> None:
            found[run.name] = run.heads

        try:
            self.run(work)
        except MigrationError as error:
            if not is_unreachable(error):
                raise

            return {}

        return found

    def list_metadatas(self) -> tuple[sa.MetaData, ...]:
        """Return the models of the application, as far as they are known."""
        return tuple(
            metadata for one in self._find_databases()[0] for metadata in one.metadatas
        )

    def _find_databases(self) -> tuple[tuple[Database, ...], NotConfigured | None]:
        """Return the databases, or why there are none: a custom env.py may know."""
        urls = self.state.read_urls()

        try:
            return self.state.find_databases(), None
        except NotConfigured as error:
            # A URL that leads nowhere is no reason to take the application's.
            if urls:
                raise

            return (), error

    def _explain(
        self,
        error: Exception,
        databases: tuple[Database, ...],
        missing: NotConfigured | None,
    ) -> Exception:
        if missing is not None and isinstance(error, (RevisionFileError, RuntimeError)):
            return missing

        if isinstance(error, (sa.exc.SQLAlchemyError, ModuleNotFoundError)):
            return explain_any(error, databases) or error

        return error
