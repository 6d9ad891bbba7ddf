"""Extensions of autogenerate that others keep: they work as they do with Alembic."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

APP = """
import os
import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate

app = Flask(__name__)
engine = sa.create_engine(os.environ["SHOP"], poolclass=sa.NullPool)
metadata = sa.MetaData()
migrate = Migrate(app, engines=engine, metadatas=metadata)
users = sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""
VIEW = """
from alembic_utils.pg_view import PGView
from alembic_utils.replaceable_entity import register_entities

register_entities([PGView("public", "ids", "SELECT id FROM users")])
"""
ENUM = """
import alembic_postgresql_enum

users.append_column(sa.Column("mood", sa.Enum("sad", "ok", name="mood")))
"""


class Shop:
    """An application in a process of its own: what it registers stays there."""

    def __init__(self, folder: pathlib.Path, url: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "SHOP": url, "FLASK_APP": "app.py"}

    def write(self, *parts: str) -> None:
        """Write the application."""
        (self.folder / "app.py").write_text(textwrap.dedent("".join(parts)))

    def run(self, *words: str) -> str:
        """Run `flask db`, and return what it says."""
        result = subprocess.run(
            [sys.executable, "-m", "flask", "db", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout + result.stderr

    def read(self, name: str) -> str:
        """Return the text of a revision."""
        (path,) = (self.folder / "migrations/versions").glob(f"*{name}.py")
        return path.read_text()


@pytest.mark.backends("postgresql")
def test_views(database_url: str, tmp_path: pathlib.Path) -> None:
    """alembic-utils writes its views, and they are proven like everything else."""
    shop = Shop(tmp_path, database_url)
    shop.write(APP)
    shop.run("init")
    shop.run("migrate", "-m", "users")
    shop.write(APP, VIEW)
    assert "Proven" in shop.run("migrate", "-m", "view")
    assert "op.create_entity(public_ids)" in shop.read("view")
    shop.run("upgrade")
    assert "No new upgrade operations" in shop.run("check")


@pytest.mark.backends("postgresql")
def test_enums(database_url: str, tmp_path: pathlib.Path) -> None:
    """Where alembic-postgresql-enum is imported, it looks after the enums."""
    shop = Shop(tmp_path, database_url)
    shop.write(APP)
    shop.run("init")
    shop.run("migrate", "-m", "users")
    shop.write(APP, ENUM)
    assert "Proven" in shop.run("migrate", "-m", "mood")
    assert "name='mood').create(op.get_bind())" in shop.read("mood")
    assert "CREATE TYPE" not in shop.read("mood")
    shop.run("upgrade")
    assert "No new upgrade operations" in shop.run("check")
