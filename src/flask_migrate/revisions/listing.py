"""The revision files of a folder, and by what each is known again."""

from __future__ import annotations

import array
import collections.abc as cabc
import contextlib
import hashlib
import os
import stat
import typing as t

from .headers import Stamp

_GONE = (-1, 0, 0)
# A path of one name is found faster than a whole one, where the system has that.
_BY_FOLDER = os.stat in os.supports_dir_fd and os.listdir in os.supports_fd


class Listing:
    """What Alembic takes for revisions, in a stable order.

    The facts of all files stand in one list: a start makes nothing for each of them.

    :param folder: where they are.
    :param recursive: those of the folders in it count too.
    :raises OSError: there is no such folder.
    """

    def __init__(self, folder: str, *, recursive: bool) -> None:
        self._folder = os.path.realpath(folder)
        self._recursive = recursive
        self._links: dict[str, str] = {}
        self._numbers = array.array("q")
        self.names: list[str] = []
        self._read("")

    def _read(self, inside: str) -> None:
        """List one folder.

        :param inside: its place in the whole, with a slash at the end; or nothing.
        """
        path = os.path.join(self._folder, inside)

        with _opened(path) as (place, options):
            for name in sorted(os.listdir(place)):
                if name.endswith(".py"):
                    if not name.startswith((".#", "__init__")):
                        target = name if options else path + name
                        self._numbers.extend(self._look(inside + name, target, options))
                        self.names.append(inside + name)

                elif self._recursive and _is_folder(os.path.join(path, name)):
                    self._read(f"{inside}{name}/")

    def _look(self, name: str, target: str, options: t.Any) -> Stamp:
        try:
            found = os.stat(target, follow_symlinks=False, **options)

            if stat.S_ISLNK(found.st_mode):
                self._links[name] = os.path.realpath(os.path.join(self._folder, name))
                found = os.stat(target, **options)
        except OSError:
            return _GONE

        return to_stamp(found)

    def __iter__(self) -> cabc.Iterator[tuple[str, str, Stamp]]:
        """Yield the name of each file in the folder, its path, and its facts."""
        numbers = iter(self._numbers)

        for name, *stamp in zip(self.names, numbers, numbers, numbers, strict=True):
            yield name, self.find_path(name), t.cast("Stamp", tuple(stamp))

    def is_of(self, folder: str, *, recursive: bool) -> bool:
        """Tell whether these are the files of a folder."""
        known = (self._folder, self._recursive)
        return known == (os.path.realpath(folder), recursive)

    def find_path(self, name: str) -> str:
        """Return where a file is, without symbolic links."""
        return self._links.get(name) or os.path.join(self._folder, name)

    @property
    def newest(self) -> int:
        """When the last change of any file was, in nanoseconds."""
        return max(self._numbers[1::3], default=0)

    def take_fingerprint(self) -> str:
        """Return one number for the names, sizes and times of all files."""
        names = "\0".join(self.names).encode("utf-8", "surrogateescape")
        taken = hashlib.blake2b(names, digest_size=16)
        taken.update(self._numbers.tobytes())
        return taken.hexdigest()


def to_stamp(found: os.stat_result) -> Stamp:
    """Return by what a file is known again."""
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@contextlib.contextmanager
def _opened(path: str) -> cabc.Iterator[tuple[t.Any, dict[str, int]]]:
    """Open a folder; yield what lists it, and what finds a name in it."""
    if not _BY_FOLDER:
        yield path, {}
        return

    folder = os.open(path, os.O_RDONLY)

    try:
        yield folder, {"dir_fd": folder}
    finally:
        os.close(folder)


def _is_folder(path: str) -> bool:
    is_ours = not path.endswith("__pycache__") and not os.path.islink(path)
    return is_ours and os.path.isdir(path)
