"""What a backend must answer; here, the answers of one that we know nothing about."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import re
import types
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from ...errors import DatabaseError
from ...errors import MigrationError
from ...errors import UsageError
from .explanations import Explanation
from .locks import MigrationLock
from .renaming import Renaming

if t.TYPE_CHECKING:
    from .definitions import Definitions
    from .definitions import Items
    from .definitions import Kind
    from .definitions import Models
    from .definitions import Part
    from .definitions import Place
    from .definitions import Tried
    from .durability import Durability
    from .facts import Facts
    from .schemas import Schema
    from .templates import Templates


class Runner(t.Protocol):
    """Runs some work on a server, on a connection that commits by itself."""

    def __call__(
        self, url: sa.URL, work: cabc.Callable[[sa.Connection], t.Any], /
    ) -> t.Any: ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the statements of a run may take, in seconds.

    :param lock_timeout: that one attempt waits for the locks of other sessions, which
        wait behind it meanwhile.
    :param statement_timeout: that one statement may take; ``None`` has no limit.
    """

    lock_timeout: float
    statement_timeout: float | None = None


class SessionGuard:
    """What one connection needs around a run and around each of its steps.

    :param connection: the connection that the steps run on.
    :param limits: of their statements.
    """

    def __init__(self, connection: sa.Connection, *, limits: Limits) -> None:
        self.connection = connection
        self.limits = limits

    def _execute(self, statement: str) -> None:
        """Run one statement of our own, and leave the transaction state as it was."""
        in_transaction = self.connection.in_transaction()
        self.connection.exec_driver_sql(statement)

        if not in_transaction:
            self.connection.commit()

    def open(self) -> None:
        """Prepare the session, before anything is read on it."""

    def before_step(self, *, rebuilds: bool) -> None:
        """Prepare for a step, outside of its transaction.

        :param rebuilds: the step is known to rebuild tables.
        """

    def begin_foreign(self) -> None:
        """Prepare for steps inside a transaction that somebody else has begun."""

    def settle(self) -> None:
        """Check now what the server would check at the commit."""

    def check_step(self) -> None:
        """Refuse what the step did, inside its transaction, before the commit."""

    def after_step(self) -> None:
        """Put back what :meth:`before_step` changed, outside of the transaction."""

    def close(self) -> None:
        """Put back what :meth:`open` changed, while the connection is still there."""

    def finish(self) -> None:
        """Put back what :meth:`begin_foreign` changed, after its transaction."""


_SESSION = "flask_migrate_session"


