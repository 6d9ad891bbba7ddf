"""What was reviewed is what runs; where anything is different, nothing does."""

from __future__ import annotations

import collections.abc as cabc
import json
import pathlib
import threading
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate import Migrate
from flask_migrate.errors import BadOption
from flask_migrate.errors import LockNotAcquired
from flask_migrate.errors import PlanOutdated
from flask_migrate.plan import Plan
from tests.support.apps import make_app
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.projects import Project


def execute(url: str, *statements: str) -> list[t.Any]:
    """Run some statements, and return the rows of the last one."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    rows: list[t.Any] = []

    with engine.begin() as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = list(map(tuple, result)) if result.returns_rows else []

    return rows


def list_tables(url: str) -> set[str]:
    """Return the tables of a database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    found = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return found


@pytest.fixture
def project(database_url: str, tmp_path: pathlib.Path) -> Project:
    """A shop whose database is at a1, of a1 to a3."""
    made = make_shop(tmp_path, database_url)
    made.run_well("upgrade", "a1")
    return made


@pytest.fixture
def plan_file(project: Project, tmp_path: pathlib.Path) -> str:
    """The plan from a1 to the head, in a file."""
    path = str(tmp_path / "plan.json")
    result = project.run_well("plan", "-o", path)
    assert result.stdout.endswith(f"next: flask db apply {path}\n")
    return path


def test_apply(project: Project, plan_file: str, database_url: str) -> None:
    """It runs the steps of the plan; again, it says that it is done."""
    result = project.run_well("apply", plan_file)
    assert {"t1", "t2", "t3"} <= list_tables(database_url)
    assert not result.stdout
    result = project.run_well("apply", plan_file)
    assert result.stderr == (
        "the database is at a3: the plan is applied already, nothing to do.\n"
    )


def test_as_an_option_of_upgrade(
    project: Project, plan_file: str, database_url: str
) -> None:
    """`upgrade --plan-file` is the same, and goes with no other target."""
    for words in (["a2"], ["--sql"], ["--dry-run"]):
        result = project.run("upgrade", "--plan-file", plan_file, *words)
        assert result.exit_code == 2
        assert "do not go together" in result.stderr

    project.run_well("upgrade", "--plan-file", plan_file)
    assert "t3" in list_tables(database_url)


def test_exactly_these_steps(
    project: Project, plan_file: str, database_url: str
) -> None:
    """A revision that was written since is not run."""
    (project.versions / "a4_.py").write_text(make_table(4).text)
    project.run_well("apply", plan_file)
    assert "t3" in list_tables(database_url)
    assert "t4" not in list_tables(database_url)


def test_a_downgrade(
    project: Project, database_url: str, tmp_path: pathlib.Path
) -> None:
    """A plan goes back too; its last end is the base."""
    path = str(tmp_path / "back.json")
    project.run_well("upgrade")
    project.run_well("plan", "base", "-o", path)
    project.run_well("apply", path)
    assert not {"t1", "t2", "t3"} & list_tables(database_url)
    assert "applied already" in project.run_well("apply", path).stderr


def move_on(project: Project, url: str) -> str:
    """Let another run do a part of the plan."""
    project.run_well("upgrade", "a2")
    return "The plan begins at a1, and the database is at a2"


def edit_script(project: Project, url: str) -> str:
    """Change a script of the plan."""
    path = project.versions / "a3_.py"
    path.write_text(path.read_text() + "\n# changed\n")
    return 'The script of a3 "a3" has changed since the plan was made'


def remove_script(project: Project, url: str) -> str:
    """Take a script away."""
    (project.versions / "a3_.py").unlink()
    return "No file has the revision a3 of the plan"


def change_schema(project: Project, url: str) -> str:
    """Change the live schema by hand."""
    execute(url, "CREATE INDEX by_hand ON t1 (id)")
    return "The schema of the database is another one than when the plan was made"


@pytest.mark.parametrize("change", [move_on, edit_script, remove_script, change_schema])
def test_refusals(
    project: Project,
    plan_file: str,
    database_url: str,
    change: cabc.Callable[[Project, str], str],
) -> None:
    """Another revision, script or schema: it says which, and runs nothing."""
    sentence = change(project, database_url)
    before = list_tables(database_url)
    result = project.run("apply", plan_file)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "  -> " in result.stderr
    assert list_tables(database_url) == before


def test_rows_may_change(project: Project, plan_file: str, database_url: str) -> None:
    """The plan is about the schema: new rows and line endings are no reason."""
    execute(database_url, "INSERT INTO t1 (id) VALUES (1)")
    path = project.versions / "a3_.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    project.run_well("apply", plan_file)
    assert execute(database_url, "SELECT id FROM t1") == [(1,)]


