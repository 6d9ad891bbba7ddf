"""What a database holds after a run, as one value that can be compared."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

import sqlalchemy as sa

HISTORY = "alembic_version_history"
JOURNAL = "alembic_version_journal"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The schema and the rows of a database.

    :param schema: of each table, its columns, indexes and keys.
    :param rows: of each table, sorted; the version table among them.
    :param done: the revisions that the history says were done, in order.
    :param journal: the rows that the journal still has.
    """

    schema: dict[str, t.Any]
    rows: dict[str, list[str]]
    done: list[str]
    journal: list[t.Any]


@functools.lru_cache(maxsize=1)
def _find_engine(url: str | sa.URL) -> sa.Engine:
    """Return an engine that has asked already what its server can do."""
    return sa.create_engine(url, poolclass=sa.NullPool)


def audit(url: str | sa.URL) -> Audit:
    """Read all of a database."""
    with _find_engine(url).connect() as connection:
        inspector = sa.inspect(connection)
        tables = inspector.get_table_names()
        ours = [name for name in tables if not name.startswith("alembic_version_")]
        return Audit(
            schema={name: _describe(inspector, name) for name in ours},
            rows={name: sorted(map(str, _read(connection, name))) for name in ours},
            done=_read_done(connection) if HISTORY in tables else [],
            journal=_read(connection, JOURNAL) if JOURNAL in tables else [],
        )


def _describe(inspector: sa.Inspector, table: str) -> dict[str, t.Any]:
    columns = inspector.get_columns(table)
    indexes = inspector.get_indexes(table)
    return {
        "columns": [
            (one["name"], str(one["type"]), one["nullable"]) for one in columns
        ],
        "indexes": sorted(
            (str(one["name"]), tuple(one["column_names"]), one["unique"])
            for one in indexes
        ),
        "keys": sorted(str(one) for one in inspector.get_foreign_keys(table)),
    }


def _read(connection: sa.Connection, table: str) -> list[t.Any]:
    quoted = connection.dialect.identifier_preparer.quote(table)
    rows = connection.exec_driver_sql(f"SELECT * FROM {quoted}")
    return [tuple(row) for row in rows]


def _read_done(connection: sa.Connection) -> list[str]:
    query = f"SELECT revision FROM {HISTORY} WHERE outcome = 'done' ORDER BY id"
    return list(connection.exec_driver_sql(query).scalars())


def empty(url: str | sa.URL) -> None:
    """Drop every table, which takes less time than to make a new database."""
    metadata = sa.MetaData()
    with _find_engine(url).begin() as connection:
        metadata.reflect(connection)
        metadata.drop_all(connection)
