"""Pairs are chosen together: the sum decides, and nobody has to have a partner."""

from __future__ import annotations

import itertools
import random

import pytest

from flask_migrate.make.autogenerate.renames.assignment import pair_best

Gains = dict[tuple[int, int], float]


def _try_all(gains: Gains) -> float:
    """Return the best sum of all possible choices."""
    pairs = list(gains)
    return max(
        sum(gains[pair] for pair in choice)
        for size in range(len(pairs) + 1)
        for choice in itertools.combinations(pairs, size)
        if len({row for row, _ in choice}) == len({to for _, to in choice}) == size
    )


def _add(gains: Gains, pairs: dict[tuple[int, int], float]) -> float:
    return sum(gains[pair] for pair in pairs)


@pytest.mark.parametrize("seed", range(60))
def test_best_sum(seed: int) -> None:
    """The sum, and each margin, is what trying every choice finds."""
    dice = random.Random(seed)
    cells = [(row, column) for row in range(3) for column in range(4)]
    gains = {pair: dice.uniform(-2, 5) for pair in dice.sample(cells, 9)}
    found = pair_best(gains)
    assert _add(gains, found) == pytest.approx(_try_all(gains))

    for pair, margin in found.items():
        without = {one: gain for one, gain in gains.items() if one != pair}
        assert margin == pytest.approx(_try_all(gains) - _try_all(without))


def test_greedy_is_wrong() -> None:
    """The best single pair is given up where two others are worth more."""
    gains = {(0, 0): 5.0, (0, 1): 4.0, (1, 0): 4.5}
    assert list(pair_best(gains)) == [(0, 1), (1, 0)]


def test_nobody_has_to_match() -> None:
    """A pair that gains nothing is not taken, and an empty table has none."""
    assert pair_best({(0, 0): -1.0, (1, 1): 2.0}) == {(1, 1): 2.0}
    assert pair_best({}) == {}


def test_large() -> None:
    """Forty tables that all resemble each other are paired in no time."""
    dice = random.Random(1)
    gains = {
        (row, column): dice.uniform(1, 2) + 5 * (row == column)
        for row in range(40)
        for column in range(40)
    }
    assert list(pair_best(gains)) == [(number, number) for number in range(40)]
