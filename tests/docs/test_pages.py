"""Every block that a reader can run is run, and shows what happens."""

from __future__ import annotations

import collections
import typing as t
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.compat.environments import OUR_PYTHON
from tests.compat.environments import require_original
from tests.compat.environments import Worker
from tests.support.servers import BACKENDS
from tests.support.servers import Databases

from .blocks import read_walks
from .blocks import RUNNABLE
from .blocks import Walk
from .terminal import Terminal

ROOT = Path(__file__).parents[2]

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]

WALKS = [
    walk
    for path in PAGES
    for walk in read_walks(path, path.relative_to(ROOT).as_posix())
]

NOT_RUN = {"CONTRIBUTING.md": 1, "README.md": 1, "docs/benchmarks.md": 2}
"""How many blocks of a page are not run. Each says why; their number must not grow."""

PLACES = {
    "postgresql": "postgresql+psycopg://shop:secret@localhost",
    "mariadb": "mysql+pymysql://shop:secret@localhost",
}
"""How the pages write the beginning of a server's URL."""


@pytest.fixture(scope="session")
def find_worker() -> t.Iterator[t.Callable[[str], Worker]]:
    """A function that returns the Python with one of the two distributions."""
    workers: dict[str, Worker] = {}

    def find(distribution: str) -> Worker:
        if distribution not in workers:
            is_ours = distribution == "whimbrel"
            workers[distribution] = Worker(
                OUR_PYTHON if is_ours else require_original()
            )

        return workers[distribution]

    yield find
    for worker in workers.values():
        worker.close()


@pytest.mark.parametrize("walk", WALKS, ids=str)
def test_walk(
    walk: Walk,
    tmp_path: Path,
    find_worker: t.Callable[[str], Worker],
    databases: Databases,
) -> None:
    """A reader who types what a page shows sees what it shows."""
    replace = {}
    if walk.server is not None:
        replace = find_places(walk.server, databases)

    terminal = Terminal(tmp_path, find_worker, replace)
    for block in walk.blocks:
        if block.excuse is None:
            terminal.run(block)


def find_places(server: str, databases: Databases) -> dict[str, str]:
    """Return what stands for a server of the pages; the longest text first."""
    url = sa.make_url(databases.server_url(BACKENDS[server])).set(database="")
    text = url.render_as_string(hide_password=False).rstrip("/")
    return {PLACES[server]: text, "localhost": f"{url.host}:{url.port}"}


def test_number_of_blocks_that_are_not_run() -> None:
    """Each block is run, or a comment says why not; there are no more of these."""
    found = collections.Counter(
        walk.page for walk in WALKS for block in walk.blocks if block.excuse
    )
    assert found == NOT_RUN


def test_every_block_has_a_fate() -> None:
    """A block in a language that nobody runs is a file, or says why it is not run."""
    lost = [
        f"{walk.page}, line {block.line}: {block.language or 'no language'}"
        for walk in WALKS
        for block in walk.blocks
        if block.language not in RUNNABLE and not (block.file or block.excuse)
    ]
    assert not lost
