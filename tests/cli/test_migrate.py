"""migrate: what the written file is called, says and needs, and what is asked first."""

from __future__ import annotations

import os
import pathlib
import pty
import re
import subprocess
import sys
import textwrap
import typing as t

import pytest
import sqlalchemy as sa

from flask_migrate import migrate
from flask_migrate.errors import FillUnanswered
from tests.support.projects import make_project
from tests.support.projects import Project

TYPES = """
import enum
import sqlalchemy as sa

class Money(sa.types.UserDefinedType):
    cache_ok = True
    def __init__(self, digits=2):
        self.digits = digits
    def get_col_spec(self):
        return "NUMERIC(10, %d)" % self.digits

class Shop:
    class Code(sa.TypeDecorator):
        impl = sa.String(5)
        cache_ok = True

class Handle:
    pass

class Opaque(sa.TypeDecorator):
    impl = sa.String(7)
    cache_ok = True
    def __init__(self, handle=None):
        super().__init__()
        self.handle = handle or Handle()

class Secret(sa.types.UserDefinedType):
    def __init__(self, handle=None):
        self.handle = handle or Handle()

def make_local():
    class Local(sa.TypeDecorator):
        impl = sa.Integer
        cache_ok = True
    return Local()
"""


class Shop(t.NamedTuple):
    """A project and its models, which a test changes."""

    project: Project
    metadata: sa.MetaData
    engine: sa.Engine

    def add_table(self, name: str, *columns: sa.Column[t.Any]) -> None:
        """Define a table anew."""
        if (old := self.metadata.tables.get(name)) is not None:
            self.metadata.remove(old)

        key = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table(name, self.metadata, key, *columns)

    def read_newest(self) -> str:
        """Return the text of the file that was written last."""
        paths = sorted(self.project.versions.glob("*.py"))
        return max(paths, key=lambda path: path.stat().st_mtime_ns).read_text()

    def count_files(self) -> int:
        """Return how many revisions there are."""
        return len(list(self.project.versions.glob("*.py")))


@pytest.fixture
def shop(tmp_path: pathlib.Path) -> t.Iterator[Shop]:
    """An application on SQLite with a new repository and one table, ``users``."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    metadata = sa.MetaData()
    project = make_project(tmp_path, engines=engine, metadatas=metadata)
    made = Shop(project, metadata, engine)
    made.add_table("users")
    project.run_well("migrate", "-m", "first")
    project.run_well("upgrade")
    yield made
    engine.dispose()


def add_user(shop: Shop) -> None:
    """Put one row into the table."""
    with shop.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO users (id) VALUES (1)")


@pytest.fixture
def types(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[t.Any]:
    """A module of an application with types of its own."""
    (tmp_path / "shop_types.py").write_text(TYPES)
    monkeypatch.syspath_prepend(tmp_path)
    import shop_types  # type: ignore[import-not-found]

    yield shop_types
    sys.modules.pop("shop_types")


def test_names(shop: Shop) -> None:
    """Files of a new repository begin with the time, and say what they do."""
    shop.add_table("users", sa.Column("email", sa.String(9)))
    shop.add_table("posts")
    shop.project.run_well("migrate")
    names = {path.name for path in shop.project.versions.glob("*.py")}
    start = re.compile(r"\d{4}_\d\d_\d\d_\d{6}_[0-9a-f]{12}_")
    assert {start.sub("", name) for name in names} == {
        "first.py",
        "create_posts_add_email_to_users.py",
    }
    assert shop.read_newest().startswith('"""create posts, add email to users\n')


@pytest.mark.parametrize("template", ["flask", "flask-multidb", "aioflask"])
def test_templates(tmp_path: pathlib.Path, template: str) -> None:
    """Every template names the files by time; a message of one's own is kept."""
    project = make_project(
        tmp_path, template=template, engines=sa.create_engine("sqlite://")
    )
    project.run_well("revision", "-m", "by hand")
    (path,) = project.versions.glob("*.py")
    assert re.fullmatch(r"\d{4}_\d\d_\d\d_\d{6}_[0-9a-f]{12}_by_hand\.py", path.name)


def test_destructive(shop: Shop) -> None:
    """What loses rows is marked in both functions, and counted in the output."""
    shop.add_table("users", sa.Column("name", sa.String(9)))
    shop.project.run_well("migrate", "-m", "name")
    text = shop.read_newest()
    assert (
        "# destructive: drops users.name and its values\n" in text.split("downgrade")[1]
    )
    assert "destructive" not in text.split("def downgrade")[0]
    shop.project.run_well("upgrade")

    with shop.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO users (name) VALUES ('Ann'), (NULL)")

    shop.metadata.clear()
    shop.add_table("users")
    result = shop.project.run_well("migrate")
    assert "Destructive: drops users.name: 1 row has a value.\n" in result.stderr
    assert "Destructive" not in result.stdout
    up, down = shop.read_newest().split("def downgrade")
    mark = "        # destructive: drops users.name and its values\n"
    assert f"{mark}        batch_op.drop_column('name')\n" in up
    assert "destructive" not in down


