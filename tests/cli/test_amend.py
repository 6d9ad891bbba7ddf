"""amend: the newest revision, written anew from the models."""

from __future__ import annotations

import os
import pathlib
import pty
import sys
import typing as t

import pytest
import sqlalchemy as sa
from flask.cli import ScriptInfo

from flask_migrate.errors import ConsentMissing
from flask_migrate.errors import MigrationError
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.gits import make_checkout
from tests.support.projects import forget_time
from tests.support.projects import make_project
from tests.support.projects import Project
from tests.support.tables import list_tables


@pytest.fixture
def shop(database_url: str, tmp_path: pathlib.Path) -> t.Iterator[Project]:
    """A shop that has the table users, by the revision a1."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    yield make_users(tmp_path, engine)
    engine.dispose()


@pytest.fixture
def little_shop(tmp_path: pathlib.Path) -> t.Iterator[Project]:
    """The same on SQLite, for what no server has a say in."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    yield make_users(tmp_path, engine)
    engine.dispose()


def make_users(folder: pathlib.Path, engine: sa.Engine) -> Project:
    """Make the shop of the fixtures."""
    metadata = sa.MetaData()
    sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
    project = make_project(folder, engines=engine, metadatas=metadata)
    forget_time(project.folder)
    project.run_well("migrate", "--rev-id", "a1", "-m", "users")
    project.run_well("upgrade")
    return project


def find_engine(shop: Project) -> sa.Engine:
    """Return the engine of a shop."""
    with shop.app.app_context():
        return t.cast("sa.Engine", shop.migrate.state.find_databases()[0].engine)


def find_table(shop: Project) -> sa.Table:
    """Return the model users."""
    with shop.app.app_context():
        models = shop.migrate.state.find_databases()[0].metadatas[0]

    return t.cast("sa.Table", models.tables["users"])


def add_column(shop: Project, name: str) -> None:
    """Add a column to the model users."""
    find_table(shop).append_column(sa.Column(name, sa.String(80)))


def read_versions(shop: Project) -> dict[str, bytes]:
    """Return every file of the revisions, with its content."""
    return {
        one.name: one.read_bytes() for one in shop.versions.iterdir() if one.is_file()
    }


def test_amend(shop: Project) -> None:
    """A revision that is applied is taken back and says all that the models say."""
    add_column(shop, "name")
    shop.run_well("migrate", "--rev-id", "a2", "-m", "name")
    shop.run_well("upgrade")
    add_column(shop, "email")
    result = shop.run_well("amend")
    assert result.stdout.endswith("a2_name.py ...  done\n")
    assert "+" in result.stderr
    assert "email" in result.stderr
    assert sorted(read_versions(shop)) == ["a1_users.py", "a2_name.py"]
    assert shop.run_well("current").stdout == "a1\n"
    assert (shop.folder / "HEAD").read_text().endswith("\na2\n")
    shop.run_well("upgrade")
    shop.run_well("check")
    shop.run_well("heads", "--check")
    shop.run_well("downgrade")
    columns = sa.inspect(find_engine(shop)).get_columns("users")
    assert [one["name"] for one in columns] == ["id"]


def test_amend_the_first_revision(shop: Project) -> None:
    """Where nothing is before it, with another message, and before it is applied."""
    shop.run_well("downgrade", "base")
    add_column(shop, "name")
    shop.run_well("amend", "-m", "users with names")
    assert list(read_versions(shop)) == ["a1_users_with_names.py"]
    shop.run_well("upgrade")
    shop.run_well("check")


def test_amend_asks_before_it_loses_rows(shop: Project) -> None:
    """Rows in what the revision has made go only by consent: 2, and nothing is done."""
    with find_engine(shop).begin() as connection:
        connection.execute(sa.text("INSERT INTO users (id) VALUES (1)"))

    add_column(shop, "name")
    before = read_versions(shop)
    result = shop.run("amend")
    assert result.exit_code == 2
    assert "loses users: 1 row" in result.stderr
    assert read_versions(shop) == before
    assert shop.run_well("current").stdout == "a1 (head)\n"

    with shop.app.app_context():
        name = shop.migrate.name_database()[0]

    shop.run_well("amend", "--confirm", name)
    assert "users" not in list_tables(find_engine(shop))


