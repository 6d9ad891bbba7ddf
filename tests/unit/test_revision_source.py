"""The text of a revision file: one value is replaced, and nothing else."""

from __future__ import annotations

import pathlib
import py_compile

import pytest

from flask_migrate.errors import RevisionFileError
from flask_migrate.revisions.handwork import find_handwork
from flask_migrate.revisions.source import read_revision
from flask_migrate.revisions.source import rewriting
from flask_migrate.revisions.source import Source

REPLACED = {
    "down_revision = 'a1'": "down_revision = 'c2'",
    'down_revision = "a1"  # the "first"': 'down_revision = "c2"  # the "first"',
    "down_revision: str | None = 'a1'": "down_revision: str | None = 'c2'",
    "down_revision = None": "down_revision = 'c2'",
    "down_revision = ('a1',)": "down_revision = 'c2'",
    "down_revision = (\n    'a1'  # why\n)": "down_revision = (\n    'c2'  # why\n)",
    "x = 'ä€😀'; down_revision = 'a1'": "x = 'ä€😀'; down_revision = 'c2'",
    "down_revision = 'zz'\ndown_revision = 'a1'": (
        "down_revision = 'zz'\ndown_revision = 'c2'"
    ),
}
"""A line as it is, and as it is after it."""


@pytest.mark.parametrize("line", REPLACED)
def test_the_parent_is_replaced(line: str) -> None:
    """The quotes, the comments and the place of the value stay."""
    text = f'"""Ähm\n\nRevision ID: b2\n"""\nrevision = "b2"\n{line}\n\n\nx = "a1"\n'
    found = Source(text.encode(), "b2.py").with_parent("c2").decode()
    assert found == text.replace(line, REPLACED[line])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("encoding", "cookie"),
    [("utf-8", ""), ("utf-8-sig", ""), ("latin-1", "# coding: latin-1\n")],
)
def test_the_bytes_stay(end: str, encoding: str, cookie: str) -> None:
    """Line endings, the encoding and a byte order mark are as they were."""
    text = f'{cookie}"""Größe\x0c\n\nRevises: a1 \n"""\nä = "ö"; down_revision = "a1"\n'
    content = text.replace("\n", end).encode(encoding)
    wanted = text.replace("Revises: a1 ", "Revises: c2").replace('"a1"', '"c2"')
    found = Source(content, "b2.py").with_parent("c2")
    assert found == wanted.replace("\n", end).encode(encoding)


@pytest.mark.parametrize(
    ("note", "after"),
    [
        ("Revises: a1", "Revises: c2"),
        ("  Revises:   a1", "  Revises: c2"),
        ("Revises: somebody else", "Revises: somebody else"),
        ("Revises nothing", "Revises nothing"),
    ],
)
def test_the_note_in_the_docstring(note: str, after: str) -> None:
    """It is written anew where it has named the old parent, and only there."""
    text = f'"""first\n\n{note}\n"""\ndown_revision = "a1"\n# Revises: a1\n'
    found = Source(text.encode(), "b2.py").with_parent("c2").decode()
    assert found == text.replace(note, after, 1).replace('"a1"', '"c2"')


def test_a_first_revision() -> None:
    """The note of a revision that follows nothing is empty, and is filled."""
    text = '"""first\n\nRevises: \nCreate Date: today\n"""\ndown_revision = None\n'
    found = Source(text.encode(), "b2.py").with_parent("c2").decode()
    assert "Revises: c2\nCreate" in found


@pytest.mark.parametrize(
    "line",
    [
        "down_revision = PARENT",
        "down_revision = 'a1', 'a2'",
        "pass",
        "down_revision = 1",
    ],
)
def test_what_cannot_be_replaced(line: str) -> None:
    """A value that is computed, or several, is left to a person."""
    with pytest.raises(RevisionFileError, match="is not written as one text or None"):
        Source(line.encode(), "b2.py").with_parent("c2")


def test_an_id_with_quotes_stays_a_text() -> None:
    """An id is never code, whatever is in it."""
    found = Source(b'down_revision = "a1"', "b2.py").with_parent('c"; x = "')
    names: dict[str, str] = {}
    exec(found, names)
    assert names["down_revision"] == 'c"; x = "'
    assert "x" not in names


def test_rewriting(tmp_path: pathlib.Path) -> None:
    """Who may read the file stays, and a failure puts it back."""
    path = tmp_path / "b2.py"
    path.write_bytes(b"down_revision = 'a1'\r\n")
    path.chmod(0o600)

    with rewriting(path, parent="c2"):
        assert path.read_bytes() == b"down_revision = 'c2'\r\n"
        assert path.stat().st_mode & 0o777 == 0o600

    with pytest.raises(KeyError), rewriting(path, parent="d2"):
        raise KeyError

    assert path.read_bytes() == b"down_revision = 'c2'\r\n"
    assert [one.name for one in tmp_path.iterdir()] == ["b2.py"]


def test_what_python_has_compiled_is_forgotten(tmp_path: pathlib.Path) -> None:
    """A file of the same size and second would be taken for the old one."""
    path = tmp_path / "b2[1].py"
    path.write_bytes(b"down_revision = 'a1'\n")
    compiled = [
        pathlib.Path(py_compile.compile(str(path), optimize=level) or "")
        for level in (0, 1)
    ]
    assert all(one.is_file() for one in compiled)

    with rewriting(path, parent="c2"):
        assert not any(one.exists() for one in compiled)


def test_the_id_of_a_file() -> None:
    """The id is read from the text, and is unknown where it is computed."""
    assert read_revision(b"revision = 'a1'") == "a1"
    assert read_revision(b"revision: str = 'a1'") == "a1"
    assert read_revision(b"revision = make()") is None
    assert read_revision(b"revision =") is None


HANDWORK = {
    "def upgrade():\n    op.add_column('t', sa.Column('x'))": [],
    "def upgrade():\n  with op.batch_alter_table('t') as b:\n   b.drop_column('x')": [],
    "def upgrade(name):\n    globals()['upgrade_%s' % name]()": [],
    "def upgrade(name):\n    {'': upgrade_}.get(name)()\ndef upgrade_():\n    pass": [],
    "def upgrade():\n    op.execute('DELETE')": ["line 2: op.execute('DELETE')"],
    "def upgrade():\n    for t in X:\n        pass": ["line 2: for t in X:"],
    "def helper():\n    pass": ["line 1: def helper():"],
    "SIZE = 3": ["line 1: SIZE = 3"],
    "'''doc'''\nimport x\nrevision: str = 'a'\ndepends_on = None": [],
}
"""A file, and what no autogenerate writes in it."""


@pytest.mark.parametrize("text", HANDWORK)
def test_handwork(text: str) -> None:
    """What the template and autogenerate write is told from what a person writes."""
    assert list(find_handwork(Source(text.encode(), "a1.py"))) == HANDWORK[text]
