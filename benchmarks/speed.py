"""How long an upgrade of many small revisions takes."""

from __future__ import annotations

import time

from tests.support.apps import make_table
from tests.support.servers import Backend

from benchmarks.places import Places
from benchmarks.rivals import both
from benchmarks.rivals import Rival
from benchmarks.tables import spread
from benchmarks.tables import Table

REVISIONS = 200


def measure(places: Places, backends: list[Backend], *, rounds: int) -> None:
    """Print the seconds of both, one after the other in each round, and their ratio.

    Both commit after each revision; ours keeps its lock, its history and its journal.
    """
    table = Table(
        "database", f"Flask-Migrate{' ' * 12}", f"Whimbrel{' ' * 16}", "ratio"
    )
    with both() as rivals:
        revisions = [make_table(number) for number in range(1, REVISIONS + 1)]
        repositories = [one.write_repository(revisions) for one in rivals]
        for backend in backends:
            times: list[list[float]] = [[], []]
            for _ in range(rounds):
                for rival, repository, found in zip(
                    rivals, repositories, times, strict=True
                ):
                    found.append(_time(places, backend, rival, str(repository)))

            ratios = [ours / theirs for theirs, ours in zip(*times, strict=True)]
            table.add(
                backend.name, *(spread(one, " s") for one in times), spread(ratios)
            )


def _time(places: Places, backend: Backend, rival: Rival, repository: str) -> float:
    with places.made(backend) as url:
        began = time.monotonic()
        result = rival.run(
            "db", "upgrade", url=url, repository=repository, PER_MIGRATION="1"
        )
        assert result.exit_code == 0, result.output
        return time.monotonic() - began