def test_unanswered(shop: Shop) -> None:
    """A question that nobody answers is exit 2 with its flags, and writes nothing."""
    add_user(shop)
    title = sa.Column("title", sa.String(9), nullable=False, default="it's")
    shop.add_table("users", title)
    result = shop.project.run("migrate")
    assert result.exit_code == 2
    assert "1 row of users has no value for it.\nNothing was written." in result.stderr
    assert "--fill \"users.title=@default\"  the model's: 'it''s'" in result.stderr
    assert shop.count_files() == 1

    shop.project.run_well("migrate", "--fill", "users.title=@default")
    shop.project.run_well("upgrade")
    shop.project.run_well("check")
    shop.project.run_well("downgrade")
    shop.project.run_well("upgrade")

    with shop.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT title FROM users")) == "it's"


def test_python(shop: Shop) -> None:
    """A function raises the question as an error, and takes the answer."""
    add_user(shop)
    shop.add_table("users", sa.Column("title", sa.Text, nullable=False))

    with shop.project.app.app_context():
        with pytest.raises(FillUnanswered) as caught:
            migrate()

        assert caught.value.names == ("users.title",)
        assert shop.count_files() == 1
        written = migrate(fills={"users.title": "''"})

    assert written is not None
    assert written.message == "add title to users"


def test_check_asks_nothing(shop: Shop) -> None:
    """`check` reports the difference, and no question."""
    add_user(shop)
    shop.add_table("users", sa.Column("title", sa.Text, nullable=False))
    result = shop.project.run("check")
    assert result.exit_code == 1
    assert "add column users.title" in result.stderr


def test_later(shop: Shop) -> None:
    """@later writes the two steps that are left into the file."""
    add_user(shop)
    shop.add_table("users", sa.Column("title", sa.Text, nullable=False))
    result = shop.project.run_well("migrate", "--fill", "users.title=@later")
    assert "users.title stays nullable for now." in result.stderr
    assert "# 1. give every row a value: UPDATE" in shop.read_newest()
    shop.project.run_well("upgrade")
    # It is asked again, now for a column that stands.
    assert "users.title now may not be NULL" in shop.project.run("migrate").stderr
    result = shop.project.run_well("migrate", "--fill", "users.title=@later")
    assert "users.title stays nullable for now." in result.stderr
    assert shop.count_files() == 2


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("users.titel=''", "--fill users.titel: no such column"),
        ("users.title=@default", "The model has no default for users.title"),
        ("title=''", "expected TABLE.COLUMN=SQL"),
        ("users.title", "expected TABLE.COLUMN=SQL"),
    ],
)
def test_wrong_fill(shop: Shop, value: str, says: str) -> None:
    """An answer to no question is refused, and nothing is written."""
    shop.add_table("users", sa.Column("title", sa.Text, nullable=False))
    result = shop.project.run("migrate", "--fill", value)
    assert result.exit_code == 2
    assert says in result.stderr
    assert shop.project.run("revision", "--fill", value).exit_code == 2
    assert shop.count_files() == 1


APP = """
import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate

app = Flask("shop")
metadata = sa.MetaData()
key = sa.Column("id", sa.Integer, primary_key=True)
title = sa.Column("title", sa.Text, nullable=False, default="new")
sa.Table("users", metadata, key, title)
Migrate(app, engines=sa.create_engine("sqlite:///shop.db"), metadatas=metadata)
"""


@pytest.mark.parametrize(
    ("typed", "code", "expected"),
    [
        ("1\n", 0, "server_default=sa.text(\"'new'\")"),
        ("2\n'x'\n", 0, "server_default=sa.text(\"'x'\")"),
        ("3\n", 0, "nullable=True"),
        ("9\n4\n", 2, ""),
    ],
)
def test_terminal(
    shop: Shop, tmp_path: pathlib.Path, typed: str, code: int, expected: str
) -> None:
    """At a terminal the question is asked, and stopping is one of the answers."""
    add_user(shop)
    (tmp_path / "app.py").write_text(APP)
    master, slave = pty.openpty()

    with os.fdopen(master, "wb", buffering=0) as terminal:
        terminal.write(typed.encode())
        result = subprocess.run(
            [sys.executable, "-m", "flask", "db", "migrate", "-m", "new"],
            cwd=tmp_path,
            stdin=slave,
            capture_output=True,
            text=True,
        )
        os.close(slave)

    assert result.returncode == code, result.stderr
    assert "1  the model's default: 'new'" in result.stderr
    assert expected in shop.read_newest()
    assert shop.count_files() == (1 if code else 2)


