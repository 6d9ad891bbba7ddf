"""A column in the words of its server, which are not always those of the models.

A throwaway table has the column for a moment; reflection then says of it what it
would say of the real one. Only so can ``RANDOM()*2`` be seen to be the default that the
server shows as ``(random() * (2)::double precision)``.
"""

from __future__ import annotations

import typing as t
import warnings

import sqlalchemy as sa
from sqlalchemy import exc

from .dialects import get_dialect

COLUMN = "whimbrel_column"
"""What the column is called there, so that it cannot meet one of the models."""

_TABLE = "whimbrel_comparison"


def reread_column(
    connection: sa.Connection,
    column: sa.Column[t.Any],
    *,
    type_: sa.types.TypeEngine[t.Any] | None = None,
    beside: sa.Table | None = None,
) -> t.Mapping[str, t.Any] | None:
    """Make a column aside, reflect it, and leave nothing behind.

    :param column: of the models: its type, default and expression count.
    :param type_: another type for it.
    :param beside: a table of the database whose columns its expression speaks of.
    :return: what an inspector says of it; ``None`` if the server refuses it.
    """
    copy: sa.Column[t.Any] = sa.Column(COLUMN, type_ or column.type)
    copy.server_default, copy.computed = column.server_default, column.computed
    dialect = connection.dialect
    backend = get_dialect(dialect.name)

    try:
        with warnings.catch_warnings():
            # What SQLAlchemy thinks of the column, it says where that is really made.
            warnings.simplefilter("ignore", exc.SAWarning)
            spec = str(sa.schema.CreateColumn(copy).compile(dialect=dialect))

        preparer = dialect.identifier_preparer
        create, drop = backend.write_temporary(
            _TABLE,
            spec,
            like=None if beside is None else preparer.format_table(beside),
            others=[
                preparer.format_column(one)
                for one in (() if beside is None else beside.columns)
                if one.computed is None
            ],
        )

        with backend.try_aside(connection):
            connection.exec_driver_sql(create)
            (found,) = (
                one
                for one in sa.inspect(connection).get_columns(_TABLE)
                if one["name"] == COLUMN
            )
            connection.exec_driver_sql(drop)
    except (exc.DBAPIError, exc.CompileError):
        return None

    return t.cast("t.Mapping[str, t.Any]", found)
