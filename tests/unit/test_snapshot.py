"""The fingerprint of a schema, whatever its size."""

from __future__ import annotations

import hashlib
import json

import pytest

from flask_migrate.databases.dialects.schemas import SchemaObject
from flask_migrate.databases.snapshot import Snapshot


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 1_001, 2_500])
def test_fingerprint(count: int) -> None:
    """It is that of one JSON text, as files of earlier releases have it."""
    rows = [("column", f"t{number}", 'a "é"', "TEXT, []") for number in range(count)]
    names = ("kind", "table", "name", "definition")
    objects = (SchemaObject(**dict(zip(names, row, strict=True))) for row in rows)
    text = json.dumps(rows, separators=(",", ":"))
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert Snapshot(objects=tuple(objects)).fingerprint == expected
