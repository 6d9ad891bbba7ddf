"""A revision that the database stands at and whose file is gone."""

from __future__ import annotations

import pathlib
import stat
import tempfile
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate.databases.recorder import name_user
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.apps import three_tables
from tests.support.projects import Project


def lose(shop: Project, *revisions: str) -> None:
    """Delete the files of some revisions."""
    for revision in revisions:
        (shop.versions / f"{revision}_.py").unlink()


def read_tables(url: str) -> set[str]:
    """Return the names of the tables of revisions."""
    engine = sa.create_engine(url)
    names = sa.inspect(engine).get_table_names()
    engine.dispose()
    return {name for name in names if not name.startswith("alembic_version")}


@pytest.fixture
def lost(database_url: str, tmp_path: pathlib.Path) -> Project:
    """A shop whose database stands at a3, and that has no file of a2 and a3."""
    shop = make_shop(tmp_path, database_url, *three_tables())
    shop.run_well("upgrade")
    lose(shop, "a2", "a3")
    return shop


@pytest.mark.parametrize("words", [("upgrade",), ("downgrade",), ("rollback",)])
def test_explained(words: tuple[str, ...], lost: Project) -> None:
    """The error says which revision it was, when and by whom, and the way out."""
    result = lost.run(*words)
    assert "Can't locate revision identified by 'a3'" in result.stderr
    assert '\n  a3 "a3" was applied 20' in result.stderr
    assert f"by {name_user()}@" in result.stderr
    assert "--from-history" in result.stderr


def test_downgrade(lost: Project, database_url: str) -> None:
    """The text that the history keeps of both is run, once it is asked for."""
    lost.run_well("downgrade", "--from-history")
    assert read_tables(database_url) == {"t1", "t2"}
    lost.run_well("downgrade", "--from-history", "a1")
    assert read_tables(database_url) == {"t1"}
    assert "a1 (head)" in lost.run_well("current").stdout
    assert {path.name for path in lost.versions.glob("*.py")} == {"a1_.py"}


def test_rollback(lost: Project, database_url: str) -> None:
    """rollback finds its way over several missing files."""
    shown = lost.run_well("rollback", "--plan", "--from-history", "-n", "2").stdout
    assert "[-] a3  a3" in shown
    lost.run_well("rollback", "--from-history", "-n", "2")
    assert read_tables(database_url) == {"t1"}


def test_history_of_a_database_is_only_run_on_demand(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the flag nothing of it is loaded; with it, in a private folder."""
    seen: list[tuple[str, int]] = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"), raising=False)
    (tmp_path / "t").mkdir()
    header = "import builtins, os; getattr(builtins, 'seen', []).append(__file__)"
    shop = make_shop(
        tmp_path,
        None,
        make_table(1),
        RevisionFile(revision="a2", down="a1", header=header),
    )
    shop.run_well("upgrade")
    lose(shop, "a2")

    class Seen(list[t.Any]):
        def append(self, path: str) -> None:
            seen.append((path, stat.S_IMODE(pathlib.Path(path).parent.stat().st_mode)))

    monkeypatch.setattr("builtins.seen", Seen(), raising=False)

    for words in (("status",), ("upgrade",), ("downgrade",), ("rollback",), ("log",)):
        shop.run(*words)

    assert seen == []
    shop.run_well("downgrade", "--from-history")
    assert {mode for _, mode in seen} == {0o700}
    assert not any((tmp_path / "t").iterdir())


def test_forged_text(lost: Project, database_url: str) -> None:
    """A text whose checksum is not that of the applied script is not run."""
    engine = sa.create_engine(database_url)

    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE alembic_version_history SET checksum = 'x'"
                " WHERE revision = 'a3'"
            )
        )

    engine.dispose()
    result = lost.run("downgrade", "--from-history")
    assert result.exit_code == 1
    assert "its checksum differs" in result.stderr
    assert read_tables(database_url) == {"t1", "t2", "t3"}


def test_text_was_not_kept(database_url: str, tmp_path: pathlib.Path) -> None:
    """Without a history the flag cannot help, and that is said."""
    shop = make_shop(tmp_path, database_url, config={"MIGRATE_HISTORY": False})
    shop.run_well("upgrade")
    lose(shop, "a3")
    result = shop.run("downgrade", "--from-history")
    assert result.exit_code == 1
    assert "does not keep its text" in result.stderr
    assert "--from-history" not in shop.run("downgrade").stderr
