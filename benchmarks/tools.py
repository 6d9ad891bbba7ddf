"""The tools that are measured side by side: what each is, and what its users type."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import json
import pathlib
import subprocess
import sys
import textwrap

from tests.compat.environments import ENVIRONMENT
from tests.compat.environments import ORIGINAL_PYTHON
from tests.compat.environments import OUR_PYTHON
from tests.compat.environments import ROOT
from tests.support.generated import write_files

from benchmarks.figures import Spent
from benchmarks.rivals import RUN
from benchmarks.schemas import Change
from benchmarks.schemas import write_django_migration
from benchmarks.schemas import write_django_models
from benchmarks.schemas import write_models

RIVALS_PYTHON = ROOT / ".venvs" / "rivals" / "bin" / "python"
"""Has Flask-Alembic and Django; `scripts/rival-environment` makes it."""

LAUNCH = pathlib.Path(__file__).with_name("launch.py")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool for Flask, on Alembic.

    :param name: for the tables.
    :param python: the interpreter that has it.
    :param words: what a user types, by what is measured. What the tool does not have is
        left out.
    :param setup: what an application writes to use it.
    :param versions: the folder of its revisions.
    :param maker: the tool that makes its repository, where it is another one.
    :param path: for ``PYTHONPATH``.
    :param edit: what is added to its ``env.py``.
    """

    name: str
    python: pathlib.Path
    words: cabc.Mapping[str, str]
    setup: str = ""
    versions: str = "migrations/versions"
    maker: Tool | None = None
    path: str = ""
    edit: str = ""

    code = RUN

    def write(self, folder: pathlib.Path, *, tables: int) -> None:
        """Write an application with a number of models, and an empty repository."""
        folder.mkdir()
        (folder / "database.py").write_text(_DATABASE, "utf-8")
        (folder / "models.py").write_text(write_models(tables), "utf-8")
        (folder / "app.py").write_text(_APPLICATION.format(setup=self.setup), "utf-8")
        maker = self.maker or self

        if "init" in maker.words:
            maker.run(folder, "init", url="sqlite://")

        if self.edit:
            env = folder / "migrations" / "env.py"
            env.write_text(f"{env.read_text('utf-8')}\n{self.edit}\n", "utf-8")

    def write_changes(
        self, folder: pathlib.Path, changes: cabc.Iterable[Change]
    ) -> None:
        """Write revisions into the repository."""
        write_files(folder / self.versions, [one.file for one in changes])

    def run(self, folder: pathlib.Path, command: str, *, url: str) -> Spent:
        """Run one of the commands, in a process of its own."""
        program = [str(self.python), "-c", self.code, *self.words[command].split()]

        with (folder / "output").open("w+b") as output:
            done = subprocess.run(
                [sys.executable, "-I", "-S", str(LAUNCH), *program],
                cwd=folder,
                env={**ENVIRONMENT, **self.make_environment(command, url=url)},
                stdout=subprocess.PIPE,
                stderr=output,
                check=True,
            )
            output.seek(0)
            said = output.read().decode("utf-8", "replace")

        cpu, wall, memory, code = map(float, done.stdout.split())
        assert not code, f"{self.name}, {command}: {said[-4000:]}"
        return Spent(
            round(cpu * 1000, 1), round(wall * 1000, 1), round(memory / 1024, 1)
        )

    def make_environment(self, command: str, *, url: str) -> dict[str, str]:
        """Return what its processes see."""
        bare = {"BARE": "1"} if command == "floor" else {}
        return {
            "FLASK_APP": "app",
            "DATABASE_URL": url,
            "PYTHONPATH": self.path,
            **bare,
        }

    def find_versions(self, packages: cabc.Iterable[str]) -> dict[str, str]:
        """Return the versions of those packages that its Python has."""
        code = (
            "import importlib.metadata as m, json, platform\n"
            "have = {one.name: one.version for one in m.distributions()}\n"
            "print(json.dumps({'Python': platform.python_version(), **have}))"
        )
        found = json.loads(subprocess.check_output([self.python, "-c", code]))
        return {one: found[one] for one in packages if one in found}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Django(Tool):
    """Django, whose applications are of another kind."""

    versions: str = "shop/migrations"

    code = (
        "import sys; from django.core.management import execute_from_command_line;"
        "execute_from_command_line(['manage.py', *sys.argv[1:]])"
    )

    def write(self, folder: pathlib.Path, *, tables: int) -> None:
        """Write a project with one application, and a command that does nothing."""
        files = {
            "settings.py": _SETTINGS,
            "shop/__init__.py": "",
            "shop/models.py": write_django_models(tables),
            "shop/migrations/__init__.py": "",
            "shop/management/commands/nothing.py": _NOTHING,
        }

        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")

    def write_changes(
        self, folder: pathlib.Path, changes: cabc.Iterable[Change]
    ) -> None:
        """Write migrations that do the same as the revisions."""
        for one in changes:
            path = folder / self.versions / f"{one.file.revision}.py"
            path.write_text(write_django_migration(one), "utf-8")

    def make_environment(self, command: str, *, url: str) -> dict[str, str]:
        """Return what its processes see."""
        return {"DJANGO_SETTINGS_MODULE": "settings", "DATABASE_URL": url}


