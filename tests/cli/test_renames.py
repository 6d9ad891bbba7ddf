"""Renames on the command line: flags, questions at a terminal, and the command."""

from __future__ import annotations

import json
import os
import pathlib
import pty
import subprocess
import sys

import pytest
import sqlalchemy as sa

from tests.support.apps import make_shop
from tests.support.apps import RevisionFile
from tests.support.projects import Project
from tests.support.projects import read_schema

FIRST = RevisionFile(
    revision="a1",
    upgrade="""
        op.create_table(
            "users",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(37)),
        )
        op.execute("INSERT INTO users (id, name) VALUES (1, 'Ada')")
    """,
    downgrade='op.drop_table("users")',
)


def _make(folder: pathlib.Path, url: str, *columns: str) -> Project:
    """Make an application whose database is at the head and whose model has changed."""
    metadata = sa.MetaData()
    sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.String(37)) for name in columns),
    )
    project = make_shop(folder, url, FIRST, metadata=metadata)
    project.run_well("upgrade")
    return project


def _read_names(url: str, column: str) -> list[str]:
    engine = sa.create_engine(url)

    with engine.connect() as connection:
        names = list(connection.scalars(sa.text(f"SELECT {column} FROM users")))

    engine.dispose()
    return names


def _list_files(project: Project) -> list[str]:
    return sorted(path.name for path in project.versions.glob("*.py"))


def _read_second(project: Project) -> str:
    """Return the text of the revision a2, whatever its message is."""
    (path,) = project.versions.glob("a2_*.py")
    return path.read_text()


@pytest.mark.parametrize("command", [("migrate",), ("revision", "--autogenerate")])
def test_nobody_to_ask(
    database_url: str, tmp_path: pathlib.Path, command: tuple[str, ...]
) -> None:
    """Without a terminal a probable rename ends with 2, the flags, and no file."""
    project = _make(tmp_path, database_url, "full_name")
    result = project.run(*command, "-m", "x")
    assert result.exit_code == 2
    assert "users.name -> full_name" in result.stderr
    assert "1 row would be lost otherwise" in result.stderr
    assert "--rename users.name:full_name" in result.stderr
    assert "--rename users.name:" in result.stderr
    assert "--renames never" in result.stderr
    assert _list_files(project) == ["a1_.py"]


def test_flag(database_url: str, tmp_path: pathlib.Path) -> None:
    """With the flag the file renames, there and back, and the value stays."""
    project = _make(tmp_path, database_url, "full_name")
    before = read_schema(database_url)
    project.run_well("migrate", "-m", "x", "--rename", "users.name:full_name")
    project.run_well("upgrade")
    assert _read_names(database_url, "full_name") == ["Ada"]
    project.run_well("check")
    project.run_well("downgrade")
    assert _read_names(database_url, "name") == ["Ada"]
    assert read_schema(database_url) == before


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("flags", [("--renames", "never"), ("--rename", "users.name:")])
def test_drop_and_add(
    database_url: str, tmp_path: pathlib.Path, flags: tuple[str, str]
) -> None:
    """Who says that it is no rename gets what Flask-Migrate writes."""
    project = _make(tmp_path, database_url, "full_name")
    project.run_well("migrate", "--rev-id", "a2", *flags)
    text = _read_second(project)
    assert "drop_column('name')" in text
    assert "new_column_name" not in text


@pytest.mark.backends("sqlite")
def test_wrong_flag(database_url: str, tmp_path: pathlib.Path) -> None:
    """A flag that fits nothing ends with 2 and says what there is."""
    project = _make(tmp_path, database_url, "name")
    result = project.run("migrate", "--rename", "users.nam:full_name")
    assert result.exit_code == 2
    assert "the table users has no column nam, it has id, name" in result.stderr
    assert _list_files(project) == ["a1_.py"]


@pytest.mark.backends("sqlite")
def test_flag_without_a_comparison(database_url: str, tmp_path: pathlib.Path) -> None:
    """A flag for an empty revision is refused; it would do nothing."""
    project = _make(tmp_path, database_url, "full_name")
    result = project.run("revision", "--rename", "users.name:full_name")
    assert result.exit_code == 2
    assert "Add --autogenerate" in result.stderr


@pytest.mark.backends("sqlite")
def test_json(database_url: str, tmp_path: pathlib.Path) -> None:
    """A program gets the questions with the flags that answer them, then the result."""
    project = _make(tmp_path, database_url, "full_name")
    result = project.run("migrate", "--json")
    assert result.exit_code == 2
    (question,) = json.loads(result.stdout)["questions"]
    assert question["old"] == "users.name"
    assert question["rows"] == 1
    flag, value = question["answers"]["rename"].split()
    written = project.run_well("migrate", "--json", "--rev-id", "a2", flag, value)
    assert json.loads(written.stdout)["revisions"][0]["revision"] == "a2"


