"""Files of ours in the ``__pycache__`` of a folder of revisions.

It may be deleted at any time, git does not see it, and nothing depends on it.
"""

from __future__ import annotations

import os
import pathlib
import threading


def find_cached(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Return where a file is kept.

    :param folder: of revision files.
    """
    return folder / "__pycache__" / name


def replace_cached(path: pathlib.Path, content: bytes) -> None:
    """Write a file whole or not at all; the last one of several writers stays.

    :raises OSError: the folder cannot be written.
    """
    folder = path.parent
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"

    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")

    temporary = folder / f".whimbrel-{os.getpid()}-{threading.get_ident()}"

    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