def test_a_range_is_for_no_database(
    project: Project, database_url: str, tmp_path: pathlib.Path
) -> None:
    """A plan between two revisions was made for no database as it was."""
    path = str(tmp_path / "range.json")
    project.run_well("plan", "a2:a3", "-o", path)
    result = project.run("apply", path)
    assert result.exit_code == 2
    assert "begins at a2" in result.stderr
    project.run_well("upgrade", "a2")
    result = project.run("apply", path)
    assert result.exit_code == 2
    assert "range of revisions" in result.stderr
    assert "`flask db plan a3 -o plan.json`" in result.stderr


def test_values(project: Project, database_url: str) -> None:
    """A program applies what it has planned, without a file."""
    with project.app.app_context():
        plans = project.migrate.plan(revision="+1")
        result = project.migrate.apply(plans)

    assert result.databases[0].end == ("a2",)
    assert [step.revision for step in result.databases[0].steps] == ["a2"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1, "plans": [{}]}'])
def test_no_plan(project: Project, tmp_path: pathlib.Path, text: str) -> None:
    """A file that is no plan is refused in words."""
    path = tmp_path / "no.json"
    path.write_text(text)

    with project.app.app_context(), pytest.raises(BadOption) as caught:
        project.migrate.apply(path)

    assert "plan" in caught.value.message
    assert caught.value.hint is not None


def make_pair(folder: pathlib.Path, first: str, second: str) -> tuple[Project, Migrate]:
    """Make an application of two databases, with one repository for both."""
    body = "op.create_table('{}', sa.Column('id', sa.Integer))"
    names = {"": "here", "other": "there"}
    functions = "\n".join(
        f"def upgrade_{name}():\n    {body.format(table)}\n"
        f"def downgrade_{name}():\n    op.drop_table({table!r})\n"
        for name, table in names.items()
    )
    revision = RevisionFile(
        revision="a1",
        header=functions,
        upgrade="globals()[f'upgrade_{engine_name}']()",
        downgrade="globals()[f'downgrade_{engine_name}']()",
    )
    text = revision.text

    for name in ("upgrade", "downgrade"):
        text = text.replace(f"def {name}():", f"def {name}(engine_name):")

    shop = make_shop(folder, first, template="flask-multidb")

    for path in shop.versions.glob("a*.py"):
        path.unlink()

    (shop.versions / "a1_.py").write_text(text)
    engines = {
        None: sa.create_engine(first, poolclass=sa.NullPool),
        "other": sa.create_engine(second, poolclass=sa.NullPool),
    }
    app, _ = make_app(first, directory=shop.folder)
    metadatas = {None: sa.MetaData(), "other": sa.MetaData()}
    migrate = Migrate(app, directory=shop.folder, engines=engines, metadatas=metadatas)
    return Project(app=app, migrate=migrate, folder=shop.folder), migrate


def test_several_databases(
    make_database: cabc.Callable[[], str], tmp_path: pathlib.Path
) -> None:
    """Each has its own plan; if one is outdated, none of them is changed."""
    first, second = make_database(), make_database()
    project, migrate = make_pair(tmp_path, first, second)
    path = str(tmp_path / "plan.json")
    project.run_well("plan", "-o", path)
    plans = [
        Plan.from_dict(one)
        for one in json.loads(pathlib.Path(path).read_text())["plans"]
    ]
    assert [one.database for one in plans] == [None, "other"]
    assert [one.steps[0].operations[0].text for one in plans] == [
        "create table here (id)",
        "create table there (id)",
    ]
    assert all(one.steps[0].reversible for one in plans)
    assert "other: " in project.run_well("upgrade", "-n").stderr
    execute(second, "CREATE TABLE by_hand (id INTEGER)")
    result = project.run("apply", path)
    assert result.exit_code == 2
    assert "The schema of the database other is another one" in result.stderr
    assert "here" not in list_tables(first)
    execute(second, "DROP TABLE by_hand")
    project.run_well("apply", path)
    assert "here" in list_tables(first)
    assert "there" in list_tables(second)

    with project.app.app_context(), pytest.raises(PlanOutdated, match="no such one"):
        migrate.apply([Plan.from_dict({**plans[0].to_dict(), "database": "lost"})])


def test_the_lock_is_held(project: Project, plan_file: str) -> None:
    """Another run on the database keeps it waiting."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with project.app.app_context():
                project.migrate.apply(plan_file, lock_timeout=0)
        except LockNotAcquired as error:
            errors.append(error)

    with project.app.app_context(), project.migrate.lock():
        # Another thread does not hold the lock of this one.
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert len(errors) == 1
