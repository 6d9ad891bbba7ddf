"""What a revision is called that nobody has given a message."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.operations import ops

from flask_migrate.make.autogenerate.fill_operations import FinishColumnsOps
from flask_migrate.make.autogenerate.messages import LIMIT
from flask_migrate.make.autogenerate.messages import propose_message


class AddEnumValueOp(ops.MigrateOperation):
    """An operation that the package knows nothing about."""


def create(*names: str) -> list[ops.MigrateOperation]:
    """Return the operations that create tables."""
    return [ops.CreateTableOp(name, []) for name in names]


def add(column: str, table: str = "users") -> ops.AddColumnOp:
    """Return the operation that adds a column."""
    return ops.AddColumnOp(table, sa.Column(column, sa.Integer))


def alter(**changes: object) -> ops.AlterColumnOp:
    """Return a change of ``users.name``."""
    return ops.AlterColumnOp("users", "name", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([], ""),
        ([add("email")], "add email to users"),
        ([add("a"), add("b"), add("c")], "add a, b and c to users"),
        (create("posts", "tags"), "create posts and tags"),
        ([ops.DropTableOp("old_table")], "drop old_table"),
        ([ops.DropColumnOp("users", "name")], "remove name from users"),
        ([ops.RenameTableOp("a", "b")], "rename a to b"),
        ([alter(modify_name="full_name")], "rename users.name to full_name"),
        ([alter(modify_type=sa.Text())], "change type of users.name"),
        ([alter(modify_nullable=False)], "require users.name"),
        ([alter(modify_nullable=True)], "make optional users.name"),
        ([alter(modify_comment="x")], "change comment of users.name"),
        ([alter(modify_server_default=None)], "change default of users.name"),
        ([ops.CreateIndexOp("ix", "users", ["a"])], "add index ix on users"),
        ([ops.DropConstraintOp("ck", "users")], "remove constraint ck on users"),
        ([AddEnumValueOp()], "add enum value"),
        ([ops.ExecuteSQLOp("SELECT 1")], "execute sql"),
        ([add("email"), *create("posts")], "create posts, add email to users"),
    ],
)
def test_message(operations: list[ops.MigrateOperation], expected: str) -> None:
    """Each operation has its words; the most important come first."""
    tree = ops.ModifyTableOps("users", operations)
    assert propose_message([tree]) == propose_message(operations) == expected


def test_parts_are_not_told() -> None:
    """What belongs to a table or a column that is told of is left out."""
    operations = [
        *create("posts"),
        ops.CreateIndexOp("ix_posts", "posts", ["title"]),
        add("email"),
        ops.CreateIndexOp("ix_email", "users", ["email"]),
        ops.CreateForeignKeyOp("fk", "users", "mails", ["email"], ["id"]),
        FinishColumnsOps("users", [alter(modify_nullable=False)]),
    ]
    assert propose_message(operations) == "create posts, add email to users"


def test_long() -> None:
    """What does not fit is counted; one long name is kept whole."""
    names = [f"table_number_{number}" for number in range(9)]
    message = propose_message(create(*names))
    assert message == "create table_number_0, table_number_1 and 7 more"
    assert len(message) <= LIMIT
    assert propose_message(create("t" * 99)) == f"create {'t' * 99}"


def test_message_is_one_line() -> None:
    """A name with a line break cannot begin a second line."""
    assert propose_message(create("a\nb")) == "create a?b"
