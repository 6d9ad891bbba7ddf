"""SQLite files that cannot be opened, read, written, locked or extended."""

from __future__ import annotations

import contextlib
import pathlib
import resource
import sqlite3
import typing as t

import pytest
import sqlalchemy as sa

from tests.faults.rows import check_answer
from tests.faults.rows import check_row
from tests.faults.rows import observe
from tests.faults.rows import read_database
from tests.faults.rows import Row
from tests.support.apps import make_shop
from tests.support.apps import make_table
from tests.support.apps import RevisionFile
from tests.support.forks import become_nobody
from tests.support.forks import run_flask

FILL = """
op.create_table('big', sa.Column('x', sa.Text))
op.execute("INSERT INTO big VALUES (hex(zeroblob(200000)))")
"""


@pytest.mark.row(43)
def test_read_only_file(public_folder: pathlib.Path) -> None:
    """A file that this user may not write is named as that, and stays."""
    shop = make_shop(public_folder)
    shop.run_well("upgrade", "a1")
    shop.folder.parent.joinpath("shop.db").chmod(0o444)
    before = observe(shop)
    outcome = run_flask("db", "upgrade", app=shop.app, prepare=become_nobody)
    check_answer(
        outcome,
        exit_code=1,
        says=("cannot be written", "readonly database", "write permission"),
    )
    assert observe(shop) == before


@pytest.mark.parametrize("command", ["upgrade", "stamp head", "downgrade"])
def test_read_only_folder(public_folder: pathlib.Path, command: str) -> None:
    """A folder that this user may not write to, which SQLite needs, is the same."""
    shop = make_shop(public_folder)
    shop.run_well("upgrade", "a1")
    (public_folder / "shop.db-migrate.lock").unlink(missing_ok=True)
    before = observe(shop)
    public_folder.joinpath("shop.db").chmod(0o444)
    public_folder.chmod(0o555)
    outcome = run_flask("db", *command.split(), app=shop.app, prepare=become_nobody)
    check_answer(outcome, exit_code=1, says=("shop.db", "write permission"))
    assert observe(shop) == before


def test_lock_file_of_another_user(public_folder: pathlib.Path) -> None:
    """What a killed run of another user has left keeps nobody out."""
    shop = make_shop(public_folder)
    shop.run_well("upgrade", "a1")
    (public_folder / "shop.db").chmod(0o666)
    (public_folder / "shop.db-migrate.lock").touch(0o644)
    outcome = run_flask("db", "upgrade", app=shop.app, prepare=become_nobody)
    assert outcome.exit_code == 0, outcome.output


def test_reading_a_read_only_folder(public_folder: pathlib.Path) -> None:
    """Commands that only look need no right to write."""
    shop = make_shop(public_folder)
    shop.run_well("upgrade")
    public_folder.joinpath("shop.db").chmod(0o444)
    public_folder.chmod(0o555)
    for words in ("current", "history", "upgrade"):
        outcome = run_flask("db", words, app=shop.app, prepare=become_nobody)
        assert outcome.exit_code == 0, outcome.output


@pytest.mark.row(44)
def test_folder_that_does_not_exist(tmp_path: pathlib.Path) -> None:
    """The first command that writes makes the folder of the database."""
    url = f"sqlite:///{tmp_path}/data/new/shop.db"
    shop = make_shop(tmp_path, url)
    shop.run_well("current")
    assert not (tmp_path / "data").exists()
    shop.run_well("upgrade")
    assert set(read_database(url)) == {"alembic_version", "t1", "t2", "t3"}


def test_folder_that_cannot_be_made(public_folder: pathlib.Path) -> None:
    """A folder that this user may not make is named."""
    shop = make_shop(public_folder, f"sqlite:///{public_folder}/data/shop.db")
    public_folder.chmod(0o555)
    outcome = run_flask("db", "upgrade", app=shop.app, prepare=become_nobody)
    check_answer(
        outcome,
        exit_code=1,
        says=("/data of the database cannot be made: Permission denied", "Check"),
    )
    assert not (public_folder / "data").exists()


