"""What is known of the revision files, kept beside them: a start reads one file.

The index lies in the ``__pycache__`` of each folder of revisions. It is never trusted
where it could be wrong: a file is known again by its times and its size, and if there
is any doubt by its content. Nothing depends on it; it may be deleted, damaged, or
impossible to write.
"""

from __future__ import annotations

import array
import collections.abc as cabc
import hashlib
import os
import pathlib
import time
import warnings

from .checksums import checksum_of
from .headers import Entry
from .headers import read_header
from .headers import Stamp
from .index_file import IndexFile
from .index_file import Known
from .outline import Head
from .outline import make_outline
from .outline import Outline

_DOUBT = 2 * 10**9
"""Nanoseconds in which two changes of a file may leave it the same time (FAT)."""


class Index:
    """The revision files of one folder.

    :param folder: where they are.
    :param recursive: those of the folders in it count too.
    :raises OSError: there is no such folder.
    """

    def __init__(self, folder: pathlib.Path, *, recursive: bool) -> None:
        self._began = time.time_ns()
        self._file = IndexFile(folder)
        self._found = [
            (name, path, _read_stamp(path))
            for name, path in _list_files(str(folder), recursive=recursive)
        ]
        self._entries: list[Entry] | None = None

    @property
    def outline(self) -> Outline | None:
        """The history in short; ``None`` where that cannot be told."""
        if self._entries is not None or not self._is_fresh():
            return make_outline(self.entries)

        summary = self._file.summary

        if summary is None:
            return None

        wanted = {name for name, *_ in summary}
        paths = {name: path for name, path, _ in self._found if name in wanted}
        heads = (
            Head(Entry(paths[name], *known), labels, is_effective)
            for name, known, labels, is_effective in summary
        )
        return Outline(heads, load=lambda: self.entries)

    @property
    def entries(self) -> list[Entry]:
        """The files, in a stable order."""
        if self._entries is None:
            known = self._file.read_rows()

            if self._is_fresh() and len(known) == len(self._found):
                self._entries = [
                    Entry(path, *known[name]) for name, path, _ in self._found
                ]
            else:
                self._entries = self._look(known)

        return self._entries

    def _is_fresh(self) -> bool:
        """Tell whether every file is as the index has it, beyond any doubt."""
        newest = max((stamp[1] for *_, stamp in self._found), default=0)
        return (
            newest < self._file.written - _DOUBT
            and self._file.fingerprint == _take_fingerprint(self._found)
        )

    def _look(self, known: cabc.Mapping[str, Known]) -> list[Entry]:
        """Read the files that are new or in doubt, and write the index."""
        entries: dict[str, Entry] = {}
        is_changed = False

        with warnings.catch_warnings():
            # A file is compiled when it runs, which is the time for its warnings.
            warnings.simplefilter("ignore")

            for name, path, stamp in self._found:
                old = known.get(name)
                is_old = stamp[1] < self._file.written - _DOUBT

                if old is not None and is_old and old[0] == stamp:
                    entries[name] = Entry(path, *old)
                else:
                    entries[name] = _read_entry(path, stamp, old)
                    is_changed |= stamp[1] < self._began - _DOUBT or old is None

        if is_changed or entries.keys() != known.keys():
            self._file.write(
                entries,
                outline=make_outline(entries.values()),
                written=self._began,
                fingerprint=_take_fingerprint(self._found),
            )

        return list(entries.values())


def _read_entry(path: str, stamp: Stamp, old: Known | None) -> Entry:
    try:
        content = pathlib.Path(path).read_bytes()
    except OSError:
        # To import it says why.
        return Entry(path, stamp, "", None)

    found = checksum_of(content)
    is_same = old is not None and old[1] == found
    return Entry(
        path, stamp, found, old[2] if old and is_same else read_header(content)
    )


def list_files(folder: pathlib.Path, *, recursive: bool) -> cabc.Iterator[pathlib.Path]:
    """Yield the files that Alembic takes for revisions, in a stable order."""
    for _, place in _list_files(str(folder), recursive=recursive):
        yield pathlib.Path(place)


def _list_files(
    folder: str, *, recursive: bool, inside: str = ""
) -> cabc.Iterator[tuple[str, str]]:
    """Yield what Alembic takes for revisions: the name in the folder, and the place."""
    with os.scandir(os.path.realpath(folder)) as found:
        files = sorted(found, key=lambda one: one.name)

    for file in files:
        name = file.name

        if name.endswith(".py") and not name.startswith((".#", "__init__")):
            is_link = file.is_symlink()
            yield inside + name, os.path.realpath(file) if is_link else file.path

        elif recursive and name != "__pycache__" and file.is_dir(follow_symlinks=False):
            yield from _list_files(file.path, recursive=True, inside=f"{inside}{name}/")


def _read_stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)
    except OSError:
        return (-1, 0, 0)

    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _take_fingerprint(found: cabc.Sequence[tuple[str, str, Stamp]]) -> str:
    """Return one number for the names, sizes and times of all files."""
    names = "\0".join(name for name, *_ in found)
    numbers = array.array("q", (number for *_, stamp in found for number in stamp))
    taken = hashlib.blake2b(names.encode("utf-8", "surrogateescape"), digest_size=16)
    taken.update(numbers.tobytes())
    return taken.hexdigest()