def test_a_failure_puts_everything_back(shop: Project) -> None:
    """The file is the old one to the letter, and the database has it applied again."""
    path = shop.versions / "a1_users.py"
    path.chmod(0o640)
    before, mode = read_versions(shop), path.stat().st_mode
    (shop.folder / "script.py.mako").write_text("${nothing")
    add_column(shop, "name")
    result = shop.run("amend")
    assert result.exit_code == 3
    assert "script.py.mako" in result.stderr
    assert read_versions(shop) == before
    assert path.stat().st_mode == mode
    assert shop.run_well("current").stdout == "a1 (head)\n"
    assert "users" in list_tables(find_engine(shop))


def test_a_failure_after_the_new_file(
    little_shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was written already goes again."""
    ini = little_shop.folder / "alembic.ini"
    hooks = "hooks = no\nno.type = exec\nno.executable = /no/such/program\n"
    text = f"{ini.read_text()}\n[post_write_hooks]\n{hooks}"
    ini.write_text(text)
    add_column(little_shop, "name")
    before = read_versions(little_shop)
    result = little_shop.run("amend", "-m", "other name")
    assert result.exit_code == 3
    assert "post-write hook" in result.stderr
    assert read_versions(little_shop) == before
    assert little_shop.run_well("current").stdout == "a1 (head)\n"


def test_nothing_would_be_left(little_shop: Project) -> None:
    """Models that are as before the revision leave it alone, and say so."""
    add_column(little_shop, "name")
    little_shop.run_well("migrate", "--rev-id", "a2")
    table = find_table(little_shop)
    table._columns.remove(table.c.name)  # type: ignore[attr-defined]  # no public way
    before = read_versions(little_shop)
    result = little_shop.run("amend")
    assert result.exit_code == 3
    assert "nothing would be left in a2" in result.stderr
    assert read_versions(little_shop) == before


def test_published_revisions(little_shop: Project) -> None:
    """What is in the branch of others is amended only by consent: 2."""
    checkout = make_checkout(little_shop.folder.parent)
    checkout.git("checkout", "-q", "-b", "feature")
    add_column(little_shop, "name")
    result = little_shop.run("amend")
    assert result.exit_code == 2
    assert "It is in main: others may have applied it." in result.stderr
    assert "--confirm a1" in result.stderr
    assert checkout.git("status", "--porcelain") == ""
    little_shop.run_well("amend", "--confirm", "a1")
    add_column(little_shop, "email")
    little_shop.run_well("upgrade")
    little_shop.run_well("migrate", "--rev-id", "a2")
    checkout.commit()
    # What only this branch has is nobody's business.
    little_shop.run_well("amend", "-m", "email")


def test_handwork(little_shop: Project) -> None:
    """What no autogenerate writes is shown, and goes only by consent: 2."""
    path = little_shop.versions / "a1_users.py"
    added = '    op.execute("UPDATE users SET id = 2")\n\n\ndef downgrade'
    path.write_text(path.read_text().replace("\n\ndef downgrade", added, 1))
    add_column(little_shop, "name")

    with little_shop.app.app_context():
        with pytest.raises(ConsentMissing, match=r"line \d+: op.execute") as caught:
            little_shop.migrate.amend()

        assert caught.value.names == ("a1",)
        done = little_shop.migrate.amend(confirm=["a1"])

    assert "-    op.execute" in done.difference
    assert len(done.reverted) == 1
    assert done.to_dict()["written"]["revisions"][0]["revision"] == "a1"


@pytest.mark.parametrize(
    ("answers", "code"), [("a1\n{name}\n", 0), ("a1\nno\n", 2), ("no\n", 2)]
)
def test_a_person_is_asked(
    little_shop: Project, monkeypatch: pytest.MonkeyPatch, answers: str, code: int
) -> None:
    """At a terminal each consent is asked for once, the second after the first."""
    path = little_shop.versions / "a1_users.py"
    path.write_text(f"{path.read_text()}\n\nSIZE = 3\n")

    with find_engine(little_shop).begin() as connection:
        connection.execute(sa.text("INSERT INTO users (id) VALUES (1)"))

    with little_shop.app.app_context():
        name = little_shop.migrate.name_database()[0]

    add_column(little_shop, "name")
    before = read_versions(little_shop)
    master, slave = pty.openpty()
    os.write(master, answers.format(name=name).encode())

    with os.fdopen(slave) as terminal, monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", terminal)
        info: t.Any = ScriptInfo(create_app=lambda: little_shop.app)

        with pytest.raises(SystemExit) as caught:
            little_shop.app.cli.main(["db", "amend"], obj=info)

    os.close(master)
    assert caught.value.code == code
    assert (read_versions(little_shop) == before) is (code == 2)


def test_several_databases(tmp_path: pathlib.Path) -> None:
    """It is taken back only where it is applied, and the template is no handwork."""
    engines = {
        key: sa.create_engine(
            f"sqlite:///{tmp_path / f'{key}.db'}", poolclass=sa.NullPool
        )
        for key in ("one", "two")
    }
    metadatas = {key: sa.MetaData() for key in engines}

    for key, metadata in metadatas.items():
        sa.Table(f"t_{key}", metadata, sa.Column("id", sa.Integer))

    shop = make_project(
        tmp_path, template="flask-multidb", engines=engines, metadatas=metadatas
    )
    shop.run_well("migrate", "--rev-id", "a1")
    shop.run_well("upgrade")
    shop.run_well("rollback", "--bind", "two")
    sa.Table("more", metadatas["two"], sa.Column("id", sa.Integer))

    with shop.app.app_context():
        done = shop.migrate.amend(message="more")

    assert [pathlib.Path(name).name for name in done.reverted] == ["one.db"]
    shop.run_well("upgrade")
    assert list_tables(engines["two"]) >= {"t_two", "more"}
    assert "more" not in list_tables(engines["one"])

    for engine in engines.values():
        engine.dispose()


def test_what_is_not_the_newest(tmp_path: pathlib.Path) -> None:
    """A revision that another one needs, a merge and two heads are refused."""
    shop = make_shop(
        tmp_path, None, make_table(1), make_table(2), make_table(3, down="a1")
    )
    assert "a2, a3 needs it" in shop.run("amend", "a1").stderr
    result = shop.run("amend")
    assert result.exit_code == 3
    assert "a2" in result.stderr
    assert "a3" in result.stderr
    shop.run_well("merge", "--rev-id", "a4")

    with shop.app.app_context(), pytest.raises(MigrationError, match="joins several"):
        shop.migrate.amend()


def test_one_of_two_heads(tmp_path: pathlib.Path) -> None:
    """The revision keeps its label, its parent and what it depends on."""
    metadata = sa.MetaData()
    sa.Table("extra", metadata, sa.Column("id", sa.Integer))
    for number in (1, 2, 3):
        sa.Table(f"t{number}", metadata, sa.Column("id", sa.Integer))

    shop = make_shop(
        tmp_path,
        None,
        make_table(1),
        make_table(2),
        make_table(3, revision="b2", down="a1", labels=("shop",), depends_on="a2"),
        metadata=metadata,
    )
    shop.run_well("upgrade", "heads")
    shop.run_well("amend", "shop@head")
    [path] = shop.versions.glob("b2_*.py")
    text = path.read_text()
    assert "down_revision = 'a1'" in text
    assert "branch_labels = ('shop',)" in text
    assert "depends_on = 'a2'" in text
    assert "op.create_table('extra'" in text
    assert "op.create_table('t3'" in text
    shop.run_well("upgrade", "heads")
    shop.run_well("check")


def test_what_the_comparison_asks(tmp_path: pathlib.Path) -> None:
    """A rename in the revision is asked about again, and the same flag answers it."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}", poolclass=sa.NullPool)
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("users", metadata, key, sa.Column("full_name", sa.String(20)))
    first = RevisionFile(
        revision="a1",
        upgrade="op.create_table('users', sa.Column('id', sa.Integer,"
        " primary_key=True), sa.Column('name', sa.String(20)))",
    )
    shop = make_shop(tmp_path, engine.url, first, metadata=metadata)
    flag = ("--rename", "users.name:full_name")
    shop.run_well("migrate", "--rev-id", "a2", "-m", "x", *flag)
    before = (shop.versions / "a2_x.py").read_text()
    refused = shop.run("amend", "-m", "x")
    assert refused.exit_code == 2
    assert "--rename users.name:full_name" in refused.stderr
    assert (shop.versions / "a2_x.py").read_text() == before
    assert "Proven" in shop.run_well("amend", "-m", "x", *flag).stderr
    assert "new_column_name='full_name'" in (shop.versions / "a2_x.py").read_text()