class Dialect:
    """The questions whose answers depend on the backend."""

    name = "default"
    title = "the database"
    transactional_ddl: bool | None = None
    """Whether a step is whole or nothing; ``None`` leaves it to Alembic."""
    lock_timeout: float = 60.0
    """Seconds that one attempt waits for other sessions, unless it is configured."""
    two_phase = False
    """Whether several databases can be committed together."""
    enforces_length = True
    """Whether a text longer than its column is refused."""
    default_collation: str | None = None
    """What a column has that names none, where reflection shows no collations."""
    drop_expression: str = ""
    """What makes a plain column of a computed one, ``{column}`` of ``{table}``.

    Its values stay. Empty where there is no such statement.
    """
    keeps_part = False
    """Whether a step that failed leaves behind what it did before."""
    any_text: cabc.Mapping[str, t.Any] = types.MappingProxyType({})
    """Options of a table of ours: an old database may know the letters of one language.

    SQLAlchemy loads the dialect of each option that a table has.
    """
    no_default: tuple[type[t.Any], ...] = ()
    """Types whose columns cannot have a plain value as DEFAULT."""
    session_guard: type[SessionGuard] = SessionGuard
    migration_lock: type[MigrationLock] = MigrationLock
    renaming: Renaming = Renaming()
    captures_live = False
    """Whether a plan runs its steps on a scratch database to see their SQL."""
    read_only: tuple[str, str] = ("", "")
    """The statements after which a session refuses every change, and no longer."""
    scratch_right = ""
    """How a user gets the right to make a scratch database; ``{user}`` is its name.

    Empty where that is made in memory.
    """
    copies_schema = False
    """Whether :meth:`copy_schema` makes the schema of a live database again."""
    has_ground = False
    """Whether there is something for :meth:`copy_ground` to give."""
    database_options: tuple[str, ...] = ()
    """The options that :meth:`make_database` understands."""

    def prepare_connect(
        self,
        dialect: sa.Dialect,
        arguments: list[t.Any],
        parameters: dict[str, t.Any],
        *,
        writes: bool,
        timeout: float,
    ) -> t.Any | None:
        """Adjust how a connection is made, in place.

        :param dialect: SQLAlchemy's dialect.
        :param arguments: positional arguments of the driver's ``connect``.
        :param parameters: its named arguments.
        :param writes: the command may change the database.
        :param timeout: seconds until the attempt is given up.
        :return: a connection to use instead, or ``None``.
        """
        return None

    def connect(
        self,
        dialect: sa.Dialect,
        arguments: list[t.Any],
        parameters: dict[str, t.Any],
    ) -> t.Any:
        """Make a connection; the parameters are as for :meth:`prepare_connect`."""
        return dialect.connect(*arguments, **parameters)

    def explain(self, error: exc.SQLAlchemyError, url: sa.URL | None) -> MigrationError:
        """Say in words what the server or its driver answered.

        :param error: what SQLAlchemy raised.
        :param url: where the connection went, if that is known.
        """
        found = (
            self.recognise(error, self.describe(url)) if _has_origin(error) else None
        )

        if found is None:
            return DatabaseError(f"{self.title} answered: {first_line(error)}")

        kind, message, hint = found

        if url is not None and is_torn(url) and kind is not DatabaseError:
            return explain_torn()

        return kind(message, hint=hint)

    nothing: str = "SELECT NULL WHERE 1 = 0"
    """A statement that does nothing, in the place of one that is done already."""

    def try_aside(
        self, connection: sa.Connection
    ) -> contextlib.AbstractContextManager[None]:
        """Return what to do something in that may fail, and harms nothing then."""
        return contextlib.nullcontext()

    def write_temporary(
        self, name: str, column: str, *, like: str | None, others: cabc.Sequence[str]
    ) -> tuple[str, str]:
        """Return what makes a temporary table for one column, and what drops it.

        :param column: its definition.
        :param like: a table whose columns it has too, quoted.
        :param others: the names of these columns, quoted.
        """
        items = ", ".join([column, *others])
        return f"CREATE TEMPORARY TABLE {name} ({items})", f"DROP TABLE {name}"

    def make_facts(self, connection: sa.Connection) -> Facts:
        """Return what says what statements would do on a live database."""
        # An application that only serves requests never plans.
        from .facts import Facts

        return Facts(connection)

    def commits_each(self, connection: sa.Connection) -> bool:
        """Tell whether a connection commits each statement by itself now."""
        level = connection.get_execution_options().get("isolation_level")

        if level is not None:
            return bool(level == "AUTOCOMMIT")

        # Set for the whole engine, which SQLAlchemy 2.1 has no public name for.
        return connection.dialect._on_connect_isolation_level == "AUTOCOMMIT"

    def holds_any_text(self, connection: sa.Connection) -> bool:
        """Tell whether our tables can hold the letters of every language."""
        return True

    def judge_durability(self, sql: str, *, autocommit: bool) -> Durability:
        """Return what stays of a statement when the run stops right after it.

        :param autocommit: the connection commits each statement.
        """
        from .durability import Durability
        from .durability import is_read

        return Durability.READ if is_read(sql) else Durability.ROLLS_BACK

    def commits_first(self, sql: str) -> bool:
        """Tell whether the server commits what is open before it looks at a statement.

        :param sql: commits by itself.
        """
        return False

    def probe(self, connection: sa.Connection, sql: str) -> str | None:
        """Return what the schema looks like, as far as a statement can change it.

        :return: a hash, equal before and after a statement that was not done;
            ``None`` where looking cannot tell.
        """
        return None

    def can_join(self, dialect: sa.Dialect) -> bool:
        """Tell whether there is a statement that does what several do.

        :param dialect: SQLAlchemy's dialect, connected.
        """
        return False

    def join(self, statements: cabc.Sequence[str]) -> str:
        """Return one statement that does what several do, each to a table of its own.

        :param statements: change rows.
        :return: says how many rows the last one has matched, as its row count or as its
            only value.
        """
        raise NotImplementedError

    session_query: str = "SELECT 0"
    """Asks for the server's number of a connection."""

    def read_session(self, connection: sa.Connection) -> int:
        """Return the server's number of a connection, which is asked once."""
        known = connection.info

        if _SESSION not in known:
            known[_SESSION] = int(connection.scalar(sa.text(self.session_query)) or 0)

        return int(known[_SESSION])

    running_query: str = ""
    """Finds a row while the server works for another connection, ``:session``."""

    def is_running(self, connection: sa.Connection, session: int) -> bool:
        """Tell whether the server still works for another connection."""
        if not self.running_query:
            return False

        query = sa.text(self.running_query)
        return connection.scalar(query, {"session": session}) is not None

    tells_progress: bool = False
    """Whether :meth:`read_progress` can say anything."""

    def read_progress(
        self, connection: sa.Connection, session: int
    ) -> tuple[str | None, float | None]:
        """Return what the server does for another connection, and how far it is.

        :param session: as :meth:`read_session` gives it.
        :return: a phase in the server's words, and a share from 0 to 1.
        """
        return None, None

    def describe_blockers(self, connection: sa.Connection, sql: str) -> str | None:
        """Say which session keeps a statement waiting, as far as that can be seen."""
        return None

    def describe(self, url: sa.URL | None) -> str:
        """Return where a database is, in words, without user or password."""
        return describe_url(url)

    def recognise(self, error: exc.SQLAlchemyError, where: str) -> Explanation | None:
        """Return the explanation of an error that this backend is known for.

        :param error: has ``orig``, the driver's own error.
        :param where: the place, in words, without a password.
        """
        return None

    def name_server(self, connection: sa.Connection) -> sa.URL:
        """Return where a connection goes, by the name of the server that is there."""
        return connection.engine.url

    def describe_server(self, connection: sa.Connection) -> str:
        """Return which server this is, and its version: ``PostgreSQL 15.4``."""
        known = connection.dialect.server_version_info or ()
        numbers = [str(one) for one in known if isinstance(one, int)]
        return f"{self.title} {'.'.join(numbers[:3])}".strip()

    def read_schema(
        self, connection: sa.Connection, schemas: tuple[str, ...]
    ) -> Schema:
        """Yield what a database consists of.

        :param schemas: those to read besides the default ones.
        """
        from .schemas import read_any

        return read_any(connection, schemas)

    def list_tables(
        self, connection: sa.Connection, schemas: tuple[str, ...]
    ) -> cabc.Collection[str]:
        """Return the names of the tables in :meth:`read_schema`, and read no more.

        :param schemas: those to read besides the default ones.
        """
        objects = self.read_schema(connection, schemas)
        return {one.table for one in objects if one.kind == "table"}

    tells_indexes = False
    """Whether definitions are not of checks only."""
    tells_tables = False
    """Whether all that is compared of a table can be read without making one of it."""
    comments_constraints = False
    """Whether a constraint can have a comment."""
    tells_match = False
    """Whether one sees how a foreign key matches rows that have a NULL in it."""
    alters_constraints = True
    """Whether a foreign key can be added to a table that exists."""
    indexes_foreign_keys = False
    """Whether a foreign key gets an index of its own where there is none."""
    names_primary_keys = True
    """Whether a primary key is dropped by its name, and made again."""

    def read_definitions(
        self, connection: sa.Connection, schemas: cabc.Sequence[str | None]
    ) -> Definitions | None:
        """Return the keys, checks and indexes of schemas in the server's words.

        :param schemas: ``None`` is the default one.
        :return: ``None`` where nobody knows how to ask.
        """
        return None

    def try_definitions(
        self, connection: sa.Connection, wanted: Items, *, live: Definitions
    ) -> Tried:
        """Return what models say, in the words of :meth:`read_definitions`.

        :param wanted: of tables that exist.
        :param live: what was read: what is said in the same words is not asked again.
        """
        return {}

    def recognise_tables(
        self, connection: sa.Connection, models: Models
    ) -> cabc.Mapping[Place, frozenset[Part]]:
        """Return the tables that are plainly what their models say, without a doubt.

        :return: with the names of everything that they have.
        """
        return {}

    def write_rename(
        self, kind: Kind, table: sa.Table, names: tuple[str, str], dialect: sa.Dialect
    ) -> str | None:
        """Return what gives a constraint or index another name.

        :param names: the old one and the new one.
        :return: ``None`` where it can only be dropped and made again.
        """
        return None

    def find_owned_tables(
        self, connection: sa.Connection
    ) -> frozenset[tuple[str, str]]:
        """Return the schema and name of the tables that no model is expected for."""
        return frozenset()

    def name_constraint(
        self, kind: str, table: str, columns: tuple[str, ...]
    ) -> str | None:
        """Return what the server calls a constraint that has no name.

        :param kind: ``uq``, ``fk``, ``ck`` or ``pk``.
        :return: ``None`` where it has no name, or none that can be foretold.
        """
        return None

    def copy_schema(self, source: sa.Connection, target: sa.Connection) -> None:
        """Make the schema of one database in another, which is empty; no rows.

        :param target: commits by itself.
        """
        raise UsageError(f"The schema of {self.title} cannot be copied from here.")

    def leaves_database(self, statement: str, own: str) -> bool:
        """Tell whether a statement may change another database than its session's.

        :param own: the name of that one.
        """
        return False

    def copy_ground(self, source: sa.Connection, target: sa.Connection) -> None:
        """Give a scratch database what scripts may take for granted, as far as we may.

        :param source: the live database.
        :param target: the scratch one, which is empty, and commits by itself.
        """

    def hasten(self, connection: sa.Connection) -> None:
        """Let a scratch database be fast rather than durable, for this session."""

    def maintenance_url(self, url: sa.URL) -> sa.URL:
        """Return where one connects to make and to drop databases."""
        return url.set(database="")

    def make_scratch(
        self, source: sa.Connection, admin: sa.Connection, *, name: str
    ) -> None:
        """Make an empty database that is like another one.

        :param admin: connected to :meth:`maintenance_url`.
        """
        quote = admin.dialect.identifier_preparer.quote_identifier
        admin.exec_driver_sql(f"CREATE DATABASE {quote(name)}")

    def read_clock(self, admin: sa.Connection) -> int:
        """Return the seconds since 1970, as the server counts them."""
        raise UsageError(f"{self.title} has no scratch databases.")

    def list_idle_databases(self, admin: sa.Connection) -> list[str]:
        """Return the databases of the server that nobody is connected to."""
        return []

    def make_templates(self, url: sa.URL, **options: t.Any) -> Templates | None:
        """Return the templates that a database can be copied from.

        :param options: as those of ``Templates``.
        :return: ``None`` where it cannot be copied.
        """
        return None

    def database_exists(self, url: sa.URL, run: Runner) -> bool:
        """Ask the server whether it has the database that a URL names."""
        raise UsageError(f"{self.title} cannot say which databases it has.")

    def is_absent(self, url: sa.URL) -> bool:
        """Tell whether there is surely no such database, without asking a server."""
        return False

    def make_database(
        self, url: sa.URL, options: cabc.Mapping[str, str], run: Runner
    ) -> None:
        """Create the database that a URL names.

        :param options: among :attr:`database_options`.
        """
        raise UsageError(f"{self.title} cannot create a database from here.")

    def drop_database(self, url: sa.URL, run: Runner) -> None:
        """Drop the database that a URL names, with everything in it."""
        raise UsageError(f"{self.title} cannot drop a database from here.")


