"""The mark `row`, which ties a test to the list of bad inputs."""

from __future__ import annotations

import pathlib
import tempfile
import typing as t

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Explain the mark."""
    config.addinivalue_line("markers", "row(*numbers): these rows of the bad inputs")


@pytest.fixture
def public_folder() -> t.Iterator[pathlib.Path]:
    """A folder that another user can reach, and write to."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o777)
        yield folder
