"""Measure one thing, or all, on private servers."""

from __future__ import annotations

import argparse

from benchmarks import comparisons
from benchmarks import crowds
from benchmarks import fresh
from benchmarks import kills
from benchmarks import speed
from benchmarks import starts
from benchmarks import waits
from benchmarks.places import choose
from benchmarks.places import serving

MEASUREMENTS = {
    "crowds": (crowds.measure, 10),
    "kills": (kills.measure, 100),
    "moments": (kills.measure_moments, 1),
    "waits": (waits.measure, 5),
    "speed": (speed.measure, 5),
    "fresh": (fresh.measure, 3),
    "starts": (starts.measure, 5),
    "comparisons": (comparisons.measure, 3),
}


def main() -> None:
    """Read the words, and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*MEASUREMENTS, "all"])
    parser.add_argument("--rounds", type=int, help="otherwise as many as in the docs")
    parser.add_argument(
        "--database", action="append", default=[], help="one of them; may be repeated"
    )
    words = parser.parse_args()
    names = list(MEASUREMENTS) if words.name == "all" else [words.name]

    with serving() as places:
        for name in names:
            measure, rounds = MEASUREMENTS[name]
            print(f"\n{name}: {(measure.__doc__ or '').splitlines()[0]}\n", flush=True)
            measure(places, choose(words.database), rounds=words.rounds or rounds)


if __name__ == "__main__":
    main()
