"""Steps whose SQL is noted instead of sent: PostgreSQL, MySQL and MariaDB."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import logging
import re
import typing as t

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine.mock import MockConnection

from ..operations import make_impl
from .recorder import Recorder

if t.TYPE_CHECKING:
    from ..operations.mysql import Place

_READS = "reads the database"
_ROWS = re.compile(r"(?i)\s*(INSERT|UPDATE|DELETE|SELECT|REPLACE)\b")


class NotedConnection(MockConnection):
    """Stands for the connection of a step: notes what it sends, and answers nothing.

    :param dialect: of the live connection.
    :param impl: compiles and notes statements.
    """

    def __init__(self, dialect: sa.Dialect, impl: NotingImpl) -> None:
        super().__init__(dialect, self._note)
        self._impl = impl

    def _note(self, construct: t.Any, parameters: t.Any = None) -> Answer:
        self._impl.note_construct(construct, parameters)
        return Answer(self._impl.recorder)

    def exec_driver_sql(self, sql: str, *args: t.Any, **kw: t.Any) -> Answer:
        """Note a statement as it stands."""
        self._impl.recorder.note(sql)
        return Answer(self._impl.recorder)

    @property
    def url(self) -> sa.URL:
        """Where the live database is."""
        assert self._impl.live is not None  # set where it is made
        return self._impl.live.engine.url

    def connect(self, **kwargs: t.Any) -> t.NoReturn:
        """Give up: a session wants more than a connection that answers nothing."""
        self._impl.recorder.give_up(_READS)

    def in_transaction(self) -> bool:
        """Tell that the step runs in a transaction."""
        return True

    def begin_nested(self) -> contextlib.AbstractContextManager[None]:
        """Begin nothing: the statements inside are noted as the others are."""
        return contextlib.nullcontext()

    def commit(self) -> t.NoReturn:
        """Give up: what comes before can no longer be rolled back."""
        self._impl.recorder.commits = True
        self._impl.recorder.give_up("commits by itself")

    def __getattr__(self, name: str) -> t.Any:
        if name.startswith("_"):
            raise AttributeError(name)

        self._impl.recorder.give_up(_READS)


class Answer:
    """What a statement would have answered; whoever looks at it cannot be planned."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __getattr__(self, name: str) -> t.Any:
        if name.startswith("_"):
            raise AttributeError(name)

        self._recorder.give_up(_READS)

    def __iter__(self) -> cabc.Iterator[t.Any]:
        self._recorder.give_up(_READS)

    def __next__(self) -> t.NoReturn:
        self._recorder.give_up(_READS)


class NotingImpl(DefaultImpl):
    """Notes the statements of Alembic's operations instead of running them.

    Mixed into the implementation of a backend; it has no ``__dialect__``, so Alembic
    does not enter it into its registry.
    """

    recorder: Recorder
    live: sa.Connection | None = None
    """For questions to the catalogs."""
    noted: list[str]
    """The statements of this step and of those before it."""

    def note_construct(self, construct: t.Any, parameters: t.Any = None) -> None:
        """Note a statement, with its values in it where that can be."""
        if isinstance(construct, str):
            construct = sa.text(construct)

        if isinstance(construct, sa.TextClause) and isinstance(parameters, dict):
            construct = construct.bindparams(**parameters)

        sql = self._compile(construct)
        self.noted.append(sql)
        self.recorder.note(sql)

    def static_output(self, text: str) -> None:
        """Write nothing."""

    def find_live(self, place: Place) -> sa.Connection | None:
        """Return where a column can be looked at, unless the plan changes it before."""
        assert self.live is not None  # set where it is made
        names = (place.table, place.column)
        patterns = [re.compile(rf"\b{re.escape(name)}\b") for name in names]

        for sql in self.noted:
            is_ddl = not _ROWS.match(sql)

            if is_ddl and all(one.search(sql) for one in patterns):
                return None

        inspector = sa.inspect(self.live)
        is_there = inspector.has_table(place.table, schema=place.schema)
        return self.live if is_there else None

    def _exec(
        self,
        construct: t.Any,
        execution_options: t.Any = None,
        multiparams: t.Any = None,
        params: t.Any = None,
    ) -> None:
        self.note_construct(construct, params or None)

    def _compile(self, construct: t.Any) -> str:
        literal = {"compile_kwargs": {"literal_binds": True}}
        is_ddl = isinstance(construct, sa.schema.ExecutableDDLElement)

        try:
            compiled = construct.compile(
                dialect=self.dialect, **({} if is_ddl else literal)
            )
        except sa.exc.CompileError:
            compiled = construct.compile(dialect=self.dialect)

        text = str(compiled).strip()
        # SQLAlchemy writes each percent sign twice for drivers that want that.
        is_doubled = self.dialect.paramstyle in ("format", "pyformat")
        return text.replace("%%", "%") if is_doubled else text


@contextlib.contextmanager
def _quiet() -> cabc.Iterator[None]:
    """Let Alembic not say again which implementation it has, and "static SQL"."""

    def silence(record: logging.LogRecord) -> bool:
        return False

    logger = logging.getLogger("alembic.runtime.migration")
    logger.addFilter(silence)

    try:
        yield
    finally:
        logger.removeFilter(silence)


class NotedContext(MigrationContext):
    """Alembic's view of a database that its steps do not reach.

    :param live: the context of the run.
    :param connection: where steps really run; ``None`` notes them only.
    :param recorder: of the current step.
    """

    def __init__(
        self,
        live: MigrationContext,
        recorder: Recorder,
        *,
        connection: sa.Connection | None = None,
    ) -> None:
        is_noted = connection is None
        opts = {
            **live.opts,
            "as_sql": is_noted,
            "literal_binds": is_noted,
            "output_buffer": None,
            "fn": None,
        }

        with _quiet():
            super().__init__(live.dialect, connection, opts, live.environment_context)

        self.recorder = recorder
        # What a revision asks for to tell a run from `--sql`: this plans a run.
        self.as_sql = False

    @contextlib.contextmanager
    def autocommit_block(self) -> cabc.Iterator[None]:
        """Note that what happens inside commits by itself."""
        with self.recorder.autocommit():
            yield

    def begin_transaction(
        self, _per_migration: bool = False
    ) -> contextlib.AbstractContextManager[None]:
        """Begin nothing."""
        return contextlib.nullcontext()


def make_noted(live: MigrationContext, recorder: Recorder) -> NotedContext:
    """Return a context whose steps are noted, and reach no database.

    :param live: its connection answers questions to the catalogs.
    """
    context = NotedContext(live, recorder)
    own = make_impl(context)
    kind: t.Any = type(f"Noting{type(own).__name__}", (NotingImpl, type(own)), {})
    impl: NotingImpl = kind(
        own.dialect, None, True, own.transactional_ddl, None, own.context_opts
    )
    context.impl = impl
    impl.recorder = recorder
    impl.live = live.connection
    impl.noted = []
    connection = NotedConnection(live.dialect, impl)
    context.connection = impl.connection = t.cast("sa.Connection", connection)
    return context
