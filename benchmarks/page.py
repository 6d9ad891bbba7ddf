"""The tables of the documentation, written from what was measured."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import statistics
import typing as t

from tests.compat.environments import ROOT

from benchmarks.figures import Cell
from benchmarks.figures import Figures
from benchmarks.figures import Situation
from benchmarks.figures import Spent
from benchmarks.tools import TOOLS

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN = "<!-- written by `python -m benchmarks commands --write` -->"
END = "<!-- end -->"

ORIGINAL, OURS = "Flask-Migrate", "Whimbrel"
TITLES = {
    "floor": "(the application alone)",
    "nothing": "(a command of the application)",
    "pending": "`upgrade`, one pending",
    "check": "`check`, for the second time",
    "changed": "`check`, after a new revision",
    "fresh": "`upgrade`, fresh database",
}
"""How a command is shown that has no name of its own."""


def write(figures: Figures, path: pathlib.Path = PAGE) -> None:
    """Put the tables into a page, between two comments."""
    before, _, rest = path.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    assert after, f"{path} has no place for the tables"
    path.write_text(f"{before}{BEGIN}\n{render(figures)}\n{END}{after}", "utf-8")


def render(figures: Figures) -> str:
    """Return the tables, as Markdown: two for each schema on each database."""
    groups: dict[str, list[Situation]] = {}

    for one in sorted({one for one, _, _ in figures.cells}, key=_sort_key):
        title = f"{one.database}, {one.tables:,} tables of ten columns"
        groups.setdefault(title, []).append(one)

    lines = ["", _make_caption(figures)]

    for title, situations in groups.items():
        lines += ["", f"**{title}**: milliseconds of CPU time", ""]
        lines += _make_table(situations, lambda one: make_cost_rows(figures, one))
        lines += ["", "The same in seconds from start to end, and peak memory:", ""]
        lines += _make_table(situations, lambda one: make_rest_rows(figures, one))

    return "\n".join([*lines, ""])


def make_cost_rows(figures: Figures, situation: Situation) -> list[str]:
    """Return a row for each command: CPU time on top of the floor, and the ratio."""
    floors = figures.find(situation, "floor")
    return [
        _make_row(
            situation,
            command,
            *(_show(_list_costs(cells, floors, one.name)) for one in TOOLS),
            _show_ratio(
                _list_costs(cells, floors, OURS), _list_costs(cells, floors, ORIGINAL)
            ),
        )
        for command, cells in _list_rows(figures, situation)
    ]


def make_rest_rows(figures: Figures, situation: Situation) -> list[str]:
    """Return a row for each command: wall time and memory, and the ratio of times."""
    return [
        _make_row(
            situation,
            command,
            *(_show_rest(_list_spent(cells, one.name)) for one in TOOLS),
            _show_ratio(
                [one.wall for one in _list_spent(cells, OURS)],
                [one.wall for one in _list_spent(cells, ORIGINAL)],
            ),
        )
        for command, cells in _list_rows(figures, situation)
    ]


def _sort_key(situation: Situation) -> tuple[bool, Situation]:
    return not situation.database.startswith("SQLite"), situation


def _list_rows(figures: Figures, situation: Situation) -> list[tuple[str, list[Cell]]]:
    commands = (command for one, command, _ in figures.cells if one == situation)
    return [
        (command, figures.find(situation, command))
        for command in dict.fromkeys(commands)
    ]


def _list_costs(
    cells: cabc.Iterable[Cell], floors: cabc.Iterable[Cell], name: str
) -> list[float]:
    """Return the CPU time above the floor of the same round; of the floor, all."""
    whole = {one.number: one.spent[name].cpu for one in floors}
    return [
        one.spent[name].cpu - (whole[one.number] if one.command != "floor" else 0)
        for one in cells
        if name in one.spent and one.number in whole
    ]


def _list_spent(cells: cabc.Iterable[Cell], name: str) -> list[Spent]:
    return [one.spent[name] for one in cells if name in one.spent]


def _show(values: list[float]) -> str:
    if not values:
        return ""

    middle = statistics.median(values)
    return f"{middle:,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def _show_ratio(ours: list[float], theirs: list[float]) -> str:
    """Return the median of the rounds' ratios, where there is something to divide."""
    if not theirs or min(theirs) < 10:
        return ""

    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    middle = statistics.median(ratios)
    return f"{middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _show_rest(values: list[Spent]) -> str:
    if not values:
        return ""

    wall = statistics.median(one.wall for one in values) / 1000
    memory = statistics.median(one.memory for one in values)
    return f"{wall:.2f} s, {memory:.0f} MB"


def _make_row(situation: Situation, command: str, *cells: str) -> str:
    history = f"{situation.revisions:,}"

    if situation.shape != "linear":
        history += f", {situation.shape}"

    title = TITLES.get(command, f"`{command}`")
    return f"| {history} | {title} | {' | '.join(cells)} |"


def _make_table(
    situations: list[Situation], make_rows: t.Callable[[Situation], list[str]]
) -> list[str]:
    names = [one.name for one in TOOLS]
    columns = ["Revisions", "Command", *names, f"{OURS} : {ORIGINAL}"]
    rows = [row for one in situations for row in make_rows(one)]
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows]


def _make_caption(figures: Figures) -> str:
    packages = ", ".join(
        f"{name.capitalize() if name == 'alembic' else name} {version}"
        for name, version in figures.caption.items()
        if name not in ("cores", "sources")
    )
    rounds = {number for _, _, number in figures.cells}
    return (
        f"{packages}, on {figures.caption['cores']} cores; the median of "
        f"{len(rounds)} rounds, the least and the most."
    )
