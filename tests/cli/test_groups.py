"""Several applications, several Migrate objects, several names: nothing leaks."""

from __future__ import annotations

import pathlib

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_migrate import current
from flask_migrate import heads
from flask_migrate import history
from flask_migrate import Migrate
from flask_migrate import MigrationError
from flask_migrate import revision
from flask_migrate import upgrade
from flask_migrate.errors import NotConfigured
from flask_migrate.errors import RevisionNotFound
from tests.support.projects import make_project
from tests.support.tables import list_tables


def make_engine(path: pathlib.Path) -> sa.Engine:
    """Return an engine that keeps no connection open."""
    return sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)


def test_two_migrates_on_one_application(tmp_path: pathlib.Path) -> None:
    """Each command group works in its own folder and on its own database."""
    app = Flask("shop")
    engines = [make_engine(tmp_path / f"{n}.db") for n in range(2)]
    metadatas = [sa.MetaData(), sa.MetaData()]

    for number in range(2):
        sa.Table(f"t{number}", metadatas[number], sa.Column("id", sa.Integer))
        Migrate(
            app,
            directory=tmp_path / f"m{number}",
            command=f"db{number}",
            engines=engines[number],
            metadatas=metadatas[number],
        )

    runner = app.test_cli_runner()

    for number in range(2):
        for words in (["init"], ["migrate", "-m", "x"], ["upgrade"]):
            result = runner.invoke(args=[f"db{number}", *words])
            assert result.exit_code == 0, result.output

    for number in range(2):
        assert len(list((tmp_path / f"m{number}" / "versions").glob("*.py"))) == 1
        tables = list_tables(engines[number])
        assert tables == {"alembic_version", f"t{number}"}


def test_one_migrate_on_two_applications(tmp_path: pathlib.Path) -> None:
    """Folder and arguments of one application never reach the other."""
    migrate = Migrate()
    apps = [Flask("a"), Flask("b")]

    for number, app in enumerate(apps):
        migrate.init_app(
            app,
            directory=tmp_path / f"m{number}",
            engines=make_engine(tmp_path / f"{number}.db"),
            metadatas=sa.MetaData(),
            **({"version_table": "mine"} if number == 0 else {}),
        )

    for number, app in enumerate(apps):
        with app.app_context():
            location = migrate.get_config().get_main_option("script_location")
            assert location == str(tmp_path / f"m{number}")
            arguments = app.extensions["migrate"].configure_args
            assert ("version_table" in arguments) is (number == 0)


def test_init_app_again(tmp_path: pathlib.Path) -> None:
    """Initialising the same application again, as tests do, replaces what was there."""
    project = make_project(
        tmp_path, engines=make_engine(tmp_path / "x.db"), metadatas=sa.MetaData()
    )
    other = tmp_path / "other"
    project.migrate.init_app(project.app, directory=other)
    project.run_well("init")
    assert (other / "env.py").exists()


def test_env_py_cannot_act_on_the_next_command(tmp_path: pathlib.Path) -> None:
    """What an env.py writes into configure_args is gone with its command."""
    project = make_project(
        tmp_path, engines=make_engine(tmp_path / "x.db"), metadatas=sa.MetaData()
    )
    env = project.folder / "env.py"
    env.write_text(
        "from flask import current_app\n"
        "current_app.extensions['migrate'].configure_args['leak'] = True\n"
        + env.read_text()
    )
    project.run_well("upgrade")
    assert "leak" not in project.app.extensions["migrate"].configure_args

    with project.app.app_context():
        upgrade()
        assert project.run_well("migrate").stdout == ""


def test_functions_return_and_raise(tmp_path: pathlib.Path) -> None:
    """The functions return typed values and raise our errors, never SystemExit."""
    project = make_project(
        tmp_path, engines=make_engine(tmp_path / "x.db"), metadatas=sa.MetaData()
    )

    with project.app.app_context():
        first = revision(message="one", rev_id="a1")
        assert first is not None
        assert (first.revision, first.message, first.is_head) == ("a1", "one", True)
        revision(message="two", rev_id="a2")

        result = upgrade(revision="a1")
        assert [step.revision for step in result.databases[0].steps] == ["a1"]
        assert result.databases[0].end == ("a1",)
        assert [one.revision for one in current()[0].revisions] == ["a1"]
        assert [one.revision for one in heads()] == ["a2"]
        assert [one.is_current for one in history(indicate_current=True)] == [
            False,
            True,
        ]

        script = upgrade(sql=True).sql
        assert script is not None
        assert "a2" in script

        with pytest.raises(RevisionNotFound, match="Can't locate revision"):
            upgrade(revision="nope")


def test_outside_of_an_application() -> None:
    """Without an application context the error says what to write."""
    with pytest.raises(NotConfigured, match="no current application"):
        upgrade()


def test_application_without_migrate() -> None:
    """An application that never met Migrate is named."""
    with Flask("lonely").app_context(), pytest.raises(NotConfigured, match="lonely"):
        upgrade()


def test_callback_without_return(tmp_path: pathlib.Path) -> None:
    """A configure callback that forgets to return its argument is named."""
    project = make_project(
        tmp_path, engines=make_engine(tmp_path / "x.db"), metadatas=sa.MetaData()
    )

    @project.migrate.configure
    def forgetful(config: object) -> None:
        pass

    result = project.run("heads")
    assert result.exit_code == 2
    assert "forgetful" in result.stderr
    assert "return config" in result.stderr


def test_callbacks_in_order(tmp_path: pathlib.Path) -> None:
    """Callbacks run in the order in which they were registered, for every command."""
    project = make_project(
        tmp_path, engines=make_engine(tmp_path / "x.db"), metadatas=sa.MetaData()
    )
    seen: list[int] = []

    for number in range(3):

        @project.migrate.configure
        def note(config: object, number: int = number) -> object:
            seen.append(number)
            return config

    project.run_well("heads")
    assert seen == [0, 1, 2]


def test_x_arguments(tmp_path: pathlib.Path) -> None:
    """Values of the group and of the command arrive once each, in that order."""
    project = make_project(
        tmp_path, engines=make_engine(tmp_path / "x.db"), metadatas=sa.MetaData()
    )
    env = project.folder / "env.py"
    env.write_text(
        "from alembic import context\n"
        "print('x:', context.get_x_argument())\n" + env.read_text()
    )
    runner = project.app.test_cli_runner()
    result = runner.invoke(args=["db", "-x", "a=1", "upgrade", "-x", "b=2"])
    assert "x: ['a=1', 'b=2']" in result.stdout
    assert "x: ['a=1']" in runner.invoke(args=["db", "-x", "a=1", "current"]).stdout


def test_errors_are_one_family() -> None:
    """Whoever catches MigrationError catches all of them, with something to do next."""
    error = NotConfigured("what", hint="do this")
    assert isinstance(error, MigrationError)
    assert error.to_dict() == {
        "error": "NotConfigured",
        "message": "what",
        "hint": "do this",
    }