def describe_blocker(
    who: str, application: str | None, seconds: float | None, *, query: str | None
) -> str:
    """Say which session is in the way: who, since when, and with what.

    :param seconds: the age of its transaction.
    """
    name = f" ({application})" if application else ""
    age = "" if seconds is None else f", in a transaction for {float(seconds):.0f} s"
    text = " ".join(hide_secrets(query or "").split())
    return f"{who}{name}{age}{f': {text[:120]}' if text else ''}"


def _has_origin(error: exc.SQLAlchemyError) -> bool:
    return isinstance(error, exc.DBAPIError) and error.orig is not None


_SECRETS = re.compile(
    r"(?i)\b(password|passwd|pwd|secret|token|identified\s+by)(\s*(?:=|:|as|by)?\s*)"
    r"('[^']*'|\"[^\"]*\"|(?<=[=:])[^\s'\",;&]+)"
)
# Up to the last @, as one in a password may not be encoded.
_CREDENTIALS = re.compile(r"(://[^\s:/@]*:)\S*@")


def hide_secrets(text: str) -> str:
    """Return a text with what looks like a password replaced by ``***``.

    Covers ``password 'x'``, ``IDENTIFIED BY 'x'``, ``token=x`` and the password of a
    URL, however it is quoted.
    """
    return _SECRETS.sub(r"\1\2***", _CREDENTIALS.sub(r"\1***@", text))


