"""Revision files that cannot be read, loaded or run."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from tests.faults.rows import check_answer
from tests.faults.rows import check_row
from tests.faults.rows import observe
from tests.faults.rows import Row
from tests.faults.rows import row_params
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.forks import become_nobody
from tests.support.forks import run_flask
from tests.support.projects import Project

Damage = t.Callable[[Project], object]


def rewrite(name: str, old: str, new: str) -> Damage:
    """Replace a text in a revision file."""

    def damage(project: Project) -> None:
        path = project.versions / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    return damage


def append(name: str, content: bytes) -> Damage:
    """Write something at the end of a revision file."""

    def damage(project: Project) -> None:
        with (project.versions / name).open("ab") as file:
            file.write(content)

    return damage


def add(name: str, content: bytes) -> Damage:
    """Put another file beside the revisions, or instead of one."""

    def damage(project: Project) -> None:
        (project.versions / name).write_bytes(content)

    return damage


BODY = "def upgrade():"
CONFLICT = b"<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> feature\n"

HIDDEN = "async def work(): pass\ndef upgrade():\n    return work()\ndef unused():"

ROWS = [
    Row(
        number=16,
        what="syntax error",
        damage=rewrite("a3_.py", BODY, "def upgrade(:"),
        says=("a3_.py, line 9, is not valid Python", "invalid syntax", "Correct"),
    ),
    Row(
        what="syntax error and a target that counts",
        damage=rewrite("a3_.py", BODY, "def upgrade(:"),
        words=("upgrade", "+1"),
        says=("a3_.py, line 9, is not valid Python",),
    ),
    Row(
        number=17,
        what="git conflict markers",
        damage=append("a3_.py", CONFLICT),
        says=("a3_.py, line 13,", "git conflict marker", "Resolve the conflict"),
    ),
    Row(
        number=18,
        what="syntax error and a command that reads",
        damage=rewrite("a3_.py", BODY, "def upgrade(:"),
        words=("heads",),
        says=("a3_.py, line 9, is not valid Python",),
    ),
    Row(
        number=19,
        what="NameError at import",
        damage=append("a3_.py", b"\nfoo_undefined\n"),
        says=(
            "a3_.py, line 14, cannot be loaded: NameError",
            "'foo_undefined' is not defined",
            "Correct the file",
        ),
    ),
    Row(
        number=20,
        what="import of a module that is gone",
        damage=append("a3_.py", b"\nimport myapp_gone\n"),
        says=("a3_.py, line 14, cannot be loaded", "No module named 'myapp_gone'"),
        # Only what will run is imported, and the database says what that is.
        connects=True,
    ),
    Row(
        number=21,
        what="no down_revision",
        damage=rewrite("a2_.py", "down_revision = 'a1'", ""),
        says=("a2_.py", "no `down_revision =` in it"),
        hides=("AttributeError",),
    ),
    Row(
        number=22,
        what="no revision",
        damage=rewrite("a2_.py", "\nrevision = 'a2'", ""),
        says=("a2_.py", "no `revision =` in it"),
    ),
    Row(
        number=23,
        what="revision is None",
        damage=rewrite("a2_.py", "\nrevision = 'a2'", "\nrevision = None"),
        says=("a2_.py", "`revision` must be a text, not None"),
    ),
    Row(
        number=24,
        what="revision is a number",
        damage=rewrite("a2_.py", "\nrevision = 'a2'", "\nrevision = 2"),
        says=("a2_.py", "`revision` must be a text, not 2"),
    ),
    Row(
        what="down_revision is a number",
        damage=rewrite("a2_.py", "down_revision = 'a1'", "down_revision = 1"),
        says=("a2_.py", "`down_revision` must be a text", "not 1"),
    ),
    Row(
        number=25,
        what="byte that is not UTF-8 in a comment",
        damage=append("a3_.py", b"# caf\xe9\n"),
        exit_code=0,
        changes=True,
    ),
    Row(
        number=26,
        what="NUL bytes",
        damage=append("a3_.py", b"\0\0"),
        says=("a3_.py", "is not valid Python", "null bytes"),
    ),
    Row(
        number=27,
        what="empty file",
        damage=add("a3_.py", b""),
        says=("a3_.py is empty", "Restore the file from version control"),
    ),
    Row(
        what="half a file, as a full disk leaves it",
        damage=add("a3_.py", b'"""add a table\n\nRevision ID: a3\n'),
        says=("a3_.py, line 1, is not valid Python", "unterminated"),
    ),
    Row(
        number=28,
        what="no upgrade function",
        damage=rewrite("a3_.py", "def upgrade()", "def upgrad()"),
        says=("a3_.py has no function upgrade()", "Write `def upgrade():`"),
        connects=True,
    ),
    Row(
        what="no upgrade function and nothing else to run",
        before=(("upgrade", "a2"),),
        damage=rewrite("a3_.py", "def upgrade()", "def upgrad()"),
        words=("upgrade", "+1"),
        says=("a3_.py has no function upgrade()",),
    ),
    Row(
        what="no downgrade function",
        before=(("upgrade",),),
        damage=rewrite("a3_.py", "def downgrade()", "def downgrad()"),
        words=("downgrade",),
        says=("a3_.py has no function downgrade()",),
    ),
    Row(
        number=29,
        what="async def upgrade",
        damage=rewrite("a3_.py", BODY, "async def upgrade():"),
        says=("upgrade() in", "a3_.py, line 9", "a coroutine", "ordinary function"),
        connects=True,
    ),
    Row(
        number=30,
        what="upgrade is a generator",
        damage=rewrite(
            "a3_.py", "    op.create_table", "    yield\n    op.create_table"
        ),
        says=("upgrade() in", "a3_.py, line 9", "a generator"),
        connects=True,
    ),
    Row(
        what="upgrade is an asynchronous generator",
        damage=rewrite("a3_.py", BODY, "async def upgrade():\n    yield"),
        says=("upgrade() in", "a3_.py, line 9", "a coroutine"),
        connects=True,
    ),
    Row(
        what="upgrade is no function",
        damage=append("a3_.py", b"\nupgrade = 'soon'\n"),
        says=("upgrade() in", "a3_.py is no function"),
        connects=True,
    ),
    Row(
        what="upgrade returns a coroutine",
        before=(("upgrade", "a2"),),
        damage=rewrite("a3_.py", BODY, HIDDEN),
        says=("a3_.py returned a coroutine", "nothing was changed"),
    ),
    Row(
        what="async def downgrade",
        before=(("upgrade",),),
        damage=rewrite("a3_.py", "def downgrade():", "async def downgrade():"),
        words=("downgrade",),
        says=("downgrade() in", "a3_.py, line 11", "a coroutine"),
    ),
    Row(
        what="upgrade wants an argument",
        damage=rewrite("a3_.py", BODY, "def upgrade(engine_name):"),
        says=("missing 1 required", "'engine_name'", "a3_.py", "applied 2 of 3"),
        changes=True,
    ),
    Row(
        number=131,
        what="byte that is not UTF-8 in a docstring",
        damage=add("a3_.py", b'"""caf\xe9"""\nrevision = "a3"\ndown_revision = "a2"\n'),
        says=("a3_.py", "is not valid Python", "utf-8"),
    ),
    Row(
        number=135,
        what="a helper module among the revisions",
        damage=add("helpers.py", b"def help_me():\n    return 1\n"),
        says=("helpers.py is no revision", "take it out of the folder"),
    ),
    Row(
        what="a module that ends the process",
        damage=append("a3_.py", b"\nraise SystemExit(0)\n"),
        says=("a3_.py, line 14, cannot be loaded: SystemExit",),
    ),
]


