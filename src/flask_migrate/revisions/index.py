"""What is known of the revision files, kept beside them: a start reads one file.

The index lies in the ``__pycache__`` of each folder of revisions. It is never trusted
where it could be wrong: a file is known again by its times and its size, and if there
is any doubt by its content. Nothing depends on it; it may be deleted, damaged, or
impossible to write.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import pathlib
import time
import warnings

from .checksums import checksum_of
from .headers import Entry
from .headers import read_header
from .headers import Stamp
from .index_file import IndexFile
from .index_file import Known
from .listing import Listing
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
        self._found = Listing(str(folder), recursive=recursive)
        self._entries: list[Entry] | None = None

    @property
    def outline(self) -> Outline | None:
        """The history in short; ``None`` where that cannot be told."""
        if self._entries is not None or not self._is_fresh:
            return make_outline(self)

        summary = self._file.summary

        if summary is None:
            return None

        find_path = self._found.find_path
        heads = (
            Head(Entry(find_path(name), *known), labels, is_effective)
            for name, known, labels, is_effective in summary
        )
        return Outline(heads, files=self)

    @property
    def entries(self) -> list[Entry]:
        """The files, in a stable order."""
        if self._entries is None:
            known = self._file.read_rows()

            if self._is_fresh and len(known) == len(self._found.names):
                find_path = self._found.find_path
                self._entries = [
                    Entry(find_path(name), *known[name]) for name in self._found.names
                ]
            else:
                self._entries = self._look(known)

        return self._entries

    def is_of(self, folder: pathlib.Path, *, recursive: bool) -> bool:
        """Tell whether these are the files of a folder."""
        return self._found.is_of(str(folder), recursive=recursive)

    @functools.cached_property
    def _is_fresh(self) -> bool:
        """Whether every file is as the index has it, beyond any doubt."""
        return (
            self._found.newest < self._file.written - _DOUBT
            and self._file.fingerprint == self._found.take_fingerprint()
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

        self._entries = list(entries.values())

        if is_changed or entries.keys() != known.keys():
            self._file.write(
                entries,
                outline=make_outline(self),
                written=self._began,
                fingerprint=self._found.take_fingerprint(),
            )

        return self._entries


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
    for _, path, _ in Listing(str(folder), recursive=recursive):
        yield pathlib.Path(path)
