"""Operations that drop what the database has, and can bring it back as it was."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from alembic.ddl.postgresql import CreateExcludeConstraintOp
from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from ....databases.dialects.definitions import Definition

Removal = ops.DropConstraintOp | ops.DropIndexOp


def make_removal(
    found: Definition, live: sa.Table, *, dialect: sa.Dialect
) -> Removal | None:
    """Return what drops a thing, whose reverse makes it again.

    :param found: as the server describes it.
    :param live: its table, reflected.
    :return: ``None`` for what reflection does not see.
    """
    if found.kind == "index":
        return _drop_index(found, live, dialect)

    make = _MAKERS[found.kind]
    name = None if found.name is None else conv(found.name)
    return ops.DropConstraintOp(
        name,
        live.name,
        schema=live.schema,
        type_=None if found.kind == "exclude" else found.kind,
        _reverse=make(found, live),
    )


def escape(sql: str) -> sa.TextClause:
    """Return SQL in which a colon is a colon."""
    return sa.text(sql.replace(":", r"\:"))


def make_exclude(found: Definition) -> dict[str, t.Any]:
    """Return what an EXCLUDE is made of, for SQLAlchemy's construct."""
    pairs = (element.rpartition(" WITH ") for element in found.elements)
    return {
        "elements": [(sa.literal_column(one), way) for one, _, way in pairs],
        "where": escape(found.where) if found.where else None,
        "using": found.method,
        **make_timing(found),
    }


def make_timing(found: Definition) -> dict[str, t.Any]:
    """Return when a constraint is checked, for SQLAlchemy's constructs."""
    deferred = "DEFERRED" if found.is_deferred else None
    return {"deferrable": found.is_deferrable or None, "initially": deferred}


def find_unique(found: Definition, live: sa.Table) -> sa.UniqueConstraint | None:
    """Return what reflection has made of a unique constraint."""
    uniques = (one for one in live.constraints if isinstance(one, sa.UniqueConstraint))
    return next((one for one in uniques if one.name == found.name), None)


def _make_check(found: Definition, live: sa.Table) -> ops.AddConstraintOp:
    condition: t.Any = escape(found.where)
    name = None if found.name is None else conv(found.name)
    return ops.CreateCheckConstraintOp(name, live.name, condition, schema=live.schema)


def _make_unique(found: Definition, live: sa.Table) -> ops.AddConstraintOp:
    reflected = find_unique(found, live)
    options = {} if reflected is None else dict(reflected.dialect_kwargs)
    name = None if found.name is None else conv(found.name)
    return ops.CreateUniqueConstraintOp(
        name,
        live.name,
        found.columns,
        schema=live.schema,
        **make_timing(found),
        **options,
    )


def _make_exclude(found: Definition, live: sa.Table) -> ops.AddConstraintOp:
    name = None if found.name is None else conv(found.name)
    return CreateExcludeConstraintOp(
        name, live.name, schema=live.schema, **make_exclude(found)
    )


_MAKERS: dict[str, t.Callable[[Definition, sa.Table], ops.AddConstraintOp]] = {
    "check": _make_check,
    "unique": _make_unique,
    "exclude": _make_exclude,
}


def _drop_index(
    found: Definition, live: sa.Table, dialect: sa.Dialect
) -> ops.DropIndexOp | None:
    if not found.elements:
        # Where the text is not taken apart, reflection sees everything.
        reflected = (one for one in live.indexes if one.name == found.name)
        index = next(reflected, None)
        return None if index is None else _drop_reflected(index, found)

    where = {f"{dialect.name}_where": escape(found.where)} if found.where else {}
    elements = [_to_element(one, live) for one in found.elements]
    return _make_drop(
        found.name or "", elements, live, unique=found.is_unique, options=where
    )


def _drop_reflected(index: sa.Index, found: Definition) -> ops.DropIndexOp:
    assert index.table is not None  # it was reflected with its table
    # SQLAlchemy 2.1 gives SQL as it is, in which a colon would begin a parameter.
    elements = [
        escape(one.text) if isinstance(one, sa.TextClause) else one
        for one in index.expressions
    ]
    options = {
        key: escape(found.where) if key.endswith("_where") else value
        for key, value in index.dialect_kwargs.items()
    }
    return _make_drop(
        str(index.name),
        elements,
        index.table,
        unique=bool(index.unique),
        options=options,
    )


def _make_drop(
    name: str,
    elements: list[t.Any],
    live: sa.Table,
    *,
    unique: bool,
    options: dict[str, t.Any],
) -> ops.DropIndexOp:
    name = conv(name)
    create = ops.CreateIndexOp(name, live.name, elements, schema=live.schema)
    # The way back takes the elements from the one, and the rest from the other.
    return ops.DropIndexOp(
        name,
        live.name,
        schema=live.schema,
        _reverse=create,
        unique=unique,
        **options,
    )


def _to_element(sql: str, live: sa.Table) -> t.Any:
    """Return a column's name, or an expression."""
    name = sql[1:-1].replace('""', '"') if sql[:1] == sql[-1:] == '"' else sql
    return name if name in live.columns else escape(sql)
