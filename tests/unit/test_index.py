"""The index of the revision files: never wrong, whatever happens to it or to them."""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import time
import typing as t

import pytest
from tests.support.generated import make_line
from tests.support.generated import write_files

from flask_migrate.revisions import index as module
from flask_migrate.revisions import listing
from flask_migrate.revisions.checksums import checksum
from flask_migrate.revisions.index import Index

LONG_AGO = time.time_ns() - 3600 * 10**9


def look(folder: pathlib.Path) -> dict[str, str | None]:
    """Return the docstring of each revision, as the index has it; check the rest."""
    index = Index(folder, recursive=False)
    outline, entries = index.outline, index.entries
    # Again, from what the first one has written.
    assert Index(folder, recursive=False).entries == entries
    assert all(checksum(one.path) == one.checksum for one in entries)
    if outline is not None:
        assert all(one.entry in entries for one in outline.heads.values())

    return {one.header.revision: one.header.doc for one in entries if one.header}


def make_old(folder: pathlib.Path) -> None:
    """Let the files be old enough to be beyond doubt."""
    for path in folder.glob("*.py"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with five old files, and an index."""
    write_files(tmp_path, make_line(5))
    make_old(tmp_path)
    assert len(look(tmp_path)) == 5
    return tmp_path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read."""
    found: list[str] = []
    read = module._read_entry

    def note(path: str, *rest: t.Any) -> t.Any:
        found.append(pathlib.Path(path).name)
        return read(path, *rest)

    monkeypatch.setattr(module, "_read_entry", note)
    return found


def find_file(folder: pathlib.Path) -> pathlib.Path:
    """Return the file of the index."""
    return folder / "__pycache__" / "whimbrel.json"


def test_nothing_changed(folder: pathlib.Path, opened: list[str]) -> None:
    """No revision file is opened where all are as they were."""
    assert len(look(folder)) == 5
    assert opened == []


def test_one_changed(folder: pathlib.Path, opened: list[str]) -> None:
    """Only the file that has changed is opened."""
    path = sorted(folder.glob("*.py"))[2]
    path.write_text(path.read_text().replace("change", "another change"))
    os.utime(path, ns=(LONG_AGO + 1, LONG_AGO + 1))
    assert [doc for doc in look(folder).values() if doc and "another" in doc]
    assert opened == [path.name]


def test_added_and_removed(folder: pathlib.Path) -> None:
    """Files come and go."""
    first, *_ = sorted(folder.glob("*.py"))
    text = first.read_text()
    first.unlink()
    assert len(look(folder)) == 4
    first.write_text(text)
    assert len(look(folder)) == 5


def test_same_size_and_time(folder: pathlib.Path) -> None:
    """A change that keeps the size and the time of a file is seen all the same."""
    path = next(folder.glob("*.py"))
    before = path.stat()
    path.write_text(path.read_text().replace("change", "CHANGE"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert [doc for doc in look(folder).values() if doc and "CHANGE" in doc]


def test_change_in_the_same_moment(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two changes that a clock cannot tell apart are told apart by the content."""
    write_files(tmp_path, make_line(1))
    now = time.time_ns()
    # A file system whose clock stands still.
    monkeypatch.setattr(listing, "to_stamp", lambda found: (1, now, now))
    assert "CHANGE" not in str(look(tmp_path))
    path = next(tmp_path.glob("*.py"))
    path.write_text(path.read_text().replace("change", "CHANGE"))
    assert "CHANGE" in str(look(tmp_path))


DAMAGE: dict[str, t.Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "without the end": lambda content: content[:-1],
    "noise": lambda content: b"\xff" * 100,
    "a letter": lambda content: content.replace(b"change number", b"charge number"),
    "no lines": lambda content: content.replace(b"\n", b" "),
    "no rows": lambda content: b"00000000 00000000\n[]\n[]",
    "one check": lambda content: b"00000000\n\n",
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_index(folder: pathlib.Path, name: str) -> None:
    """A damaged index is as good as none, and is written anew."""
    path = find_file(folder)
    good = path.read_bytes()
    expected = set(look(folder).values())
    path.write_bytes(DAMAGE[name](good))
    assert set(look(folder).values()) == expected
    assert len(path.read_bytes()) == len(good)


def test_other_format(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of another release of the package is not read."""
    monkeypatch.setattr("flask_migrate.revisions.index_file.FORMAT", 0)
    index = Index(folder, recursive=False)
    assert index._file.written == 0
    assert len(index.entries) == 5


def test_folder_that_cannot_be_written(tmp_path: pathlib.Path) -> None:
    """Where nothing can be written, everything works."""
    write_files(tmp_path, make_line(3))
    # Root may write into any folder; a file in the place of the folder stops it too.
    (tmp_path / "__pycache__").write_text("")
    assert len(look(tmp_path)) == 3
    assert (tmp_path / "__pycache__").read_text() == ""


def test_moved_folder(folder: pathlib.Path) -> None:
    """The index goes with its folder, and names the files where they are now."""
    moved = folder.rename(folder.with_name("moved"))
    index = Index(moved, recursive=False)
    assert index.outline is not None
    paths = [one.entry.path for one in index.outline.heads.values()]
    paths += [one.path for one in index.entries]
    assert {str(pathlib.Path(path).parent) for path in paths} == {str(moved.resolve())}


def test_ignored_by_git(folder: pathlib.Path) -> None:
    """Git sees nothing of it, whatever a project's own rules are."""
    assert (find_file(folder).parent / ".gitignore").read_text() == "*\n"


def test_many_at_once(tmp_path: pathlib.Path) -> None:
    """Any number of processes read and write it at the same time."""
    write_files(tmp_path, make_line(30))

    def work(number: int) -> int:
        if number % 3 == 0:
            find_file(tmp_path).unlink(missing_ok=True)

        return len(Index(tmp_path, recursive=False).entries)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(60))) == {30}

    left = {path.name for path in find_file(tmp_path).parent.iterdir()}
    assert left <= {".gitignore", "whimbrel.json"}


def test_links_and_folders(tmp_path: pathlib.Path) -> None:
    """A link leads to its file; the folders inside count where they are asked for."""
    elsewhere = tmp_path / "elsewhere"
    write_files(elsewhere, make_line(1))
    versions = tmp_path / "versions"
    write_files(versions / "2026", make_line(2)[1:])
    (versions / "a.py").symlink_to(next(elsewhere.glob("*.py")))
    (versions / ".#b.py").symlink_to("nowhere")
    (versions / "__init__.py").touch()
    flat = Index(versions, recursive=False).entries
    assert [pathlib.Path(one.path).parent.name for one in flat] == ["elsewhere"]
    deep = Index(versions, recursive=True).entries
    assert [pathlib.Path(one.path).parent.name for one in deep] == ["2026", "elsewhere"]
