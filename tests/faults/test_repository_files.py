"""The other files of a repository: its folder, alembic.ini, env.py, the template."""

from __future__ import annotations

import os
import pathlib
import shutil
import typing as t

import pytest
import sqlalchemy as sa

from tests.faults.rows import check_answer
from tests.faults.rows import check_row
from tests.faults.rows import observe
from tests.faults.rows import Row
from tests.faults.rows import row_params
from tests.support.apps import make_app
from tests.support.apps import make_shop
from tests.support.forks import become_nobody
from tests.support.forks import run_flask
from tests.support.projects import Project

Damage = t.Callable[[Project], object]


def remove(name: str) -> Damage:
    """Delete a file of the repository."""
    return lambda project: (project.folder / name).unlink()


def write(name: str, content: bytes | str) -> Damage:
    """Write a file of the repository anew."""

    def damage(project: Project) -> None:
        data = content.encode() if isinstance(content, str) else content
        (project.folder / name).write_bytes(data)

    return damage


def remove_repository(project: Project) -> None:
    """Delete the whole repository."""
    shutil.rmtree(project.folder)


def replace_repository(project: Project) -> None:
    """Put a file where the repository should be."""
    remove_repository(project)
    project.folder.touch()


NO_FOLDER = ("Path doesn't exist", "migrations", "flask db init")
ENV = "from flask import current_app\n"
RUN = "current_app.extensions['migrate'].run_env()\n"

ROWS = [
    Row(
        number=38,
        what="no repository, upgrade",
        damage=remove_repository,
        says=NO_FOLDER,
    ),
    Row(
        number=39,
        what="no repository, migrate",
        damage=remove_repository,
        words=("migrate",),
        says=NO_FOLDER,
    ),
    *(
        Row(
            what=f"no repository, {words}",
            damage=remove_repository,
            words=tuple(words.split()),
            says=NO_FOLDER,
        )
        for words in ("heads", "current", "merge", "stamp", "revision", "check", "show")
    ),
    Row(
        number=40,
        what="init twice",
        words=("init",),
        says=("already exists and is not empty", "flask db migrate"),
    ),
    Row(
        what="init over a file",
        damage=replace_repository,
        words=("init",),
        exit_code=2,
        says=("migrations is a file", "-d FOLDER"),
    ),
    Row(
        what="repository that is a file",
        damage=replace_repository,
        says=("Path doesn't exist", "migrations"),
    ),
    Row(
        what="init with an unknown template",
        words=("init", "-d", "elsewhere", "-t", "nope"),
        says=("No such template", "nope", "flask-multidb"),
    ),
    Row(
        what="init with a folder that is no template",
        words=("init", "-d", "elsewhere", "-t", "."),
        says=("No such template", "env.py"),
    ),
    Row(
        number=79,
        what="no alembic.ini",
        damage=remove("alembic.ini"),
        exit_code=0,
        changes=True,
    ),
    Row(
        number=80,
        what="alembic.ini without a section",
        damage=write("alembic.ini", "script_location = x\n"),
        says=("alembic.ini", "no section headers", "line 1", "Correct the file"),
    ),
    Row(
        what="alembic.ini that is not UTF-8",
        damage=write("alembic.ini", b"# caf\xe9\n[alembic]\n"),
        says=("alembic.ini", "utf-8", "Correct the file"),
    ),
    Row(
        what="alembic.ini with a bare percent sign",
        damage=write("alembic.ini", "[alembic]\nfile_template = %(rev)s_%s\n"),
        words=("revision", "-m", "x"),
        exit_code=2,
        says=("alembic.ini: file_template in [alembic]", "Write %% for"),
    ),
    Row(
        what="alembic.ini with an unknown time zone",
        damage=write("alembic.ini", "[alembic]\ntimezone = Nowhere/Atlantis\n"),
        words=("revision", "-m", "x"),
        says=("Nowhere/Atlantis",),
    ),
    Row(
        what="alembic.ini with a hook that does not exist",
        damage=write(
            "alembic.ini",
            "[alembic]\n[post_write_hooks]\nhooks = tidy\ntidy.type = exec\n"
            "tidy.executable = no-such-program\n",
        ),
        words=("revision", "-m", "x"),
        says=("hook of alembic.ini", "no-such-program", "The revision file is written"),
        changes=True,
    ),
    Row(
        number=81,
        what="alembic.ini without logging",
        damage=write("alembic.ini", "[alembic]\n"),
        exit_code=0,
        changes=True,
    ),
    Row(
        number=82,
        what="no env.py",
        damage=remove("env.py"),
        says=("env.py does not exist", "Restore it", "flask db init -d elsewhere"),
    ),
    Row(
        number=83,
        what="env.py with a syntax error",
        damage=write("env.py", ENV + "x = (1, 2))\n"),
        says=("env.py, line 2", "unmatched ')'", "Correct the file"),
    ),
    Row(
        what="env.py that raises",
        damage=write("env.py", ENV + "import nothing_here\n"),
        says=("env.py, line 2", "No module named 'nothing_here'", "Correct the file"),
    ),
    Row(
        what="env.py that raises an error of its own",
        damage=write("env.py", ENV + "raise ValueError('no tenant given')\n"),
        says=("env.py, line 2", "ValueError: no tenant given"),
    ),
    Row(
        what="env.py that reads a missing variable",
        damage=write("env.py", "import os\nos.environ['NOT_SET_HERE']\n" + ENV + RUN),
        says=("env.py, line 2", "KeyError: 'NOT_SET_HERE'"),
    ),
    Row(
        what="env.py that is not UTF-8",
        damage=write("env.py", b"x = 'caf\xe9'\n"),
        says=("env.py", "utf-8", "Correct the file"),
    ),
    Row(
        what="env.py that does not double the percent signs of a URL",
        damage=write(
            "env.py",
            "from alembic import context\nURL = 'postgresql://a:p%40sekret@h/d'\n"
            "context.config.set_main_option('sqlalchemy.url', URL)\n",
        ),
        exit_code=2,
        says=("sqlalchemy.url", "percent sign", "replace"),
    ),
    Row(
        what="env.py that never runs the migrations",
        damage=write("env.py", ENV),
        exit_code=0,
        says=("env.py", "did not run", "context.run_migrations()"),
    ),
    Row(
        number=84,
        what="no template of revisions",
        damage=remove("script.py.mako"),
        words=("revision", "-m", "x"),
        says=("script.py.mako does not exist", "Restore it"),
    ),
    Row(
        what="template with an unknown name",
        damage=write("script.py.mako", "${nobody_knows}\n"),
        words=("revision", "-m", "x"),
        says=("script.py.mako", "nobody_knows", "nothing was written"),
    ),
    Row(
        what="template with a syntax error",
        damage=write("script.py.mako", "% if x\n"),
        words=("revision", "-m", "x"),
        says=("script.py.mako", "nothing was written"),
    ),
    Row(
        what="template that makes no Python",
        damage=write("script.py.mako", "def upgrade(:\n"),
        words=("revision", "-m", "x"),
        says=("script.py.mako", "not valid Python", "Nothing was written"),
    ),
    Row(
        what="template that forgets the id",
        damage=write("script.py.mako", "def upgrade():\n    pass\n"),
        words=("revision", "-m", "x"),
        says=("script.py.mako", "no line `revision =`", "Nothing was written"),
    ),
]


