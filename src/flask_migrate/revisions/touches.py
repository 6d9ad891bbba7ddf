"""What a revision touches, read from its text: nothing is run, no database asked.

A name that is computed cannot be read so, and is left out.
"""

from __future__ import annotations

import ast
import collections.abc as cabc
import dataclasses
import enum
import re
import typing as t

from ..plan import Direction
from .source import Source


class Action(enum.Enum):
    """What an operation does to a thing."""

    CREATE = "create"
    DROP = "drop"
    """It is not there under this name any more."""
    ALTER = "alter"
    USE = "use"
    """It must be there."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A part of a schema.

    :param kind: ``table``, ``column``, ``index`` or ``constraint``.
    :param name: of the thing; of a table that of the table.
    :param table: that it belongs to; empty for an index, whose name stands alone.
    :param schema: empty for the default one.
    :param database: the end of the function's name, in a repository of several
        databases.
    """

    kind: str
    name: str
    table: str = ""
    schema: str = ""
    database: str = ""

    def __str__(self) -> str:
        parts = (self.schema, self.table if self.kind == "column" else "", self.name)
        return f"{self.kind} {'.'.join(part for part in parts if part)}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One operation of a revision, and one thing that it touches.

    :param thing: what.
    :param action: how.
    :param operation: the name of the function of ``op``.
    :param line: in the file.
    """

    thing: Thing
    action: Action
    operation: str
    line: int


def read_touches(source: Source) -> tuple[Touch, ...]:
    """Return what the ``upgrade()`` of a revision touches, each thing once a line."""
    functions = {
        node.name: node
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef)
    }
    found: list[Touch] = []
    start = Direction.UPGRADE.value

    for name, function in functions.items():
        if name == start or name.startswith(f"{start}_"):
            reader = _Reader(source, functions, database=name[len(start) + 1 :])
            reader.read(function)
            found += reader.touches

    return tuple(dict.fromkeys(found))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How one operation is called, and what it is about.

    :param names: of its positional parameters; those in `_GIVEN` a batch leaves out.
    :param does: an action, a kind and the parameter that names the thing.
    """

    names: tuple[str, ...]
    does: tuple[tuple[Action, str, str], ...] = ()


_GIVEN = ("table_name", "source_table")


def _about(action: Action, kind: str, *names: str, place: int = 0) -> _Form:
    return _Form(names=names, does=((action, kind, names[place]),))


_FORMS = {
    "create_table": _about(Action.CREATE, "table", "table_name"),
    "drop_table": _about(Action.DROP, "table", "table_name"),
    "rename_table": _Form(
        names=("old_table_name", "new_table_name"),
        does=(
            (Action.DROP, "table", "old_table_name"),
            (Action.CREATE, "table", "new_table_name"),
        ),
    ),
    "create_table_comment": _about(Action.ALTER, "table", "table_name"),
    "drop_table_comment": _about(Action.ALTER, "table", "table_name"),
    "add_column": _about(Action.CREATE, "column", "table_name", "column", place=1),
    "drop_column": _about(Action.DROP, "column", "table_name", "column_name", place=1),
    "alter_column": _about(
        Action.ALTER, "column", "table_name", "column_name", place=1
    ),
    "create_index": _about(
        Action.CREATE, "index", "index_name", "table_name", "columns"
    ),
    "drop_index": _about(Action.DROP, "index", "index_name", "table_name"),
    "create_foreign_key": _about(
        Action.CREATE,
        "constraint",
        "constraint_name",
        "source_table",
        "referent_table",
        "local_cols",
        "remote_cols",
    ),
    "drop_constraint": _about(
        Action.DROP, "constraint", "constraint_name", "table_name"
    ),
    **{
        f"create_{kind}": _about(
            Action.CREATE, "constraint", "constraint_name", "table_name", "columns"
        )
        for kind in (
            "unique_constraint",
            "primary_key",
            "check_constraint",
            "exclude_constraint",
        )
    },
}

OPERATIONS = frozenset(_FORMS)
"""The operations that name what they touch; autogenerate writes no other ones."""

