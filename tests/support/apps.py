"""Repositories written as data, and applications for a URL: nothing runs to make them.

`three_tables` is the history that most tests start from: a1, a2 and a3 each make one
table.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import textwrap
import typing as t

import sqlalchemy as sa
from flask import Flask

import flask_migrate
from flask_migrate import Migrate
from tests.support.projects import forget_time
from tests.support.projects import Project

TEMPLATES = pathlib.Path(flask_migrate.__file__).parent / "templates"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RevisionFile:
    """One revision file, before it is written.

    :param revision: its id.
    :param down: what it follows.
    :param upgrade: the body of its function, in any indentation.
    :param downgrade: the same, back.
    :param header: code above the functions.
    :param depends_on: what it also needs.
    :param labels: the names of its branch.
    :param message: the first line of its docstring; its id otherwise.
    """

    revision: str
    down: str | tuple[str, ...] | None = None
    upgrade: str = "pass"
    downgrade: str = "pass"
    header: str = ""
    depends_on: str | tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    message: str | None = None

    @property
    def text(self) -> str:
        """The file, as Python."""
        parts = [
            f'"""{self.message or self.revision}"""',
            "from alembic import op",
            "import sqlalchemy as sa",
            f"revision = {self.revision!r}",
            f"down_revision = {self.down!r}",
            f"branch_labels = {self.labels!r}",
            f"depends_on = {self.depends_on!r}",
            self.header,
            f"def upgrade():\n{_indent(self.upgrade)}",
            f"def downgrade():\n{_indent(self.downgrade)}",
        ]
        return "\n".join(parts) + "\n"


def _indent(body: str) -> str:
    return textwrap.indent(textwrap.dedent(body).strip(), "    ")


def make_table(number: int | str, **options: t.Any) -> RevisionFile:
    """Return a revision that makes one table, and drops it on the way back.

    :param number: 2 makes table t2 in revision a2, which follows a1.
    :param options: what is to be otherwise.
    """
    defaults: dict[str, t.Any] = {
        "revision": f"a{number}",
        "down": f"a{int(number) - 1}" if str(number) > "1" else None,
        "upgrade": f"op.create_table('t{number}', sa.Column('id', sa.Integer))",
        "downgrade": f"op.drop_table('t{number}')",
    }
    return RevisionFile(**{**defaults, **options})


def three_tables() -> tuple[RevisionFile, ...]:
    """Return the history a1, a2, a3."""
    return tuple(make_table(number) for number in (1, 2, 3))


def write_repository(
    folder: pathlib.Path, *revisions: RevisionFile, template: str = "flask"
) -> pathlib.Path:
    """Write a repository as `flask db init` makes it, with revisions in it.

    Only its files are named without the time, as those of older repositories.

    :param folder: the folder of the repository, which is made.
    :param revisions: each is written to ``<id>_.py``.
    :param template: the folder of one of the package's templates.
    :returns: the folder of the revisions.
    """
    versions = folder / "versions"
    versions.mkdir(parents=True)
    for name, target in (
        ("env.py", "env.py"),
        ("script.py.mako", "script.py.mako"),
        ("alembic.ini.mako", "alembic.ini"),
    ):
        shutil.copyfile(TEMPLATES / template / name, folder / target)

    forget_time(folder)

    for revision in revisions:
        (versions / f"{revision.revision}_.py").write_text(revision.text, "utf-8")

    return versions


def make_app(
    url: str | sa.URL,
    *,
    directory: pathlib.Path,
    metadata: sa.MetaData | None = None,
    config: t.Mapping[str, t.Any] | None = None,
    **options: t.Any,
) -> tuple[Flask, Migrate]:
    """Make an application whose only database is at a URL.

    No connection stays open between two commands.

    :param directory: the folder of its repository.
    :param metadata: its models; none otherwise.
    :param config: for ``app.config``.
    :param options: for ``Migrate``.
    """
    app = Flask("shop")
    app.config.update(config or {})
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    models = sa.MetaData() if metadata is None else metadata
    return app, Migrate(
        app, directory=directory, engines=engine, metadatas=models, **options
    )


def make_shop(
    folder: pathlib.Path,
    url: str | sa.URL | None = None,
    *revisions: RevisionFile,
    template: str = "flask",
    **options: t.Any,
) -> Project:
    """Make an application and its repository, in no time.

    :param folder: an empty folder.
    :param url: its database; the SQLite file ``shop.db`` in the folder otherwise.
    :param revisions: a1, a2 and a3 otherwise.
    :param template: of the repository.
    :param options: as `make_app`.
    """
    directory = folder / "migrations"
    write_repository(directory, *(revisions or three_tables()), template=template)
    app, migrate = make_app(
        url or f"sqlite:///{folder / 'shop.db'}", directory=directory, **options
    )
    return Project(app=app, migrate=migrate, folder=directory)
