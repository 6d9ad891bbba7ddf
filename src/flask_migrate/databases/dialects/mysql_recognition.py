"""Tables of MySQL and MariaDB that stand as their models would make them.

``SHOW CREATE TABLE`` has a line for each thing of a table. How the server writes a
column it is asked for each kind of column, and for all tables together: a table of a
moment has one of each. Where a line of a model is not known for certain, the table is
left to the comparison.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.schema import CreateColumn

from .definitions import Models
from .definitions import Part
from .definitions import Place
from .definitions import render
from .definitions import undouble
from .mysql_ddl import quote_name
from .mysql_ddl import quote_text
from .mysql_ddl import read_words
from .mysql_statements import run
from .mysql_statements import show_each
from .mysql_tables import change_options
from .mysql_tables import has_escapes
from .mysql_tables import LEFT_OUT
from .mysql_tables import quote_place
from .tokens import DefinitionError
from .tokens import is_same

_NAME = "flask_migrate_kinds"
_MOST = 50
"""Columns of one temporary table."""
_NUMBERED = "AUTO_INCREMENT"

_END = re.compile(
    r"\) ENGINE=(?P<ENGINE>\w+)(?: AUTO_INCREMENT=\d+)? DEFAULT"
    r" CHARSET=(?P<CHARSET>\w+)(?: COLLATE=(?P<COLLATE>\w+))?"
    r"(?: COMMENT=(?P<COMMENT>'.*'))?"
)
_NAMED = re.compile(r"(UNIQUE KEY|KEY|CONSTRAINT) `((?:[^`]|``)+)` (.*)")
_CHARACTERS = ("CHARSET", "COLLATE")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a table consists of, apart from its columns.

    :param word: ``KEY``, ``UNIQUE KEY``, ``CONSTRAINT`` or ``PRIMARY KEY``.
    :param name: if it has one, or the model gives it one.
    :param rest: what it says; equal for what means the same.
    """

    word: str
    name: str | None = None
    rest: tuple[object, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What ``SHOW CREATE TABLE`` says of a table.

    :param lines: without their commas.
    :param options: ``ENGINE``, ``CHARSET``, and ``COLLATE`` and ``COMMENT`` if shown.
    """

    lines: list[str]
    options: dict[str, str | None]


class _Doubtful(Exception):
    """A model says something of which the server's words are not known."""


Kind = tuple[str, str]
"""The options of a table as SQL, and what stands behind the name of a column."""
Kinds = cabc.Mapping[Kind, str]
"""What the server writes for each; for the empty one its ``CHARSET`` and so on."""


def recognise_tables(
    connection: sa.Connection, models: Models
) -> dict[Place, frozenset[Part]]:
    """Return the tables that are plainly what their models say, and what they have."""
    escapes = has_escapes(connection)
    live = dict(_read(connection, models))
    wanted: dict[Place, _Wanted] = {}

    for place, text in live.items():
        try:
            wanted[place] = _Wanted(
                models[place], text, connection.dialect, escapes=escapes
            )
        except (_Doubtful, exc.CompileError, DefinitionError):
            continue

    asked = (kind for one in wanted.values() for kind in one.columns.values())
    kinds = _ask(connection, list(dict.fromkeys(asked)))
    found = ((place, one.match(live[place], kinds)) for place, one in wanted.items())
    return {place: parts for place, parts in found if parts is not None}


def _read(
    connection: sa.Connection, models: Models
) -> cabc.Iterator[tuple[Place, Text]]:
    """Yield the tables that have models."""
    for schema in {schema for schema, _ in models}:
        source = f" FROM {quote_name(schema)}" if schema else ""

        found = run(connection, f"SHOW FULL TABLES{source}").all()
        names = [
            name
            for name, kind in found
            if kind == "BASE TABLE" and (schema, name) in models
        ]
        things = [f"TABLE {quote_place(name, schema)}" for name in names]

        for name, (_, sql) in zip(names, show_each(connection, things), strict=True):
            text = _read_text(sql)

            if text is not None:
                yield (schema, name), text


def _read_text(sql: str) -> Text | None:
    _, *lines, last = sql.split("\n")
    end = _END.fullmatch(last)
    texts = [one.strip().removesuffix(",") for one in lines]
    return end and Text(lines=texts, options=end.groupdict())


class _Wanted:
    """What a model says, in the words of the server, as far as they are known.

    :param live: the table as it is.
    :param escapes: whether a backslash escapes in a string.
    :raises _Doubtful: it is not known how the server writes something.
    """

    def __init__(
        self, model: sa.Table, live: Text, dialect: sa.Dialect, *, escapes: bool
    ) -> None:
        self._dialect, self._escapes = dialect, escapes
        self._default: str | None = dialect.default_schema_name
        self._engine: str | None = model.kwargs.get(f"{dialect.name}_engine")
        self._comment = model.comment
        options = _write_options(model, live, dialect)
        self.columns: dict[str, Kind] = {"": (options, "")}
        self.columns |= {
            one.name: (options, _write_column(one, dialect)) for one in model.columns
        }
        self._links: list[tuple[str, ...]] = []
        self._lines = [*self._write_lines(model)]

    def match(self, live: Text, kinds: Kinds) -> frozenset[Part] | None:
        """Return what a table has that is what the model says; ``None`` for others."""
        columns, rest = self._split(live)

        if (
            any(kind not in kinds for kind in self.columns.values())
            or not self._has_same_options(live, kinds)
            or columns != self._spell_columns(kinds)
        ):
            return None

        try:
            lines = [_read_line(one, escapes=self._escapes) for one in rest]
        except DefinitionError:
            return None

        left = _subtract(lines, self._lines)

        if left is None or not all(self._is_given(one, lines) for one in left):
            return None

        parts = [("column", name) for name in self.columns if name]
        return frozenset([*parts, *(part for one in lines for part in _list(one))])

    def _split(self, live: Text) -> tuple[set[str], list[str]]:
        """Return the columns of a table, and what else it consists of."""
        columns = {one for one in live.lines if one.startswith("`")}
        return columns, [one for one in live.lines if one not in columns]

    def _spell_columns(self, kinds: Kinds) -> set[str]:
        return {
            kinds[kind].replace(_mark(0), quote_name(name))
            for name, kind in self.columns.items()
            if name
        }

    def _has_same_options(self, live: Text, kinds: Kinds) -> bool:
        comment, engine = self._comment, self._engine
        written = quote_text(comment, escapes=self._escapes) if comment else None
        return (
            written == live.options["COMMENT"]
            and (engine is None or is_same(engine, live.options["ENGINE"] or ""))
            and kinds[self.columns[""]] == _spell_characters(live)
        )

    def _is_given(self, line: Line, lines: list[Line]) -> bool:
        """Tell whether the server has made an index only for a foreign key."""
        names = {
            str(one.name)
            for one in lines
            if one.word == "CONSTRAINT" and one.rest[1:2] == line.rest
        }
        return (
            line.word == "KEY"
            and line.rest in [(_list_names(one),) for one in self._links]
            and (line.name in names or line.rest == (_list_names([str(line.name)]),))
        )

    def _write_lines(self, model: sa.Table) -> cabc.Iterator[Line]:
        compiler: t.Any = self._dialect.ddl_compiler(self._dialect, None)  # type: ignore[arg-type]

        if primary := [one.name for one in model.primary_key.columns]:
            yield Line(word="PRIMARY KEY", rest=(_list_names(primary),))

        for index in model.indexes:
            columns = [one for one in index.expressions if isinstance(one, sa.Column)]

            if index.dialect_kwargs or len(columns) != len(index.expressions):
                raise _Doubtful

            word = "UNIQUE KEY" if index.unique else "KEY"
            names = _list_names(one.name for one in columns)
            yield Line(word=word, name=index.name, rest=(names,))

        for one in model.constraints:
            if one._should_create_for_compiler(compiler):
                yield from self._write_constraint(one)

    def _write_constraint(self, item: sa.Constraint) -> cabc.Iterator[Line]:
        name = item.name if isinstance(item.name, str) else None

        if isinstance(item, sa.UniqueConstraint):
            names = _list_names(one.name for one in item.columns)
            yield Line(word="UNIQUE KEY", name=name, rest=(names,))
        elif isinstance(item, sa.ForeignKeyConstraint):
            yield Line(word="CONSTRAINT", name=name, rest=self._write_link(item))
        elif isinstance(item, sa.CheckConstraint):
            reserved = self._dialect.identifier_preparer.reserved_words
            text = render(item, self._dialect)
            condition = text[text.index("CHECK") :]
            words = read_words(condition, reserved=reserved, escapes=self._escapes)
            yield Line(word="CONSTRAINT", name=name, rest=words)
        elif not isinstance(item, sa.PrimaryKeyConstraint):
            raise _Doubtful

    def _write_link(self, key: sa.ForeignKeyConstraint) -> tuple[str, ...]:
        if key.deferrable or key.initially or key.match:
            raise _Doubtful

        try:
            ends = [one.column for one in key.elements]
        except exc.NoReferenceError:
            raise _Doubtful from None

        there: t.Any = ends[0].table
        schemas = [one.schema or self._default for one in (there, key.table)]
        place = quote_place(there.name, schemas[0] if len({*schemas}) > 1 else None)
        columns = tuple(one.parent.name for one in key.elements)
        self._links.append(columns)
        actions = ((" ON DELETE ", key.ondelete), (" ON UPDATE ", key.onupdate))
        is_hidden = getattr(self._dialect, "is_mariadb", False)
        return (
            "FOREIGN KEY",
            _list_names(columns),
            f"REFERENCES {place} {_list_names(one.name for one in ends)}"
            + "".join(
                f"{word}{action.upper()}"
                for word, action in actions
                # MariaDB does not show what it does anyway.
                if action and not (is_hidden and action.upper() == "RESTRICT")
            ),
        )


def _subtract(lines: list[Line], wanted: list[Line]) -> list[Line] | None:
    """Return the lines that are not wanted; ``None`` if a wanted one is not there."""
    left = list(lines)

    for one in sorted(wanted, key=lambda one: one.name is None):
        same = (
            other
            for other in left
            if (other.word, other.rest) == (one.word, one.rest)
            and one.name in (None, other.name)
        )
        found = next(same, None)

        if found is None:
            return None

        left.remove(found)

    return left


def _read_line(text: str, *, escapes: bool) -> Line:
    """Read a line of a table; one that is not known is like none of a model."""
    named = _NAMED.fullmatch(text)

    if named is None:
        word, _, rest = text.partition(" (")
        return Line(word=word, rest=(f"({rest}",))

    rest = named[3]
    name = named[2].replace("``", "`")

    if rest.startswith("CHECK "):
        return Line(word=named[1], name=name, rest=read_words(rest, escapes=escapes))

    link = re.fullmatch(r"(FOREIGN KEY) (\(.*?`\)) (REFERENCES .*)", rest)
    return Line(word=named[1], name=name, rest=link.groups() if link else (rest,))


def _list(line: Line) -> cabc.Iterator[Part]:
    name = line.name or ""

    if line.word in ("KEY", "UNIQUE KEY"):
        # Reflection shows a unique one twice.
        yield from (("index", name), ("unique_constraint", name))
    elif line.word == "CONSTRAINT":
        is_link = line.rest[0] == "FOREIGN KEY"
        yield "foreign_key_constraint" if is_link else "check_constraint", name


def _write_options(model: sa.Table, live: Text, dialect: sa.Dialect) -> str:
    """Return the options that a temporary table has for the columns of a table."""
    own = f"{dialect.name}_"
    kept = {key: one for key, one in model.kwargs.items() if key.startswith(own)}

    if any(part in name for name in kept for part in LEFT_OUT):
        raise _Doubtful

    copy = sa.Table(_NAME, sa.MetaData(), **kept)
    shown = {one: text for one in _CHARACTERS if (text := live.options[one])}
    change_options(copy, dialect.name, shown)
    compiler: t.Any = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
    return undouble(compiler.post_create_table(copy), dialect)


def _write_column(column: sa.Column[t.Any], dialect: sa.Dialect) -> str:
    """Return what stands behind the name of a column."""
    if column.computed or column.identity or column.constraints:
        raise _Doubtful

    text = undouble(str(CreateColumn(column).compile(dialect=dialect)), dialect)
    name = dialect.identifier_preparer.format_column(column)
    is_bare = column.server_default is None and not column.nullable

    # The first such column of a table is not as the others are.
    if is_bare and "TIMESTAMP" in text.upper():
        raise _Doubtful

    return text.removeprefix(f"{undouble(name, dialect)} ")


def _ask(connection: sa.Connection, kinds: list[Kind]) -> Kinds:
    """Return how the server writes columns, in few questions."""
    found: dict[Kind, str] = {}

    for options in dict.fromkeys(options for options, _ in kinds):
        columns = [text for one, text in kinds if one == options and text]
        # Only one column of a table is numbered.
        numbered = [one for one in columns if _NUMBERED in one.upper()]
        plain = [one for one in columns if one not in numbered]
        _ask_some(connection, options, plain, found)

        for one in numbered:
            _ask_some(connection, options, [one], found)

    return found


def _ask_some(
    connection: sa.Connection,
    options: str,
    columns: list[str],
    found: dict[Kind, str],
) -> None:
    """Ask about columns together, or about fewer where the server refuses them."""
    if len(columns) <= _MOST:
        text = _make(connection, options, columns)

        if text is not None:
            found[(options, "")] = _spell_characters(text)
            # Behind the columns stands a key.
            pairs = zip(columns, text.lines, strict=False)
            found |= {
                (options, column): line.replace(_mark(number), _mark(0))
                for number, (column, line) in enumerate(pairs)
            }
            return

    if len(columns) > 1:
        half = len(columns) // 2
        _ask_some(connection, options, columns[:half], found)
        _ask_some(connection, options, columns[half:], found)


def _make(connection: sa.Connection, options: str, columns: list[str]) -> Text | None:
    """Make a table of a moment, and return what the server says of it."""
    items = [f"{_mark(place)} {one}" for place, one in enumerate(columns)]
    items += [
        f"KEY ({_mark(place)})"
        for place, one in enumerate(columns)
        if _NUMBERED in one.upper()
    ]

    if not items:
        return None

    try:
        run(
            connection,
            f"CREATE TEMPORARY TABLE {_NAME} ({', '.join(items)}){options}",
        )
    except exc.DBAPIError:
        return None

    try:
        (row,) = show_each(connection, [f"TABLE {_NAME}"])
        return _read_text(row[1])
    finally:
        run(connection, f"DROP TEMPORARY TABLE {_NAME}")


def _spell_characters(text: Text) -> str:
    return " ".join(str(text.options[one]) for one in _CHARACTERS)


def _mark(number: int) -> str:
    """Return the name of a column of a temporary table."""
    return quote_name(f"whimbrel_{number}")


def _list_names(names: cabc.Iterable[str]) -> str:
    return f"({','.join(map(quote_name, names))})"
