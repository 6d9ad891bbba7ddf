"""What every backend's catalog does alike: tables by their names, along a plan."""

from __future__ import annotations

import functools
import typing as t

import sqlalchemy as sa

from ..tokens import DefinitionError
from .statements import Path
from .tables import ForeignKey
from .tables import Table


class Catalog:
    """The tables of one database, at one point of a plan.

    :param connection: for questions to the catalogs of the server.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._by_path: dict[Path, Table | None] = {}

    def ask(self, sql: str, **parameters: t.Any) -> t.Sequence[sa.Row[t.Any]]:
        """Return the rows of one question."""
        return self._connection.execute(sa.text(sql), parameters).all()

    def find(self, path: Path) -> Table | None:
        """Return a table or a view, or ``None`` where there is none of that name."""
        key = self._make_key(path)

        if key not in self._by_path:
            row = self._read(key)
            self._by_path[key] = None if row is None else self._load(row)

        return self._by_path[key]

    def get(self, path: Path) -> Table:
        """Return a table.

        :raises DefinitionError: if there is none: what would make it is not known.
        """
        found = self.find(path)

        if found is None:
            raise DefinitionError(f"there is no {'.'.join(path)}")

        return found

    def add(self, path: Path, kind: str = "table") -> Table:
        """Note a table that the plan makes."""
        table = Table(name=self._make_name(path), kind=kind)
        self._by_path[self._make_key(path)] = table
        return table

    def rename(self, old: Path, new: Path) -> None:
        """Follow a table to another name or schema."""
        # Read by the names that the database has.
        _ = self.foreign_keys
        table = self.get(old)
        self._by_path[self._make_key(old)] = None
        self._by_path[self._make_key(new)] = table
        table.name = self._make_name(new)

    def drop(self, path: Path) -> None:
        """Forget a table, and the foreign keys from and to it."""
        table = self.get(path)
        self.foreign_keys[:] = [
            key for key in self.foreign_keys if table not in (key.table, key.target)
        ]
        self._by_path[self._make_key(path)] = None

    @functools.cached_property
    def foreign_keys(self) -> list[ForeignKey]:
        """All of the database; a plan adds and drops some."""
        return self._read_foreign_keys()

    def known(self) -> list[Table]:
        """Return the tables that were asked about."""
        return [table for table in self._by_path.values() if table is not None]

    def _make_key(self, path: Path) -> Path:
        """Return the same for each way to write a name."""
        raise NotImplementedError

    def _make_name(self, path: Path) -> str:
        return ".".join(self._make_key(path))

    def _read(self, key: Path) -> sa.Row[t.Any] | None:
        """Return what the server says of a table, ``None`` where there is none."""
        raise NotImplementedError

    def _read_foreign_keys(self) -> list[ForeignKey]:
        raise NotImplementedError

    def _load(self, row: sa.Row[t.Any]) -> Table:
        raise NotImplementedError


def split_key(key: Path) -> tuple[str, str]:
    """Return the schema, empty for the default one, and the name."""
    return ("", key[0]) if len(key) == 1 else (key[0], key[1])
