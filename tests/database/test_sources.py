"""Whatever holds the engines and the models, the commands work with it."""

from __future__ import annotations

import asyncio
import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy_lite import SQLAlchemy as SQLAlchemyLite
from sqlalchemy import orm
from sqlalchemy.ext import asyncio as sa_asyncio

from flask_migrate import Migrate
from flask_migrate import upgrade
from tests.support.projects import make_project
from tests.support.projects import Project
from tests.support.projects import read_schema


def make_metadata(*names: str) -> sa.MetaData:
    """Return the metadata of tables with one column."""
    metadata = sa.MetaData()

    for name in names:
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True))

    return metadata


def walk(project: Project, url: str, *tables: str) -> None:
    """Write a revision, upgrade, check, downgrade."""
    assert "Proven on a scratch" in project.run_well("migrate", "-m", "first").stderr
    path = str(project.folder.parent / "plan.json")
    assert "create table" in project.run_well("plan", "-o", path).stdout
    assert "dry run: ran 1 step" in project.run_well("upgrade", "-n").stderr
    assert read_schema(url) == {}
    project.run_well("apply", path)
    assert set(read_schema(url)) == set(tables)
    project.run_well("check")
    assert "(head)" in project.run_well("current").stdout
    project.run_well("downgrade", "base")
    assert read_schema(url) == {}


def make_async_url(url: str) -> str:
    """Return the URL with an asynchronous driver."""
    return url.replace("sqlite:", "sqlite+aiosqlite:").replace("+psycopg:", "+asyncpg:")


def test_flask_sqlalchemy(database_url: str, tmp_path: pathlib.Path) -> None:
    """Flask-SQLAlchemy 3, with the extension made before the application."""
    db = SQLAlchemy()
    migrate = Migrate(directory=tmp_path / "migrations", db=db)

    class User(db.Model):  # type: ignore[name-defined,misc]
        id = sa.Column(sa.Integer, primary_key=True)

    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    migrate.init_app(app)
    db.init_app(app)
    project = Project(app=app, migrate=migrate, folder=tmp_path / "migrations")
    project.run_well("init")
    walk(project, database_url, "user")

    with app.app_context():
        db.engine.dispose()


def test_flask_sqlalchemy_lite(database_url: str, tmp_path: pathlib.Path) -> None:
    """Flask-SQLAlchemy-Lite holds the engines; the metadata is given beside it."""

    class Base(orm.DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "user"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    app = Flask("shop")
    app.config["SQLALCHEMY_ENGINES"] = {"default": database_url}
    db = SQLAlchemyLite(app)
    migrate = Migrate(app, db, tmp_path / "migrations", metadatas=Base)
    project = Project(app=app, migrate=migrate, folder=tmp_path / "migrations")
    project.run_well("init")
    walk(project, database_url, "user")

    with app.app_context():
        db.engine.dispose()


def test_lite_without_metadata(tmp_path: pathlib.Path) -> None:
    """Without the models' metadata, the error names the argument to give."""
    app = Flask("shop")
    app.config["SQLALCHEMY_ENGINES"] = {"default": f"sqlite:///{tmp_path}/x.db"}
    migrate = Migrate(app, SQLAlchemyLite(app), tmp_path / "migrations")
    project = Project(app=app, migrate=migrate, folder=tmp_path / "migrations")
    project.run_well("init")
    result = project.run("migrate")
    assert result.exit_code == 2
    assert "metadatas=Base.metadata" in result.stderr


@pytest.mark.backends("sqlite", "postgresql")
def test_asynchronous_engine(database_url: str, tmp_path: pathlib.Path) -> None:
    """An asynchronous engine is driven from synchronous commands."""
    engine = sa_asyncio.create_async_engine(make_async_url(database_url))
    project = make_project(
        tmp_path, template="aioflask", engines=engine, metadatas=make_metadata("user")
    )
    walk(project, database_url, "user")


@pytest.mark.backends("sqlite", "postgresql")
def test_lite_with_asynchronous_engines(
    make_database: t.Callable[[], str], tmp_path: pathlib.Path
) -> None:
    """Flask-SQLAlchemy-Lite may have asynchronous engines only, and several."""
    urls = [make_database(), make_database()]
    app = Flask("shop")
    app.config["SQLALCHEMY_ASYNC_ENGINES"] = {
        "default": make_async_url(urls[0]),
        "other": make_async_url(urls[1]),
    }
    db = SQLAlchemyLite(app, require_default_engine=False)
    metadatas = {"default": make_metadata("user"), "other": make_metadata("log")}
    migrate = Migrate(app, db, tmp_path / "migrations", metadatas=metadatas)
    project = Project(app=app, migrate=migrate, folder=tmp_path / "migrations")
    project.run_well("init", "-t", "aioflask-multidb")
    project.run_well("migrate")
    project.run_well("upgrade")
    assert [set(read_schema(url)) for url in urls] == [{"user"}, {"log"}]


@pytest.mark.backends("sqlite", "postgresql")
def test_upgrade_inside_a_running_loop(
    database_url: str, tmp_path: pathlib.Path
) -> None:
    """The function can be called by code that an event loop is running."""
    engine = sa_asyncio.create_async_engine(make_async_url(database_url))
    project = make_project(
        tmp_path, template="aioflask", engines=engine, metadatas=make_metadata("user")
    )
    project.run_well("migrate")

    async def work() -> None:
        with project.app.app_context():
            upgrade()

    asyncio.run(work())
    assert set(read_schema(database_url)) == {"user"}


def test_several_metadatas(database_url: str, tmp_path: pathlib.Path) -> None:
    """One database may be described by several metadata collections."""
    engine = sa.create_engine(database_url)
    project = make_project(
        tmp_path,
        engines=engine,
        metadatas=[make_metadata("user"), make_metadata("log")],
    )
    walk(project, database_url, "user", "log")
    engine.dispose()


def test_objects_that_stand_for_an_engine(tmp_path: pathlib.Path) -> None:
    """A plain object with `engine` and `metadata` is enough, as for Flask-Migrate."""

    class Holder:
        engine = sa.create_engine(f"sqlite:///{tmp_path}/x.db")
        metadata = make_metadata("user")

    project = make_project(tmp_path, db=Holder())
    walk(project, f"sqlite:///{tmp_path}/x.db", "user")
    Holder.engine.dispose()
