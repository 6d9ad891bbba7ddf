"""Applications that cannot be found, loaded or used, and URLs that stop them.

These run the `flask` program itself, which finds the application.
"""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest

from tests.faults.rows import check_answer
from tests.faults.rows import PASSWORD
from tests.faults.rows import Row
from tests.faults.rows import row_params
from tests.support.apps import three_tables
from tests.support.apps import write_repository
from tests.support.forks import run_flask

APP = """\
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ.get("DATABASE_URL")
db = SQLAlchemy(app)
migrate = Migrate(app, db)
"""
GOOD_URL = f"sqlite:///{PASSWORD}.db"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Application(Row):
    """An application that cannot be used.

    :param files: by name; ``app.py`` is what `flask` looks for.
    :param url: in the variable ``DATABASE_URL``; it is not set otherwise.
    :param flask_app: in the variable ``FLASK_APP``; it is not set otherwise.
    :param traces: the application's own traceback is shown, and ends with this.
    """

    files: t.Mapping[str, str] = dataclasses.field(default_factory=lambda: {})
    url: str | None = None
    flask_app: str | None = None
    traces: str | None = None
    exit_code: int = 2


def with_url(number: int | None, what: str, url: str, *says: str) -> Application:
    """Return an application that is right but for its URL."""
    return Application(
        number=number, what=what, files={"app.py": APP}, url=url, says=says
    )


LOADED = "The application could not be loaded"
QUERY = "db.session.execute(db.text('SELECT * FROM users'))\n"
NO_URL = "The database URL cannot be understood"
NOT_INSTALLED = "is not installed, and the URL asks for it"

URLS = [
    with_url(57, "URL that is none", f"app:{PASSWORD}@nowhere", NO_URL, "looks like"),
    with_url(58, "unknown dialect", "foo://a:b@c/d", "begins with foo://"),
    with_url(
        59,
        "dialect of Heroku",
        f"postgres://app:{PASSWORD}@c/d",
        "postgres://",
        "Write postgresql:// instead",
    ),
    with_url(
        None,
        "dialect of Heroku with a driver",
        f"postgres+psycopg://app:{PASSWORD}@c/d",
        "postgres+psycopg://",
        "Write postgresql+psycopg:// instead",
    ),
    with_url(
        60, "no MySQLdb", f"mysql://app:{PASSWORD}@c/d", "MySQLdb", NOT_INSTALLED, "pip"
    ),
    with_url(
        61,
        "no psycopg2",
        f"postgresql+psycopg2://app:{PASSWORD}@c/d",
        "psycopg2",
        NOT_INSTALLED,
        "pip install psycopg2-binary",
    ),
    with_url(
        None, "unknown driver", f"postgresql+nope://a:{PASSWORD}@c/d", "postgresql+nope"
    ),
    with_url(
        63,
        "port that is no number",
        f"postgresql+psycopg://app:{PASSWORD}@127.0.0.1:54x/d",
        NO_URL,
        "port is no number",
    ),
    with_url(
        None,
        "at sign and colon in the password",
        f"postgresql+psycopg://app:a@b:{PASSWORD}@127.0.0.1:5432/d",
        NO_URL,
        "%40",
    ),
    with_url(65, "empty URL", "", NO_URL, "it is empty"),
    Application(
        number=75,
        what="no URL",
        files={"app.py": APP.replace('os.environ.get("DATABASE_URL")', "None")},
        says=("SQLALCHEMY_DATABASE_URI",),
    ),
    Application(
        what="a table that is not there yet, asked for at import",
        files={"app.py": APP + "with app.app_context():\n    " + QUERY},
        url="sqlite://",
        says=(LOADED, "no such table: users"),
        traces="/e3q8)",
    ),
    Application(
        what="plain engine without a URL",
        files={"app.py": "import sqlalchemy as sa\nsa.create_engine(None)\n"},
        says=("The database URL is not set",),
    ),
]

NO_MIGRATE = """\
from flask import Flask
app = Flask(__name__)
"""
MIGRATE = "from flask_migrate import Migrate\nMigrate(app)\n"
NO_INIT_APP = APP.replace("SQLAlchemy(app)", "SQLAlchemy()")
FACTORY = """\
def create_app():
    raise RuntimeError("SECRET_KEY missing")
"""

