"""The tables of a comparison on MySQL and MariaDB, live and wanted, in one spelling."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ....databases.dialects.mysql_tables import has_escapes
from ....databases.dialects.mysql_tables import read_table
from ....databases.dialects.mysql_tables import spell_table
from ....databases.dialects.mysql_tables import TableText
from ..comparison import Comparison

if t.TYPE_CHECKING:
    import sqlalchemy as sa
    from alembic.autogenerate.api import AutogenContext

QUALIFIERS = ("mysql", "mariadb")
"""SQLAlchemy's names of the dialect, by the URL."""


_NOT_MADE = (
    " was compared as Alembic compares, without UNSIGNED, the order of an ENUM,"
    " characters, ON UPDATE and the details of indexes: the server did not make a"
    " temporary table for it (GRANT CREATE TEMPORARY TABLES). There may be others."
)
_QUOTED = re.compile(r"`((?:[^`]|``)+)`")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One table twice.

    :param live: as it is.
    :param wanted: as the server would write what the models say.
    """

    live: TableText
    wanted: TableText

    def has_column(self, name: str) -> bool:
        """Tell whether both have a column."""
        return name in self.live.columns and name in self.wanted.columns


def find_pair(
    context: AutogenContext, table: sa.Table, *, schema: str | None
) -> Pair | None:
    """Return both spellings of a table that exists, and read them only once.

    :param schema: of the live table.
    :return: ``None`` where the server does not say.
    """
    # What was read lives as long as the inspector: one comparison.
    cache: dict[object, Pair | None] = context.inspector.info_cache
    key = ("flask_migrate.mysql_tables", schema, table.name)

    if key not in cache:
        cache[key] = _read_pair(context, table, schema)

    return cache[key]


def list_columns(key: str) -> tuple[str, ...]:
    """Return the columns of a key, in order: what its text names behind itself."""
    return tuple(one.replace("``", "`") for one in _QUOTED.findall(key)[1:])


def _read_pair(
    context: AutogenContext, table: sa.Table, schema: str | None
) -> Pair | None:
    assert context.connection is not None  # a comparison always has one
    cache: dict[object, bool] = context.inspector.info_cache
    key = "flask_migrate.mysql_escapes"

    if key not in cache:
        cache[key] = has_escapes(context.connection)

    escapes = cache[key]
    live = read_table(context.connection, table.name, schema=schema, escapes=escapes)

    if live is None:
        return None

    wanted = spell_table(context.connection, table, like=live, escapes=escapes)

    if wanted is not None:
        return Pair(live=live, wanted=wanted)

    notes = Comparison.find(context).notes

    if not any(one.endswith(_NOT_MADE) for one in notes):
        notes.append(f"{table.name}{_NOT_MADE}")

    return None