@pytest.mark.row(45)
@pytest.mark.parametrize("command", ["upgrade", "current", "check", "stamp head"])
def test_file_that_is_no_database(tmp_path: pathlib.Path, command: str) -> None:
    """What is no database is named and not touched."""
    shop = make_shop(tmp_path)
    content = b"this is a letter to my grandmother, not a database\n" * 20
    row = Row(
        what="letter",
        damage=lambda _: (tmp_path / "shop.db").write_bytes(content),
        words=tuple(command.split()),
        says=("shop.db is not an SQLite database", "nothing was changed"),
    )
    check_row(row, shop)


def test_folder_instead_of_a_file(tmp_path: pathlib.Path) -> None:
    """A folder of the database's name is not taken for one."""
    row = Row(
        what="folder",
        damage=lambda _: (tmp_path / "shop.db").mkdir(),
        says=("shop.db cannot be opened", "Check the path"),
    )
    check_row(row, make_shop(tmp_path))


def test_damaged_file(tmp_path: pathlib.Path) -> None:
    """A database file with damaged pages is named as damaged."""
    shop = make_shop(
        tmp_path,
        None,
        make_table(1),
        RevisionFile(revision="a2", down="a1", upgrade=FILL),
        make_table(3),
    )
    shop.run_well("upgrade", "a2")
    path = tmp_path / "shop.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    result = shop.run("upgrade")
    check_answer(result, exit_code=1, says=("shop.db is damaged", "backup"))


@pytest.mark.row(46)
@pytest.mark.parametrize("command", ["upgrade", "downgrade", "stamp a1"])
def test_locked_file(tmp_path: pathlib.Path, command: str) -> None:
    """Another writer is waited for in vain: who waits how long is said, and exit 4."""
    url = f"sqlite:///{tmp_path}/shop.db?timeout=0.1"
    shop = make_shop(tmp_path, url, config={"MIGRATE_DDL_DEADLINE": 0.1})
    shop.run_well("upgrade", "a2")
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        row = Row(
            what="locked",
            words=tuple(command.split()),
            exit_code=4,
            says=("Another session", "database is locked", "run the command again"),
        )
        check_row(row, shop)

    shop.run_well(*command.split())


def limit_pages(pages: int) -> t.Callable[[t.Any, t.Any], None]:
    """Return a listener that lets a database grow to some pages: as a full disk."""

    def limit(connection: t.Any, record: t.Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    return limit


@pytest.mark.row(47)
def test_full_disk(tmp_path: pathlib.Path) -> None:
    """No room: the revision is undone, the ones before it stay, and it is said."""
    full = RevisionFile(revision="a3", down="a2", upgrade=FILL)
    shop = make_shop(tmp_path, None, make_table(1), make_table(2), full)
    with shop.app.app_context():
        engine = shop.app.extensions["migrate"].find_databases()[0].engine
        sa.event.listen(engine, "connect", limit_pages(20))

    result = shop.run("upgrade")
    check_answer(
        result,
        exit_code=1,
        says=(
            "Revision a3",
            "shop.db has no room left: database or disk is full",
            "a3_.py, line 11",
            "applied 2 of 3; the database is at a2",
            "nothing of a3 stays",
            "Free some space",
        ),
    )
    tables = read_database(f"sqlite:///{tmp_path}/shop.db")
    assert tables["alembic_version"] == [("a2",)]
    assert set(tables) == {"alembic_version", "t1", "t2"}


def test_file_size_limit(tmp_path: pathlib.Path) -> None:
    """A file that may not grow is the same, and the database stays whole."""
    full = RevisionFile(revision="a3", down="a2", upgrade=FILL)
    shop = make_shop(tmp_path, None, make_table(1), make_table(2), full)
    outcome = run_flask("db", "upgrade", app=shop.app, prepare=limit_file_size)
    check_answer(
        outcome,
        exit_code=1,
        says=("Revision a3", "applied 2 of 3; the database is at a2", "Check the disk"),
    )
    shop.run_well("upgrade", "a2")
    tables = read_database(f"sqlite:///{tmp_path}/shop.db")
    assert set(tables) == {"alembic_version", "t1", "t2"}


def limit_file_size(size: int = 100_000) -> None:
    """Let no file grow beyond some bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_version_table_of_a_view(tmp_path: pathlib.Path) -> None:
    """A view that stands where the version table should be is named."""
    shop = make_shop(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as other:
        other.execute("CREATE VIEW alembic_version AS SELECT 'a1' AS version_num")

    check_answer(shop.run("upgrade"), exit_code=1, says=("alembic_version", "view"))
