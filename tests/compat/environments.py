"""The two packages, each in a Python of its own, and how to ask one of them.

``ORIGINAL_PYTHON`` names another interpreter with Flask-Migrate 4.1 than the one that
`scripts/original-environment` makes. ``OUR_PYTHON`` names the one of our package; set
to the original's, it proves the tests on the original.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.support.servers import is_ci

ROOT = Path(__file__).parents[2]

ORIGINAL_PYTHON = Path(
    os.environ.get(
        "ORIGINAL_PYTHON", ROOT / ".venvs" / "flask-migrate-4.1" / "bin" / "python"
    )
)
OUR_PYTHON = Path(os.environ.get("OUR_PYTHON", sys.executable)).absolute()

ENVIRONMENT = {
    "COLUMNS": "80",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "PATH": os.environ.get("PATH", os.defpath),
    "TZ": "UTC",
}
"""What a command sees of the world, the same on every machine."""


HASH_SEED = "176"
"""A seed with which sets of the ids of `histories` come in the order of the alphabet.

Alembic lists several heads in the order of a set; without a seed that would differ from
one run of the original to the next.
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one command.

    :param value: what the code called ``value``, where code was run.
    """

    exit_code: int
    stdout: str
    stderr: str
    value: t.Any = None

    @property
    def output(self) -> str:
        """Everything that was said."""
        return self.stdout + self.stderr


class Worker:
    """One running `worker`.

    :param python: the interpreter of one of the two environments.
    :param seed: of the hashes of strings, and so of the order of a set.
    :param environment: more of its environment.
    """

    def __init__(
        self,
        python: Path,
        *,
        seed: str = HASH_SEED,
        environment: t.Mapping[str, str] | None = None,
    ) -> None:
        self.python = python
        self._process = subprocess.Popen(
            [python, Path(__file__).with_name("worker.py")],
            env={**ENVIRONMENT, "PYTHONHASHSEED": seed, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, request: dict[str, t.Any]) -> t.Callable[[], Result]:
        """Have a request answered by a child of the worker.

        :returns: what waits for the answer, once; until then the worker is busy.
        """
        process = self._process
        assert process.stdin is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return self._receive

    def ask(self, request: dict[str, t.Any]) -> Result:
        """Have a request answered by a child of the worker."""
        return self.begin(request)()

    def _receive(self) -> Result:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"The worker of {self.python} ended."
        return Result(**json.loads(line))

    def close(self) -> None:
        """End the worker, and wait for it."""
        self._process.communicate()


def require_original() -> Path:
    """Return the interpreter that has Flask-Migrate 4.1.

    Where there is none the test is skipped; with ``CI=true`` it fails.
    """
    if ORIGINAL_PYTHON.exists():
        return ORIGINAL_PYTHON

    message = "Flask-Migrate 4.1 is not here; run scripts/original-environment"
    if is_ci():
        pytest.fail(message, pytrace=False)

    pytest.skip(message)
