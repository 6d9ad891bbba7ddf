"""Which names are new: of tables, of columns, and of what follows them."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

import sqlalchemy as sa

Key = tuple[str | None, str]
"""The schema, ``None`` for the default one, and the name of a table."""

Side = cabc.Mapping[Key, sa.Table]
"""The tables of the database, or those of the models."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What is compared.

    :param old: the tables of the database.
    :param new: those of the models.
    :param dialect: of the database.
    :param hidden: columns that the user has excluded, of either side.
    """

    old: Side
    new: Side
    dialect: sa.Dialect
    hidden: frozenset[tuple[Key, str]] = frozenset()

    def find_target(self, key: sa.ForeignKey) -> tuple[Key, str]:
        """Return the table and the column that a foreign key points to."""
        path, _, column = key.target_fullname.rpartition(".")
        schema, _, table = path.rpartition(".")
        return self.make_key(schema, table), column

    def make_key(self, schema: str | None, name: str) -> Key:
        """Return a table's key; the default schema may be named or not."""
        is_default = schema == self.dialect.default_schema_name
        return None if is_default or not schema else schema, name


@dataclasses.dataclass(slots=True, kw_only=True)
class Names:
    """Old names and new ones.

    :param tables: the old table, and the new name.
    :param columns: by the old table: the old column, and the new name.
    :param objects: by the old table: the old name of a constraint or a sequence, and
        the new one.
    :param reasons: why, by the old table and column; no column means the table.
    """

    tables: dict[Key, str] = dataclasses.field(default_factory=dict)
    columns: dict[Key, dict[str, str]] = dataclasses.field(default_factory=dict)
    objects: dict[Key, dict[str, str]] = dataclasses.field(default_factory=dict)
    reasons: dict[tuple[Key, str | None], str] = dataclasses.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.tables or self.columns)

    def new_table(self, key: Key) -> Key:
        """Return what a table of the database is called from now on."""
        return key[0], self.tables.get(key, key[1])

    def old_table(self, key: Key) -> Key:
        """Return what a table of the models is called in the database.

        A new table may have the old name of another one; then it is not there at all.
        """
        for old, name in self.tables.items():
            if (old[0], name) == key:
                return old

        return (key[0], "") if key in self.tables else key

    def new_column(self, table: Key, name: str) -> str:
        """Return what a column is called from now on.

        :param table: by its old name.
        """
        return self.columns.get(table, {}).get(name, name)

    def add(
        self, table: Key, column: str | None = None, *, new: str, reason: str
    ) -> None:
        """Note a new name.

        :param table: by its old name.
        :param column: of the table; ``None`` for the table itself.
        :param reason: in words.
        """
        if column is None:
            self.tables[table] = new
        else:
            self.columns.setdefault(table, {})[column] = new

        self.reasons[table, column] = reason


def spell(table: Key, column: str | None = None) -> str:
    """Return the name of a table or a column as it is written by hand."""
    return ".".join(one for one in (*table, column) if one)
