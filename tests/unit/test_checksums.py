"""The checksum of a script file."""

from __future__ import annotations

import pathlib

from flask_migrate.revisions.checksums import checksum


def test_line_endings_do_not_count(tmp_path: pathlib.Path) -> None:
    """A file has one checksum on every platform, and another after a change."""
    path = tmp_path / "a1.py"
    found = set()

    for ending in (b"\n", b"\r\n", b"\r"):
        path.write_bytes(ending.join([b"def upgrade():", b"    pass", b""]))
        found.add(checksum(path))

    assert len(found) == 1
    path.write_bytes(b"def upgrade():\n    pass  \n")
    assert checksum(path) not in found
