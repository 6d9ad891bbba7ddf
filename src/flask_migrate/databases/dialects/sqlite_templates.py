"""Templates of SQLite: files, whose names say what is in them."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import hashlib
import pathlib
import secrets
import sqlite3
import time
from sqlite3 import connect

import sqlalchemy as sa

from .sqlite import file_of_name
from .templates import Building
from .templates import Place
from .templates import Template
from .templates import TemplateDamaged
from .templates import TemplateName
from .templates import Templates

_BUILDING = ".whimbrel-building-"
_ABANDONED_SECONDS = 3600
_SMALL = 65536
"""A file without any table is smaller, whatever its pages are."""


class SQLiteTemplates(Templates):
    """Files in a folder that may be deleted at any time.

    A name ends with the hash of the content, so a file that was cut or changed is seen.
    """

    def describe(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def find(self, owner: str) -> tuple[Template, ...]:
        paths = self.folder.glob(f"whimbrel-{owner}-*-*.sqlite")
        return tuple(map(_to_template, sorted(paths)))

    def measure(self, template: Template) -> int:
        return pathlib.Path(template.place).stat().st_size

    @contextlib.contextmanager
    def building(self, name: TemplateName) -> cabc.Iterator[Building]:
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{_BUILDING}{secrets.token_hex(8)}"

        try:
            # Here, and not later, it turns out that nothing can be written.
            path.touch()
            yield Building(url=self.url.set(database=str(path)), name=name)
        finally:
            for left in self.folder.glob(f"{path.name}*"):
                left.unlink(missing_ok=True)

    def check(self, connection: sa.Connection) -> str | None:
        rows = connection.exec_driver_sql("PRAGMA database_list").all()
        others = [row[1] for row in rows if row[1] not in ("main", "temp")]
        return f"the file {others[0]} is attached" if others else None

    def keep(self, building: Building) -> Template:
        path = pathlib.Path(building.url.database or "")

        with contextlib.closing(connect(path)) as connection:
            # Everything into the one file, whatever its journal is.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode = DELETE")

        name = f"whimbrel-{'-'.join(building.name)}-{_hash(path)}.sqlite"
        return _to_template(path.replace(self.folder / name))

    def look(self) -> Place:
        path = self._path

        if not path.exists() or path.stat().st_size == 0:
            return Place.FREE

        if path.stat().st_size > _SMALL:
            return Place.TAKEN

        with contextlib.closing(connect(path)) as connection:
            return Place.FREE if _is_empty(connection) else Place.TAKEN

    def copy(self, template: Template) -> bool:
        source = pathlib.Path(template.place)

        if _hash(source) != template.fingerprint:
            raise TemplateDamaged

        return self._fill(f"{source.as_uri()}?immutable=1")

    def undo_copy(self) -> None:
        self._fill(":memory:", is_empty=False)

    def drop(self, template: Template) -> None:
        pathlib.Path(template.place).unlink(missing_ok=True)

    def sweep(self, owner: str) -> None:
        for path in self.folder.glob(f"{_BUILDING}*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    path.unlink()

    @property
    def _path(self) -> pathlib.Path:
        path = file_of_name(self.url.database)
        assert path is not None  # a database in memory has no templates
        return path

    def _fill(self, source: str, *, is_empty: bool = True) -> bool:
        """Copy one database into the live one, in one transaction of SQLite's own.

        Killed in the middle it is as it was before: what it was is in its journal.

        :param is_empty: only where there is nothing in the live one.
        """
        with (
            contextlib.closing(connect(source, uri=True)) as reader,
            contextlib.closing(connect(self._path)) as writer,
        ):
            # The lock of this transaction is kept until the file is closed.
            writer.isolation_level = None
            writer.execute("PRAGMA locking_mode = EXCLUSIVE")
            writer.execute("BEGIN EXCLUSIVE")
            is_free = not is_empty or _is_empty(writer)
            writer.execute("COMMIT")

            if is_free:
                reader.backup(writer)

        return is_free


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def _to_template(path: pathlib.Path) -> Template:
    _, _, digest, fingerprint = path.stem.split("-")
    return Template(place=str(path), digest=digest, fingerprint=fingerprint)


def _hash(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]
