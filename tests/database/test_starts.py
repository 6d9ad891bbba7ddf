"""What a command imports and opens, by counting."""

from __future__ import annotations

import importlib
import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
import sqlalchemy as sa
from alembic import util

import flask_migrate
from flask_migrate.extension.loading import MODULES
from flask_migrate.extension.loading import Verb
from flask_migrate.revisions.listing import Listing
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.generated import make_dependent
from tests.support.generated import make_line
from tests.support.projects import Project

HEAVY = ("alembic", "mako", "rich", "flask_migrate.databases", "flask_migrate.report")
LAZY = ("flask_migrate.plan", "flask_migrate.results", "flask_migrate.revisions")
ASKED = ("flask_migrate.views", "flask_migrate.report.rollback")
"""What belongs to questions that few ask."""
APP = """
import sys

import flask
import sqlalchemy as sa

import flask_migrate

app = flask.Flask("shop")
engine = sa.create_engine("sqlite:///shop.db")
flask_migrate.Migrate(app, engines=engine, metadatas=sa.MetaData())
"""
RUN = """
import json, sys
from flask.cli import cli
cli.main(args=sys.argv[1:], prog_name="flask", standalone_mode=False)
print()
print(json.dumps(list(sys.modules)))
"""


def list_modules(folder: pathlib.Path, *words: str) -> set[str]:
    """Run `flask` in a process of its own; return what it has imported."""
    command = [sys.executable, "-c", RUN, "--app", "app", *words]
    answer = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    )
    return set(json.loads(answer.stdout.splitlines()[-1]))


def find_heavy(modules: set[str], names: tuple[str, ...]) -> list[str]:
    """Return which modules belong to some packages."""
    return [one for one in modules if one.startswith(names)]


@pytest.fixture
def shop(tmp_path: pathlib.Path) -> Project:
    """Thirty revisions, and a database at the head."""
    shop = make_shop(tmp_path, None, *make_line(30))
    shop.run_well("upgrade")
    (tmp_path / "app.py").write_text(APP)
    return shop


