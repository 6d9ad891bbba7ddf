"""The history table: who ran what, when, for how long, and the text that was run.

It stands beside the version table, which stays exactly Alembic's. Rows are only ever
added. A database without it, or with the table of an older release, is no error: what
is not there is not known.
"""

from __future__ import annotations

import dataclasses
import datetime
import getpass
import logging
import os
import socket
import typing as t
import zlib

import sqlalchemy as sa

from ..errors import LockNotAcquired
from ..results import HistoryEntry
from .checksums import read_checksums
from .checksums import SUFFIX
from .connections import explain
from .dialects import Dialect
from .dialects import get_dialect
from .dialects.base import first_line
from .together import Change

_log = logging.getLogger("flask_migrate")

_TEXT_BYTES = 2**24 - 1  # MySQL's MEDIUMBLOB; its BLOB ends at 64 KB.


def make_table(version_table: str, schema: str | None, *, dialect: Dialect) -> sa.Table:
    """Return the history table that belongs to a version table."""
    return sa.Table(
        f"{version_table}{SUFFIX}",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("revision", sa.String(255), nullable=False),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("started", sa.String(32), nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("username", sa.String(255)),
        sa.Column("host", sa.String(255)),
        sa.Column("app_version", sa.String(255)),
        sa.Column("checksum", sa.String(64)),
        sa.Column("script", sa.LargeBinary(_TEXT_BYTES)),
        schema=schema,
        **dialect.any_text,
    )


class Recorder:
    """Writes and reads the history table of one database.

    :param connection: of the run; a row belongs to the transaction that is open there.
    :param version_table: whose history it is.
    :param schema: of the version table.
    """

    def __init__(
        self, connection: sa.Connection, *, version_table: str, schema: str | None
    ) -> None:
        self._connection = connection
        dialect = get_dialect(connection.dialect.name)
        self._table = make_table(version_table, schema, dialect=dialect)
        self._columns: frozenset[str] = frozenset()
        self._holds_any_text = True
        # Nobody asks for the number of a new row; without values() SQLAlchemy knows
        # the statement again.
        self._addition: sa.Insert = self._table.insert().inline()

    @property
    def is_ready(self) -> bool:
        """Whether rows can be written: :meth:`ensure` has found or made the table."""
        return bool(self._columns)

    def ensure(self) -> None:
        """Make the table where it is missing; a user who may not goes on without it.

        Outside of a transaction, or inside a savepoint.

        :raises sqlalchemy.exc.DBAPIError: another session holds what it needs.
        """
        try:
            if not self.exists():
                self._table.create(self._connection)

            # A table of an older release has fewer columns.
            nothing = sa.select(sa.text("*")).select_from(self._table).where(sa.false())
            found = self._connection.execute(nothing).keys()
            dialect = get_dialect(self._connection.dialect.name)
            self._holds_any_text = dialect.holds_any_text(self._connection)
            self._columns = frozenset(found) & frozenset(self._table.c.keys())
        except sa.exc.DBAPIError as error:
            if isinstance(explain(error, self._connection.engine.url), LockNotAcquired):
                raise

            _log.warning(
                "The history is not kept: %s cannot be made or read (%s).",
                self._table.fullname,
                first_line(error),
            )

    def describe(
        self, entry: HistoryEntry, script: bytes | None = None
    ) -> tuple[Change, ...]:
        """Return what adds one row; nothing where no history is kept.

        :param entry: what happened; its ``number`` is given by the database.
        :param script: the file that was run.
        """
        if not self.is_ready:
            return ()

        values = {
            "started": entry.started.astimezone(datetime.UTC).isoformat(),
            "script": None if script is None else _compress(script),
        }
        known = {
            key: self._fit(values[key] if key in values else getattr(entry, key))
            for key in self._columns - {"id"}
        }
        return (Change(statement=self._addition, values=known),)

    def _fit(self, value: t.Any) -> t.Any:
        if self._holds_any_text or not isinstance(value, str):
            return value

        return value.encode("ascii", "backslashreplace").decode()

    def read(self) -> tuple[HistoryEntry, ...]:
        """Return every row, the oldest first; none where there is no table."""
        inspector = sa.inspect(self._connection)
        name, schema = self._table.name, self._table.schema

        if not inspector.has_table(name, schema=schema):
            return ()

        # A table of an older release has fewer columns; the texts would be megabytes.
        found = {column["name"] for column in inspector.get_columns(name, schema)}
        known = [column for column in self._table.c if column.name in found]
        query = sa.select(*(column for column in known if column.name != "script"))
        rows = self._connection.execute(query.order_by(self._table.c.id)).mappings()
        return tuple(map(_to_entry, rows))

    def read_checksums(self) -> dict[str, str]:
        """Return the checksum of each script when it was last applied, by revision.

        One statement, also where there is no table.
        """
        return read_checksums(
            self._connection, table=self._table.name, schema=self._table.schema
        )

    def read_script(self, revision: str) -> bytes | None:
        """Return the file of a revision as it was last applied, if it was kept."""
        table = self._table

        if not self.exists():
            return None

        query = (
            sa.select(table.c.script)
            .where(table.c.revision == revision, table.c.script.is_not(None))
            .where(table.c.kind == "upgrade", table.c.outcome == "done")
            .order_by(table.c.id.desc())
            .limit(1)
        )
        found = self._connection.scalar(query)
        return None if found is None else zlib.decompress(found)

    def exists(self) -> bool:
        """Tell whether the table is there."""
        inspector = sa.inspect(self._connection)
        return inspector.has_table(self._table.name, schema=self._table.schema)


def _compress(script: bytes) -> bytes:
    # What is made ready for the largest window takes longer than a small script.
    return zlib.compress(script, wbits=12)


def _to_entry(row: sa.RowMapping) -> HistoryEntry:
    names = {field.name for field in dataclasses.fields(HistoryEntry)}
    values = {key: value for key, value in row.items() if key in names}
    started = datetime.datetime.fromisoformat(values["started"])
    return HistoryEntry(**{**values, "started": started, "number": row["id"]})


def name_user() -> str:
    """Return who runs this process; a container may have no name for its user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def name_host() -> str:
    """Return the machine's own name."""
    return socket.gethostname()