_NAME = r"""["`\[]?(\w+)["`\]]?"""
_SQL_TABLE = re.compile(
    rf"(?i)\b(DROP\s+TABLE|TABLE|UPDATE|INTO|FROM|JOIN|REFERENCES|TRUNCATE)\s+"
    rf"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:ONLY\s+)?(?:{_NAME}\.)?{_NAME}"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    table: str
    schema: str


class _Reader(ast.NodeVisitor):
    """Reads the operations of one function, and of those of its file that it calls."""

    def __init__(
        self,
        source: Source,
        functions: cabc.Mapping[str, ast.FunctionDef],
        *,
        database: str,
    ) -> None:
        self.touches: list[Touch] = []
        self._functions = functions
        self._database = database
        self._seen: set[str] = set()
        self._batches: dict[str, _Batch] = {}
        self._texts = {
            target.id: node.value.value
            for node in source.tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name) and isinstance(node.value.value, str)
        }
        self._modules = {
            one.asname or one.name
            for node in source.tree.body
            if isinstance(node, ast.ImportFrom) and node.module == "alembic"
            for one in node.names
            if one.name == "op"
        }

    def read(self, function: ast.FunctionDef) -> None:
        """Read one function, once."""
        if function.name not in self._seen:
            self._seen.add(function.name)

            for node in function.body:
                self.visit(node)

    def visit_With(self, node: ast.With) -> None:
        """Remember which table the operations of a batch are about."""
        for item in node.items:
            call, variable = item.context_expr, item.optional_vars

            if isinstance(call, ast.Call) and isinstance(variable, ast.Name):
                values = _bind(call, ("table_name", "schema"))
                table = self._read(values.get("table_name"))

                if self._find_operation(call) == "batch_alter_table" and table:
                    schema = self._read(values.get("schema")) or ""
                    self._batches[variable.id] = _Batch(table=table, schema=schema)

        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Note an operation, or follow a call into a function of the file."""
        if isinstance(node.func, ast.Name) and node.func.id in self._functions:
            self.read(self._functions[node.func.id])

        operation = self._find_operation(node)

        if operation in _FORMS:
            self._note_operation(node, operation)
        elif operation == "execute":
            self._note_sql(node)

        self.generic_visit(node)

    def _find_operation(self, call: ast.Call) -> str:
        """Return which operation a call asks for; empty if it asks for none."""
        function = call.func

        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            name = function.value.id
            return function.attr if name in {*self._modules, *self._batches} else ""

        return ""

    def _note_operation(self, call: ast.Call, operation: str) -> None:
        form = _FORMS[operation]
        owner = t.cast("ast.Name", t.cast("ast.Attribute", call.func).value).id
        batch = self._batches.get(owner)
        names = [one for one in form.names if batch is None or one not in _GIVEN]
        values = _bind(call, names)
        schema = batch.schema if batch else self._read(values.get("schema")) or ""
        given = (self._read(values.get(one)) for one in _GIVEN)
        table = batch.table if batch else next(filter(None, given), None)
        note = _Notes(self, call, operation=operation, schema=schema)

        for action, kind, parameter in form.does:
            note.add(action, kind, self._read(values.get(parameter)), table=table)

        if renamed := self._read(values.get("new_column_name")):
            before = self._read(values.get("column_name"))
            note.add(Action.DROP, "column", before, table=table)
            note.add(Action.CREATE, "column", renamed, table=table)

        note.add(Action.USE, "table", table)

        for column in self._read_all(values.get("columns"), values.get("local_cols")):
            note.add(Action.USE, "column", column, table=table)

        note.add(Action.USE, "table", self._read(values.get("referent_table")))
        self._note_references(call, note)

    def _note_references(self, call: ast.Call, note: _Notes) -> None:
        """Note the columns that the foreign keys inside of a call lead to."""
        for node in ast.walk(call):
            if isinstance(node, ast.Call) and _name_function(node) in (
                "ForeignKey",
                "ForeignKeyConstraint",
            ):
                place = 0 if _name_function(node) == "ForeignKey" else 1

                for target in self._read_all(*node.args[place : place + 1]):
                    *schema, table, column = ("." + target).split(".")[-3:]
                    where = schema[0] if schema else ""
                    note.add(Action.USE, "table", table, schema=where)
                    note.add(Action.USE, "column", column, table=table, schema=where)

    def _note_sql(self, call: ast.Call) -> None:
        """Note the tables that a statement names, and each word as one of its columns.

        Too many columns are no harm: they only matter where somebody drops one.
        """
        sql = self._read(call.args[0]) if call.args else None

        for found in _SQL_TABLE.finditer(sql or ""):
            schema, table = found[2] or "", found[3]
            note = _Notes(self, call, operation="execute", schema=schema)
            is_drop = found[1].upper().startswith("DROP")
            note.add(Action.DROP if is_drop else Action.USE, "table", table)

            for word in dict.fromkeys(re.findall(r"\w+", sql or "")):
                note.add(Action.USE, "column", word, table=table)

    def _read(self, node: ast.expr | None) -> str | None:
        """Return the text that an expression is, ``None`` if that is not written."""
        match node:
            case ast.Constant(value=str() as text):
                return text
            case ast.Name(id=name):
                return self._texts.get(name)
            case ast.Call(args=[first, *_]):
                # op.f("name"), sa.text("..."), sa.Column("name", ...)
                return self._read(first)
            case _:
                return None

    def _read_all(self, *nodes: ast.expr | None) -> cabc.Iterator[str]:
        for node in nodes:
            is_list = isinstance(node, (ast.List, ast.Tuple))
            parts: list[t.Any] = node.elts if is_list else [node]  # type: ignore[union-attr]
            yield from filter(None, map(self._read, parts))

    def note(self, touch: Touch) -> None:
        """Keep one touch."""
        self.touches.append(
            dataclasses.replace(
                touch, thing=dataclasses.replace(touch.thing, database=self._database)
            )
        )


class _Notes:
    """Notes what one call touches.

    :param reader: of the function.
    :param call: of the operation.
    :param operation: its name.
    :param schema: of the table that it is about.
    """

    def __init__(
        self, reader: _Reader, call: ast.Call, *, operation: str, schema: str
    ) -> None:
        self._reader = reader
        self._line = call.lineno
        self._operation = operation
        self._schema = schema

    def add(
        self,
        action: Action,
        kind: str,
        name: str | None,
        *,
        table: str | None = None,
        schema: str | None = None,
    ) -> None:
        """Note one thing, unless its name is not known."""
        if not name:
            return

        thing = Thing(
            kind=kind,
            name=name,
            table=table or "" if kind in ("column", "constraint") else "",
            schema=self._schema if schema is None else schema,
        )
        self._reader.note(
            Touch(
                thing=thing, action=action, operation=self._operation, line=self._line
            )
        )


def _bind(call: ast.Call, names: cabc.Sequence[str]) -> dict[str, ast.expr]:
    """Return the arguments of a call by the names of their parameters."""
    given = {one.arg: one.value for one in call.keywords if one.arg}
    return {**dict(zip(names, call.args, strict=False)), **given}


def _name_function(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else ""
