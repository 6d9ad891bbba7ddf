"""What is read of a revision file without running it, and what is left to Python."""

from __future__ import annotations

import pytest

from flask_migrate.revisions.headers import Header
from flask_migrate.revisions.headers import read_header

PLAIN = '''"""add a column

Revision ID: b2
"""
from alembic import op
import sqlalchemy as sa

revision: str = "b2"
down_revision: str | None = "a1"
branch_labels = ("red", "blue")
depends_on = None


def upgrade():
    op.add_column("t", sa.Column("x"))


def downgrade():
    op.drop_column("t", "x")
'''


def test_plain_file() -> None:
    """Every fact of an ordinary file is read."""
    assert read_header(PLAIN.encode()) == Header(
        revision="b2",
        down="a1",
        labels=("red", "blue"),
        needs=None,
        doc="add a column\n\nRevision ID: b2\n",
        is_broken=False,
    )


@pytest.mark.parametrize(
    "code",
    [
        "class Base: pass",
        "def help(revision): return revision",
        "bind = sa.table('x')",
        "'a text'",
        "revision = 'b2'",
        "import os.path",
    ],
)
def test_harmless_code(code: str) -> None:
    """What else stands in a file changes nothing of what is read."""
    assert read_header(f"{PLAIN}\n{code}\n".encode()) == read_header(PLAIN.encode())


@pytest.mark.parametrize(
    "code",
    [
        "revision = make_id()",
        "revision = revision + 'x'",
        "revision += 'x'",
        "if True:\n    revision = 'x'",
        "for revision in 'x': pass",
        "x = revision = 'x'",
        "x = (revision := 'x')",
        "revision, x = 'x', 'y'",
        "del depends_on",
        "from elsewhere import *",
        "from elsewhere import revision",
        "import elsewhere as down_revision",
        "def revision(): pass",
        "class depends_on: pass",
        "x = globals()['revision']",
        "x = setattr(sys.modules[__name__], 'revision', 'x')",
        "def change():\n    global revision\n    revision = 'x'\nx = change()",
        "class X:\n    global revision\n    revision = 'x'",
        "def f(x=(revision := 'x')): pass",
        "@exec\ndef f(): pass",
        "__doc__ = 'x'",
        "print()",
        "raise SystemExit",
        "down_revision = {'a', 'b'}",
        "down_revision = 1",
        "down_revision = ('a', 1)",
        "revision = ''",
        "revision = 'a+b'",
        "revision = None",
    ],
)
def test_unclear_code(code: str) -> None:
    """Where running the file could give something else, nothing is read."""
    assert read_header(f"{PLAIN}\n{code}\n".encode()) is None


CONTENTS = {
    "empty": "",
    "a NUL character": "\0",
    "one name": "revision = 'a1'",
    "the other name": "down_revision = 'a1'",
    "too deep": "(" * 1000,
    "a conflict": PLAIN.replace("def up", "<<<<<<< HEAD\ndef up"),
    "broken above": PLAIN.replace("def upgrade():", "revision = (\ndef upgrade():"),
    "a name below": f"{PLAIN}def f(:\n    pass\nrevision = 'x'\n",
    "broken without a name": PLAIN.replace("depends_on =", "x =").replace("():", "(:"),
}


@pytest.mark.parametrize("what", CONTENTS)
def test_unreadable_content(what: str) -> None:
    """Nothing is read from what is no revision, or invalid in its first lines."""
    assert read_header(CONTENTS[what].encode()) is None
    assert read_header(CONTENTS[what].encode() + b"\n# caf\xe9") is None


def test_broken_body() -> None:
    """A function that is no valid Python leaves the lines above it readable."""
    found = read_header(PLAIN.replace("def downgrade():", "def downgrade(:").encode())
    expected = read_header(PLAIN.encode())
    assert expected is not None
    assert found == expected._replace(is_broken=True)
