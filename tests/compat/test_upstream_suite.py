"""Flask-Migrate's own tests, unmodified, with our package in its place."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.servers import is_ci

from .environments import OUR_PYTHON
from .environments import ROOT

REQUIREMENT = "Flask-Migrate==4.1.0"
CACHE = ROOT / ".cache" / "flask-migrate-4.1"

TESTS = 7
"""How many the release has; an eighth, ``atest_alembic_version``, is switched off."""


@pytest.fixture(scope="session")
def source() -> Path:
    """The source distribution of Flask-Migrate 4.1.0, downloaded once.

    Where it cannot be had the test is skipped; with ``CI=true`` it fails.
    """
    if not list(CACHE.glob("*.tar.gz")):
        download = [sys.executable, "-m", "pip", "download", "--no-deps"]
        download += ["--no-binary", ":all:", "--dest", str(CACHE), REQUIREMENT]
        answer = subprocess.run(download, capture_output=True, text=True)
        if answer.returncode != 0:
            do_without(answer.stderr.strip().splitlines()[-1])

    (path,) = CACHE.glob("*.tar.gz")
    return path


def do_without(reason: str) -> None:
    """Skip, or fail where this run is a judge."""
    message = f"pip did not get the source of {REQUIREMENT}: {reason}"
    if is_ci():
        pytest.fail(message, pytrace=False)

    pytest.skip(message)


def test_upstream_suite(source: Path, tmp_path: Path) -> None:
    """All tests of Flask-Migrate 4.1.0 pass on our package."""
    # Only its tests are unpacked, so that nothing can import its code.
    with tarfile.open(source) as archive:
        members = [each for each in archive if "/tests/" in each.name]
        archive.extractall(tmp_path, members, filter="data")

    (folder,) = tmp_path.glob("*")
    path = os.pathsep.join((str(OUR_PYTHON.parent), os.environ["PATH"]))
    answer = subprocess.run(
        [OUR_PYTHON, "-m", "unittest", "discover", "-s", "tests", "-t", "."],
        cwd=folder,
        # Unbuffered, so that the summary on stderr comes behind what the tests print.
        env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert re.search(rf"\nRan {TESTS} tests in .*\n\nOK\n\Z", answer.stdout), (
        answer.stdout
    )
    assert answer.returncode == 0
