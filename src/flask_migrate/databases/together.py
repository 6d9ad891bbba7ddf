"""Changes of our own tables, which go to the server in one word where it takes that."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import itertools
import typing as t

import sqlalchemy as sa

from .dialects import Dialect


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One statement that changes rows.

    :param statement: always the same object, so that it is compiled once; no value
        stands in it.
    :param values: of its parameters, each of a name of its own.
    """

    statement: sa.UpdateBase
    values: cabc.Mapping[str, t.Any]


class Together:
    """Runs changes on one connection, in its transaction.

    :param connection: of the run.
    :param dialect: what is known of its backend.
    """

    def __init__(self, connection: sa.Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self._known: dict[tuple[sa.UpdateBase, ...], _Joined | None] = {}

    def run(self, changes: cabc.Sequence[Change]) -> int:
        """Run changes, one after the other.

        :return: how many rows the last one has matched; 0 where there is none.
        """
        key = tuple(one.statement for one in changes)

        if key not in self._known:
            self._known[key] = self._join(changes)

        joined = self._known[key]

        if joined is None:
            found = [
                self._connection.execute(one.statement, one.values) for one in changes
            ]
            return found[-1].rowcount if found else 0

        values = {name: one.values[name] for one in changes for name in one.values}
        result = self._connection.exec_driver_sql(joined.sql, joined.order(values))
        return int(result.scalar_one() if result.returns_rows else result.rowcount)

    def _join(self, changes: cabc.Sequence[Change]) -> _Joined | None:
        known: t.Any = self._connection.dialect

        if len(changes) < 2 or not self._dialect.can_join(known):
            return None

        compiled: list[t.Any] = [
            one.statement.compile(dialect=known, column_keys=list(one.values))
            for one in changes
        ]
        places = [one.positiontup or () for one in compiled]
        return _Joined(
            sql=self._dialect.join([str(one) for one in compiled]),
            names=tuple(itertools.chain(*places)),
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    """Several statements as one.

    :param names: of its parameters, where these have an order only.
    """

    sql: str
    names: tuple[str, ...]

    def order(self, values: dict[str, t.Any]) -> t.Any:
        """Return the values as the driver takes them."""
        return tuple(values[one] for one in self.names) if self.names else values
