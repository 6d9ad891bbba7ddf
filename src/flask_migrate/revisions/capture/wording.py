"""Alembic's operations in words: ``add column users.email VARCHAR(120)``."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as t

import sqlalchemy as sa
from alembic.operations import ops

from ...databases.dialects.base import hide_secrets

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONGEST = 60


def name_operation(operation: ops.MigrateOperation) -> str:
    """Return Alembic's name of an operation: ``add_column``."""
    words = _CAPITAL.sub("_", type(operation).__name__.removesuffix("Op")).lower()
    return words.removesuffix("_sql")


def describe_operation(operation: ops.MigrateOperation, dialect: sa.Dialect) -> str:
    """Return what an operation does, in words.

    :param dialect: in whose types.
    """
    describe = next(
        (made for kind, made in _WORDS if isinstance(operation, kind)), None
    )

    if describe is None:
        return _plain(operation)

    try:
        text = describe(operation, dialect)
    except (sa.exc.SQLAlchemyError, AttributeError):
        # The words are for a person; what is sent does not depend on them.
        return _plain(operation)

    return hide_secrets(" ".join(text.split()))


def describe_sql(sql: str) -> str:
    """Return the beginning of a statement, on one line."""
    line = hide_secrets(" ".join(sql.split()))
    short = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3].rstrip()}..."
    return f"execute {short}"


def _plain(operation: ops.MigrateOperation) -> str:
    """Return the words for an operation, whichever it is."""
    table = getattr(operation, "table_name", None)
    words = name_operation(operation).replace("_", " ")
    return f"{words} {_place(operation)}" if isinstance(table, str) else words


def _place(operation: t.Any, column: str | None = None) -> str:
    parts = (operation.schema, operation.table_name, column)
    return ".".join(str(part) for part in parts if part)


def _list(names: cabc.Iterable[t.Any]) -> str:
    columns = (one.name if isinstance(one, sa.Column) else one for one in names)
    return f"({', '.join(map(str, columns))})"


def _type(kind: t.Any, dialect: sa.Dialect) -> str:
    try:
        return str(sa.types.to_instance(kind).compile(dialect=dialect))
    except sa.exc.SQLAlchemyError:
        return str(kind)


def _default(value: t.Any) -> str:
    found = getattr(value, "arg", value)

    if isinstance(found, str):
        return repr(found)

    return str(getattr(found, "text", found))


def _column(column: sa.Column[t.Any], dialect: sa.Dialect) -> str:
    words = [_type(column.type, dialect)]

    if not column.nullable:
        words.append("NOT NULL")

    if column.server_default is not None:
        words.append(f"DEFAULT {_default(column.server_default)}")

    return " ".join(words)


def _create_table(one: t.Any, dialect: sa.Dialect) -> str:
    columns = [column for column in one.columns if isinstance(column, sa.Column)]
    return f"create table {_place(one)} {_list(columns)}"


def _rename_table(one: t.Any, dialect: sa.Dialect) -> str:
    return f"rename table {_place(one)} to {one.new_table_name}"


def _add_column(one: t.Any, dialect: sa.Dialect) -> str:
    return f"add column {_place(one, one.column.name)} {_column(one.column, dialect)}"


def _alter_column(one: t.Any, dialect: sa.Dialect) -> str:
    changes = []

    if one.modify_name is not None:
        changes.append(f"rename to {one.modify_name}")

    if one.modify_type is not None:
        changes.append(f"type {_type(one.modify_type, dialect)}")

    if one.modify_nullable is not None:
        changes.append("NULL" if one.modify_nullable else "NOT NULL")

    if one.modify_server_default is None:
        changes.append("no default")
    elif one.modify_server_default is not False:
        changes.append(f"default {_default(one.modify_server_default)}")

    if one.modify_comment is not False:
        changes.append("comment")

    return f"alter column {_place(one, one.column_name)}: {', '.join(changes)}"


def _create_index(one: t.Any, dialect: sa.Dialect) -> str:
    kind = "unique index" if one.unique else "index"
    return f"create {kind} {one.index_name} on {_place(one)} {_list(one.columns)}"


def _create_unique(one: t.Any, dialect: sa.Dialect) -> str:
    name = one.constraint_name or ""
    return f"add unique constraint {name} to {_place(one)} {_list(one.columns)}"


def _create_primary(one: t.Any, dialect: sa.Dialect) -> str:
    name = one.constraint_name or ""
    return f"add primary key {name} to {_place(one)} {_list(one.columns)}"


def _create_check(one: t.Any, dialect: sa.Dialect) -> str:
    name = one.constraint_name or ""
    return f"add check constraint {name} to {_place(one)}: {one.condition}"


def _create_foreign(one: t.Any, dialect: sa.Dialect) -> str:
    schemas = (one.kw.get("source_schema"), one.kw.get("referent_schema"))
    source, target = (
        ".".join(part for part in pair if part)
        for pair in zip(schemas, (one.source_table, one.referent_table), strict=True)
    )
    return (
        f"add foreign key {one.constraint_name or ''} from {source}"
        f" {_list(one.local_cols)} to {target} {_list(one.remote_cols)}"
    )


def _drop_constraint(one: t.Any, dialect: sa.Dialect) -> str:
    return f"drop constraint {one.constraint_name} of {_place(one)}"


def _drop_index(one: t.Any, dialect: sa.Dialect) -> str:
    return f"drop index {one.index_name}" + (
        f" of {_place(one)}" if one.table_name else ""
    )


def _bulk_insert(one: t.Any, dialect: sa.Dialect) -> str:
    return f"insert {len(one.rows)} rows into {one.table.name}"


def _execute(one: t.Any, dialect: sa.Dialect) -> str:
    if isinstance(one.sqltext, str):
        return describe_sql(one.sqltext)

    literal = {"literal_binds": True}
    return describe_sql(str(one.sqltext.compile(compile_kwargs=literal)))


_Words = cabc.Callable[[t.Any, sa.Dialect], str]

_WORDS: tuple[tuple[type[ops.MigrateOperation], _Words], ...] = (
    (ops.CreateTableOp, _create_table),
    (ops.DropTableOp, lambda one, _: f"drop table {_place(one)}"),
    (ops.RenameTableOp, _rename_table),
    (ops.AddColumnOp, _add_column),
    (ops.DropColumnOp, lambda one, _: f"drop column {_place(one, one.column_name)}"),
    (ops.AlterColumnOp, _alter_column),
    (ops.CreateIndexOp, _create_index),
    (ops.DropIndexOp, _drop_index),
    (ops.CreateUniqueConstraintOp, _create_unique),
    (ops.CreatePrimaryKeyOp, _create_primary),
    (ops.CreateCheckConstraintOp, _create_check),
    (ops.CreateForeignKeyOp, _create_foreign),
    (ops.DropConstraintOp, _drop_constraint),
    (ops.BulkInsertOp, _bulk_insert),
    (ops.ExecuteSQLOp, _execute),
)
