"""A history that makes one of everything that a backend has, and rows in it."""

from __future__ import annotations

from tests.support.apps import RevisionFile

SHARED = """
op.create_table(
    'people',
    sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('name', sa.String(40), nullable=False, server_default="it's 100%"),
    sa.Column('age', sa.Integer),
    sa.Column('twice', sa.Integer, sa.Computed('age * 2', persisted=True)),
    sa.UniqueConstraint('name', name='uq_name'),
    sa.CheckConstraint('age >= 0', name='ck_age'),
    sqlite_autoincrement=True,
)
op.create_table(
    'pets',
    sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('owner', sa.Integer, sa.ForeignKey('people.id', name='fk_owner')),
    sa.Column('born', sa.TIMESTAMP, nullable=True),
    sa.Column('picture', sa.LargeBinary),
)
op.create_index('ix_pets', 'pets', ['owner', 'born'])
op.execute("INSERT INTO people (name, age) VALUES ('ana', 1), ('bob', 2), ('eve', 3)")
op.execute("DELETE FROM people WHERE name = 'eve'")
op.execute(
    "INSERT INTO pets (owner, born, picture)"
    " VALUES (1, '2026-10-25 02:30:00', 'x%y'), (2, NULL, NULL)"
)
op.execute("CREATE VIEW a_second AS SELECT name FROM people")
op.execute("CREATE VIEW a_first AS SELECT name FROM a_second")
"""

OWN = {
    "sqlite": """
op.execute(
    "CREATE TRIGGER older AFTER INSERT ON pets"
    " BEGIN UPDATE people SET age = age + 1; END"
)
""",
    "postgresql": """
op.execute("CREATE EXTENSION IF NOT EXISTS plpgsql")
op.execute("CREATE SCHEMA side")
op.execute("CREATE TYPE side.mood AS ENUM ('sad', 'happy')")
op.execute("CREATE TABLE side.moods (m side.mood)")
op.execute("INSERT INTO side.moods VALUES ('happy')")
op.execute("CREATE SEQUENCE counted START 5 INCREMENT 3")
op.execute("SELECT nextval('counted')")
op.execute("COMMENT ON TABLE people IS 'it''s people'")
op.execute(
    "CREATE FUNCTION older() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN UPDATE people SET age = age + 1; RETURN NEW; END'"
)
op.execute(
    "CREATE TRIGGER older AFTER INSERT ON pets FOR EACH ROW EXECUTE FUNCTION older()"
)
""",
    "mariadb": """
op.execute("ALTER TABLE people COMMENT 'it''s people'")
op.execute("CREATE TABLE counts (id INTEGER AUTO_INCREMENT PRIMARY KEY, secret INTEGER"
    " INVISIBLE DEFAULT 3) AUTO_INCREMENT=40")
op.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')")
op.execute("INSERT INTO counts (id, secret) VALUES (0, 7)")
op.execute("SET SESSION sql_mode = DEFAULT")
op.execute("CREATE TABLE `odd ``%% name` (`a``%%b` INTEGER, KEY `k%%` (`a``%%b`))"
    .replace('%%', '%'))
op.execute("INSERT INTO `odd ``%% name` VALUES (1)".replace('%%', '%'))
op.execute(
    "CREATE TRIGGER older AFTER INSERT ON pets"
    " FOR EACH ROW UPDATE people SET age = age + 1"
)
""",
}


def make_rich(backend: str) -> tuple[RevisionFile, ...]:
    """Return two revisions, the second of which is the backend's own."""
    return (
        RevisionFile(revision="r1", upgrade=SHARED),
        RevisionFile(revision="r2", down="r1", upgrade=OWN[backend]),
    )