@pytest.mark.parametrize("row", row_params(ROWS))
def test_revision_file(row: Row, tmp_path: pathlib.Path) -> None:
    """A bad file is named, with its line, before anything runs on the database."""
    check_row(row, make_shop(tmp_path))


@pytest.mark.row(132)
def test_unreadable_file(public_folder: pathlib.Path) -> None:
    """A file that this user may not read is named, with the reason."""
    shop = make_shop(public_folder)
    (shop.versions / "a3_.py").chmod(0)
    before = {**observe(shop)} if os.geteuid() == 0 else None
    outcome = run_flask("db", "upgrade", app=shop.app, prepare=become_nobody)
    check_answer(
        outcome,
        exit_code=1,
        says=("a3_.py cannot be loaded: PermissionError: Permission denied",),
    )
    assert before is None or observe(shop) == before


@pytest.mark.row(31)
def test_forgotten_downgrade(tmp_path: pathlib.Path) -> None:
    """A table that an empty downgrade left is named, with what to do about it."""
    shop = make_shop(
        tmp_path, None, make_table(1), make_table(2), make_table(3, downgrade="pass")
    )
    shop.run_well("upgrade")
    shop.run_well("downgrade", "base")
    result = shop.run("upgrade")
    check_answer(
        result,
        exit_code=1,
        says=(
            'Revision a3 "a3" could not be applied',
            "table t3 already exists",
            "a3_.py, line 10",
            "CREATE TABLE t3",
            "applied 2 of 3; the database is at a2",
            "flask db stamp",
        ),
    )