def first_line(error: BaseException) -> str:
    """Return the driver's own sentence: one line, with no statement or parameter.

    What follows the first line may quote whole rows (PostgreSQL's ``DETAIL: Failing
    row contains``); only the key of a duplicate is worth repeating.
    """
    origin = getattr(error, "orig", None) or error
    arguments: tuple[t.Any, ...] = getattr(origin, "args", ())
    # PyMySQL and mysqlclient raise (number, text).
    text = str(arguments[1]) if len(arguments) > 1 else str(origin)
    lines = [line.strip() for line in text.strip().splitlines()] or [""]
    detail = [line for line in lines[1:] if line.startswith("DETAIL:  Key (")]
    return hide_secrets(" ".join([lines[0], *detail]))


def describe_url(url: sa.URL | None) -> str:
    """Return where a URL leads, in words, without user or password."""
    if url is None:
        return "the server"

    host = url.host or dict(url.query).get("host") or "the local socket"
    return f"{host}:{url.port}" if url.port else str(host)


def is_torn(url: sa.URL) -> bool:
    """Tell whether an `@` in the password has torn a URL apart.

    What SQLAlchemy then takes for the host is a part of the password.
    """
    parts = (url.host, url.database if url.host else None)
    return any("@" in part for part in parts if part)


def explain_torn() -> MigrationError:
    """Return what to say of a URL that :func:`is_torn`: nothing that is in it."""
    return UsageError(
        "The database URL cannot be understood: there is an `@` behind the host.",
        hint="Write an `@` in the password as %40; `/ : # %` there must be"
        " percent-encoded too.",
    )


def hide_password(url: sa.URL | None) -> str:
    """Return a URL as text, its password and secret parameters as ``***``."""
    if url is None:
        return ""

    secret = {key for key in url.query if "pass" in key.lower()}
    return url.update_query_dict(dict.fromkeys(secret, "***")).render_as_string(
        hide_password=True
    )
