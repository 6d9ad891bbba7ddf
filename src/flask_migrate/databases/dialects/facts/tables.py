"""Tables as a plan finds them: the live ones, and what its statements did to them."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses


@dataclasses.dataclass(slots=True, kw_only=True)
class Column:
    """One column of a table, at one point of a plan.

    :param name: its name now.
    :param live: its name in the database; empty if the plan made it.
    :param type: as the server writes it.
    :param nullable: whether it may be NULL.
    :param default: as the server writes it.
    :param generated: ``STORED`` or ``VIRTUAL``; empty for one that holds values.
    :param charset: of its texts, where the server says so.
    :param collation: of its texts, where it is not the default one.
    :param comment: on MySQL.
    :param filled: which part of the rows holds data, by the server's statistics.
    """

    name: str
    live: str = ""
    type: str = ""
    nullable: bool = True
    default: str | None = None
    generated: str = ""
    charset: str = ""
    collation: str = ""
    comment: str = ""
    filled: float = 1.0

    @property
    def is_empty(self) -> bool:
        """Whether it is NULL in every row, as the plan made it without a default."""
        return not (self.live or self.default or self.generated)


@dataclasses.dataclass(slots=True, kw_only=True)
class Key:
    """One index or constraint of a table.

    :param name: empty where the server chooses it.
    :param kind: ``PRIMARY KEY``, ``UNIQUE``, ``INDEX``, ``CHECK``, ``EXCLUDE``,
        ``FULLTEXT``.
    :param columns: its columns, in order; empty texts for expressions.
    :param names: all that its expressions mention, in small letters.
    :param proves: the columns that a check proves to be not NULL.
    :param is_valid: whether all rows keep it.
    """

    name: str
    kind: str
    columns: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    proves: frozenset[str] = frozenset()
    is_valid: bool = True

    def covers(self, column: str) -> bool:
        """Tell whether it depends on a column."""
        return column in self.columns or column.lower() in self.names


@dataclasses.dataclass(slots=True, kw_only=True)
class ForeignKey:
    """One foreign key between two tables.

    :param name: empty where the server chooses it.
    :param table: whose it is.
    :param columns: of that table.
    :param target: the table that it points to.
    :param target_columns: of that table; empty for its primary key.
    :param action: what happens to its rows when the others are deleted.
    :param is_valid: whether all rows keep it.
    """

    name: str
    table: Table
    columns: tuple[str, ...]
    target: Table
    target_columns: tuple[str, ...] = ()
    action: str = "NO ACTION"
    is_valid: bool = True


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Table:
    """One table, at one point of a plan.

    :param name: its name now, with its schema where that is not the default one.
    :param live: the quoted name in the database; empty if the plan made it.
    :param kind: ``table``, ``partitioned table``, ``view``, ``materialized view``,
        ``sequence`` ...
    :param rows: by the server's statistics.
    :param size: bytes, by the same.
    :param is_filled: a table that the plan made has rows.
    :param is_default: the partition for rows that belong to no other one.
    :param parent: the table that it is a partition of.
    :param children: its partitions, or the tables that inherit from it.
    :param views: what reads it, with the columns that it reads.
    :param uses: other reasons to keep a column as it is: ``a generated column``.
    :param options: the server's own words: the row format, the number of versions.
    """

    name: str
    live: str = ""
    kind: str = "table"
    rows: int | None = None
    size: int | None = None
    is_filled: bool = False
    is_default: bool = False
    parent: Table | None = None
    columns: dict[str, Column] = dataclasses.field(default_factory=dict)
    keys: list[Key] = dataclasses.field(default_factory=list)
    children: list[Table] = dataclasses.field(default_factory=list)
    views: list[tuple[Table, frozenset[str]]] = dataclasses.field(default_factory=list)
    uses: dict[str, str] = dataclasses.field(default_factory=dict)
    options: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether the plan made it, so that nobody uses it yet."""
        return not self.live

    @property
    def is_empty(self) -> bool:
        """Whether it is known to have no rows."""
        return self.is_new and not self.is_filled

    def family(self) -> cabc.Iterator[Table]:
        """Return the table, and all that inherit from it."""
        yield self

        for child in self.children:
            yield from child.family()

    def column(self, name: str) -> Column | None:
        """Return the column of a name."""
        return self.columns.get(name)

    def keys_of(self, column: str, *kinds: str) -> list[Key]:
        """Return what depends on a column, of these kinds or of any."""
        return [
            key
            for key in self.keys
            if key.covers(column) and (not kinds or key.kind in kinds)
        ]

    def key(self, name: str) -> Key | None:
        """Return the index or constraint of a name."""
        return next((key for key in self.keys if key.name == name), None)

    def is_proven(self, column: str) -> bool:
        """Tell whether the server knows that a column has no NULL."""
        found = self.columns.get(column)
        is_not_null = found is not None and not found.nullable
        return is_not_null or any(
            column in key.proves for key in self.keys if key.is_valid
        )

    def rename_column(self, old: str, new: str) -> None:
        """Follow ``RENAME COLUMN``, in what depends on it too."""
        if column := self.columns.pop(old, None):
            column.name = new
            self.columns[new] = column

        for key in self.keys:
            key.columns = tuple(new if one == old else one for one in key.columns)
            key.proves = frozenset(new if one == old else one for one in key.proves)

    def drop_column(self, name: str) -> None:
        """Follow ``DROP COLUMN``, in what depends on it too."""
        self.columns.pop(name, None)
        self.keys = [key for key in self.keys if not key.covers(name)]
