"""What is known of the revision files, kept beside them: a start reads one file.

The index lies in the ``__pycache__`` of each folder of revisions. It is never trusted
where it could be wrong: a file is known again by its times and its size, and if there
is any doubt by its content. Nothing depends on it; it may be deleted, damaged, or
impossible to write.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import json
import os
import pathlib
import sys
import threading
import time
import typing as t
import warnings
import zlib

from .checksums import checksum_of
from .headers import Header
from .headers import read_header

FORMAT = 1
"""Counts up when the index, or what is read from a file, changes."""

_DOUBT = 2 * 10**9
"""Nanoseconds in which two changes of a file may leave it the same time (FAT)."""

Stamp = tuple[int, int, int]
"""Size, time of the last change, and time when anything about a file changed last."""


class Entry(t.NamedTuple):
    """One revision file.

    :param path: of the file, absolute and without symbolic links.
    :param stamp: by which it is known again.
    :param checksum: of its content; empty where it cannot be read.
    :param header: what it says; ``None`` if only importing it can tell.
    """

    path: str
    stamp: Stamp
    checksum: str
    header: Header | None


def read_entries(folder: pathlib.Path, *, recursive: bool) -> list[Entry]:
    """Return the revision files of a folder, in a stable order.

    :param recursive: those of the folders in it too.
    """
    began = time.time_ns()
    known, written = _read(folder)
    entries: dict[str, Entry] = {}
    is_changed = False

    with warnings.catch_warnings():
        # A file is compiled when it runs, which is the time for its warnings.
        warnings.simplefilter("ignore")

        for name, path in _list_files(str(folder), recursive=recursive):
            old = known.get(name)
            stamp = _read_stamp(path)

            if old is not None and old[0] == stamp and stamp[1] < written - _DOUBT:
                entries[name] = Entry(path, *old)
            else:
                entries[name] = _look(path, stamp, old)
                is_changed |= stamp[1] < began - _DOUBT or old is None

    if is_changed or entries.keys() != known.keys():
        _write(folder, entries, began)

    return list(entries.values())


def _look(
    path: str, stamp: Stamp, old: tuple[Stamp, str, Header | None] | None
) -> Entry:
    """Read a file that is new, or about which there is a doubt."""
    try:
        content = pathlib.Path(path).read_bytes()
    except OSError:
        # To import it says why.
        return Entry(path, stamp, "", None)

    found = checksum_of(content)

    if old is not None and old[1] == found:
        return Entry(path, stamp, found, old[2])

    return Entry(path, stamp, found, read_header(content))


def _list_files(
    folder: str, *, recursive: bool, inside: str = ""
) -> cabc.Iterator[tuple[str, str]]:
    """Yield what Alembic takes for revisions: the name in the folder, and the place."""
    place = os.path.realpath(folder)

    with os.scandir(place) as found:
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


# -- the file ------------------------------------------------------------------


def _find_file(folder: pathlib.Path) -> pathlib.Path:
    return folder / "__pycache__" / "whimbrel.json"


def _read(
    folder: pathlib.Path,
) -> tuple[dict[str, tuple[Stamp, str, Header | None]], int]:
    """Return what the index has by name, and when it was made."""
    try:
        check, _, content = _find_file(folder).read_bytes().partition(b"\n")

        if int(check, 16) != zlib.crc32(content):
            return {}, 0

        key, written, rows = json.loads(content)

        if key != _make_key():
            return {}, 0

        return {row[0]: _from_row(row) for row in rows}, written
    except (OSError, ValueError):
        return {}, 0


def _make_key() -> list[t.Any]:
    # What is valid Python depends on the version.
    return [FORMAT, *sys.version_info[:2]]


def _from_row(row: list[t.Any]) -> tuple[Stamp, str, Header | None]:
    _, size, changed, touched, checksum, *header = row

    if not header:
        return (size, changed, touched), checksum, None

    revision, down, labels, needs, doc, is_broken = header
    return (
        (size, changed, touched),
        checksum,
        Header(
            revision,
            tuple(down) if isinstance(down, list) else down,
            tuple(labels) if isinstance(labels, list) else labels,
            tuple(needs) if isinstance(needs, list) else needs,
            doc,
            is_broken,
        ),
    )


def _write(
    folder: pathlib.Path, entries: cabc.Mapping[str, Entry], written: int
) -> None:
    """Write the index, whole or not at all; the last one of several writers stays."""
    rows = [
        (name, *one.stamp, one.checksum, *(one.header or ()))
        for name, one in entries.items()
    ]
    content = json.dumps([_make_key(), written, rows], separators=(",", ":")).encode()
    path = _find_file(folder)

    # A folder that cannot be written is read anew each time.
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        ignore = path.with_name(".gitignore")

        if not ignore.exists():
            ignore.write_text("*\n", "utf-8")

        temporary = path.with_name(f".whimbrel-{os.getpid()}-{threading.get_ident()}")

        try:
            temporary.write_bytes(b"%08x\n" % zlib.crc32(content) + content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
