"""What a command costs that has nothing to do, in histories of any length."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import os
import pathlib
import subprocess
import tempfile
import textwrap

from tests.compat.environments import ENVIRONMENT
from tests.compat.environments import ORIGINAL_PYTHON
from tests.compat.environments import OUR_PYTHON
from tests.compat.environments import ROOT
from tests.support.apps import RevisionFile
from tests.support.generated import make_dependent
from tests.support.generated import make_line
from tests.support.generated import make_merges
from tests.support.generated import write_files
from tests.support.servers import Backend

from benchmarks.places import Places
from benchmarks.tables import spread
from benchmarks.tables import Table

APPLICATION = textwrap.dedent(
    """
    import os
    import pathlib

    from flask import Flask
    from flask_sqlalchemy import SQLAlchemy

    folder = pathlib.Path(__file__).parent
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder}/shop.db"
    db = SQLAlchemy(app)

    if "BARE" not in os.environ:
        from flask_migrate import Migrate

        Migrate(app, db, directory=folder / "migrations")


    @app.cli.command()
    def nothing():
        pass
    """
)
RUN = "import sys; sys.modules['pygments'] = None; from flask.cli import main; main()"
"""The tools of our environment bring Pygments, which Mako imports where it is found."""
COMMANDS = (*("nothing", "db upgrade heads", "db current", "db heads", "db history"),)
HISTORIES = (
    ("100", make_line(100)),
    ("5,000", make_line(5_000)),
    ("5,000, merges", make_merges(5_000)),
    ("5,000, depends_on", make_dependent(5_000)),
    ("5,000, own env.py", make_line(5_000)),
)
"""The env.py of the last is not as a package has made it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """An application of one of the packages, in a folder.

    :param python: the interpreter that has the package.
    :param folder: of the application.
    :param path: for ``PYTHONPATH``.
    """

    python: pathlib.Path
    folder: pathlib.Path
    path: str = ""

    def run(self, *words: str, **environment: str) -> tuple[float, float]:
        """Run `flask` in a process of its own; return milliseconds of CPU, and MB."""
        process = subprocess.Popen(
            [self.python, "-c", RUN, *words],
            cwd=self.folder,
            env={
                **ENVIRONMENT,
                "FLASK_APP": "app",
                "PYTHONPATH": self.path,
                **environment,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, words
        return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024

    def make(self, revisions: list[RevisionFile], *, repository: Shop | None) -> None:
        """Write the application and its repository, and stamp its database.

        :param repository: of which the repository is taken over; else a new one.
        """
        self.folder.mkdir()
        (self.folder / "app.py").write_text(APPLICATION, "utf-8")
        (repository or self).run("db", "-d", self.target, "init")
        write_files(self.folder / "migrations" / "versions", revisions)
        self.run("db", "stamp", "heads")

    def change_env(self) -> None:
        """Change the env.py, in a way that changes nothing."""
        path = self.folder / "migrations" / "env.py"
        path.write_text(f"{path.read_text('utf-8')}\n# Changed.\n", "utf-8")

    @property
    def target(self) -> str:
        """The folder of the repository."""
        return str(self.folder / "migrations")


def measure(places: Places, backends: list[Backend], *, rounds: int) -> None:
    """Print the CPU time on top of the same application without any migrations.

    Each command is a process of its own, on SQLite; the rounds go from one package to
    the other. Ours is measured in a repository of its own, and in one that
    Flask-Migrate has made, whose env.py needs Alembic. The first command is one of the
    application, which does nothing: what is left is the import of the package.
    """
    table = Table(
        f"{'revisions':18}",
        f"{'command':16}",
        *(f"{one:22}" for one in ("Flask-Migrate, ms", "ours, ms", "its env.py, ms")),
        *("ratio", "its env.py", "memory"),
    )

    for title, revisions in HISTORIES:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            shops = _make_shops(pathlib.Path(folder), revisions)

            for shop in shops if title.endswith("own env.py") else ():
                shop.change_env()

            for command in COMMANDS:
                _compare(table, title, command, shops, rounds=rounds)


def _make_shops(folder: pathlib.Path, revisions: list[RevisionFile]) -> list[Shop]:
    source = str(ROOT / "src")
    theirs = Shop(python=ORIGINAL_PYTHON, folder=folder / "theirs")
    ours = Shop(python=OUR_PYTHON, folder=folder / "ours", path=source)
    moved = Shop(python=OUR_PYTHON, folder=folder / "moved", path=source)
    theirs.make(revisions, repository=None)
    ours.make(revisions, repository=None)
    moved.make(revisions, repository=theirs)
    return [theirs, ours, moved]


def _compare(
    table: Table, title: str, command: str, shops: list[Shop], *, rounds: int
) -> None:
    found: list[list[float]] = [[] for _ in shops]
    memory: list[list[float]] = [[] for _ in shops]

    # The first time is for bytecode and the index.
    for number in range(rounds + 1):
        for shop, times, sizes in zip(shops, found, memory, strict=True):
            floor, _ = shop.run("nothing", BARE="1")
            spent, size = shop.run(*command.split())

            if number:
                times.append(spent - floor)
                sizes.append(size)

    ratios = [_ratio(found[0], times) for times in found[1:]]
    peaks = ", ".join(f"{min(one):.0f}" for one in memory)
    table.add(title, command, *map(spread, found), *ratios, f"{peaks} MB")


def _ratio(theirs: cabc.Iterable[float], ours: cabc.Iterable[float]) -> str:
    """Return how much less ours is, in the median of the rounds."""
    ratios = sorted(
        one / max(other, 1.0) for one, other in zip(theirs, ours, strict=True)
    )
    return f"{ratios[len(ratios) // 2]:.1f}"
