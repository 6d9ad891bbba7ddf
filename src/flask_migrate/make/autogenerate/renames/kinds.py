"""The type of a column, as far as two of them can be compared without a server."""

from __future__ import annotations

import dataclasses
import re

import sqlalchemy as sa
from sqlalchemy.sql.type_api import TypeEngine

_FAMILIES = {
    "integer": "int integer bigint smallint tinyint mediumint serial bigserial",
    "number": "numeric decimal float double real",
    "text": "varchar nvarchar char nchar character text clob citext"
    " mediumtext tinytext string",
    "boolean": "boolean bool",
    "date": "date",
    "time": "time",
    "moment": "datetime timestamp",
    "bytes": "blob bytea binary varbinary longblob mediumblob tinyblob",
    "json": "json jsonb",
}
_FAMILY = {word: name for name, words in _FAMILIES.items() for word in words.split()}

_NEAR = (
    {"integer", "number"},
    {"integer", "boolean"},
    {"date", "moment"},
    # What has no type of its own on a backend is stored as text there.
    {"text", "uuid"},
    {"text", "json"},
    {"text", "interval"},
    {"moment", "interval"},
)

_SAME = {
    "int": "integer",
    "bool": "boolean",
    "decimal": "numeric",
    "double": "float",
    "real": "float",
    "datetime": "timestamp",
    "character": "varchar",
    "clob": "text",
    # What MariaDB makes of JSON.
    "longtext": "json",
}
UNKNOWN = "nulltype"
"""The family of what the inspector could not read."""
_PLAIN = ("integer", "text", "boolean", "timestamp", "date", "varchar", "float")
_SIZES = ("varchar(255)", "varchar(100)", "varchar(50)")
_NO_SIZE = ("integer", "bigint", "smallint", "boolean", "float", "timestamp")
_EXTRA = re.compile(
    r"\s*(collate|character set|without time zone|precision|varying"
    r"|unsigned|generated|identity)\b(\s+[\"`]?\w+[\"`]?)?",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type in few words.

    :param text: the whole, in one spelling: ``varchar(50)``.
    :param head: its name: ``varchar``.
    :param family: types that take each other's values: ``text``.
    :param labels: of an enum.
    """

    text: str
    head: str
    family: str
    labels: tuple[str, ...] = ()

    @property
    def is_common(self) -> bool:
        """Whether so many columns have this type that it tells little."""
        return self.text in (*_PLAIN, *_SIZES)

    def is_far(self, other: Kind) -> bool:
        """Tell whether no column ever changes from one to the other by its name."""
        if self.labels and other.labels and not set(self.labels) & set(other.labels):
            return True

        both = {self.family, other.family}
        return len(both) > 1 and both not in _NEAR and UNKNOWN not in both

    def is_same(self, other: Kind) -> bool:
        """Tell whether they are equal; enums by their labels, not by their names."""
        if self.labels and other.labels:
            return self.labels == other.labels

        return self.text == other.text


def describe_kind(kind: TypeEngine[object], dialect: sa.Dialect) -> Kind:
    """Return a type in few words.

    :param dialect: whose words they are.
    """
    inner = kind.dialect_impl(dialect)
    inner = inner.impl_instance if isinstance(inner, sa.TypeDecorator) else inner

    try:
        found = _parse(kind.compile(dialect).lower())
    except sa.exc.CompileError:
        found = _parse(type(kind).__name__.lower())

    if isinstance(inner, sa.Enum):
        labels = tuple(map(str, inner.enums))
        return dataclasses.replace(found, family="text", labels=labels)

    return found


def _parse(text: str) -> Kind:
    if text == "tinyint(1)":
        text = "boolean"

    zone = " with time zone" if "with time zone" in text else ""
    plain = _EXTRA.sub("", text.replace(zone, "") if zone else text).strip()
    found = re.match(r"\w+", plain)
    word = found.group() if found else plain
    head = _SAME.get(word, word)
    size, array, _ = plain[len(word) :].replace(" ", "").partition("[]")
    size = "" if head in _NO_SIZE else size
    family = "array" if array else _FAMILY.get(head, head)
    return Kind(text=f"{head}{size}{array}{zone}", head=head, family=family)
