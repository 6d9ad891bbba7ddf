"""Pair the rows of a table of gains with its columns, so that the sum is the largest.

A row or a column may stay without a partner, which gains nothing. (The Hungarian
method, by shortest augmenting paths.)
"""

from __future__ import annotations

import collections.abc as cabc
import math

Pair = tuple[int, int]
"""A row and a column."""


def pair_best(gains: cabc.Mapping[Pair, float]) -> dict[Pair, float]:
    """Return the best pairs, each with its margin.

    :param gains: of the pairs that are possible; only positive ones are ever taken.
    :return: for each pair, what the best sum without it is lower by.
    """
    best: dict[Pair, float] = {}

    for group in _split(gains):
        pairs = _solve(group)
        total = sum(group[pair] for pair in pairs)

        for pair in pairs:
            without = {one: gain for one, gain in group.items() if one != pair}
            other = sum(without[one] for one in _solve(without))
            best[pair] = total - other

    return dict(sorted(best.items()))


def _split(gains: cabc.Mapping[Pair, float]) -> list[dict[Pair, float]]:
    """Return the groups of pairs that share no row and no column."""
    groups: list[dict[Pair, float]] = []

    for pair, gain in gains.items():
        if gain <= 0:
            continue

        joined = {pair: gain}
        apart = []

        for group in groups:
            touches = any(one[0] == pair[0] or one[1] == pair[1] for one in group)
            (joined.update(group) if touches else apart.append(group))

        groups = [*apart, joined]

    return groups


def _solve(gains: cabc.Mapping[Pair, float]) -> list[Pair]:
    rows = sorted({row for row, _ in gains})
    columns = sorted({column for _, column in gains})
    # Every row has a column of its own that stands for "nobody".
    costs = [
        [-gains.get((row, column), -math.inf) for column in columns] + [0.0] * len(rows)
        for row in rows
    ]
    return [
        (rows[at], columns[column])
        for at, column in enumerate(_assign(costs))
        if column < len(columns)
    ]


def _assign(costs: list[list[float]]) -> list[int]:
    """Return a column for each row, so that the sum of the costs is the smallest."""
    solver = _Solver(costs)

    for row in range(1, len(costs) + 1):
        solver.add(row)

    columns = [0] * len(costs)

    for column, row in enumerate(solver.owner[1:]):
        if row:
            columns[row - 1] = column

    return columns


class _Solver:
    """Pairs one row after the other; rows and columns count from 1, 0 is nobody."""

    def __init__(self, costs: list[list[float]]) -> None:
        self._costs = costs
        self._columns = range(1, len(costs[0]) + 1 if costs else 1)
        self._of_row = [0.0] * (len(costs) + 1)
        self._of_column = [0.0] * (len(self._columns) + 1)
        self.owner = [0] * (len(self._columns) + 1)

    def add(self, row: int) -> None:
        """Pair one more row; others may have to move."""
        self.owner[0], column = row, 0
        nearest = [math.inf] * len(self.owner)
        before, seen = [0] * len(self.owner), {0}

        while self.owner[column]:
            seen.add(column)
            free = [other for other in self._columns if other not in seen]

            for other in free:
                cost = self._reduce(self.owner[column], other)

                if cost < nearest[other]:
                    nearest[other], before[other] = cost, column

            column = min(free, key=nearest.__getitem__)
            self._shift(nearest[column], seen)
            nearest = [one - nearest[column] for one in nearest]

        while column:
            self.owner[column] = self.owner[before[column]]
            column = before[column]

    def _reduce(self, row: int, column: int) -> float:
        cost = self._costs[row - 1][column - 1]
        return cost - self._of_row[row] - self._of_column[column]

    def _shift(self, step: float, seen: set[int]) -> None:
        for column in seen:
            self._of_row[self.owner[column]] += step
            self._of_column[column] -= step
