"""The main road on every backend: write, upgrade, go back, come again."""

from __future__ import annotations

import enum
import pathlib

import pytest
import sqlalchemy as sa

from tests.support.projects import make_project
from tests.support.projects import Project
from tests.support.projects import read_schema


class State(enum.Enum):
    """An order's state."""

    OPEN = "open"
    PAID = "paid"


def make_models() -> sa.MetaData:
    """Two tables with a foreign key, an enum, an index and a unique constraint."""
    metadata = sa.MetaData()
    sa.Table(
        "customer",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(120), nullable=False),
        sa.UniqueConstraint("email", name="uq_customer_email"),
    )
    sa.Table(
        "purchase",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "customer_id",
            sa.ForeignKey("customer.id", name="fk_purchase_customer"),
            nullable=False,
        ),
        sa.Column("state", sa.Enum(State, name="purchase_state")),
        sa.Index("ix_purchase_state", "state"),
    )
    return metadata


def make_shop(url: str, folder: pathlib.Path) -> tuple[Project, sa.Engine]:
    """Make a project on a database, with the models above."""
    engine = sa.create_engine(url)
    return make_project(folder, engines=engine, metadatas=make_models()), engine


def test_walk(database_url: str, tmp_path: pathlib.Path) -> None:
    """Upgrade makes what the models say; base empties it; upgrading again restores."""
    project, engine = make_shop(database_url, tmp_path)
    project.run_well("migrate", "-m", "first")
    project.run_well("upgrade")
    schema = read_schema(database_url)

    assert set(schema) == {"customer", "purchase"}
    assert schema["purchase"]["keys"] == [(("customer_id",), "customer")]

    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO customer (id, email) VALUES (1, 'a')"))

    project.run_well("check")
    project.run_well("downgrade", "base")
    assert read_schema(database_url) == {}

    project.run_well("upgrade")
    assert read_schema(database_url) == schema
    engine.dispose()


def test_second_run_changes_nothing(database_url: str, tmp_path: pathlib.Path) -> None:
    """Everything can be run twice: no file, no table and no row is added."""
    project, engine = make_shop(database_url, tmp_path)
    project.run_well("migrate", "-m", "first")
    project.run_well("upgrade")
    files = sorted(project.versions.glob("*.py"))
    schema = read_schema(database_url)

    project.run_well("upgrade")
    project.run_well("migrate", "-m", "again")
    project.run_well("stamp", "head")
    project.run_well("ensure-version")

    assert sorted(project.versions.glob("*.py")) == files
    assert read_schema(database_url) == schema

    with engine.connect() as connection:
        versions = connection.execute(sa.text("SELECT * FROM alembic_version")).all()

    assert len(versions) == 1
    engine.dispose()


def test_change_of_a_model(database_url: str, tmp_path: pathlib.Path) -> None:
    """A new column goes up and down, and the rows stay where they are."""
    project, engine = make_shop(database_url, tmp_path)
    project.run_well("migrate", "-m", "first")
    project.run_well("upgrade")

    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO customer (id, email) VALUES (1, 'a')"))

    metadata = make_models()
    metadata.tables["customer"].append_column(sa.Column("name", sa.String(50)))
    project.migrate.init_app(project.app, metadatas=metadata)
    project.run_well("migrate", "-m", "name")
    project.run_well("upgrade")
    assert "name" in read_schema(database_url)["customer"]["columns"]

    project.run_well("downgrade", "-1")
    assert "name" not in read_schema(database_url)["customer"]["columns"]

    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM customer")) == 1

    engine.dispose()


def test_failing_revision_leaves_nothing_where_ddl_is_transactional(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """Good revisions stay; the failing one is undone, or goes on where it stopped."""
    project, engine = make_shop(database_url, tmp_path)
    project.write_revision(
        "a1", upgrade="op.create_table('t1', sa.Column('x', sa.Integer))"
    )
    project.write_revision(
        "a2", down="a1", upgrade="op.execute('INSERT INTO t1 VALUES (1)')"
    )
    broken = project.write_revision(
        "a3",
        down="a2",
        upgrade="""
            op.create_table('t2', sa.Column('x', sa.Integer))
            op.execute('INSERT INTO t1 VALUES (2)')
            op.execute('SELECT * FROM missing')
        """,
    )

    whole = engine.dialect.name != "mysql"
    result = project.run("upgrade")
    assert result.exit_code == (1 if whole else 5)
    assert "applied 2 of 3" in result.stderr
    lines = broken.read_text().splitlines()
    line = next(i for i, text in enumerate(lines, 1) if "missing" in text)
    assert f"a3.py, line {line}" in result.stderr
    assert "Traceback" not in result.output

    assert ("t2" in read_schema(database_url)) is not whole
    broken.write_text(broken.read_text().replace("missing", "t1"))
    project.run_well("upgrade")

    with engine.connect() as connection:
        rows = connection.scalars(sa.text("SELECT x FROM t1 ORDER BY x")).all()

    assert rows == [1, 2]

    engine.dispose()


@pytest.mark.schemas
def test_schemas(database_url: str, tmp_path: pathlib.Path) -> None:
    """A table in another schema is compared with itself, not added at every run."""
    engine = sa.create_engine(database_url)

    metadata = sa.MetaData()
    sa.Table("audit", metadata, sa.Column("id", sa.Integer), schema="other")
    sa.Table("plain", metadata, sa.Column("id", sa.Integer))

    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema("other"))
        connection.execute(sa.schema.CreateSchema("foreign_tool"))
        connection.execute(sa.text("CREATE TABLE foreign_tool.theirs (id int)"))

    project = make_project(tmp_path, engines=engine, metadatas=metadata)
    project.run_well("migrate")
    project.run_well("upgrade")
    project.run_well("check")
    engine.dispose()


@pytest.mark.enum_types
def test_leftover_type_with_other_values(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """An enum type that was left behind is used again only if it is the same."""
    project, engine = make_shop(database_url, tmp_path)
    project.run_well("migrate")

    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TYPE purchase_state AS ENUM ('a', 'b')"))

    result = project.run("upgrade")
    assert result.exit_code == 1
    assert "purchase_state of purchase exists already, with other values: a, b" in (
        result.stderr
    )
    engine.dispose()


@pytest.mark.enum_types
def test_type_dropped_and_made_again_in_one_run(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """A type that a revision drops by hand is made again by the next one."""
    engine = sa.create_engine(database_url)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    create = "op.create_table('t', sa.Column('s', sa.Enum('a', 'b', name='kind')))"
    project.write_revision("a1", upgrade=create)
    project.write_revision(
        "a2", down="a1", upgrade="op.drop_table('t')\nop.execute('DROP TYPE kind')"
    )
    project.write_revision("a3", down="a2", upgrade=create)
    project.run_well("upgrade")
    engine.dispose()
