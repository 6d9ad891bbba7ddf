"""Generated files: the message is text, never code; a file is whole or not there."""

from __future__ import annotations

import ast
import pathlib

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from flask_migrate.errors import BadOption
from flask_migrate.errors import HistoryError
from flask_migrate.errors import RevisionFileError
from flask_migrate.revisions import files

TEMPLATES = pathlib.Path(files.__file__).parent.parent / "templates"
VALUES = {
    "up_revision": "a1",
    "down_revision": None,
    "branch_labels": None,
    "depends_on": None,
    "create_date": "today",
    "comma": lambda value: value or "",
    "imports": "",
    "upgrades": "",
    "downgrades": "",
    "databases": [("", ""), ("my-db", "my_db")],
}


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@example('"""\nimport os\nos.abort()\n"""')
@example('"""+str(1/0)+"""')
@example("C:\\users\\new \\x \\N{DASH}")
@example('ends with a quote"')
@example("ends with a backslash\\")
@example("${1/0} <% 1/0 %> \\\\")
def test_message_reads_back(message: str) -> None:
    """Whatever the message is, it is the beginning of the docstring, and only that."""
    for name in ("flask", "flask-multidb"):
        template = TEMPLATES / name / "script.py.mako"
        text = files.render_python(template, {**VALUES, "message": message})
        docstring = ast.get_docstring(ast.parse(text), clean=False)
        assert docstring is not None
        # Python reads every line ending as \n; a carriage return is kept by its escape.
        assert docstring.startswith(message)


def test_message_in_a_comment(tmp_path: pathlib.Path) -> None:
    """A template that writes the message elsewhere takes a harmless one only."""
    template = tmp_path / "script.py.mako"
    template.write_text(
        "# ${message}\nrevision = ${repr(up_revision)}\ndown_revision = None\n"
    )
    assert b"harmless" in files.render_python(
        template, {**VALUES, "message": "harmless"}
    )

    with pytest.raises(BadOption, match="read as code"):
        files.render_python(template, {**VALUES, "message": "x\nimport os"})


def test_template_that_makes_no_python(tmp_path: pathlib.Path) -> None:
    """What does not compile is refused, with the line that is wrong."""
    template = tmp_path / "script.py.mako"
    template.write_text("def upgrade_my-db():\n    pass\n")

    with pytest.raises(RevisionFileError, match="not valid Python") as caught:
        files.render_python(template, VALUES)

    assert "upgrade_my-db" in str(caught.value)


@pytest.mark.parametrize(
    "revision",
    [
        *("", "head", "heads", "base", "current", "../evil", "a b", "a'b", "a-b"),
        *(".x", "x" * 33, "a/b", "a\\b", "a\nb", "a:b"),
    ],
)
def test_bad_ids(revision: str) -> None:
    """An id that something would misread is refused before a file is made."""
    with pytest.raises((BadOption, HistoryError)):
        files.check_revision_id(revision)


@pytest.mark.parametrize("revision", ["a1", "2026_11_24", "x" * 32, "1.2", "é1"])
def test_good_ids(revision: str) -> None:
    """Ordinary ids pass."""
    files.check_revision_id(revision)


def test_no_half_written_file(tmp_path: pathlib.Path) -> None:
    """When the file cannot get its name, no leftover stays."""
    path = tmp_path / "x.py"
    path.mkdir()

    with pytest.raises(RevisionFileError, match="cannot be written"):
        files.write_atomically(path, b"x")

    assert list(tmp_path.iterdir()) == [path]


def test_unwritable_folder(tmp_path: pathlib.Path) -> None:
    """A folder that is not there gives our error, with the path."""
    with pytest.raises(RevisionFileError, match="cannot be written"):
        files.write_atomically(tmp_path / "missing" / "x.py", b"")