@pytest.mark.backends("sqlite")
def test_check(database_url: str, tmp_path: pathlib.Path) -> None:
    """``check`` shows a probable rename as one."""
    project = _make(tmp_path, database_url, "full_name")
    result = project.run("check")
    assert result.exit_code == 1
    assert "rename column users.name to full_name" in result.stderr


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("typed", "exit_code", "written"),
    [
        # Enter alone, and nonsense, are asked again.
        ("\n\nyes\nr\n", 0, "new_column_name='full_name'"),
        ("d\n", 0, "drop_column('name')"),
        ("1\n", 0, "new_column_name='nick'"),
        ("q\n", 2, ""),
    ],
)
def test_terminal(
    database_url: str,
    tmp_path: pathlib.Path,
    typed: str,
    exit_code: int,
    written: str,
) -> None:
    """At a terminal each question is answered by one letter, none by Enter alone."""
    project = _make(tmp_path, database_url, "full_name", "nick")
    program = tmp_path / "app.py"
    program.write_text(
        "import sqlalchemy as sa\n"
        "from flask import Flask\n"
        "from flask_migrate import Migrate\n"
        "metadata = sa.MetaData()\n"
        "sa.Table('users', metadata, sa.Column('id', sa.Integer, primary_key=True),\n"
        "    *(sa.Column(n, sa.String(37)) for n in ('full_name', 'nick')))\n"
        "app = Flask('shop')\n"
        f"Migrate(app, directory={str(project.folder)!r}, metadatas=metadata,\n"
        f"    engines=sa.create_engine({database_url!r}))\n"
    )
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "flask", "--app", str(program), "db", "migrate"]
    with subprocess.Popen(
        [*command, "--rev-id", "a2"],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        os.write(ours, typed.encode())
        process.communicate(timeout=60)

    os.close(ours)
    os.close(theirs)
    assert process.returncode == exit_code
    path = next(iter(project.versions.glob("a2_*.py")), project.versions / "a2.py")
    assert path.exists() == bool(written)
    assert not written or written in path.read_text()


def test_command(database_url: str, tmp_path: pathlib.Path) -> None:
    """``rename`` writes a column, then a table, without any model."""
    project = make_shop(tmp_path, database_url, FIRST)
    project.run_well("upgrade")
    before = read_schema(database_url)
    project.run_well("rename", "users.name", "full_name", "--rev-id", "a2")
    project.run_well("upgrade")
    project.run_well("rename", "users", "people", "-m", "better name")
    project.run_well("upgrade")
    assert set(read_schema(database_url)["people"]["columns"]) == {"id", "full_name"}
    assert "a2_rename_users_name_to_full_name.py" in _list_files(project)
    project.run_well("downgrade", "a1")
    assert read_schema(database_url) == before
    assert _read_names(database_url, "name") == ["Ada"]


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("users.nam", "full_name"), "There is no users.nam to rename"),
        (("posts", "articles"), "There is no posts to rename"),
        (("users.name", "id"), "users.name cannot become id: users.id exists"),
        (("users", "users"), "users cannot become users: users exists"),
    ],
)
def test_command_refused(
    database_url: str, tmp_path: pathlib.Path, words: tuple[str, str], reason: str
) -> None:
    """What is not there, or is in the way, is named, and no file is written."""
    project = make_shop(tmp_path, database_url, FIRST)
    project.run_well("upgrade")
    result = project.run("rename", *words)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert _list_files(project) == ["a1_.py"]


def test_check_shows_the_question(tmp_path: pathlib.Path) -> None:
    """`check` lists a probable rename as one, with its evidence and the flags."""
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("users", metadata, key, sa.Column("full_name", sa.String(20)))
    first = RevisionFile(
        revision="a1",
        upgrade="op.create_table('users', sa.Column('id', sa.Integer,"
        " primary_key=True), sa.Column('name', sa.String(20)))",
    )
    project = make_shop(tmp_path, None, first, metadata=metadata)
    project.run_well("upgrade")
    result = project.run("check", "--json")
    assert result.exit_code == 1
    values = json.loads(result.stdout)
    assert [one["text"] for one in values["differences"]] == [
        "rename column users.name to full_name"
    ]
    assert (
        values["questions"][0]["answers"]["rename"] == "--rename users.name:full_name"
    )
    assert "Probably renamed: users.name -> full_name" in result.stderr