APPS = [
    Application(
        number=66,
        what="no application",
        says=("Could not locate a Flask application", "flask --app MODULE db"),
        hides=("No such command",),
    ),
    Application(
        number=67,
        what="FLASK_APP names a missing module",
        flask_app="nosuchmod",
        says=("Could not import 'nosuchmod'", "flask --app MODULE db"),
        hides=("No such command",),
    ),
    Application(
        what="FLASK_APP names a missing object",
        files={"app.py": NO_MIGRATE},
        flask_app="app:nothing",
        says=("nothing", "app"),
        hides=("No such command",),
    ),
    Application(
        what="no application in the module",
        files={"app.py": "x = 1\n"},
        says=("Failed to find Flask application", "'app'"),
        hides=("No such command",),
    ),
    Application(
        number=68,
        what="no Migrate",
        files={"app.py": NO_MIGRATE},
        says=("has no Migrate", "Migrate(app, db)"),
        hides=("No such command",),
    ),
    Application(
        number=69,
        what="Migrate without a database object",
        files={"app.py": NO_MIGRATE + MIGRATE},
        says=("knows no database", "Migrate(app, db)"),
        hides=("No such command",),
    ),
    Application(
        number=70,
        what="init_app without a database object",
        files={"app.py": NO_MIGRATE + MIGRATE.replace("(app)", "().init_app(app)")},
        says=("knows no database", "Migrate(app, db)"),
    ),
    Application(
        number=71,
        what="init_app of Flask-SQLAlchemy forgotten",
        files={"app.py": NO_INIT_APP},
        url=GOOD_URL,
        says=("not registered with this 'SQLAlchemy' instance", "db.init_app(app)"),
    ),
    Application(
        what="Migrate under another name",
        files={"app.py": APP.replace("(app, db)", '(app, db, command="schema")')},
        url=GOOD_URL,
        says=("has no command 'db'", "flask schema"),
    ),
    Application(
        number=72,
        what="import of a module that is gone",
        files={"app.py": "import models_gone\n" + APP},
        says=(LOADED, "No module named 'models_gone'"),
        traces="ModuleNotFoundError: No module named 'models_gone'",
    ),
    Application(
        number=73,
        what="syntax error",
        files={"app.py": "def create_app(:\n"},
        says=(LOADED, "app.py", "invalid syntax"),
        traces="SyntaxError: invalid syntax",
    ),
    Application(
        number=74,
        what="factory that raises",
        files={"app.py": FACTORY},
        says=(LOADED, "SECRET_KEY missing"),
        traces="RuntimeError: SECRET_KEY missing",
    ),
    Application(
        what="factory that wants an argument",
        files={"app.py": "def create_app(name):\n    pass\n"},
        says=("create_app", "app"),
        hides=("No such command",),
    ),
    Application(
        what="application that needs a driver of something else",
        files={"app.py": "import redis_gone\n"},
        says=(LOADED, "redis_gone"),
        traces="ModuleNotFoundError: No module named 'redis_gone'",
    ),
    Application(
        what="application that cannot reach another service",
        files={"app.py": "raise ConnectionRefusedError('redis is down')\n"},
        says=(LOADED, "redis is down"),
        hides=("database server",),
        traces="ConnectionRefusedError: redis is down",
    ),
]


@pytest.mark.parametrize("row", row_params([*URLS, *APPS]))
def test_application(row: Application, tmp_path: pathlib.Path) -> None:
    """The first thing that is wrong is said, and nothing else; no file appears."""
    outcome, appeared = run_in(row, tmp_path, "db", *row.words)

    if row.traces is not None:
        # The application's own traceback helps; none of ours is around it.
        trace, _, rest = outcome.stderr.partition(row.traces)
        assert 'app.py", line ' in trace
        assert "flask/cli.py" not in trace
        assert "gateway.py" not in trace
        outcome = dataclasses.replace(outcome, stderr=rest)

    check_answer(outcome, exit_code=row.exit_code, says=row.says, hides=row.hides)
    assert not appeared


def run_in(row: Application, folder: pathlib.Path, *words: str) -> t.Any:
    """Run words where an application is; say what files appeared."""
    for name, text in row.files.items():
        (folder / name).write_text(text)

    write_repository(folder / "migrations", *three_tables())
    environment = {}
    if row.url is not None:
        environment["DATABASE_URL"] = row.url

    if row.flask_app is not None:
        environment["FLASK_APP"] = row.flask_app

    before = set(folder.rglob("*"))
    outcome = run_flask(*words, folder=folder, environment=environment)
    # Flask-SQLAlchemy makes its folder for whoever asks; the index is no result.
    appeared = {path for path in folder.rglob("*") if "__pycache__" not in path.parts}
    return outcome, appeared - before - {folder / "instance"}


@pytest.mark.parametrize("row", row_params(row for row in APPS if row.number))
def test_help_without_an_application(row: Application, tmp_path: pathlib.Path) -> None:
    """The help of the group is there, whatever the application is."""
    outcome, _ = run_in(row, tmp_path, "db", "--help")
    assert outcome.exit_code == 0, outcome.output
    assert "Perform database migrations." in outcome.stdout


@pytest.mark.row(77)
def test_model_with_a_key_to_nowhere(tmp_path: pathlib.Path) -> None:
    """A foreign key to a table that no model makes is named, with its column."""
    model = (
        "db.Table('u', db.Column('x', db.ForeignKey('gone.id')))\n"
        "db.Table('v', db.Column('y', db.Integer))\n"
    )
    row = Application(what="model", files={"app.py": APP + model}, url=GOOD_URL)
    outcome, _ = run_in(row, tmp_path, "db", "upgrade")
    assert outcome.exit_code == 0, outcome.output
    outcome = run_flask(
        *("db", "migrate"), folder=tmp_path, environment={"DATABASE_URL": GOOD_URL}
    )
    check_answer(
        outcome, exit_code=1, says=("u.x", "could not find table 'gone'", "models")
    )
    assert len(list((tmp_path / "migrations" / "versions").glob("*.py"))) == 3


def test_debug_shows_the_traceback(tmp_path: pathlib.Path) -> None:
    """Whoever asks for it sees where an error came from."""
    row = Application(what="none", files={"app.py": APP}, url="sqlite:///x.db")
    outcome, _ = run_in(row, tmp_path, "--debug", "db", "upgrade", "nope")
    assert outcome.exit_code == 1
    assert "Traceback (most recent call last)" in outcome.stderr
    assert "Error: Can't locate revision" in outcome.stderr
    outcome = run_flask(
        *("db", "upgrade", "nope"),
        folder=tmp_path,
        environment={"MIGRATE_TRACEBACK": "1", "DATABASE_URL": "sqlite:///x.db"},
    )
    assert "Traceback (most recent call last)" in outcome.stderr
