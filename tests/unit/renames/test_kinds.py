"""Types in few words: which are equal, which are too far apart for a rename."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite

from flask_migrate.make.autogenerate.renames.kinds import describe_kind

Type = sa.types.TypeEngine[object]
POSTGRESQL = postgresql.dialect()
MYSQL = mysql.dialect()
SQLITE = sqlite.dialect()


def _spell(one: object) -> str:
    """Return a value as a part of a test's name, which is the same in every run."""
    return one.name if isinstance(one, sa.Dialect) else repr(one)


class Money(sa.TypeDecorator[int]):
    impl = sa.Numeric(10, 2)
    cache_ok = True


@pytest.mark.parametrize(
    ("reflected", "model", "dialect"),
    [
        (sa.INTEGER(), sa.Integer(), POSTGRESQL),
        (sa.VARCHAR(40), sa.String(40), POSTGRESQL),
        (postgresql.DOUBLE_PRECISION(), sa.Float(), POSTGRESQL),
        (postgresql.TIMESTAMP(), sa.DateTime(), POSTGRESQL),
        (postgresql.TIMESTAMP(timezone=True), sa.DateTime(timezone=True), POSTGRESQL),
        (postgresql.ENUM("a", "b", name="x"), sa.Enum("a", "b", name="y"), POSTGRESQL),
        (sa.NUMERIC(10, 2), Money(), POSTGRESQL),
        (mysql.TINYINT(display_width=1), sa.Boolean(), MYSQL),
        (mysql.LONGTEXT(), sa.JSON(), MYSQL),
        (mysql.VARCHAR(40, collation="utf8mb4_bin"), sa.String(40), MYSQL),
        (sa.CHAR(32), sa.Uuid(), SQLITE),
        (sa.VARCHAR(1), sa.Enum("a", "b"), SQLITE),
    ],
    ids=_spell,
)
def test_same(reflected: Type, model: Type, dialect: sa.Dialect) -> None:
    """What a server says of a type, and what a model says, is one type."""
    old, new = (describe_kind(one, dialect) for one in (reflected, model))
    assert old.is_same(new)
    assert not old.is_far(new)


@pytest.mark.parametrize(
    ("old", "new", "is_far"),
    [
        (sa.Integer(), sa.String(10), True),
        (sa.Integer(), sa.BigInteger(), False),
        (sa.Integer(), postgresql.ARRAY(sa.Integer), True),
        (sa.Boolean(), sa.DateTime(), True),
        (sa.Date(), sa.DateTime(), False),
        (sa.String(10), sa.Text(), False),
        (sa.Enum("a", "b", name="x"), sa.Enum("c", "d", name="y"), True),
        (sa.Enum("a", "b", name="x"), sa.Enum("b", "c", name="y"), False),
        # Nobody knows what an unknown type is.
        (sa.types.NullType(), sa.Integer(), False),
    ],
    ids=repr,
)
def test_far(old: Type, new: Type, is_far: bool) -> None:
    """No rename goes with values of another kind."""
    kinds = [describe_kind(one, POSTGRESQL) for one in (old, new)]
    assert kinds[0].is_far(kinds[1]) == is_far
    assert kinds[1].is_far(kinds[0]) == is_far
