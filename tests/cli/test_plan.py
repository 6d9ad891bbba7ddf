"""The commands plan and apply: what they print, and where."""

from __future__ import annotations

import importlib.resources
import json
import pathlib

import jsonschema
import sqlalchemy as sa

from tests.support.apps import make_shop
from tests.support.apps import RevisionFile
from tests.support.apps import three_tables


def test_json(database_url: str, tmp_path: pathlib.Path) -> None:
    """Real output is as the schema says, and holds no password."""
    file = importlib.resources.files("flask_migrate") / "schemas" / "plan.json"
    schema = json.loads(file.read_text("utf-8"))
    project = make_shop(
        tmp_path,
        database_url,
        *three_tables(),
        RevisionFile(
            revision="a4",
            down="a3",
            upgrade="op.get_bind().scalar(sa.text('SELECT 1'))",
        ),
        RevisionFile(
            revision="a5",
            down="a4",
            upgrade="op.add_column('t1', sa.Column('x', sa.Integer))",
        ),
    )
    text = project.run_well("plan", "--format", "json").stdout
    jsonschema.validate(json.loads(text), schema)
    password = sa.make_url(database_url).password
    assert not password or password not in text

    with project.app.app_context():
        (plan,) = project.migrate.plan()

    assert json.loads(text)["plans"] == [json.loads(json.dumps(plan.to_dict()))]
    project.run_well("upgrade")
    empty = project.run_well("plan", "--format", "json").stdout
    jsonschema.validate(json.loads(empty), schema)


def test_text(tmp_path: pathlib.Path) -> None:
    """The plan goes to standard output, 80 columns wide, with the next command."""
    project = make_shop(tmp_path)
    result = project.run_well("plan")
    assert "  1  a1\n     + create table t1 (id)\n" in result.stdout.replace(
        "  a1\n", "\n", 1
    )
    assert result.stdout.endswith("next: flask db upgrade\n")
    assert not result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "CREATE TABLE t1 (" in project.run_well("plan", "--sql").stdout
    project.run_well("upgrade")
    result = project.run_well("plan")
    assert result.stdout == "shop.db is at a3. Nothing to do.\n"
    assert project.run_well("plan", "-1").stdout.endswith("next: flask db downgrade\n")


def test_markdown(tmp_path: pathlib.Path) -> None:
    """For a pull request, also into a file."""
    project = make_shop(tmp_path)
    path = tmp_path / "plan.md"
    result = project.run_well("plan", "--format", "markdown", "-o", str(path))
    assert not result.stdout
    assert path.read_text().startswith("### shop.db   base -> a3   3 steps")


def test_a_json_file(tmp_path: pathlib.Path) -> None:
    """A file for apply is JSON, whatever else is shown; the next command runs it."""
    project = make_shop(tmp_path)
    path = tmp_path / "plan.json"
    result = project.run_well("plan", "a2", "-o", str(path), "--format", "markdown")
    assert result.stdout.endswith(f"next: flask db apply {path}\n")
    assert json.loads(path.read_text())["schema"] == 1
    project.run_well("apply", str(path))
    assert project.run_well("current").stdout == "a2\n"


def test_no_revisions(tmp_path: pathlib.Path) -> None:
    """A repository without revisions has nothing to do, and that is no error."""
    project = make_shop(tmp_path)

    for path in project.versions.glob("*.py"):
        path.unlink()

    result = project.run_well("plan")
    assert result.stdout == "shop.db is at base. Nothing to do.\n"


def test_a_wrong_target(tmp_path: pathlib.Path) -> None:
    """An unknown revision is a failure of a new command: 3."""
    result = make_shop(tmp_path).run("plan", "nothing")
    assert result.exit_code == 3
    assert "nothing" in result.stderr


def test_apply_without_a_file(tmp_path: pathlib.Path) -> None:
    """A file that is not there is wrong use: 2."""
    result = make_shop(tmp_path).run("apply", str(tmp_path / "no.json"))
    assert result.exit_code == 2
