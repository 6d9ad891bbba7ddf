"""What a failed batch of plain Alembic leaves behind: the copy of a table."""

from __future__ import annotations

import logging

from ....errors import DataAtRisk
from .catalog import Catalog

log: logging.Logger = logging.getLogger("flask_migrate")

_LEFTOVER = "An earlier run of Alembic has left the table {}, its copy of {}"


def check_original(catalog: Catalog, table: str) -> None:
    """Refuse to go on where only the copy of another tool's failed run is left.

    :raises DataAtRisk: saying where the rows are.
    """
    temporary = f"_alembic_tmp_{table}"[:50]

    if catalog.find_table(table) is None and catalog.find_table(temporary) is not None:
        raise DataAtRisk(
            f"There is no table {table}. {_LEFTOVER.format(temporary, table)},"
            " and the rows are in it.",
            hint=f"Look at it, then: ALTER TABLE {temporary} RENAME TO {table};",
        )


def check_leftover(catalog: Catalog, table: str, temporary: str) -> None:
    """Drop the copy that a failed run of another tool has left, if it is one.

    :raises DataAtRisk: if it may hold rows that are nowhere else.
    """
    check_original(catalog, table)

    if catalog.find_table(temporary) is None:
        return

    # Alembic cuts the name, so that two tables can have one name for their copies.
    is_whole = temporary.endswith(f"_{table}")

    if not is_whole or catalog.count(temporary) > catalog.count(table):
        why = "has more rows than" if is_whole else "may not be of"
        raise DataAtRisk(
            f"{_LEFTOVER.format(temporary, table)}, and it {why} {table}."
            " Nothing was changed.",
            hint=f"Look at it, save what you need, then: DROP TABLE {temporary};",
        )

    log.warning(
        "%s. The original is there, so the copy is dropped.",
        _LEFTOVER.format(temporary, table),
    )
    catalog.run(f"DROP TABLE {catalog.quote(temporary)}")
