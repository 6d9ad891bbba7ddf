"""Long histories that do nothing: what a command costs before there is any work."""

from __future__ import annotations

import pathlib

from tests.support.apps import RevisionFile


def make_line(count: int) -> list[RevisionFile]:
    """Return revisions that follow one another."""
    return [
        RevisionFile(
            revision=_name(number),
            down=_name(number - 1) if number else None,
            message=f"change number {number}",
        )
        for number in range(count)
    ]


def make_merges(count: int) -> list[RevisionFile]:
    """Return revisions of which every tenth joins two that follow the same one."""
    found: list[RevisionFile] = []

    for number in range(count):
        place = number % 10
        down: str | tuple[str, ...] | None = _name(number - 1) if number else None

        if place == 8:
            down = _name(number - 2)
        elif place == 9:
            down = (_name(number - 2), _name(number - 1))

        found.append(RevisionFile(revision=_name(number), down=down))

    return found


def make_dependent(count: int) -> list[RevisionFile]:
    """Return two branches, one of which depends on the other at every step."""
    found = [RevisionFile(revision=_name(0)), RevisionFile(revision=_name(1))]

    for number in range(2, count):
        needs = _name(number - 1) if number % 2 else None
        found.append(
            RevisionFile(
                revision=_name(number), down=_name(number - 2), depends_on=needs
            )
        )

    return found


def write_files(folder: pathlib.Path, revisions: list[RevisionFile]) -> None:
    """Write revisions into a folder."""
    folder.mkdir(parents=True, exist_ok=True)

    for one in revisions:
        (folder / f"{one.revision}_.py").write_text(one.text, "utf-8")


def _name(number: int) -> str:
    # In no order, as real ids are.
    return f"{number * 2654435761 % 2**32:08x}{number:04x}"
