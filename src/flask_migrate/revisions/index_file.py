"""The file of an index: a summary on one line, and a row for each revision file."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import json
import pathlib
import sys
import typing as t
import zlib

from .cache import find_cached
from .cache import replace_cached
from .headers import Entry
from .headers import Header
from .headers import Stamp

if t.TYPE_CHECKING:
    from .outline import Outline

FORMAT = 2
"""Counts up when the file, or what is read from a revision file, changes."""

Known = tuple[Stamp, str, Header | None]
"""An entry without its path: the folder may have been moved."""


Summary = tuple[tuple[str, Known, tuple[str, ...], bool], ...]
"""The heads of a sound history: the name of the file, what is known of it, its labels,
and whether nothing depends on it."""


class IndexFile:
    """The index of one folder, as it was written last; empty where it is not usable.

    :param folder: of revision files.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._path = find_cached(folder, "whimbrel.json")
        self.written: int = 0
        self.fingerprint: str = ""
        self.summary: Summary | None = None
        self._rows = b""
        self._check = 0

        with contextlib.suppress(OSError, ValueError, TypeError, LookupError):
            self._read()

    def _read(self) -> None:
        checks, line, rows = self._path.read_bytes().split(b"\n", 2)
        first, second = checks.split()

        if int(first, 16) != zlib.crc32(line):
            return

        key, written, fingerprint, summary = json.loads(line)

        if key == _make_key():
            if summary is not None:
                self.summary = tuple(
                    (*_from_row(row), tuple(labels), is_effective)
                    for row, labels, is_effective in summary
                )

            self.written, self.fingerprint = written, fingerprint
            self._rows, self._check = rows, int(second, 16)

    def read_rows(self) -> dict[str, Known]:
        """Return what is known of each file, by its name in the folder; once."""
        content, self._rows = self._rows, b""

        if self._check != zlib.crc32(content):
            return {}

        rows = json.loads(content or b"[]")
        return dict(map(_from_row, rows))

    def write(
        self,
        entries: cabc.Mapping[str, Entry],
        *,
        outline: Outline | None,
        written: int,
        fingerprint: str,
    ) -> None:
        """Write the index, whole or not at all; the last one of several writers stays.

        :param entries: by the name in the folder.
        :param outline: of the history, where there is one.
        :param written: nanoseconds; the time before the files were looked at.
        :param fingerprint: of their names, sizes and times.
        """
        rows = {name: _to_row(name, entry) for name, entry in entries.items()}
        summary = None

        if outline is not None:
            names = {entry.path: name for name, entry in entries.items()}
            summary = [
                (rows[names[head.entry.path]], head.labels, head.is_effective)
                for head in outline.heads.values()
            ]

        line = _dump([_make_key(), written, fingerprint, summary])
        content = _dump([*rows.values()])
        checks = b"%08x %08x" % (zlib.crc32(line), zlib.crc32(content))

        # A folder that cannot be written is read anew each time.
        with contextlib.suppress(OSError):
            replace_cached(self._path, b"\n".join((checks, line, content)))


def _dump(value: t.Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _make_key() -> list[t.Any]:
    # What is valid Python depends on the version.
    return [FORMAT, *sys.version_info[:2]]


def _to_row(name: str, entry: Entry) -> tuple[t.Any, ...]:
    return (name, *entry.stamp, entry.checksum, *(entry.header or ()))


def _from_row(row: list[t.Any]) -> tuple[str, Known]:
    name, size, changed, touched, checksum, *header = row
    stamp = (size, changed, touched)

    if not header:
        return name, (stamp, checksum, None)

    revision, down, labels, needs, doc, is_broken = header
    down, labels, needs = (
        tuple(one) if isinstance(one, list) else one for one in (down, labels, needs)
    )
    return name, (
        stamp,
        checksum,
        Header(revision, down, labels, needs, doc, is_broken),
    )
