"""The database as it will be called: what every comparator looks at after the renames.

With it a renamed column is compared like any other one, so that a change of its type
is found too, and nothing is left to be dropped or added.
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as t

import sqlalchemy as sa

from .names import Key
from .names import Names

_Reader = cabc.Callable[..., t.Any]
_OWN_SEQUENCE = re.compile(r"nextval\('(?P<name>.+)'::regclass\)")
_LITERAL = re.compile(r"('(?:[^']|'')*')")


def make_view(inspector: sa.Inspector, names: Names) -> sa.Inspector:
    """Return an inspector that answers, and is asked, by the new names."""
    kind: t.Any = type("RenamedInspector", (RenamedInspector, type(inspector)), {})
    view: RenamedInspector = kind.__new__(kind)
    vars(view).update(vars(inspector), info_cache={}, names=names)
    return view


def _single(name: str) -> _Reader:
    def read(
        self: RenamedInspector, table_name: str, schema: str | None = None, **kw: t.Any
    ) -> t.Any:
        old = self.names.old_table((schema, table_name))
        found = getattr(super(RenamedInspector, self), name)(old[1], schema, **kw)
        return self.translate(found, old)

    return read


def _multi(name: str) -> _Reader:
    def read(
        self: RenamedInspector,
        schema: str | None = None,
        filter_names: cabc.Sequence[str] | None = None,
        **kw: t.Any,
    ) -> t.Any:
        if filter_names is not None:
            keys = [(schema, one) for one in filter_names]
            filter_names = [self.names.old_table(key)[1] for key in keys]

        found = getattr(super(RenamedInspector, self), name)(schema, filter_names, **kw)
        return {
            self.names.new_table(key): self.translate(value, key)
            for key, value in found.items()
        }

    return read


class RenamedInspector(sa.Inspector):
    """An inspector of a database in which some names are new."""

    names: Names

    get_columns = _single("get_columns")
    get_pk_constraint = _single("get_pk_constraint")
    get_foreign_keys = _single("get_foreign_keys")
    get_indexes = _single("get_indexes")
    get_unique_constraints = _single("get_unique_constraints")
    get_check_constraints = _single("get_check_constraints")
    get_table_comment = _single("get_table_comment")
    get_table_options = _single("get_table_options")
    get_multi_columns = _multi("get_multi_columns")
    get_multi_pk_constraint = _multi("get_multi_pk_constraint")
    get_multi_foreign_keys = _multi("get_multi_foreign_keys")
    get_multi_indexes = _multi("get_multi_indexes")
    get_multi_unique_constraints = _multi("get_multi_unique_constraints")
    get_multi_check_constraints = _multi("get_multi_check_constraints")
    get_multi_table_comment = _multi("get_multi_table_comment")
    get_multi_table_options = _multi("get_multi_table_options")

    def get_table_names(self, schema: str | None = None, **kw: t.Any) -> list[str]:
        """Return the tables by their new names."""
        names = super().get_table_names(schema, **kw)
        return [self.names.new_table((schema, name))[1] for name in names]

    def has_table(
        self, table_name: str, schema: str | None = None, **kw: t.Any
    ) -> bool:
        """Tell whether there is a table, by its new name."""
        old = self.names.old_table((schema, table_name))
        return bool(old[1]) and super().has_table(old[1], schema, **kw)

    def translate(self, value: t.Any, table: Key) -> t.Any:
        """Return what was read of a table, with the new names in it.

        :param value: as an inspector returns it: dictionaries, and lists of them.
        :param table: by its old name.
        """
        if isinstance(value, list):
            return [self.translate(one, table) for one in value]

        return _Record(value, table, self.names).read() if value else value


class _Record:
    """One column, constraint or index as an inspector returns it."""

    def __init__(self, value: dict[str, t.Any], table: Key, names: Names) -> None:
        self._value = dict(value)
        self._table = table
        self._names = names

    def read(self) -> dict[str, t.Any]:
        """Return it with the new names."""
        value = self._value

        if "type" in value and "nullable" in value:
            self._read_column()
        else:
            self._read_object()

        for key in ("constrained_columns", "column_names", "include_columns"):
            if isinstance(value.get(key), list):
                value[key] = [one and self._column(one) for one in value[key]]

        for key in ("sqltext", "expressions", "dialect_options", "computed"):
            if value.get(key):
                value[key] = self._translate_sql(value[key])

        return value

    def _read_column(self) -> None:
        value, old = self._value, self._value["name"]
        value["name"] = self._column(old)
        own = f"{self._table[1]}_{old}_seq"
        sequence = _OWN_SEQUENCE.fullmatch(str(value.get("default") or ""))

        # Alembic looks for the owner by a name that the server does not know yet.
        if value["name"] != old and sequence and sequence["name"].endswith(own):
            value["default"] = None

    def _read_object(self) -> None:
        value, names = self._value, self._names
        objects = names.objects.get(self._table, {})

        for key in ("name", "duplicates_constraint", "duplicates_index"):
            if key in value:
                value[key] = objects.get(value[key], value[key])

        if "referred_table" in value:
            to = (value.get("referred_schema"), value["referred_table"])
            value["referred_table"] = names.new_table(to)[1]
            value["referred_columns"] = [
                names.new_column(to, one) for one in value["referred_columns"]
            ]

    def _column(self, name: str) -> str:
        return self._names.new_column(self._table, name)

    def _translate_sql(self, value: t.Any) -> t.Any:
        """Return SQL, or what holds some, with the new names of the columns."""
        if isinstance(value, str):
            columns = self._names.columns.get(self._table, {})
            return translate_sql(value, columns)

        if isinstance(value, list):
            return [self._translate_sql(one) for one in value]

        if isinstance(value, dict):
            return {key: self._translate_sql(one) for key, one in value.items()}

        return value


def translate_sql(text: str, columns: cabc.Mapping[str, str]) -> str:
    """Return an expression with new names of columns; literals stay as they are."""
    if not columns:
        return text

    known = "|".join(re.escape(name) for name in columns)
    word = re.compile(rf"(?<![\w$]){'(' + known + ')'}(?![\w$(])")
    parts = _LITERAL.split(text)
    parts[::2] = [word.sub(lambda found: columns[found[1]], one) for one in parts[::2]]
    return "".join(parts)
