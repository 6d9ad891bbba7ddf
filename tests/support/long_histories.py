"""Histories that show when a step ran twice, or not at all.

Rows are inserted before the DDL, values are counted up: whatever runs twice is seen in
the rows, and where DDL commits by itself it is not undone by the error that follows.
"""

from __future__ import annotations

import typing as t

from tests.support.apps import RevisionFile

TABLES = """
op.create_table('log', sa.Column('r', sa.String(9)))
op.create_table(
    'account', sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('balance', sa.Integer, nullable=False),
)
op.execute('INSERT INTO account VALUES (1, 0), (2, 0), (3, 0)')
"""
NOTE = "op.execute(\"INSERT INTO log (r) VALUES ('{name}')\")"
PAY = "op.execute('UPDATE account SET balance = balance + 1')"
CREATE = (
    "op.create_table('t{n}', sa.Column('x', sa.Integer), sa.Column('y', sa.Integer))"
)
INDEX = "op.create_index('ix{n}', 't{n}', ['x'])"
FILL = """
op.bulk_insert(
    sa.table('log', sa.column('r', sa.String)), [{{'r': '{name}'}}] * 200
)
"""
ADD = "op.add_column('account', sa.Column('c{n}', sa.Integer))"
BACKFILL = "op.execute('UPDATE account SET c{n} = COALESCE(c{n}, 0) + 1')"
SECOND = "op.create_table('u{n}', sa.Column('x', sa.Integer))"
ON_ACCOUNT = "op.create_index('ix{n}', 'account', ['id', 'balance'])"
CONCURRENTLY = """
with op.get_context().autocommit_block():
    op.execute("INSERT INTO log (r) VALUES ('{name} a')")
    op.create_index(
        'ix{n}', 'account', ['id', 'balance'], postgresql_concurrently=True
    )
    op.execute("INSERT INTO log (r) VALUES ('{name} b')")
"""

CYCLE: tuple[tuple[str, ...], ...] = (
    (CREATE, INDEX),
    (FILL,),
    (NOTE, ADD, BACKFILL),
    (CREATE, NOTE, SECOND, PAY),
    (PAY, ON_ACCOUNT, NOTE),
)
"""Five revisions: DDL and data, alone and in both orders."""


def make_crowded(count: int, *, backend: str) -> tuple[RevisionFile, ...]:
    """Return revisions that insert a row and then change the schema.

    :param count: how many, the first of which makes the tables.
    :param backend: PostgreSQL gets a CREATE INDEX CONCURRENTLY among them.
    """
    bodies: list[tuple[str, ...]] = [(NOTE, CREATE)] * (count - 1)
    if backend == "postgresql":
        bodies[count // 2] = (NOTE, CONCURRENTLY, PAY)

    return _chain(bodies)


def make_mixed(count: int, *, backend: str) -> tuple[RevisionFile, ...]:
    """Return revisions of every kind of `CYCLE`.

    :param count: how many, the first of which makes the tables.
    :param backend: PostgreSQL builds its indexes concurrently.
    """
    bodies = [CYCLE[number % 5] for number in range(count - 1)]
    if backend == "postgresql":
        bodies = [
            tuple(CONCURRENTLY if part is ON_ACCOUNT else part for part in body)
            for body in bodies
        ]

    return _chain(bodies)


SMALL = {
    "mariadb": """
        op.execute('INSERT INTO log (r) VALUES (1)')
        op.add_column('log', sa.Column('a', sa.Integer))
        op.execute('UPDATE log SET a = COALESCE(a, 0) + 1')
        op.create_index('ix', 'log', ['a'])
        op.execute('INSERT INTO log (r) VALUES (2)')
    """,
    "postgresql": """
        op.execute('INSERT INTO log (r) VALUES (1)')
        with op.get_context().autocommit_block():
            op.execute('UPDATE log SET r = r + 10')
            op.create_index('ix', 'log', ['r'], postgresql_concurrently=True)
            op.execute('INSERT INTO log (r) VALUES (2)')

        op.execute('UPDATE log SET r = r + 100')
    """,
    "sqlite": """
        op.execute('INSERT INTO log (r) VALUES (1)')
        op.create_table('t', sa.Column('id', sa.Integer))
        op.execute('UPDATE log SET r = r + 10')
    """,
}


def make_small(backend: str) -> tuple[RevisionFile, ...]:
    """Return two revisions; the second mixes what commits and what does not."""
    first = """
        op.create_table('log', sa.Column('r', sa.Integer))
        op.execute('INSERT INTO log (r) VALUES (0)')
    """
    return (
        RevisionFile(revision="r1", upgrade=first),
        RevisionFile(revision="r2", down="r1", upgrade=SMALL[backend]),
    )


def _chain(bodies: t.Sequence[tuple[str, ...]]) -> tuple[RevisionFile, ...]:
    first = RevisionFile(revision="r00", upgrade=TABLES)
    return (
        first,
        *(
            RevisionFile(
                revision=f"r{n:02}",
                down=f"r{n - 1:02}",
                upgrade="\n".join(body).format(name=f"r{n:02}", n=n),
            )
            for n, body in enumerate(bodies, start=1)
        ),
    )
