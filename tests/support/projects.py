"""A small project for a test: an application, its databases, a repository."""

from __future__ import annotations

import dataclasses
import pathlib
import textwrap
import typing as t

import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from flask_migrate import Migrate
from tests.support.tables import list_tables


@dataclasses.dataclass(kw_only=True)
class Project:
    """An application with a ``Migrate``, and a folder to work in.

    :param app: the application.
    :param migrate: its extension.
    :param folder: where its repository is.
    """

    app: Flask
    migrate: Migrate
    folder: pathlib.Path

    @property
    def versions(self) -> pathlib.Path:
        """The folder of revision files."""
        return self.folder / "versions"

    def run(self, *words: str) -> Result:
        """Run ``flask db`` with some words."""
        return self.app.test_cli_runner().invoke(args=["db", *words])

    def run_well(self, *words: str) -> Result:
        """Run ``flask db`` and expect it to succeed."""
        result = self.run(*words)
        assert result.exit_code == 0, (result.output, result.exception)
        return result

    def write_revision(
        self,
        revision: str,
        *,
        down: str | None = None,
        upgrade: str = "pass",
        downgrade: str = "pass",
        header: str = "",
    ) -> pathlib.Path:
        """Write a revision file by hand.

        :param upgrade: the body of its function, in any indentation.
        :param header: code above the functions.
        """
        parts = [
            f'"""{revision}"""',
            "from alembic import op",
            "import sqlalchemy as sa",
            f"revision = {revision!r}",
            f"down_revision = {down!r}",
            header,
            f"def upgrade():\n{_indent(upgrade)}",
            f"def downgrade():\n{_indent(downgrade)}",
        ]
        self.versions.mkdir(parents=True, exist_ok=True)
        path = self.versions / f"{revision}.py"
        path.write_text("\n".join(parts) + "\n")
        return path


def forget_time(directory: pathlib.Path) -> None:
    """Let a repository name its files without the time, which is always another."""
    ini = directory / "alembic.ini"
    text = ini.read_text("utf-8").replace("\nfile_template = ", "\n# file_template = ")
    ini.write_text(text, "utf-8")


def _indent(body: str) -> str:
    return textwrap.indent(textwrap.dedent(body).strip(), "    ")


def make_project(
    folder: pathlib.Path,
    *,
    init: bool = True,
    template: str = "flask",
    **options: t.Any,
) -> Project:
    """Make an application with a repository.

    :param folder: an empty folder.
    :param init: make the repository too.
    :param template: of the repository.
    :param options: for ``Migrate``: ``db``, ``engines``, ``metadatas`` ...
    """
    app = Flask("shop")
    directory = folder / "migrations"
    migrate = Migrate(app, directory=directory, **options)
    project = Project(app=app, migrate=migrate, folder=directory)

    if init:
        project.run_well("init", "-t", template)

    return project


def read_schema(url: str | sa.URL) -> dict[str, t.Any]:
    """Return the tables of a database with their columns, indexes and keys."""
    engine = sa.create_engine(url)
    inspector = sa.inspect(engine)
    schema = {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"])
                for column in inspector.get_columns(table)
            },
            "indexes": sorted(
                (str(index["name"]), tuple(index["column_names"]), index["unique"])
                for index in inspector.get_indexes(table)
            ),
            "keys": sorted(
                (tuple(key["constrained_columns"]), key["referred_table"])
                for key in inspector.get_foreign_keys(table)
            ),
        }
        for table in list_tables(engine) - {"alembic_version"}
    }
    engine.dispose()
    return schema