def test_imports(shop: Shop, types: t.Any) -> None:
    """Types of the application are imported in the file, which plainly runs."""
    shop.add_table(
        "prices", sa.Column("a", types.Money(3)), sa.Column("b", types.Shop.Code())
    )
    result = shop.project.run_well("migrate")
    text = shop.read_newest()
    assert "import shop_types\n" in text
    assert "shop_types.Money(digits=3)" in text
    assert "shop_types.Shop.Code(length=5)" in text
    assert "cannot be written" not in result.stderr
    shop.project.run_well("upgrade")
    shop.project.run_well("downgrade")
    shop.project.run_well("upgrade")


def test_types_without_a_name(shop: Shop, types: t.Any) -> None:
    """What cannot be written by its name is written as what it is made of, and said."""
    shop.add_table(
        "prices", sa.Column("a", types.Opaque()), sa.Column("b", types.make_local())
    )
    result = shop.project.run_well("migrate")
    text = shop.read_newest()
    assert "sa.Column('a', sa.String(length=7)" in text
    assert "sa.Column('b', sa.Integer()" in text
    assert "# The type shop_types.Opaque cannot be written by its name" in text
    assert "shop_types.make_local.<locals>.Local" in result.stderr
    shop.project.run_well("upgrade")


def test_type_that_nothing_stands_for(shop: Shop, types: t.Any) -> None:
    """A type that no text makes leaves a file that loads, and a note what to put in."""
    shop.add_table("prices", sa.Column("a", types.Secret()))
    result = shop.project.run_well("migrate", "--no-verify")
    assert "sa.Column('a', sa.types.NullType()" in shop.read_newest()
    assert (
        "put it in the place of sa.types.NullType(), and add its import"
        in result.stderr
    )


def test_hooks_of_the_user(tmp_path: pathlib.Path, types: t.Any) -> None:
    """The user's render_item comes first; a prefix that nothing defines is said."""

    def render(kind: str, item: t.Any, context: t.Any) -> t.Any:
        return "sa.Numeric(9, 1)" if isinstance(item, types.Money) else False

    metadata = sa.MetaData()
    columns = (sa.Column("a", types.Money()), sa.Column("b", types.Shop.Code()))
    sa.Table("prices", metadata, *columns, sa.Column("c", types.Opaque()))
    project = make_project(
        tmp_path,
        engines=sa.create_engine("sqlite://"),
        metadatas=metadata,
        render_item=render,
        user_module_prefix="kinds.",
    )
    result = project.run_well("migrate", "--no-verify")
    (path,) = project.versions.glob("*.py")
    assert "sa.Column('a', sa.Numeric(9, 1)" in path.read_text()
    assert "sa.Column('b', kinds.Code(length=5)" in path.read_text()
    assert "sa.Column('c', sa.String(length=7)" in path.read_text()
    assert "uses the name kinds, which nothing in it defines" in result.stderr


def test_plugins_off(tmp_path: pathlib.Path, types: t.Any) -> None:
    """Each can be switched off: then it is Alembic's own file."""
    metadata = sa.MetaData()
    sa.Table("prices", metadata, sa.Column("a", types.Money()))
    project = make_project(
        tmp_path,
        engines=sa.create_engine("sqlite://"),
        metadatas=metadata,
        autogenerate_plugins=["~flask_migrate.imports"],
    )
    result = project.run_well("migrate", "--no-verify")
    (path,) = project.versions.glob("*.py")
    assert "import shop_types" not in path.read_text()
    assert "uses the name shop_types" in result.stderr
    path.unlink()
    refused = project.run("migrate")
    assert refused.exit_code == 1
    assert "uses the name shop_types, which nothing in it defines" in refused.stderr
    assert list(project.versions.glob("*.py")) == []


def test_hostile_names(shop: Shop) -> None:
    """A name that holds a line of code stays a name in comments and messages."""
    name = 'a\n    raise SystemExit("""x""")\n#'
    shop.add_table("users", sa.Column(name, sa.Text, nullable=False))
    add_user(shop)
    shop.project.run_well("migrate", "--fill", f"users.{name.replace(chr(10), '?')}=''")
    shop.project.run_well("upgrade")
    shop.project.run_well("downgrade")
    text = textwrap.dedent(shop.read_newest())
    assert "# destructive: drops users.a?    raise" in text
