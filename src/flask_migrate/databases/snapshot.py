"""A database's schema as a value, and its fingerprint."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import hashlib
import json
import operator
import typing as t

import sqlalchemy as sa

from .dialects import get_dialect
from .dialects.schemas import SchemaObject

_SOME = 1_000
"""Objects whose text is made at once."""
# Faster than a dataclass's own order and astuple(), where there are thousands.
_VALUES = operator.attrgetter("kind", "table", "name", "definition")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The schema of one database at one moment.

    :param objects: everything in it, in a stable order.
    """

    objects: tuple[SchemaObject, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The same for equal schemas, in the eyes of their server: 64 digits."""
        digest = hashlib.sha256(b"[")

        # Of one JSON text, which is never there as a whole.
        for at in range(0, len(self.objects), _SOME):
            some = [*map(_VALUES, self.objects[at : at + _SOME])]
            text = json.dumps(some, ensure_ascii=True, separators=(",", ":"))
            digest.update(f"{',' if at else ''}{text[1:-1]}".encode())

        digest.update(b"]")
        return digest.hexdigest()

    def to_dict(self) -> dict[str, t.Any]:
        """Return the snapshot as plain values, for JSON."""
        return {
            "fingerprint": self.fingerprint,
            "objects": [one.to_dict() for one in self.objects],
        }


def take_snapshot(
    connection: sa.Connection,
    *,
    ignore: str = "",
    schemas: cabc.Iterable[str] = (),
) -> Snapshot:
    """Read the schema of a database; changes nothing.

    :param ignore: a version table's name: it and our own tables, whose names begin
        with it and ``_``, are left out.
    :param schemas: more schemas to read, besides the default ones.
    """
    dialect = get_dialect(connection.dialect.name)
    was_idle = not connection.in_transaction()
    wanted = tuple(sorted(set(schemas)))

    try:
        found = [
            one
            for one in dialect.read_schema(connection, wanted)
            if not _is_ours(one.table, ignore)
        ]
    finally:
        if was_idle:
            connection.rollback()

    return Snapshot(objects=tuple(sorted(found, key=_VALUES)))


def count_tables(
    connection: sa.Connection,
    *,
    ignore: str = "",
    schemas: cabc.Iterable[str] = (),
) -> int:
    """Count the tables of a snapshot without taking it; the same parameters."""
    dialect = get_dialect(connection.dialect.name)
    was_idle = not connection.in_transaction()

    try:
        found = dialect.list_tables(connection, tuple(sorted(set(schemas))))
        return sum(not _is_ours(one, ignore) for one in found)
    finally:
        if was_idle:
            connection.rollback()


def _is_ours(table: str, version_table: str) -> bool:
    name = table.rpartition(".")[2]
    return bool(version_table) and (
        name == version_table or name.startswith(f"{version_table}_")
    )
