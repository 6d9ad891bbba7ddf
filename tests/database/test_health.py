"""health: a cheap answer for readiness probes."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from flask_migrate import Migrate
from flask_migrate.views import Readiness
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import write_repository
from tests.support.projects import Project


def ask(shop: Project) -> Readiness:
    """Return what the one database is."""
    with shop.app.app_context():
        (database,) = shop.migrate.health().databases

    return database.readiness


def test_states(database_url: str, tmp_path: pathlib.Path) -> None:
    """Behind, ready and ahead are told apart, as the files are now."""
    shop = make_shop(tmp_path, database_url)
    assert ask(shop) is Readiness.BEHIND
    shop.run_well("upgrade", "a2")
    assert ask(shop) is Readiness.BEHIND
    shop.run_well("upgrade")
    assert ask(shop) is Readiness.READY
    (shop.versions / "a4_.py").write_text(make_table(4).text)
    assert ask(shop) is Readiness.BEHIND
    shop.run_well("upgrade")
    (shop.versions / "a4_.py").unlink()
    assert ask(shop) is Readiness.AHEAD


def test_looking_makes_no_file(tmp_path: pathlib.Path) -> None:
    """A probe makes no SQLite file."""
    shop = make_shop(tmp_path)
    assert ask(shop) is Readiness.BEHIND
    assert not (tmp_path / "shop.db").exists()


def test_one_select(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second probe is one statement: no file is read, env.py is not run."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade")
    ask(shop)
    ask(shop)
    (tmp_path / "migrations" / "env.py").write_text("raise SystemExit")
    monkeypatch.setattr(Migrate, "_open", None)
    statements: list[str] = []

    with shop.app.app_context():
        engine = t.cast("sa.Engine", shop.migrate.state.find_databases()[0].engine)

    event.listen(
        engine, "before_cursor_execute", lambda *args: statements.append(args[2])
    )
    assert ask(shop) is Readiness.READY
    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


def test_blueprint(database_url: str, tmp_path: pathlib.Path) -> None:
    """A probe gets 200 or 503 with plain values, and only where it was asked for."""
    shop = make_shop(tmp_path, database_url)
    assert shop.app.test_client().get("/-/migrations").status_code == 404
    app, migrate = shop.app, shop.migrate
    app._got_first_request = False  # another application would do as well
    app.register_blueprint(migrate.health_blueprint())
    client = app.test_client()
    answer = client.get("/-/migrations")
    assert answer.status_code == 503
    assert answer.get_json()["ok"] is False
    shop.run_well("upgrade")
    answer = client.get("/-/migrations")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json() == {
        "ok": True,
        "wanted": ["a3"],
        "databases": [
            {"database": None, "ok": True, "readiness": "at head", "heads": ["a3"]}
        ],
    }
    url = sa.make_url(database_url)
    assert str(url.password or "sekret") not in answer.text
    assert str(url.database) not in answer.text


def test_unreachable_server_stays_unnamed(tmp_path: pathlib.Path) -> None:
    """Neither the server nor the reason is told to whoever asks."""
    url = "postgresql+psycopg://ana:sekret@127.0.0.1:1/shop"
    shop = make_shop(tmp_path, url)
    shop.app.register_blueprint(shop.migrate.health_blueprint("/ready"))
    answer = shop.app.test_client().get("/ready")
    assert answer.status_code == 503
    assert answer.get_json()["databases"][0]["readiness"] == "unreachable"
    assert not any(word in answer.text for word in ("127", "ana", "sekret", "shop"))


def test_user_of_the_application(tmp_path: pathlib.Path) -> None:
    """A probe connects as the application does, and not by the URL for migrations."""
    shop = make_shop(tmp_path)
    shop.run_well("upgrade")
    shop.app.config["MIGRATE_DATABASE_URI"] = f"sqlite:///{tmp_path}/elsewhere.db"
    assert ask(shop) is Readiness.READY


def test_no_repository(tmp_path: pathlib.Path) -> None:
    """A folder that was not deployed is a 503 with the name of the fact."""
    app = Flask("shop")
    engine = sa.create_engine("sqlite://")
    migrate = Migrate(app, engines=engine, directory=tmp_path / "nowhere")
    app.register_blueprint(migrate.health_blueprint())
    answer = app.test_client().get("/-/migrations")
    assert answer.status_code == 503
    assert answer.get_json() == {"ok": False, "error": "RepositoryNotFound"}
    engine.dispose()


def test_several_databases(tmp_path: pathlib.Path) -> None:
    """Asked are the databases that the repository migrates, or those that are named."""
    engines = {
        key: sa.create_engine(f"sqlite:///{tmp_path}/{key}.db", poolclass=sa.NullPool)
        for key in ("default", "audit")
    }
    app = Flask("shop")
    migrate = Migrate(
        app, directory=tmp_path / "one", engines=engines, metadatas=sa.MetaData()
    )
    write_repository(tmp_path / "one", make_table(1))
    write_repository(tmp_path / "several", make_table(1), template="flask-multidb")

    with app.app_context():
        assert [one.database for one in migrate.health().databases] == [None]
        assert [one.database for one in migrate.health(["audit"]).databases] == [
            "audit"
        ]

    other = Flask("several")
    several = Migrate(
        other,
        directory=tmp_path / "several",
        engines=engines,
        metadatas=sa.MetaData(),
    )

    with other.app_context():
        assert len(several.health().databases) == 2


def test_start_loads_no_alembic(tmp_path: pathlib.Path) -> None:
    """Registering the blueprint loads nothing; only the first probe does."""
    code = (
        "import sys, sqlalchemy as sa; from flask import Flask;"
        " from flask_migrate import Migrate; app = Flask('shop');"
        " migrate = Migrate(app, engines=sa.create_engine('sqlite://'));"
        " app.register_blueprint(migrate.health_blueprint());"
        " assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