@pytest.mark.parametrize("row", row_params(ROWS))
def test_repository_file(
    row: Row, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is missing or wrong is named, with what is to be done."""
    monkeypatch.chdir(tmp_path)
    check_row(row, make_shop(tmp_path))


def make_model_shop(folder: pathlib.Path) -> Project:
    """Make a shop that has something to migrate."""
    metadata = sa.MetaData()

    for name in ("t1", "t2", "t3"):
        sa.Table(name, metadata, sa.Column("id", sa.Integer))

    sa.Table("user", metadata, sa.Column("id", sa.Integer, primary_key=True))
    shop = make_shop(folder, metadata=metadata)
    shop.run_well("upgrade")
    return shop


@pytest.mark.row(41)
@pytest.mark.parametrize("words", ["migrate -m x", "revision -m x", "merge -m x a3 b3"])
def test_unwritable_folder(public_folder: pathlib.Path, words: str) -> None:
    """A folder of revisions that this user may not write to is named."""
    shop = make_model_shop(public_folder)
    if words.startswith("merge"):
        shop.write_revision("b3", down="a2")

    shop.versions.chmod(0o555)
    before = observe(shop)
    outcome = run_flask("db", *words.split(), app=shop.app, prepare=become_nobody)
    shop.versions.chmod(0o755)
    check_answer(
        outcome,
        exit_code=1,
        says=("versions/", "cannot be written: Permission denied", "write permission"),
    )
    assert observe(shop) == before


@pytest.mark.row(42)
def test_unwritable_project(public_folder: pathlib.Path) -> None:
    """A folder in which no repository can be made is named, and nothing is left."""
    app, _ = make_app(
        f"sqlite:///{public_folder}/shop.db", directory=public_folder / "migrations"
    )
    public_folder.chmod(0o555)
    outcome = run_flask("db", "init", app=app, prepare=become_nobody)
    check_answer(
        outcome,
        exit_code=1,
        says=("migrations cannot be written: Permission denied", "write permission"),
    )
    assert list(public_folder.iterdir()) == []


@pytest.mark.row(48)
@pytest.mark.parametrize("size", [0, 100, 300])
def test_full_disk(tmp_path: pathlib.Path, size: int) -> None:
    """A revision file that cannot be written whole is not there at all."""
    import resource

    shop = make_model_shop(tmp_path)
    before = observe(shop)
    outcome = run_flask(
        *("db", "migrate", "-m", "x"),
        app=shop.app,
        prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    check_answer(
        outcome, exit_code=1, says=("cannot be written: File too large", "Make room")
    )
    assert observe(shop) == before
    assert not [path for path in shop.versions.iterdir() if path.name[0] == "."]
    shop.run_well("heads")


def test_full_disk_at_init(tmp_path: pathlib.Path) -> None:
    """A repository that cannot be written whole can be made again."""
    import resource

    app, _ = make_app(
        f"sqlite:///{tmp_path}/shop.db", directory=tmp_path / "migrations"
    )
    outcome = run_flask(
        *("db", "init"),
        app=app,
        prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )
    check_answer(outcome, exit_code=1, says=("cannot be written", "Make room"))
    assert run_flask("db", "init", app=app).exit_code == 0


def test_umask(tmp_path: pathlib.Path) -> None:
    """A new file is as readable as the umask says."""
    shop = make_shop(tmp_path)
    outcome = run_flask(
        *("db", "revision", "--rev-id", "new"),
        app=shop.app,
        prepare=lambda: os.umask(0o027),
    )
    assert outcome.exit_code == 0, outcome.output
    assert (shop.versions / "new_.py").stat().st_mode & 0o777 == 0o640
