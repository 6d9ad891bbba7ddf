"""Whether the way back is written, as the file says it."""

from __future__ import annotations

import pathlib

import pytest

from flask_migrate.plan import Direction
from flask_migrate.revisions.capture.reversible import is_reversible

WORK = "op.drop_table('t')"
DISPATCH = "globals()['{}_%s' % engine_name]()"


@pytest.mark.parametrize(
    ("there", "back", "expected"),
    [
        (WORK, WORK, True),
        (WORK, "pass", False),
        (WORK, "'''Nothing.'''", False),
        (WORK, "...", False),
        (WORK, "return", False),
        (WORK, "raise NotImplementedError", False),
        (WORK, "'''No.'''\n    raise RuntimeError('no way back')", False),
        (WORK, f"{WORK}\n    raise RuntimeError", True),
        ("pass", "pass", True),
        ("pass", WORK, True),
    ],
)
def test_bodies(tmp_path: pathlib.Path, there: str, back: str, expected: bool) -> None:
    """An empty way back, or one that only refuses, is none; in both directions."""
    path = tmp_path / "a1.py"
    path.write_text(f"def upgrade():\n    {there}\ndef downgrade():\n    {back}\n")
    assert is_reversible(str(path), Direction.UPGRADE) is expected
    path.write_text(f"def upgrade():\n    {back}\ndef downgrade():\n    {there}\n")
    assert is_reversible(str(path), Direction.DOWNGRADE) is expected


def test_several_databases(tmp_path: pathlib.Path) -> None:
    """Each database has functions of its own."""
    path = tmp_path / "a1.py"
    path.write_text(
        f"def upgrade(engine_name):\n    {DISPATCH.format('upgrade')}\n"
        f"def downgrade(engine_name):\n    {DISPATCH.format('downgrade')}\n"
        f"def upgrade_():\n    {WORK}\ndef downgrade_():\n    {WORK}\n"
        f"def upgrade_users():\n    {WORK}\ndef downgrade_users():\n    pass\n"
    )
    assert is_reversible(str(path), Direction.UPGRADE) is True
    assert is_reversible(str(path), Direction.UPGRADE, name="users") is False


@pytest.mark.parametrize("text", ["def upgrade(:", "upgrade = downgrade = print", ""])
def test_what_cannot_be_read(tmp_path: pathlib.Path, text: str) -> None:
    """A file that does not say it plainly is not known."""
    path = tmp_path / "a1.py"
    path.write_text(text)
    assert is_reversible(str(path), Direction.UPGRADE) is None
    assert is_reversible(str(tmp_path / "no.py"), Direction.UPGRADE) is None
