"""log and tag: what the history says, to people and to programs."""

from __future__ import annotations

import datetime
import json
import pathlib

import pytest

from tests.support.apps import make_shop


def test_log(database_url: str, tmp_path: pathlib.Path) -> None:
    """Steps, stamps and tags come the newest first, each with its run."""
    shop = make_shop(tmp_path, database_url, config={"MIGRATE_APP_VERSION": "1.4"})
    shop.run_well("upgrade", "a2")
    shop.run_well("tag", "v1")
    shop.run_well("downgrade")
    shop.run_well("stamp", "a3")
    lines = shop.run_well("log").stdout.splitlines()
    assert [line for line in lines if line.startswith("  [")] == [
        "  [X] stamp to a3",
        "  [X] downgrade a2  a2",
        "  [X] tag v1 at a2",
        "  [X] upgrade a2  a2",
        "  [X] upgrade a1  a1",
    ]
    assert all("version 1.4" in line for line in lines if ", run " in line)


def test_log_of_nothing(tmp_path: pathlib.Path) -> None:
    """A database without a history has an empty one; looking makes no file."""
    shop = make_shop(tmp_path)
    assert shop.run_well("log").stdout.endswith("\n  nothing yet\n")
    assert not (tmp_path / "shop.db").exists()


def test_choices(tmp_path: pathlib.Path) -> None:
    """--limit, --revision and --since choose; JSON and Python say the same."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade")
    words = ("log", "--format", "json", "--revision", "a2", "--limit", "1")
    found = json.loads(shop.run_well(*words).stdout)

    with shop.app.app_context():
        (log,) = shop.migrate.log(revision="a2", limit=1)
        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
        assert shop.migrate.log(since=later)[0].entries == ()
        assert len(shop.migrate.log(since="2020-01-01")[0].entries) == 3

    assert found == {"schema": 1, "databases": [log.to_dict()]}
    assert [entry.revision for entry in log.entries] == ["a2"]
    result = shop.run("log", "--since", "yesterday")
    assert result.exit_code == 2
    assert "2026-11-20" in result.stderr


def test_failures_are_kept(tmp_path: pathlib.Path) -> None:
    """A step that has failed stands in the log with its reason, without secrets."""
    shop = make_shop(tmp_path)
    path = shop.versions / "a3_.py"
    text = path.read_text()
    bad = "op.execute(\"CREATE USER ana PASSWORD 'sekret'\")"
    path.write_text(
        text.replace("op.create_table('t3'", f"{bad}; op.create_table('t3'")
    )
    assert shop.run("upgrade").exit_code == 1
    shown = shop.run_well("log").stdout
    assert "  [!] upgrade a3  a3\n" in shown
    assert "syntax error" in shown
    assert "sekret" not in shown


def test_tag_moves(tmp_path: pathlib.Path) -> None:
    """A name that is given again means the new place; a version may be a year."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade", "a1")
    shop.run_well("tag", "2026.1")
    shop.run_well("upgrade", "a2")
    shop.run_well("tag", "2026.1")
    shop.run_well("upgrade")
    shop.run_well("rollback", "--to", "2026.1")
    assert "a2" in shop.run_well("current").stdout


@pytest.mark.parametrize("name", ["a1", "base", "2026-11-20", " ", "two\nlines"])
def test_bad_tags(name: str, tmp_path: pathlib.Path) -> None:
    """A tag that could be a revision or a date is refused, and nothing is written."""
    shop = make_shop(tmp_path)
    result = shop.run("tag", name)
    assert result.exit_code == 2
    assert not (tmp_path / "shop.db").exists()


def test_tag_needs_a_history(tmp_path: pathlib.Path) -> None:
    """Where no history is kept, a tag has no place, and that is said."""
    shop = make_shop(tmp_path, config={"MIGRATE_HISTORY": False})
    result = shop.run("tag", "v1")
    assert result.exit_code == 2
    assert "MIGRATE_HISTORY" in result.stderr
