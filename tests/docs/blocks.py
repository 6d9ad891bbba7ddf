"""The fenced blocks of a Markdown page, cut into walks.

A walk is a stretch of a page that happens in one folder. A page is one walk, unless a
comment begins another. Comments for the runner stand on lines of their own::

    <!-- walk: on PostgreSQL; server: postgresql -->
    <!-- not run: needs a network -->

The first line of a block may name a file: ``# app.py`` writes it, ``# in app.py``
replaces the statements of the same name in it and adds the others.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

RUNNABLE = frozenset({"console", "pycon", "python"})
"""The languages of blocks that are run, unless a comment says why not."""

_FENCE = re.compile(r"(?P<indent> *)```(?P<language>\S*)( .*)?$")
_COMMENT = re.compile(r"<!-- (?P<kind>walk|not run): (?P<text>.+?) -->$")
_FILE = re.compile(r"# (?P<part>in )?(?P<path>[\w./-]+\.\w+)$")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block.

    :param language: the word after the fence.
    :param text: what is between the fences.
    :param line: the line of its first fence.
    :param excuse: why it is not run.
    """

    language: str
    text: str
    line: int
    excuse: str | None = None

    @property
    def file(self) -> tuple[str, bool] | None:
        """The file that its first line names, and whether it is a part of it."""
        found = _FILE.match(self.text.partition("\n")[0])
        return found and (found["path"], bool(found["part"]))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Blocks that are run one after the other, in one folder.

    :param page: the file, as it is called from the top of the repository.
    :param name: what the page says that it shows.
    :param server: the backend that it needs.
    :param blocks: in their order.
    """

    page: str
    name: str = ""
    server: str | None = None
    blocks: tuple[Block, ...] = ()

    def __str__(self) -> str:
        return f"{self.page}:{self.name.replace(' ', '-')}" if self.name else self.page


def read_walks(path: Path, page: str) -> list[Walk]:
    """Return the walks of a page, empty ones left out.

    :param page: its name.
    """
    walks = [Walk(page=page)]
    for item in _read_items(path.read_text("utf-8").splitlines()):
        if isinstance(item, Walk):
            walks.append(dataclasses.replace(item, page=page))
        else:
            blocks = (*walks[-1].blocks, item)
            walks[-1] = dataclasses.replace(walks[-1], blocks=blocks)

    return [walk for walk in walks if walk.blocks]


def _read_items(lines: list[str]) -> t.Iterator[Block | Walk]:
    """Return the blocks, and each walk where it begins."""
    excuse: str | None = None
    numbered = iter(enumerate(lines, start=1))
    for number, line in numbered:
        if fence := _FENCE.match(line):
            text = _read_block(numbered, len(fence["indent"]))
            # A directive of MyST is no block: `{toctree}`, `{eval-rst}`, ...
            if not fence["language"].startswith("{"):
                yield Block(
                    language=fence["language"], text=text, line=number, excuse=excuse
                )

            excuse = None
        elif (comment := _COMMENT.match(line)) and comment["kind"] == "not run":
            excuse = comment["text"]
        elif comment:
            name, _, server = comment["text"].partition("; server: ")
            yield Walk(page="", name=name, server=server or None)


def _read_block(numbered: t.Iterator[tuple[int, str]], indent: int) -> str:
    lines = []
    for _, line in numbered:
        if line.strip() == "```":
            break

        lines.append(line[indent:])

    return "".join(f"{line}\n" for line in lines)
