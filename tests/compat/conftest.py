"""Fixtures: the two packages, side by side.

- ``pair``: a folder for each of them; most tests ask both the same questions;
- ``original`` and ``ours``: a folder for one of them.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from .environments import ORIGINAL_PYTHON
from .environments import OUR_PYTHON
from .environments import require_original
from .environments import Worker
from .places import Pair
from .places import Place


def pytest_configure(config: pytest.Config) -> None:
    """Explain the mark."""
    config.addinivalue_line(
        "markers",
        "differs: the original does not pass this, when it is compared with itself",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what is ours, where the original is compared with itself."""
    if OUR_PYTHON != ORIGINAL_PYTHON:
        return

    reason = "the original is compared with itself"
    for item in items:
        if item.get_closest_marker("differs"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def original_worker() -> t.Iterator[Worker]:
    """A Python with Flask-Migrate 4.1, or a skip."""
    worker = Worker(require_original())
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def our_worker() -> t.Iterator[Worker]:
    """A Python with our package."""
    worker = Worker(OUR_PYTHON)
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where repositories are kept that are copied again and again."""
    return tmp_path_factory.mktemp("seeds")


@pytest.fixture
def original(tmp_path: Path, seeds: Path, original_worker: Worker) -> Place:
    """A folder in which Flask-Migrate 4.1 works."""
    return make_place("original", tmp_path, original_worker, seeds)


@pytest.fixture
def ours(tmp_path: Path, seeds: Path, our_worker: Worker) -> Place:
    """A folder in which our package works."""
    return make_place("ours", tmp_path, our_worker, seeds)


@pytest.fixture
def pair(original: Place, ours: Place) -> Pair:
    """Both, to be asked the same."""
    return Pair(original=original, ours=ours)


def make_place(name: str, folder: Path, worker: Worker, seeds: Path) -> Place:
    """Return a new, empty place."""
    (folder / name).mkdir()
    return Place(name, folder / name, worker, seeds / name)