_DATABASE = "from flask_sqlalchemy import SQLAlchemy\n\ndb = SQLAlchemy()\n"
_APPLICATION = textwrap.dedent(
    """
    import os

    from flask import Flask

    from database import db

    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    db.init_app(app)

    import models

    if "BARE" not in os.environ:
        {setup}


    @app.cli.command()
    def nothing():
        pass
    """
)
_SETTINGS = textwrap.dedent(
    """
    import os
    import urllib.parse

    parts = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    kind = parts.scheme.partition("+")[0]

    if kind == "mysql":
        import pymysql

        pymysql.install_as_MySQLdb()

    DATABASES = {
        "default": {
            "ENGINE": f"django.db.backends.{kind.replace('sqlite', 'sqlite3')}",
            "NAME": parts.path[1:],
            "USER": parts.username or "",
            "PASSWORD": urllib.parse.unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": parts.port or "",
        }
    }
    DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
    INSTALLED_APPS = ["shop"]
    SECRET_KEY = "none"
    """
)
_NOTHING = textwrap.dedent(
    """
    from django.core.management.base import BaseCommand


    class Command(BaseCommand):
        requires_system_checks = []

        def handle(self, **options):
            pass
    """
)
_MIGRATE = "from flask_migrate import Migrate; Migrate(app, db)"
_COMMANDS = {
    # The same application without the tool, and with it.
    "floor": "nothing",
    "nothing": "nothing",
    "init": "db init",
    "heads": "db heads",
    "current": "db current",
    "history": "db history",
    "upgrade": "db upgrade heads",
    "check": "db check",
}
_WITHOUT_INIT = {name: words for name, words in _COMMANDS.items() if name != "init"}

FLASK_MIGRATE = Tool(
    name="Flask-Migrate", python=ORIGINAL_PYTHON, words=_COMMANDS, setup=_MIGRATE
)
TOOLS = (
    FLASK_MIGRATE,
    Tool(
        name="Flask-Alembic",
        python=RIVALS_PYTHON,
        words={**_WITHOUT_INIT, "history": "db log"},
        setup="from flask_alembic import Alembic; Alembic(app)",
        versions="migrations",
    ),
    Django(
        name="Django",
        python=RIVALS_PYTHON,
        words={
            # Its migrations are a part of it, and it has no command for heads.
            "floor": "nothing",
            "current": "showmigrations",
            "history": "showmigrations --plan",
            "upgrade": "migrate",
            "check": "makemigrations --check --dry-run",
            "pretend": "migrate --fake",
        },
    ),
    Tool(
        name="Whimbrel",
        python=OUR_PYTHON,
        words=_COMMANDS,
        setup=_MIGRATE,
        path=str(ROOT / "src"),
    ),
    Tool(
        name="Whimbrel, moved",
        python=OUR_PYTHON,
        words=_COMMANDS,
        setup=_MIGRATE,
        maker=FLASK_MIGRATE,
        path=str(ROOT / "src"),
    ),
    Tool(
        name="Whimbrel, own env.py",
        python=OUR_PYTHON,
        words=_COMMANDS,
        setup=_MIGRATE,
        maker=FLASK_MIGRATE,
        path=str(ROOT / "src"),
        edit="# changed by hand",
    ),
)
"""The last two stand in a repository that Flask-Migrate has made; in the last one
somebody has changed ``env.py``, which has to run then."""
