"""What a backend must answer; here, the answers of one that we know nothing about."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from ...errors import DatabaseError
from ...errors import MigrationError
from ...errors import UsageError
from .explanations import Explanation
from .facts import Facts
from .locks import MigrationLock


class Runner(t.Protocol):
    """Runs some work on a server, on a connection that commits by itself."""

    def __call__(
        self, url: sa.URL, work: cabc.Callable[[sa.Connection], t.Any], /
    ) -> t.Any: ...


class SessionGuard:
    """What one connection needs around a run and around each of its steps.

    :param connection: the connection that the steps run on.
    :param lock_timeout: seconds that one statement may wait for another session.
    """

    def __init__(self, connection: sa.Connection, *, lock_timeout: float) -> None:
        self.connection = connection
        self.lock_timeout = lock_timeout

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

    def check_step(self) -> None:
        """Refuse what the step did, inside its transaction, before the commit."""

    def after_step(self) -> None:
        """Put back what :meth:`before_step` changed, outside of the transaction."""

    def close(self) -> None:
        """Put back what :meth:`open` changed, while the connection is still there."""

    def finish(self) -> None:
        """Put back what :meth:`begin_foreign` changed, after its transaction."""


class Dialect:
    """The questions whose answers depend on the backend."""

    name = "default"
    title = "the database"
    transactional_ddl: bool | None = None
    """Whether a step is whole or nothing; ``None`` leaves it to Alembic."""
    two_phase = False
    """Whether several databases can be committed together."""
    enforces_length = True
    """Whether a text longer than its column is refused."""
    keeps_part = False
    """Whether a step that failed leaves behind what it did before."""
    session_guard: type[SessionGuard] = SessionGuard
    migration_lock: type[MigrationLock] = MigrationLock
    facts: type[Facts] = Facts
    """What the statements of a plan do."""
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

    def describe(self, url: sa.URL | None) -> str:
        """Return where a database is, in words, without user or password."""
        return describe_url(url)

    def recognise(self, error: exc.SQLAlchemyError, where: str) -> Explanation | None:
        """Return the explanation of an error that this backend is known for.

        :param error: has ``orig``, the driver's own error.
        :param where: the place, in words, without a password.
        """
        return None

    def database_exists(self, url: sa.URL, run: Runner) -> bool:
        """Ask the server whether it has the database that a URL names."""
        raise UsageError(f"{self.title} cannot say which databases it has.")

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
