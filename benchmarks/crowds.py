"""Eight processes upgrade one fresh database at once."""

from __future__ import annotations

import pathlib

from tests.support.audits import Audit
from tests.support.audits import audit
from tests.support.long_histories import make_crowded
from tests.support.servers import Backend

from benchmarks.places import Places
from benchmarks.rivals import both
from benchmarks.rivals import Rival
from benchmarks.tables import Table

PROCESSES = 8
REVISIONS = 20


def measure(places: Places, backends: list[Backend], *, rounds: int) -> None:
    """Print how many processes succeed, and whether each revision ran once."""
    table = Table("database", "package", "exit 0", "rounds right", "least in a round")
    with both(PROCESSES) as rivals:
        for backend in backends:
            for rival in rivals:
                table.add(
                    backend.name, rival.name, *_count(places, backend, rival, rounds)
                )


def _count(places: Places, backend: Backend, rival: Rival, rounds: int) -> list[str]:
    revisions = make_crowded(REVISIONS, backend=backend.name)
    repository = rival.write_repository(revisions)
    expected = _find_expected(places, backend, rival, repository)
    well: list[int] = []
    right = 0
    for _ in range(rounds):
        with places.made(backend) as url:
            waiting = [
                rival.begin("db", "upgrade", url=url, repository=repository, worker=one)
                for one in range(PROCESSES)
            ]
            results = [wait() for wait in waiting]
            well.append(sum(one.exit_code == 0 for one in results))
            right += audit(url) == expected

    total = PROCESSES * rounds
    return [f"{sum(well)} of {total}", f"{right} of {rounds}", str(min(well))]


def _find_expected(
    places: Places, backend: Backend, rival: Rival, repository: pathlib.Path
) -> Audit:
    with places.made(backend) as url:
        alone = rival.run("db", "upgrade", url=url, repository=repository)
        assert alone.exit_code == 0, alone.output
        return audit(url)
