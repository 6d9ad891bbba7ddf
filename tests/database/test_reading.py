"""Commands that only look leave no table and no file behind."""

from __future__ import annotations

import pathlib

import pytest
import sqlalchemy as sa

from tests.support.projects import make_project

LOOKING = [
    ("current",),
    ("current", "-v"),
    ("heads",),
    ("history",),
    ("history", "-i"),
    ("history", "-r", "base:current"),
    ("show", "current"),
    ("branches",),
    ("check",),
    ("upgrade", "--sql"),
    ("stamp", "--sql", "head"),
]


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_looking_changes_nothing(
    database_url: str, tmp_path: pathlib.Path, words: tuple[str, ...]
) -> None:
    """No table appears in an empty database, and no SQLite file at all."""
    engine = sa.create_engine(database_url)
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1")
    before = sorted(path.name for path in tmp_path.iterdir())

    result = project.run(*words)
    assert result.exit_code == (1 if words == ("check",) else 0), result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not list(tmp_path.rglob("*.db*"))

    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []

    engine.dispose()


@pytest.mark.backends("sqlite")
def test_migrate_makes_no_database(tmp_path: pathlib.Path) -> None:
    """The first revision is written against a file that does not exist yet."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/data/shop.db")
    metadata = sa.MetaData()
    sa.Table("user", metadata, sa.Column("id", sa.Integer))
    project = make_project(tmp_path, engines=engine, metadatas=metadata)
    project.run_well("migrate", "-m", "first")
    assert not (tmp_path / "data").exists()
    assert "create_table" in next(project.versions.glob("*.py")).read_text()

    project.run_well("upgrade")
    assert (tmp_path / "data" / "shop.db").exists()
    project.run_well("check")
    engine.dispose()


def test_sql_begins_where_the_database_is(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """The script for a database at a1 holds a2 only; a range is taken as written."""
    engine = sa.create_engine(database_url)
    project = make_project(
        tmp_path, engines=engine, metadatas=sa.MetaData(), version_table="my_versions"
    )
    project.write_revision("a1", upgrade="op.execute('SELECT 1')")
    project.write_revision("a2", down="a1", upgrade="op.execute('SELECT 2')")
    project.run_well("upgrade", "a1")

    text = project.run_well("upgrade", "--sql").stdout
    assert "SELECT 2" in text
    assert "SELECT 1" not in text
    assert "UPDATE my_versions" in text

    text = project.run_well("upgrade", "--sql", "base:a1").stdout
    assert "SELECT 1" in text
    assert "CREATE TABLE my_versions" in text

    path = tmp_path / "script.sql"
    assert project.run_well("downgrade", "--sql", "-o", str(path), "base").stdout == ""
    assert "DELETE FROM my_versions" in path.read_text()
    engine.dispose()


def test_sql_of_a_database_out_of_reach(tmp_path: pathlib.Path) -> None:
    """Where nobody answers, the script begins at the base."""
    engine = sa.create_engine("postgresql+psycopg://u:sekret@127.0.0.1:1/x")
    project = make_project(tmp_path, engines=engine, metadatas=sa.MetaData())
    project.write_revision("a1", upgrade="op.execute('SELECT 1')")
    assert "SELECT 1" in project.run_well("upgrade", "--sql").stdout
    assert "DELETE FROM" in project.run_well("downgrade", "--sql").stdout

    result = project.run("downgrade", "--sql", "base")
    assert result.exit_code == 1
    assert "requires <fromrev>:<torev>" in result.stderr
    assert "sekret" not in result.output
