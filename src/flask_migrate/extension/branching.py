"""Verbs about parallel branches of the code: check_heads, check_base."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ..diagnostic import Diagnostic
from ..errors import RepositoryError
from .base import Directory
from .base import private_folder
from .base import Verbs
from .opened import Opened

if t.TYPE_CHECKING:
    from ..make.collisions import Collision
    from ..make.collisions import Touched
    from ..revisions.sides import Files
    from ..revisions.sides import Sides


class Branching(Verbs):
    """What a ``Migrate`` does where two branches of the code meet."""

    def check_heads(
        self,
        directory: Directory = None,
        *,
        base: str | None = None,
        resolve_dependencies: bool = False,
    ) -> tuple[Diagnostic, ...]:
        """Return what is wrong with the heads; asks no database.

        Several heads are wrong where they have the same branch labels, or none; the
        file ``HEAD`` is where it names other heads than there are.

        :param base: a branch or commit of git; also what would be wrong after a merge
            with it.
        :param resolve_dependencies: a revision that another depends on is no head.
        """
        from ..make.forks import find_forks
        from ..revisions.head_file import HeadFile

        opened = self._open(directory)
        history = opened.history
        scripts = history.list_heads(resolve_dependencies=resolve_dependencies)
        forks = find_forks(map(history.describe, scripts))
        fault = HeadFile(history).find_fault()
        return (
            *(fork.to_diagnostic() for fork in forks),
            *([fault] if fault else []),
            *(self._check_merge(opened, base) if base is not None else ()),
        )

    def check_base(
        self, directory: Directory = None, *, base: str
    ) -> tuple[Diagnostic, ...]:
        """Return what would be wrong after a merge with another branch of the code.

        New forks, and operations of both sides that collide. Everything is read from
        git's objects: nothing is checked out or fetched, and no database is asked.

        :param base: a branch, a tag or a commit of git.
        :raises BadOption: git does not know it.
        """
        return self._check_merge(self._open(directory), base)

    def find_collisions(
        self, directory: Directory = None, *, base: str
    ) -> tuple[Collision, ...]:
        """Return the operations of this and another branch of the code that collide.

        :param base: a branch, a tag or a commit of git.
        :raises BadOption: git does not know it.
        """
        from ..revisions.sides import read_sides

        opened = self._open(directory)
        return _find_collisions(opened, read_sides(opened.history, base))

    def write_head_file(self, directory: Directory = None) -> str:
        """Write the file ``HEAD`` anew, or for the first time.

        From then on every command that writes a revision keeps it.

        :return: its path.
        """
        from ..revisions.head_file import HeadFile

        file = HeadFile(self._open(directory).history)
        file.write()
        return str(file.path)

    def _check_merge(self, opened: Opened, base: str) -> tuple[Diagnostic, ...]:
        from ..revisions.sides import read_sides

        sides = read_sides(opened.history, base)
        collisions = _find_collisions(opened, sides)
        return (
            *_check_merged(opened, sides, base=base),
            *(one.to_diagnostic(base=base) for one in collisions),
        )


def _check_merged(opened: Opened, sides: Sides, *, base: str) -> list[Diagnostic]:
    """Return what is wrong with the revisions as a merge would leave them."""
    from ..make.forks import find_forks
    from ..revisions.sides import open_files

    where = f"merged with {base}, "

    with private_folder(True) as folder:
        assert folder is not None  # it is wanted
        merged, names = open_files(opened.history, sides.merged, folder=folder)
        paths = {
            copy: os.path.join(opened.history.dir, name) for copy, name in names.items()
        }

        try:
            heads = [merged.describe(script) for script in merged.list_heads()]
        except RepositoryError as error:
            return [_explain_broken(error, paths, where=where)]

    # Ours come last: a fork is shown in the file of its last head.
    heads.sort(key=lambda head: names[head.path] in sides.ours)
    found = [dataclasses.replace(head, path=paths[head.path]) for head in heads]
    return [fork.to_diagnostic(where=where) for fork in find_forks(found)]


def _explain_broken(
    error: RepositoryError, paths: dict[str, str], *, where: str
) -> Diagnostic:
    text = f"{where[0].upper()}{where[1:]}the revisions do not fit: {error.message}"

    for copy, path in paths.items():
        text = text.replace(copy, path)

    return Diagnostic(code="broken-history", message=text, hint=error.hint or "")


def _find_collisions(opened: Opened, sides: Sides) -> tuple[Collision, ...]:
    from ..make.collisions import find_collisions

    folder = opened.history.dir
    return find_collisions(
        _list_touched(sides.ours, folder), _list_touched(sides.theirs, folder)
    )


def _list_touched(files: Files, folder: str) -> list[Touched]:
    from ..make.collisions import Touched
    from ..revisions.source import Source
    from ..revisions.touches import read_touches

    found: list[Touched] = []

    for name, content in files.items():
        path = os.path.join(folder, name)
        source = Source(content, path)
        found += [
            Touched(revision=source.revision or name, path=path, touch=touch)
            for touch in read_touches(source)
        ]

    return found
