"""The database that a comparison looks at, and SQL as it is written for it."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext


def get_connection(context: AutogenContext) -> sa.Connection:
    """Return the connection; autogenerate never works without one."""
    assert context.connection is not None
    return context.connection


def remember(context: AutogenContext, name: str) -> dict[t.Any, t.Any]:
    """Return what was asked of the database in this comparison, by kind of question."""
    cache: dict[str, t.Any] = context.inspector.info_cache
    return t.cast("dict[t.Any, t.Any]", cache.setdefault(f"flask_migrate_{name}", {}))


def quote(context: AutogenContext, *names: str | None) -> str:
    """Return a name as SQL, behind those that qualify it, where there are any."""
    preparer = get_connection(context).dialect.identifier_preparer
    quoted = ".".join(preparer.quote(name) for name in names if name is not None)
    return _halve(context, quoted)


def quote_text(text: str) -> str:
    """Return a text as a literal of standard SQL."""
    return "'" + text.replace("'", "''") + "'"


def write_type(context: AutogenContext, type_: sa.types.TypeEngine[t.Any]) -> str:
    """Return a type as SQL."""
    return type_.compile(dialect=get_connection(context).dialect)


def write_default(context: AutogenContext, column: sa.Column[t.Any]) -> str | None:
    """Return the default of a column as SQL."""
    dialect = get_connection(context).dialect
    # SQLAlchemy 2.1 says by no public name how it would write a default.
    compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
    text = compiler.get_column_default_string(column)
    return text and _halve(context, text)


def write_expression(context: AutogenContext, expression: sa.ClauseElement) -> str:
    """Return an expression over the columns of one table as SQL."""
    text = expression.compile(
        dialect=get_connection(context).dialect,
        compile_kwargs={"literal_binds": True, "include_table": False},
    )
    return _halve(context, str(text))


def write_ddl(context: AutogenContext, element: sa.schema.BaseDDLElement) -> str:
    """Return a statement that changes a schema, or a part of one, as SQL."""
    text = element.compile(dialect=get_connection(context).dialect)
    return _halve(context, str(text).strip())


def _halve(context: AutogenContext, sql: str) -> str:
    """Return SQL without the second ``%`` that some drivers want of each."""
    is_doubled = get_connection(context).dialect.paramstyle.endswith("format")
    return sql.replace("%%", "%") if is_doubled else sql
