"""What two branches do to one schema: read from the text, held against each other."""

from __future__ import annotations

import textwrap

import pytest

from flask_migrate.make.collisions import Collision
from flask_migrate.make.collisions import find_collisions
from flask_migrate.make.collisions import Touched
from flask_migrate.revisions.source import Source
from flask_migrate.revisions.touches import read_touches


def read(revision: str, body: str, *, header: str = "") -> list[Touched]:
    """Return what a revision touches, from the body of its upgrade()."""
    text = f"from alembic import op\n{header}\ndef upgrade():\n"
    source = Source(f"{text}{textwrap.indent(body, '    ')}\n".encode(), "a.py")
    path = f"{revision}.py"
    return [
        Touched(revision=revision, path=path, touch=touch)
        for touch in read_touches(source)
    ]


def collide(ours: str, theirs: str) -> list[Collision]:
    """Return how two bodies of upgrade() collide."""
    return list(find_collisions(read("b2", ours), read("c2", theirs)))


ADD = "op.add_column('users', sa.Column('email', sa.String))"
DROP = "op.drop_column('users', 'email')"
ALTER = "op.alter_column('users', 'email', nullable=False)"
RENAME = "op.alter_column('users', 'email', new_column_name='mail')"
BATCH = "with op.batch_alter_table('users', schema=None) as batch_op:\n    "

COLLIDING = [
    (ADD, ADD, "column users.email", "both sides create it"),
    (ALTER, ALTER, "column users.email", "both sides alter it"),
    (DROP, DROP, "column users.email", "both sides drop it"),
    (DROP, ALTER, "column users.email", "one side drops or renames it"),
    (RENAME, "op.create_index('i', 'users', ['email'])", "column users.email", "uses"),
    (RENAME, "op.add_column('users', sa.Column('mail'))", "column users.mail", "both"),
    ("op.drop_table('users')", ADD, "table users", "uses it"),
    ("op.rename_table('users', 'people')", ALTER, "table users", "uses it"),
    (
        "op.drop_table('users')",
        "op.create_table('posts', sa.Column('u', sa.ForeignKey('users.id')))",
        "table users",
        "uses it",
    ),
    (
        "op.drop_table('users')",
        "op.create_table('p', sa.ForeignKeyConstraint(['u'], ['users.id'], name='f'))",
        "table users",
        "uses it",
    ),
    (
        "op.drop_table('users')",
        "op.create_foreign_key(None, 'posts', 'users', ['u'], ['id'])",
        "table users",
        "uses it",
    ),
    (f"{BATCH}batch_op.drop_column('email')", ALTER, "column users.email", "drops"),
    (
        f"{BATCH}batch_op.create_index(batch_op.f('ix'), ['email'], unique=True)",
        "op.create_index(op.f('ix'), 'users', ['id'])",
        "index ix",
        "both sides create it",
    ),
    (
        f"{BATCH}batch_op.create_foreign_key('fk', 'posts', ['p'], ['id'])",
        "op.drop_table('posts')",
        "table posts",
        "uses it",
    ),
    (
        "op.create_unique_constraint('uq', 'users', ['email'])",
        "op.drop_constraint('uq', 'users', type_='unique')",
        "constraint uq",
        "drops or renames it, the other one creates it",
    ),
    (
        "op.execute(sa.text('UPDATE users SET email = lower(email)'))",
        DROP,
        "column users.email",
        "uses it",
    ),
    ("op.execute('DROP TABLE IF EXISTS users')", ADD, "table users", "uses it"),
    (
        "op.add_column(table_name='users', column=sa.Column('email'))",
        ADD,
        "column users.email",
        "both",
    ),
]
"""Two bodies, the thing they collide at, and a part of the reason."""


@pytest.mark.parametrize(("ours", "theirs", "thing", "reason"), COLLIDING)
@pytest.mark.parametrize("is_turned", [False, True])
def test_collisions(
    ours: str, theirs: str, thing: str, reason: str, is_turned: bool
) -> None:
    """What cannot both be right is found from either side."""
    bodies = (theirs, ours) if is_turned else (ours, theirs)
    found = {str(one.ours.touch.thing): one.reason for one in collide(*bodies)}
    assert reason in found[thing]


PEACEFUL = [
    (ADD, "op.add_column('users', sa.Column('name'))"),
    (ADD, "op.add_column('posts', sa.Column('email'))"),
    (ADD, "op.add_column('users', sa.Column('email'), schema='other')"),
    (ADD, "op.create_index('i', 'users', ['name'])"),
    (DROP, "op.create_index('i', 'users', ['name'])"),
    ("op.create_table('a', sa.Column('id'))", "op.create_table('b', sa.Column('id'))"),
    ("op.execute('UPDATE users SET name = 1')", DROP),
    ("op.create_index(None, 'users', ['x'])", "op.create_index(None, 'users', ['x'])"),
    ("session.drop_table('users')", ADD),
    ("op.drop_table(name)", ADD),
]
"""Two bodies that go well together, or of which not enough is known."""


@pytest.mark.parametrize(("ours", "theirs"), PEACEFUL)
def test_no_collision(ours: str, theirs: str) -> None:
    """Neighbours are no collision."""
    assert collide(ours, theirs) == []
    assert collide(theirs, ours) == []


def test_one_finding_for_two_revisions() -> None:
    """A dropped table is one finding, however often the other side uses it."""
    assert len(collide("op.drop_table('users')", f"{ADD}\n{ALTER}")) == 1


def test_names_that_stand_elsewhere_in_the_file() -> None:
    """Constants, functions that are called and functions of a database are followed."""
    header = (
        "T = 'users'\ndef helper():\n    op.drop_table(T)\n"
        "def upgrade_two():\n    op.drop_table('users')\n"
    )
    ours = read("b2", "helper()", header=header)
    assert {one.touch.thing.database for one in ours} == {"", "two"}
    [found] = find_collisions(ours, read("c2", ADD))
    assert found.ours.touch.line == 4
    assert found.to_diagnostic(base="main").line == 4
