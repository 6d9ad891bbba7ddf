"""What a comparison costs that finds nothing, of schemas of any size."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import textwrap
import typing as t

from tests.compat.environments import ENVIRONMENT
from tests.compat.environments import ORIGINAL_PYTHON
from tests.compat.environments import ROOT
from tests.support.servers import Backend

from benchmarks.places import Places
from benchmarks.tables import spread
from benchmarks.tables import Table

APPLICATION = textwrap.dedent(
    """
    import atexit
    import json
    import os
    import pathlib
    import time

    import __main__
    import sqlalchemy as sa
    from flask import Flask
    from flask_sqlalchemy import SQLAlchemy

    start = time.process_time(), time.monotonic()
    folder = pathlib.Path(__file__).parent
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    db = SQLAlchemy(app)
    several, tables = int(os.environ["SCHEMAS"]), int(os.environ["TABLES"])
    schemas = [f"area_{one}" for one in range(several)] if several > 1 else [None]

    for schema in schemas:
        prefix = f"{schema}." if schema else ""

        for number in range(tables):
            sa.Table(
                f"thing_{number}",
                db.metadata,
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("name", sa.String(80), nullable=False, index=True),
                sa.Column("email", sa.String(120), unique=True),
                sa.Column("amount", sa.Numeric(10, 2), server_default="0"),
                sa.Column("made", sa.DateTime, server_default=sa.func.now()),
                sa.Column("kind", sa.SmallInteger),
                sa.Column("body", sa.Text),
                sa.Column(
                    "parent_id",
                    sa.ForeignKey(f"{prefix}thing_{number // 2}.id"),
                    index=True,
                ),
                sa.CheckConstraint("kind > 0", name=f"ck_thing_{number}"),
                schema=schema,
            )

    # What the application itself takes is not counted; what comes before it is.
    models = time.process_time() - start[0], time.monotonic() - start[1]
    began = [one + own for one, own in zip(__main__.began, models)]

    from flask_migrate import Migrate

    Migrate(app, db, directory=folder / "migrations", include_schemas=several > 1)
    queries = []


    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def note(connection, cursor, statement, *rest):
        queries.append(1)


    @atexit.register
    def tell():
        spent = time.process_time() - began[0], time.monotonic() - began[1]
        found = {"queries": len(queries), "cpu": spent[0], "wall": spent[1]}
        (folder / "found.json").write_text(json.dumps(found))


    @app.cli.command()
    def nothing():
        pass


    @app.cli.command()
    def make():
        with db.engine.connect() as connection:
            # One transaction of 2,000 tables needs more locks than a server has.
            connection.execution_options(isolation_level="AUTOCOMMIT")

            for schema in filter(None, schemas):
                connection.execute(sa.schema.CreateSchema(schema))

            db.metadata.create_all(connection)
    """
)
RUN = textwrap.dedent(
    """
    import time

    import flask_sqlalchemy
    from flask.cli import main

    began = time.process_time(), time.monotonic()
    main()
    """
)
SIZES = ((1, 50), (1, 500), (4, 125), (1, 2_000))
"""Schemas, and tables in each."""


class Size(t.TypedDict):
    """A database, and the models for it.

    :param url: of the database.
    :param schemas: how many.
    :param tables: in each of them.
    """

    url: str
    schemas: int
    tables: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one command has taken since its application was there.

    :param queries: sent to the database.
    :param cpu: seconds of the command's process.
    :param wall: seconds.
    :param memory: the most that the process has had, in MB, models and all.
    """

    queries: int
    cpu: float
    wall: float
    memory: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """An application of one of the packages, in a folder.

    :param python: the interpreter that has the package.
    :param folder: of the application.
    :param words: how it compares the models with the database.
    :param path: for ``PYTHONPATH``.
    """

    python: pathlib.Path
    folder: pathlib.Path
    words: tuple[str, ...]
    path: str = ""

    def make(self) -> None:
        """Write the application."""
        self.folder.mkdir()
        (self.folder / "app.py").write_text(APPLICATION, "utf-8")

    def run(self, *words: str, url: str, schemas: int, tables: int) -> Cost:
        """Run `flask` in a process of its own."""
        process = subprocess.Popen(
            [self.python, "-c", RUN, *words],
            cwd=self.folder,
            env={
                **ENVIRONMENT,
                "FLASK_APP": "app",
                "PYTHONPATH": self.path,
                "DATABASE_URL": url,
                "SCHEMAS": str(schemas),
                "TABLES": str(tables),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, words
        found = json.loads((self.folder / "found.json").read_text("utf-8"))
        return Cost(**found, memory=usage.ru_maxrss / 1024)


def measure(places: Places, backends: list[Backend], *, rounds: int) -> None:
    """Print queries, CPU, wall and memory of `flask db check` on an unchanged schema.

    Each command is a process of its own; what is counted begins when Flask and
    Flask-SQLAlchemy are imported, without what the application takes for its models,
    and ends with the process. Ours compares with the database itself, as Flask-Migrate
    does, and runs among the same installed packages. The rounds go from one to the
    other.
    """
    table = Table(
        "database",
        "schemas, tables",
        "package",
        *(f"{one:24}" for one in ("queries", "CPU", "wall", "memory")),
    )

    for backend in backends:
        for schemas, tables in SIZES:
            if schemas > 1 and backend.name != "postgresql":
                continue

            with places.made(backend) as url, tempfile.TemporaryDirectory() as folder:
                size: Size = {"url": url, "schemas": schemas, "tables": tables}
                shops = _make_shops(pathlib.Path(folder), size)
                found = _compare(shops, size, rounds=rounds)

            for name, costs in found.items():
                _add(table, (backend.name, f"{schemas}, {tables}", name), costs)


def _make_shops(folder: pathlib.Path, size: Size) -> dict[str, Shop]:
    shops = {
        "Flask-Migrate": Shop(
            python=ORIGINAL_PYTHON,
            folder=folder / "theirs",
            words=("db", "check"),
        ),
        "Whimbrel": Shop(
            python=ORIGINAL_PYTHON,
            folder=folder / "ours",
            words=("db", "check", "--against", "database"),
            path=str(ROOT / "src"),
        ),
    }

    for shop in shops.values():
        shop.make()
        shop.run("db", "init", **size)

    shops["Whimbrel"].run("make", **size)
    return shops


def _compare(
    shops: dict[str, Shop], size: Size, *, rounds: int
) -> dict[str, list[Cost]]:
    found: dict[str, list[Cost]] = {name: [] for name in shops}

    # The first time is for bytecode, and for what the server has to read.
    for number in range(rounds + 1):
        for name, shop in shops.items():
            cost = shop.run(*shop.words, **size)

            if number:
                found[name].append(cost)

    return found


def _add(table: Table, title: cabc.Iterable[str], costs: list[Cost]) -> None:
    table.add(
        *title,
        statistics.median(one.queries for one in costs),
        spread([one.cpu for one in costs], " s"),
        spread([one.wall for one in costs], " s"),
        f"{statistics.median(one.memory for one in costs):.0f} MB",
    )
