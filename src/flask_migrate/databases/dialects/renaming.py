"""How a backend renames what is neither a table nor a column."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

Kind = t.Literal[
    "index", "unique", "primary", "foreignkey", "check", "sequence", "type"
]
"""What is renamed: Alembic's words for constraints, and three more."""

Quote = cabc.Callable[[str], str]


class Renaming:
    """A backend that cannot: what has another name is dropped and made again.

    Every name and table comes as SQL, in quotes where it needs them.
    """

    trial: t.Literal["", "rollback", "copy"] = ""
    """How a rename can be tried and leave nothing: rolled back, or on a copy."""
    trial_limit = ""
    """The statement that lets a trial give up soon, where others use the table."""

    def rename(self, kind: Kind, *, table: str, old: str, new: str) -> str | None:
        """Return the statement; ``None`` where there is none.

        :param table: that the index or the constraint belongs to.
        :param old: its name, with the schema of a sequence or a type.
        """
        return None

    def name_by_default(
        self, kind: Kind, table: str, columns: cabc.Sequence[str]
    ) -> str | None:
        """Return the name that the server gives to what has none.

        :return: ``None`` where it follows no rule, or where no one can rename it.
        """
        return None


class SQLiteRenaming(Renaming):
    """SQLite renames tables and columns only."""

    trial: t.Literal["", "rollback", "copy"] = "copy"


class MySQLRenaming(Renaming):
    """MySQL and MariaDB rename indexes, and what they call a unique constraint."""

    trial: t.Literal["", "rollback", "copy"] = "copy"

    def rename(self, kind: Kind, *, table: str, old: str, new: str) -> str | None:
        if kind in ("index", "unique"):
            return f"ALTER TABLE {table} RENAME INDEX {old} TO {new}"

        return None

    def name_by_default(
        self, kind: Kind, table: str, columns: cabc.Sequence[str]
    ) -> str | None:
        # A foreign key and an unnamed unique constraint have an index of that name.
        return columns[0] if kind in ("index", "unique") and columns else None


class PostgreSQLRenaming(Renaming):
    """PostgreSQL renames everything, and waits only for its lock."""

    trial: t.Literal["", "rollback", "copy"] = "rollback"
    trial_limit: str = "SET LOCAL lock_timeout = '2s'"

    _ENDS: t.ClassVar[dict[str, str]] = {
        "index": "idx",
        "unique": "key",
        "primary": "pkey",
        "foreignkey": "fkey",
        "check": "check",
        "sequence": "seq",
    }
    _LONGEST = 63

    def rename(self, kind: Kind, *, table: str, old: str, new: str) -> str | None:
        if kind in ("index", "sequence", "type"):
            # An index is named with the schema of its table, which cannot be said.
            schema = table.rpartition(".")[0] if kind == "index" else ""
            place = f"{schema}.{old}" if schema else old
            return f"ALTER {kind.upper()} {place} RENAME TO {new}"

        return f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}"

    def name_by_default(
        self, kind: Kind, table: str, columns: cabc.Sequence[str]
    ) -> str | None:
        parts = () if kind == "primary" else columns
        name = "_".join((table, *parts, self._ENDS[kind]))
        # The server shortens a longer one in a way of its own.
        return name if len(name.encode()) <= self._LONGEST else None
