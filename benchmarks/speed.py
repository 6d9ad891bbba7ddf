"""How long an upgrade of many small revisions takes, and how much memory."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import time

from tests.compat.environments import ENVIRONMENT
from tests.compat.environments import ORIGINAL_PYTHON
from tests.compat.environments import OUR_PYTHON
from tests.compat.environments import ROOT
from tests.support.apps import make_table
from tests.support.servers import Backend

from benchmarks.places import Places
from benchmarks.rivals import APPLICATION
from benchmarks.rivals import both
from benchmarks.rivals import Rival
from benchmarks.rivals import RUN
from benchmarks.tables import spread
from benchmarks.tables import Table

REVISIONS = 1_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one upgrade took.

    :param wall: seconds until it had ended.
    :param cpu: seconds of CPU time of its process.
    :param memory: at its peak, in MB.
    """

    wall: float
    cpu: float
    memory: float


def measure(places: Places, backends: list[Backend], *, rounds: int) -> None:
    """Print the seconds of both, one after the other in each round, and their ratio.

    Each upgrade is a process of its own, from its start to its end. Both commit after
    each revision; ours keeps its lock, its history and its journal.
    """
    table = Table(
        "database",
        *(f"{one:22}" for one in ("Flask-Migrate, wall", "ours, wall", "ratio, wall")),
        *(f"{one:22}" for one in ("Flask-Migrate, CPU", "ours, CPU", "ratio, CPU")),
        "peak memory",
    )
    with both() as rivals:
        revisions = [make_table(number) for number in range(1, REVISIONS + 1)]
        repositories = [one.write_repository(revisions) for one in rivals]
        for backend in backends:
            found: list[list[Spent]] = [[], []]
            # The first time is for bytecode and the index.
            for number in range(rounds + 1):
                for rival, repository, spent in zip(
                    rivals, repositories, found, strict=True
                ):
                    one = _upgrade(places, backend, rival, repository)
                    spent.extend([one] if number else [])

            _add(table, backend, *found)


def _upgrade(
    places: Places, backend: Backend, rival: Rival, repository: pathlib.Path
) -> Spent:
    with places.made(backend) as url:
        began = time.monotonic()
        process = subprocess.Popen(
            [
                *(OUR_PYTHON if rival.is_ours else ORIGINAL_PYTHON, "-c", RUN),
                *("db", "upgrade"),
            ],
            cwd=rival.folder,
            env={
                **ENVIRONMENT,
                "FLASK_APP": str(APPLICATION),
                # Its own package comes first for the one, and last for the other.
                "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}" if rival.is_ours else str(ROOT),
                "DATABASE_URL": url,
                "REPOSITORY": str(repository),
                "PER_MIGRATION": "1",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, rival.name
        return Spent(
            wall=time.monotonic() - began,
            cpu=usage.ru_utime + usage.ru_stime,
            memory=usage.ru_maxrss / 1024,
        )


def _add(
    table: Table, backend: Backend, theirs: list[Spent], ours: list[Spent]
) -> None:
    cells: list[str] = []
    for name in ("wall", "cpu"):
        times = [[getattr(one, name) for one in found] for found in (theirs, ours)]
        ratios = [one / other for other, one in zip(*times, strict=True)]
        cells += [*(spread(one) for one in times), spread(ratios)]

    peaks = (max(one.memory for one in found) for found in (theirs, ours))
    table.add(backend.name, *cells, ", ".join(f"{one:.0f}" for one in peaks) + " MB")
