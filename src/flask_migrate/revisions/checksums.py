"""What one script file is, as a number: to see that it has changed since."""

from __future__ import annotations

import hashlib
import os
import pathlib


def checksum(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a script file, the same for every form of line ending.

    :param path: of the file; git may check it out with other line endings elsewhere.
    :return: 64 hexadecimal digits.
    :raises OSError: it cannot be read.
    """
    return checksum_of(pathlib.Path(path).read_bytes())


def checksum_of(content: bytes) -> str:
    """Return the checksum of a script from what is in its file."""
    unified = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return hashlib.sha256(unified).hexdigest()
