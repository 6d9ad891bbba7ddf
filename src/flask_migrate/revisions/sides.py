"""Two branches of the code: the revisions of each, and what a merge makes of them."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ..errors import BadOption
from .git import Git
from .index import list_files
from .source import read_revision

if t.TYPE_CHECKING:
    from .history import History

Files = dict[str, bytes]
"""Revision files: their names, relative to the folder of the repository, and texts."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The revisions of two branches of the code.

    :param ours: the files that only the working tree has, committed or not.
    :param theirs: the files that only the other side has.
    :param merged: all files after a merge.
    """

    ours: Files
    theirs: Files
    merged: Files


def read_sides(history: History, ref: str) -> Sides:
    """Return the working tree and a commit, as they differ since they were one.

    :param history: the revision files of the working tree.
    :param ref: the commit; a branch, for example.
    :raises BadOption: git does not know it.
    """
    git = Git(history)
    ours = _read_files(history, git)
    # What git does not keep for us is the same on every side.
    outside = {name: ours[name] for name in ours if not git.has_place_for(name)}
    ancestor = {**git.read_revisions(git.find_merge_base(ref)), **outside}
    theirs = {**git.read_revisions(ref), **outside}
    return Sides(
        ours=_pick_new(ours, ancestor, theirs),
        theirs=_pick_new(theirs, ancestor, ours),
        merged=_merge(ancestor, ours, theirs),
    )


def _read_files(history: History, git: Git) -> Files:
    return {
        git.name(path): path.read_bytes()
        for folder in map(pathlib.Path, history.version_folders)
        if folder.is_dir()
        for path in list_files(folder, recursive=history.recursive_version_locations)
    }


def _pick_new(files: Files, *others: Files) -> Files:
    """Return the files whose revisions stand in none of the others."""
    known = {read_revision(content) for other in others for content in other.values()}
    return {
        name: content
        for name, content in files.items()
        if read_revision(content) not in known
    }


def _merge(ancestor: Files, ours: Files, theirs: Files) -> Files:
    """Return what a merge leaves; where both have changed a file, it is ours."""
    merged: Files = {}

    for name in dict.fromkeys([*ours, *theirs]):
        mine = ours.get(name)
        is_same = _unify(mine) == _unify(ancestor.get(name))
        chosen = theirs.get(name) if is_same else mine

        if chosen is not None:
            merged[name] = chosen

    return merged


def _unify(content: bytes | None) -> bytes | None:
    """Return a text with one form of line endings: git may change them."""
    return None if content is None else content.replace(b"\r\n", b"\n")


def open_files(
    history: History, files: Files, *, folder: pathlib.Path
) -> tuple[History, dict[str, str]]:
    """Open files that are in no folder as a history.

    :param history: of the repository that they are of.
    :param folder: an empty one, for their copies.
    :return: the history, and the name of each copy's original.
    """
    names: dict[str, str] = {}

    for number, (name, content) in enumerate(files.items()):
        copy = folder / f"{number}_{pathlib.PurePosixPath(name).name}"
        copy.write_bytes(content)
        names[str(copy.resolve())] = name

    return type(history)(history.dir, version_locations=[str(folder)]), names


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Revisions that others may have.

    :param ref: where they are: ``origin/main``.
    :param revisions: their ids.
    """

    ref: str
    revisions: frozenset[str]


def read_published(
    history: History, *, base: str | None = None
) -> tuple[Published, ...]:
    """Return what others may have, as far as git knows: the best place first.

    :param base: the only place to look at; what git knows by itself otherwise.
    :return: nothing where there is no git, or nothing but the current branch.
    :raises BadOption: git does not know the base.
    """
    try:
        git = Git(history)
    except BadOption:
        if base is not None:
            raise

        return ()

    return tuple(
        Published(
            ref=ref,
            revisions=frozenset(
                revision
                for content in git.read_revisions(ref).values()
                if (revision := read_revision(content))
            ),
        )
        for ref in ([base] if base is not None else git.find_published())
    )
