"""Names and texts that a database or a model holds never become code in a file."""

from __future__ import annotations

import ast
import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from tests.faults.rows import check_answer
from tests.faults.rows import observe
from tests.support.apps import make_app
from tests.support.apps import make_shop
from tests.support.apps import RevisionFile
from tests.support.apps import write_repository
from tests.support.projects import Project
from tests.support.servers import Backend
from tests.support.tables import list_tables

MARK = "OWNED"
CODE = f"open({MARK!r}, 'w').close()"
TEXTS = {
    "single quote": f"x'); {CODE} #",
    "double quote": f'x"); {CODE} #',
    "docstring quotes": f'"""\n{CODE}\n"""',
    "line break": f"x\n{CODE}\n",
    "template": f"${{{CODE}}} <% {CODE} %>",
    "backslash": "x\\",
    "percent": "100%s %(x)s %",
    "braces": "{x!r} {0}",
}
FIRST = RevisionFile(revision="a1", down=None)


def make_models(text: str, backend: Backend) -> sa.MetaData:
    """Return models with a text in every place that takes one."""
    # MariaDB allows no blank at the end of a name, and 64 characters.
    name = text.strip()[:40]
    values = [text[:30], "b"]
    metadata = sa.MetaData()
    has_comments = "comments" in backend.capabilities
    comments: dict[str, t.Any] = {"comment": text} if has_comments else {}
    sa.Table(
        f"t {name}",
        metadata,
        # A serial would bring a sequence, whose name PostgreSQL cannot find again.
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column(f"c {name}", sa.String(50), **comments),
        sa.Column("d", sa.String(200), server_default=text),
        sa.Column("e", sa.Enum(*values, name="kind")),
        sa.Index(f"i {name}", "d", **LENGTH.get(backend.name, {})),
        **comments,
    )
    return metadata


LENGTH: dict[str, dict[str, t.Any]] = {"mariadb": {"mysql_length": 50}}


@pytest.mark.filterwarnings("ignore:Unknown (schema content|column definition)")
@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_models(
    database_url: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    backend: Backend,
    text: str,
) -> None:
    """What models are called is written as text, and made as it is called."""
    monkeypatch.chdir(tmp_path)
    metadata = make_models(text, backend)
    shop = make_shop(tmp_path, database_url, FIRST, metadata=metadata)
    shop.run_well("upgrade")
    result = shop.run("migrate", "-m", "x", "--rev-id", "new")
    assert result.exit_code == 0, (result.output, result.exception)
    ast.parse((shop.versions / "new_x.py").read_bytes())
    shop.run_well("upgrade")
    shop.run_well("downgrade")
    assert not (tmp_path / MARK).exists()


# SQLAlchemy cannot read a line break in a name back from MariaDB.
@pytest.mark.filterwarnings("ignore:Unknown (schema content|column definition)")
@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_reflected(
    database_url: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    backend: Backend,
    text: str,
) -> None:
    """What stands in a database is written as text into the way back."""
    monkeypatch.chdir(tmp_path)
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    make_models(text, backend).create_all(engine)
    shop = make_shop(tmp_path, database_url, FIRST)
    shop.run_well("upgrade")
    words = ("--against", "database", "--allow-mass-drop")
    result = shop.run("migrate", "-m", "x", "--rev-id", "new", *words)
    assert result.exit_code == 0, (result.output, result.exception)
    content = (shop.versions / "new_x.py").read_bytes()
    ast.parse(content)
    assert b"drop_table" in content
    shop.run_well("upgrade")
    assert not (tmp_path / MARK).exists()


KEYS = {
    "dash": "my-db",
    "keyword": "class",
    "digit": "2024",
    "blank": "a b",
    "code": f"x():\n    {CODE}\ndef y",
    "quote": "a'b",
    "docstring quotes": 'a"""b',
    "template": f"${{{CODE}}}",
    "path": "../evil",
    "percent": "a%sb",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_bind_key(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """A bind key that is no name of Python works, and is never code or a path."""
    # A path that climbs would end in a folder that no other test uses.
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    directory = folder / "migrations"
    write_repository(directory, template="flask-multidb")
    engines, metadatas = {}, {}
    for number, name in enumerate(("", key)):
        path = tmp_path / f"{number}.db"
        engines[name] = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
        metadatas[name] = sa.MetaData()
        sa.Table(f"t{number}", metadatas[name], sa.Column("id", sa.Integer))

    app, migrate = make_app("sqlite://", directory=directory)
    migrate.init_app(app, directory=directory, engines=engines, metadatas=metadatas)
    shop = Project(app=app, migrate=migrate, folder=directory)
    shop.run_well("migrate", "-m", "x", "--rev-id", "new")
    ast.parse((shop.versions / "new_x.py").read_bytes())
    shop.run_well("upgrade")
    for number in range(2):
        tables = list_tables(engines[("", key)[number]])
        assert tables == {"alembic_version", f"t{number}"}

    shop.run_well("upgrade", "--sql", "base:head")
    shop.run_well("downgrade")
    assert not list(tmp_path.rglob("*evil*"))
    assert not list(tmp_path.rglob(MARK))


OLD_TEMPLATE = """\
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
% for name, _ in databases:
def upgrade_${name}():
    pass
% endfor
"""


def test_bind_key_in_an_old_template(tmp_path: pathlib.Path) -> None:
    """Where a template makes a name of the key, the file is refused, not written."""
    directory = tmp_path / "migrations"
    write_repository(directory, template="flask-multidb")
    (directory / "script.py.mako").write_text(OLD_TEMPLATE)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/x.db", poolclass=sa.NullPool)
    app, migrate = make_app("sqlite://", directory=directory)
    migrate.init_app(
        app,
        directory=directory,
        engines={"my-db": engine},
        metadatas={"my-db": sa.MetaData()},
    )
    shop = Project(app=app, migrate=migrate, folder=directory)
    before = observe(shop)
    check_answer(
        shop.run("revision", "-m", "x"),
        exit_code=1,
        says=("not valid Python", "upgrade_my-db", "bind key", "script.py.mako"),
    )
    assert observe(shop) == before
