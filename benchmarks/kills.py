"""kill -9 at a random moment of an upgrade; then one plain upgrade."""

from __future__ import annotations

import collections
import pathlib
import random
import tempfile

from tests.support.audits import Audit
from tests.support.audits import audit
from tests.support.long_histories import make_mixed
from tests.support.long_histories import make_small
from tests.support.servers import Backend

from benchmarks.places import Places
from benchmarks.rivals import both
from benchmarks.rivals import Rival
from benchmarks.tables import Table

REVISIONS = 50
LONGEST_DELAY = 0.005
"""Seconds after a word was sent: a statement of these histories takes about as long."""


def measure(places: Places, backends: list[Backend], *, rounds: int) -> None:
    """Print how often the next upgrade goes on, is stuck, or leaves wrong rows."""
    table = Table("database", "package", "killed", "goes on", "stuck", "wrong rows")
    with both() as rivals:
        for backend in backends:
            for rival in rivals:
                victim = Victim(places, backend, rival)
                victim.prepare(make_mixed(REVISIONS, backend=backend.name))
                # A fifth shows what the original does.
                share = rounds if rival.is_ours else -(-rounds // 5)
                found = collections.Counter(
                    victim.kill_once(**_choose(random.Random(number), victim.words))
                    for number in range(share)
                )
                _add(table, victim, found)


def measure_moments(places: Places, backends: list[Backend], *, rounds: int) -> None:
    """The same, at each word that one small revision sends, before it and after it."""
    table = Table("database", "package", "killed", "goes on", "stuck", "wrong rows")
    with both() as rivals:
        for backend in backends:
            for rival in rivals:
                victim = Victim(places, backend, rival)
                victim.prepare(make_small(backend.name))
                found = collections.Counter(
                    victim.kill_once(MOMENT=str(moment), **sent)
                    for moment in range(1, victim.words + 1)
                    for sent in ({}, {"SENT": "1"})
                )
                _add(table, victim, found)


class Victim:
    """Upgrades of one package that are killed.

    :param places: where databases come from.
    :param backend: of the databases.
    :param rival: the package.
    """

    def __init__(self, places: Places, backend: Backend, rival: Rival) -> None:
        self.backend, self.rival = backend, rival
        self._places = places
        self._repository = pathlib.Path()
        self._expected: Audit | None = None
        self.words = 0

    def prepare(self, revisions: tuple[object, ...]) -> None:
        """Write the repository; find what an undisturbed run sends and leaves."""
        self._repository = self.rival.write_repository(revisions)  # type: ignore[arg-type]
        with (
            self._places.made(self.backend) as url,
            tempfile.NamedTemporaryFile() as counter,
        ):
            self._upgrade(url, COUNT=counter.name)
            self._expected = audit(url)
            self.words = pathlib.Path(counter.name).stat().st_size

    def kill_once(self, **when: str) -> str:
        """Kill one upgrade, run one that is not killed, and say what came of it."""
        with self._places.made(self.backend) as url:
            killed = self._upgrade(url, **when)
            code = self._upgrade(url)

            if killed != -9:
                return "not killed"

            if audit(url) == self._expected:
                return "goes on" if code == 0 else "stuck"

            return "stuck" if code else "wrong rows"

    def _upgrade(self, url: str, **environment: str) -> int:
        return self.rival.run(
            "db", "upgrade", url=url, repository=self._repository, **environment
        ).exit_code


def _choose(dice: random.Random, words: int) -> dict[str, str]:
    when = {"MOMENT": str(dice.randint(1, words))}

    if dice.random() < 0.5:
        when["SENT"] = "1"

    if dice.random() < 0.5:
        when["DELAY"] = str(dice.random() * LONGEST_DELAY)

    return when


def _add(table: Table, victim: Victim, found: collections.Counter[str]) -> None:
    counts = [found[name] for name in ("goes on", "stuck", "wrong rows")]
    table.add(victim.backend.name, victim.rival.name, sum(counts), *counts)