def count_imports(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every revision file that is imported."""
    found: list[str] = []
    load = util.load_python_file

    def note(folder: t.Any, name: str) -> t.Any:
        found.append(name)
        return load(folder, name)

    monkeypatch.setattr(util, "load_python_file", note)
    return found


def test_serving_imports_nothing(shop: Project) -> None:
    """A process without a `db` command loads a dozen of our modules, none heavy."""
    modules = list_modules(shop.folder.parent, "routes")
    assert find_heavy(modules, HEAVY + LAZY) == []
    assert len(find_heavy(modules, ("flask_migrate",))) <= 12


@pytest.mark.parametrize(
    "command", ["upgrade", "upgrade heads", "current", "heads", "history"]
)
def test_nothing_to_do_needs_no_alembic(shop: Project, command: str) -> None:
    """A command that has nothing to do loads neither Alembic nor the other commands."""
    modules = list_modules(shop.folder.parent, "db", *command.split())
    assert find_heavy(modules, ("alembic", "mako", "rich")) == []
    assert find_heavy(modules, ("flask_migrate.cli.repairing",)) == []
    assert find_heavy(modules, ("flask_migrate.extension.rollback",)) == []


def test_an_upgrade_imports_no_answers(shop: Project) -> None:
    """An upgrade that runs a script loads nothing of what it is not asked for."""
    last = make_line(31)[-1]
    (shop.versions / f"{last.revision}_.py").write_text(last.text)
    modules = list_modules(shop.folder.parent, "db", "upgrade")
    assert "alembic" in modules
    assert find_heavy(modules, ASKED) == []


def test_a_copy_needs_no_alembic(shop: Project) -> None:
    """A new database is copied from a template, and seen to be whole, without it."""
    shop.run_well("template")
    folder = shop.folder.parent
    database = folder / "shop.db"

    for _ in range(2):
        database.unlink()
        modules = list_modules(folder, "db", "prepare")
        assert find_heavy(modules, ("alembic", "mako", "rich", *ASKED)) == []
        engine = sa.create_engine(f"sqlite:///{database}")

        with engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT * FROM alembic_version")
            assert found.scalars().all() == [make_line(30)[-1].revision]

        engine.dispose()

    assert find_heavy(list_modules(folder, "db", "prepare"), ("alembic",)) == []


@pytest.mark.parametrize("command", ["upgrade heads", "current", "heads", "history"])
def test_several_heads_need_no_alembic(tmp_path: pathlib.Path, command: str) -> None:
    """Nor with several heads, labels and dependencies."""
    shop = make_shop(
        tmp_path,
        None,
        *make_dependent(9),
        RevisionFile(revision="a1", labels=("blue",)),
    )
    shop.run_well("upgrade", "heads")
    (tmp_path / "app.py").write_text(APP)
    modules = list_modules(tmp_path, "db", *command.split())
    assert find_heavy(modules, ("alembic", "mako", "rich")) == []


def test_stand_ins_are_complete() -> None:
    """Each public method of the verbs has its stand-in, and no other name has one."""
    for module, (kind, names) in MODULES.items():
        loaded = importlib.import_module(f"flask_migrate.extension.{module}")
        found = {one for one in vars(getattr(loaded, kind)) if not one.startswith("_")}
        assert found == set(names), module


def test_super_reaches_a_verb() -> None:
    """A subclass of `Migrate` may override a verb, and ask for the one it overrides."""

    class Mine(flask_migrate.Migrate):
        def list_templates(self) -> t.Any:
            return [one.name for one in super().list_templates()]

    assert "flask" in Mine().list_templates()
    assert Verb("base").__get__.__doc__ is None
    assert not hasattr(Mine(), "nonsense")


def test_only_what_runs_is_imported(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one pending revision of thirty-one, one script is imported, and once."""
    found = count_imports(monkeypatch)
    shop.run_well("upgrade")
    shop.run_well("history")
    shop.run_well("current")
    assert found == []
    last = make_line(31)[-1]
    path = shop.versions / f"{last.revision}_.py"
    path.write_text(last.text)
    shop.run_well("upgrade")
    assert found == [path.name]
    shop.run_well("downgrade")
    assert found == [path.name] * 2


@pytest.mark.parametrize("command", ["upgrade", "current", "history -r base:head"])
def test_the_folder_is_read_once(
    shop: Project, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """What a command has seen before it needs Alembic is not read again."""
    found: list[str] = []
    read = Listing._read

    def note(listing: Listing, inside: str) -> None:
        found.append(inside)
        read(listing, inside)

    monkeypatch.setattr(Listing, "_read", note)
    last = make_line(31)[-1]
    (shop.versions / f"{last.revision}_.py").write_text(last.text)
    # Where a database stands at nothing, nothing is told at a glance.
    shop.run_well("stamp", "base")
    found.clear()
    shop.run_well(*command.split())
    assert found == [""]


@pytest.mark.parametrize(
    "damage", ["def upgrade(:", "import gone\ndef upgrade():"], ids=["syntax", "import"]
)
def test_broken_old_file(tmp_path: pathlib.Path, damage: str) -> None:
    """An old file that is broken stops nothing but its own run; `status` names it."""
    shop = make_shop(tmp_path, None, make_table(1), make_table(2))
    shop.run_well("upgrade")
    path = shop.versions / "a1_.py"
    path.write_text(path.read_text().replace("def upgrade():", damage))
    (shop.versions / "a3_.py").write_text(make_table(3).text)
    shop.run_well("upgrade")
    shop.run_well("heads")
    status = " ".join(shop.run_well("status").stdout.split())
    assert f"its file is broken: {path}" in status
    listed = json.loads(shop.run_well("status", "--format", "json").stdout)
    assert str(path) in json.dumps(listed)
    result = shop.run("downgrade", "base")
    assert result.exit_code == 1
    assert str(path) in result.output


def test_changed_script_at_the_head(
    shop: Project, caplog: pytest.LogCaptureFixture
) -> None:
    """An applied script that has changed is still told of."""
    path = sorted(shop.versions.glob("*.py"))[3]
    path.write_text(path.read_text().replace("pass", "pass  # changed"))
    shop.run_well("upgrade")
    assert "have changed since they ran" in caplog.text


def test_configure_callbacks_are_called(shop: Project) -> None:
    """A callback that may lead to other files is asked as ever."""
    calls: list[str] = []

    @shop.migrate.configure
    def note(config: t.Any) -> t.Any:
        calls.append("called")
        return config

    shop.run_well("upgrade")
    shop.run_well("heads")
    assert calls == ["called"] * 2


def test_other_locations(tmp_path: pathlib.Path) -> None:
    """Files that `alembic.ini` has somewhere else are found there."""
    shop = make_shop(tmp_path, None, *make_line(2))
    moved = shop.versions.rename(tmp_path / "moved")
    ini = shop.folder / "alembic.ini"
    text = ini.read_text()
    ini.write_text(text.replace("[alembic]", f"[alembic]\nversion_locations = {moved}"))
    assert shop.run_well("heads").stdout.split()[0] == make_line(2)[-1].revision
    shop.run_well("upgrade")
    shop.run_well("upgrade")


def test_edited_env_file_is_run(shop: Project) -> None:
    """An env.py that is not as it was made is run, at the head too."""
    env = shop.folder / "env.py"
    env.write_text(f"{env.read_text()}\nprint('from env.py')\n")
    assert "from env.py" in shop.run_well("upgrade").output


def test_two_heads_are_listed(tmp_path: pathlib.Path) -> None:
    """What is a head, and what a version table then holds, is told without Alembic."""
    shop = make_shop(
        tmp_path,
        None,
        RevisionFile(revision="a1"),
        RevisionFile(revision="b1", down="a1", labels=("blue",)),
        RevisionFile(revision="c1", down="a1", depends_on="b1"),
    )
    shop.run_well("upgrade", "heads")
    assert shop.run_well("heads").stdout.splitlines() == [
        "b1 (blue) (effective head)",
        "c1 (head)",
    ]
    assert shop.run_well("current").stdout.split("\n")[0].startswith(("b1", "c1"))
    shop.run_well("upgrade", "heads")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        assert found.scalars().all() == ["c1"]

    engine.dispose()


def test_the_application_is_no_garbage(shop: Project) -> None:
    """Python never looks through what the application has imported."""
    folder = shop.folder.parent
    (folder / "app.py").write_text(
        f"{APP}\n"
        "import gc\n"
        "class Kept(list): pass\n"
        "kept = [Kept() for _ in range(20_000)]\n"
        "def look(phase, info):\n"
        "    if phase == 'start':\n"
        "        open('looks', 'a').write(\n"
        "            f'{sum(type(one) is Kept for one in gc.get_objects())}\\n')\n"
        "gc.callbacks.append(look)\n"
    )
    list_modules(folder, "db", "check")
    looks = (folder / "looks").read_text().split()
    assert looks
    assert set(looks) == {"0"}
