"""Measure one thing, or all, on private servers."""

from __future__ import annotations

import argparse
import typing as t

from benchmarks import commands
from benchmarks import comparisons
from benchmarks import crowds
from benchmarks import fresh
from benchmarks import kills
from benchmarks import page
from benchmarks import speed
from benchmarks import waits
from benchmarks.places import choose
from benchmarks.places import serving

MEASUREMENTS: dict[str, tuple[t.Callable[..., t.Any], int]] = {
    "crowds": (crowds.measure, 10),
    "kills": (kills.measure, 100),
    "moments": (kills.measure_moments, 1),
    "waits": (waits.measure, 5),
    "speed": (speed.measure, 5),
    "fresh": (fresh.measure, 3),
    "comparisons": (comparisons.measure, 3),
    "commands": (commands.measure, 5),
}


def main() -> None:
    """Read the words, and measure."""
    words = _read_words()
    names = list(MEASUREMENTS) if words.name == "all" else [words.name]

    with serving() as places:
        for name in names:
            measure, rounds = MEASUREMENTS[name]
            print(f"\n{name}: {(measure.__doc__ or '').splitlines()[0]}\n", flush=True)
            options = {"rounds": rounds if words.rounds is None else words.rounds}

            if name == "commands":
                options |= {"is_small": words.small, "only": words.only}

            found = measure(places, choose(words.database), **options)

            if name == "commands" and words.write:
                page.write(found)


def _read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*MEASUREMENTS, "all"])
    parser.add_argument("--rounds", type=int, help="otherwise as many as in the docs")
    parser.add_argument(
        "--database", action="append", default=[], help="one of them; may be repeated"
    )
    parser.add_argument(
        "--small", action="store_true", help="commands: few revisions and tables"
    )
    parser.add_argument(
        "--only", default="", help="commands: where the title has this text"
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="commands: write the tables of docs/benchmarks.md; with --rounds 0, "
        "from what is measured already",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
