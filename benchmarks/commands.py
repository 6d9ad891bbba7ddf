"""What each command costs, in several tools side by side."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import os
import pathlib
import tempfile
import zlib

import sqlalchemy as sa
from tests.compat.environments import ROOT
from tests.support.servers import Backend

from benchmarks import page
from benchmarks.figures import Cell
from benchmarks.figures import Figures
from benchmarks.figures import Situation
from benchmarks.figures import Spent
from benchmarks.places import Places
from benchmarks.schemas import Change
from benchmarks.schemas import make_changes
from benchmarks.schemas import make_next
from benchmarks.schemas import SHAPES
from benchmarks.tools import Tool
from benchmarks.tools import TOOLS

_KEPT = ROOT / ".cache" / "commands.jsonl"

ABOUT_HISTORIES = ("floor", "nothing", "heads", "current", "history", "upgrade")
ABOUT_SCHEMAS = ("floor", "upgrade", "check", "pending", "changed", "fresh")
"""The commands, in their order. The floor is the application without the tool."""

REVISIONS, TABLES = (100, 1_000, 5_000), (50, 500, 2_000)
FEW_REVISIONS, FEW_TABLES = (20,), (5,)
_WORDS = {"pending": "upgrade", "changed": "check", "fresh": "upgrade"}
"""What is typed for a command that has no name of its own."""

LONGEST_FRESH = 1_000
"""Revisions that a fresh database is given: with more, Django takes many minutes."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """An application that uses one of the tools.

    :param folder: of the application.
    :param url: of its database.
    """

    tool: Tool
    folder: pathlib.Path
    url: str

    def prepare(self, changes: cabc.Iterable[Change], *, tables: int) -> None:
        """Write it, and bring its database to the head."""
        self.tool.write(self.folder, tables=tables)
        self.tool.write_changes(self.folder, changes)
        self.run("pretend" if "pretend" in self.tool.words else "upgrade")

    def run(self, command: str, *, url: str | None = None) -> Spent:
        """Run a command, in its own database or another one."""
        return self.tool.run(self.folder, command, url=url or self.url)


class Bench:
    """One situation, set up for every tool.

    :param places: where databases come from.
    :param backend: of the databases.
    :param folder: an empty one.
    """

    def __init__(
        self, places: Places, backend: Backend, *, folder: pathlib.Path
    ) -> None:
        self._places, self._backend, self._folder = places, backend, folder
        self._projects: list[Project] = []
        self._changes: list[Change] = []

    @contextlib.contextmanager
    def prepared(self, situation: Situation) -> cabc.Iterator[None]:
        """Have the projects, with their databases, for a while."""
        self._changes = make_changes(
            situation.shape, revisions=situation.revisions, tables=situation.tables
        )

        with contextlib.ExitStack() as stack:
            for number, tool in enumerate(TOOLS):
                url = stack.enter_context(self._places.made(self._backend))
                folder = self._folder / f"project{number}"
                project = Project(tool=tool, folder=folder, url=url)
                project.prepare(self._changes, tables=situation.tables)
                self._projects.append(project)

            yield

    def measure(self, command: str) -> dict[str, Spent]:
        """Run a command with each tool that has it."""
        if command in ("pending", "changed"):
            self._changes.append(make_next(self._changes))

        return {
            one.tool.name: self._run(one, command)
            for one in self._projects
            if _WORDS.get(command, command) in one.tool.words
        }

    def _run(self, project: Project, command: str) -> Spent:
        if command == "fresh":
            with self._places.made(self._backend) as url:
                return project.run("upgrade", url=url)

        if command in ("pending", "changed"):
            project.tool.write_changes(project.folder, self._changes[-1:])

        # What comes before is not measured: an upgrade, or an earlier check.
        if command in ("changed", "check"):
            project.run("upgrade" if command == "changed" else "check")

        return project.run(_WORDS.get(command, command))


def measure(
    places: Places,
    backends: list[Backend],
    *,
    rounds: int,
    is_small: bool = False,
    only: str = "",
) -> Figures:
    """Print the CPU time of each command on top of the application without the tool.

    Each command is a process of its own, and each round goes from one tool to the
    next. What has been measured is kept; an interrupted run goes on from there.

    :param only: the situations whose title has this text.
    """
    figures = Figures(None if is_small else _KEPT, _find_versions())

    for backend in backends:
        database = _find_database(places, backend)

        for one in list_situations(database, is_small=is_small):
            if only in str(one):
                _complete(figures, places, backend, situation=one, rounds=rounds)

    return figures


def list_situations(database: str, *, is_small: bool) -> list[Situation]:
    """Return what is measured on a kind of database, the shortest first.

    Histories are long on SQLite: no server has a part in reading them.
    """
    counts = FEW_REVISIONS if is_small else REVISIONS
    sizes = FEW_TABLES if is_small else TABLES
    pairs = [(shape, count, sizes[0]) for count in counts for shape in SHAPES]
    schemas = [("linear", counts[0], size) for size in sizes]

    return [
        Situation(database=database, shape=shape, revisions=count, tables=size)
        for shape, count, size in (
            [*pairs, *schemas[1:]] if database.startswith("SQLite") else schemas
        )
    ]


def list_commands(situation: Situation) -> list[str]:
    """Return what is measured in a situation."""
    commands = [
        *(ABOUT_HISTORIES if situation.database.startswith("SQLite") else ()),
        *ABOUT_SCHEMAS,
    ]

    if situation.revisions > LONGEST_FRESH:
        commands.remove("fresh")

    return list(dict.fromkeys(commands))


def _complete(
    figures: Figures,
    places: Places,
    backend: Backend,
    *,
    situation: Situation,
    rounds: int,
) -> None:
    missing = [
        (number, command)
        for number in range(rounds)
        for command in list_commands(situation)
        if (situation, command, number) not in figures.cells
    ]
    print(f"\n{situation}\n", flush=True)

    if missing:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            bench = Bench(places, backend, folder=pathlib.Path(folder))

            with bench.prepared(situation):
                for number, command in missing:
                    figures.add(
                        Cell(
                            situation=situation,
                            command=command,
                            number=number,
                            spent=bench.measure(command),
                        )
                    )

    for row in page.make_cost_rows(figures, situation):
        print(row, flush=True)


def _find_database(places: Places, backend: Backend) -> str:
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}

    with places.made(backend) as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)

        with engine.connect() as connection:
            found = connection.dialect.server_version_info or ()

    return f"{names[backend.name]} {'.'.join(map(str, found))}"


def _find_versions() -> dict[str, str]:
    """Return the versions of what takes part, and a number for our own sources."""
    shared = ("Python", "SQLAlchemy", "alembic", "Flask", "Flask-SQLAlchemy")
    tools = ("Flask-Migrate", "Flask-Alembic", "Django")
    found: dict[str, str] = {}

    for tool in TOOLS:
        for name, version in tool.find_versions((*shared, *tools)).items():
            if found.setdefault(name, version) != version:
                raise SystemExit(f"{name} is not of one version everywhere.")

    sources = sorted((ROOT / "src").rglob("*.py"))
    number = zlib.crc32(b"".join(path.read_bytes() for path in sources))
    return {**found, "cores": str(os.cpu_count()), "sources": f"{number:08x}"}
