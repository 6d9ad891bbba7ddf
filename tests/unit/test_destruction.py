"""Which operations lose rows or values, and which only change their form."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql

from flask_migrate.make.autogenerate.destruction import list_destructive
from flask_migrate.make.autogenerate.destruction import write_remarks
from flask_migrate.make.autogenerate.narrowing import is_narrowing


class Wrapped(sa.TypeDecorator[str]):
    """A type of an application."""

    impl = sa.String(20)
    cache_ok = True


NARROWER = [
    (sa.String(20), sa.String(10)),
    (sa.Text(), sa.String(10)),
    (Wrapped(), sa.String(10)),
    (sa.String(10), sa.Enum("a", "b")),
    (sa.Enum("a", "b"), sa.Enum("a")),
    (sa.Enum("aaaa"), sa.String(3)),
    (sa.BigInteger(), sa.Integer()),
    (sa.Integer(), sa.SmallInteger()),
    (sa.SmallInteger(), mysql.TINYINT()),
    (sa.Integer(), sa.Boolean()),
    (sa.Numeric(10, 2), sa.Numeric(10, 1)),
    (sa.Numeric(10, 2), sa.Numeric(10, 4)),
    (sa.Numeric(), sa.Numeric(10, 2)),
    (sa.Numeric(10, 2), sa.Integer()),
    (sa.Float(), sa.Integer()),
    (sa.String(10), sa.Integer()),
    (sa.Integer(), sa.String(10)),
    (sa.DateTime(), sa.Date()),
    (sa.DateTime(timezone=True), sa.DateTime()),
    (sa.LargeBinary(20), sa.LargeBinary(10)),
]
WIDER = [
    (sa.String(10), sa.String(20)),
    (sa.String(10), sa.Text()),
    (sa.String(10), Wrapped()),
    (sa.Enum("a"), sa.Enum("b", "a")),
    (sa.Enum("aaa"), sa.String(3)),
    (sa.Integer(), sa.BigInteger()),
    (sa.Integer(), sa.INTEGER()),
    (sa.Boolean(), sa.Integer()),
    (sa.Integer(), sa.Numeric(10, 2)),
    (sa.Integer(), sa.Text()),
    (sa.Uuid(), sa.String(40)),
    (sa.Numeric(10, 2), sa.Numeric(12, 2)),
    (sa.Numeric(10, 2), sa.Numeric()),
    (sa.Date(), sa.DateTime()),
    (sa.DateTime(), sa.DateTime(timezone=True)),
    (sa.JSON(), postgresql.JSONB()),
    (postgresql.INET(), postgresql.CIDR()),
]


Pair = tuple[sa.types.TypeEngine[t.Any], sa.types.TypeEngine[t.Any]]


@pytest.mark.parametrize("pair", NARROWER, ids=repr)
def test_narrower(pair: Pair) -> None:
    """A type that not every value fits is known as one."""
    assert is_narrowing(*pair)


@pytest.mark.parametrize("pair", WIDER, ids=repr)
def test_wider(pair: Pair) -> None:
    """A type that every value fits is no loss."""
    assert not is_narrowing(*pair)


def test_list() -> None:
    """Tables, columns and narrower types, in order and out of their containers."""
    narrow = ops.AlterColumnOp(
        "users", "age", existing_type=sa.Integer(), modify_type=sa.SmallInteger()
    )
    tree = ops.UpgradeOps(
        [
            ops.DropTableOp("old", schema="shop"),
            ops.ModifyTableOps(
                "users",
                [
                    ops.AddColumnOp("users", sa.Column("a", sa.Integer)),
                    ops.DropColumnOp("users", "name"),
                    narrow,
                ],
            ),
        ]
    )
    change = "changes users.age from Integer() to SmallInteger(), which not every value"
    assert [one.describe() for one in list_destructive(tree)] == [
        "drops shop.old and its rows",
        "drops users.name and its values",
        f"{change} fits",
    ]
    assert write_remarks(narrow) == [f"destructive: {change} fits"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (None, "Destructive: drops users.name and its values."),
        (0, "Destructive: drops users.name: 0 rows have a value."),
        (48210, "Destructive: drops users.name: 48 210 rows have a value."),
        (
            1_000_001,
            "Destructive: drops users.name: more than 1 000 000 rows have a value.",
        ),
    ],
)
def test_count(rows: int | None, expected: str) -> None:
    """The number of rows is told as far as it is known."""
    (one,) = list_destructive(ops.UpgradeOps([ops.DropColumnOp("users", "name")]))
    assert one.describe_count(rows) == expected
