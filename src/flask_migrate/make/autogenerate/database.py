"""The database that a comparison looks at, as its comparators reach it."""

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


def write_type(context: AutogenContext, type_: sa.types.TypeEngine[t.Any]) -> str:
    """Return a type as SQL."""
    return type_.compile(dialect=get_connection(context).dialect)
