"""A large, varied schema: nothing in it has changed right after it is made.

Each module makes one part of it; those of a backend have the types and options that
only it knows.
"""

from __future__ import annotations

import collections.abc as cabc

import sqlalchemy as sa

from . import constraints
from . import defaults
from . import indexes
from . import keys
from . import mysql
from . import names
from . import postgresql
from . import postgresql_tables
from . import sqlite
from . import types

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""The convention that Flask-SQLAlchemy's own documentation proposes."""

SCHEMAS = {"postgresql": ("sales", "Audit Log")}
"""The schemas that must be made first, by the name of the dialect."""


def make_large_schema(metadata: sa.MetaData, dialect_name: str) -> None:
    """Add more than sixty tables to an empty ``MetaData``.

    :param dialect_name: SQLAlchemy's name of the backend.
    """
    for module in (types, defaults, keys, constraints, indexes, names):
        module.make_tables(metadata)

    for make in _OWN[dialect_name]:
        make(metadata)


_OWN: dict[str, tuple[cabc.Callable[[sa.MetaData], None], ...]] = {
    "postgresql": (postgresql.make_tables, postgresql_tables.make_tables),
    "mysql": (mysql.make_tables,),
    "mariadb": (mysql.make_tables,),
    "sqlite": (sqlite.make_tables,),
}
