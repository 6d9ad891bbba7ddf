"""The corpus of renames: a small language for two schemas, and what is the same.

A case is a paragraph: its name, the tables before (``-``) and after (``+``), and the
renames (``=``). A column is ``name:type`` with ``!`` for NOT NULL, ``*`` for unique,
``+`` for an index and ``=text`` for a default.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import pathlib
import re

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

from flask_migrate.make.autogenerate.renames.names import Sides

FOLDER = pathlib.Path(__file__).with_name("corpus")

_COLUMN = re.compile(
    r"(?P<name>\w+):(?P<type>[a-z]+)(?P<size>[\d.]*)(\((?P<words>[\w|]+)\))?"
    r"(?P<marks>[!*+]*)(=(?P<default>\w+))?"
)
_TYPES: dict[str, cabc.Callable[[], sa.types.TypeEngine[object]]] = {
    "pk": sa.Integer,
    "fk": sa.Integer,
    "i": sa.Integer,
    "b": sa.BigInteger,
    "t": sa.Text,
    "f": sa.Float,
    "d": sa.Date,
    "dt": sa.DateTime,
    "bool": sa.Boolean,
    "json": sa.JSON,
    "uuid": sa.Uuid,
    "bin": sa.LargeBinary,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RenameCase:
    """One change of a schema.

    :param renames: old names, spelled as in a flag, and the new ones.
    """

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    renames: dict[str, str]

    def __str__(self) -> str:
        return self.name

    @property
    def flags(self) -> tuple[str, ...]:
        """What declares all of it."""
        return tuple(f"{old}:{new}" for old, new in self.renames.items())

    def make_schemas(self) -> tuple[sa.MetaData, sa.MetaData]:
        """Return the schema before and the one after."""
        return _make_schema(self.before), _make_schema(self.after)

    def make_sides(self) -> Sides:
        """Return both, as if the first one had been read from a database."""
        old, new = (
            {(table.schema, table.name): table for table in metadata.tables.values()}
            for metadata in self.make_schemas()
        )
        return Sides(old=old, new=new, dialect=DefaultDialect())


def read_corpus(name: str) -> tuple[RenameCase, ...]:
    """Return the cases of one file of the corpus."""
    text = (FOLDER / f"{name}.txt").read_text("utf-8")
    return tuple(map(_read_case, text.strip().split("\n\n")[1:]))


def _read_case(paragraph: str) -> RenameCase:
    name, *lines = paragraph.splitlines()
    parts = {mark: [one[2:] for one in lines if one[0] == mark] for mark in "-+="}
    renames = (tuple(one.split(":")) for line in parts["="] for one in line.split())
    return RenameCase(
        name=name,
        before=tuple(parts["-"]),
        after=tuple(parts["+"]),
        renames=dict(renames),
    )


def _make_schema(lines: cabc.Iterable[str]) -> sa.MetaData:
    metadata = sa.MetaData()

    for line in lines:
        name, *columns = line.split()
        sa.Table(name, metadata, *map(_make_column, columns))

    return metadata


def _make_column(text: str) -> sa.Column[object]:
    found = _COLUMN.fullmatch(text)
    assert found, text
    marks = found["marks"]
    target = [sa.ForeignKey(f"{found['words']}.id")] if found["type"] == "fk" else []
    return sa.Column(
        found["name"],
        _make_type(found),
        *target,
        primary_key=found["type"] == "pk",
        nullable="!" not in marks and found["type"] != "pk",
        unique="*" in marks or None,
        index="+" in marks or None,
        server_default=found["default"],
    )


def _make_type(found: re.Match[str]) -> sa.types.TypeEngine[object]:
    if found["type"] == "s":
        return sa.String(int(found["size"]))

    if found["type"] == "n":
        return sa.Numeric(*map(int, found["size"].split(".")))

    if found["type"] == "enum":
        return sa.Enum(*found["words"].split("|"), name="kind")

    return _TYPES[found["type"]]()
