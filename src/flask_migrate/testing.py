"""Databases for tests: new ones in no time, and one for each process of a test run.

Needs no test framework; with pytest::

    @pytest.fixture(scope="session")
    def app():
        app = create_app(worker_url("postgresql+psycopg://localhost/shop_test"))

        with fresh_databases(app):
            yield app
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import hashlib
import os
import pathlib
import tempfile
import typing as t

import sqlalchemy as sa

from .errors import DatabaseNotFound
from .errors import MigrationError
from .errors import UsageError

if t.TYPE_CHECKING:
    from flask import Flask

    from .databases.sources import Database
    from .extension import Migrate

__all__ = ["fresh_databases", "worker_url"]


def worker_url(url: str | sa.URL) -> str:
    """Return the URL of this process's own database, where several run the tests.

    ``shop_test`` becomes ``shop_test_gw0`` in the first worker of pytest-xdist, and
    ``shop_test.db`` becomes ``shop_test_gw0.db``. Without workers, and in memory, it
    stays what it is.

    :param url: of the database that one process alone would use.
    """
    known = sa.make_url(url)
    worker = os.environ.get("PYTEST_XDIST_WORKER")

    if not worker or not known.database or ":memory:" in known.database:
        return url if isinstance(url, str) else _to_text(url)

    path = pathlib.PurePath(known.database)
    own = path.with_stem(f"{path.stem}_{worker}")
    return _to_text(known.set(database=str(own)))


def _to_text(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


@contextlib.contextmanager
def fresh_databases(app: Flask) -> cabc.Iterator[None]:
    """Make the databases of an application anew, at the head, and drop them in the end.

    They are copies of templates, as :meth:`Migrate.prepare` makes them, with the rows
    of the seeds; a template that is missing is built, by one process for all. Where
    there can be none, the revisions run.

    :param app: has a ``Migrate``.
    :raises UsageError: a database is not called a test's. What is there is dropped, so
        its name must have "test" in it, or it must be a temporary file, or in memory.
    """
    migrate: Migrate = app.extensions["migrate"].migrate

    with app.app_context():
        databases = migrate.state.find_databases()

        for database in databases:
            _require_test(database)

        _drop(migrate, databases)

        with _waiting(migrate), contextlib.suppress(MigrationError):
            # Whatever is wrong with the scripts is said when they run.
            migrate.template()

        migrate.prepare()

    try:
        yield
    finally:
        with app.app_context():
            _drop(migrate, databases)


def _require_test(database: Database) -> None:
    name = database.url.database or ":memory:"
    path = pathlib.Path(name)
    temporary = pathlib.Path(tempfile.gettempdir())
    is_temporary = path.is_absolute() and path.is_relative_to(temporary)

    if "test" not in path.name.lower() and ":memory:" not in name and not is_temporary:
        raise UsageError(
            f"fresh_databases() drops {name} on {database.place}, and that name is not"
            " a test's; nothing was done.",
            hint="Give the tests a database of their own, with `test` in its name.",
        )


def _drop(migrate: Migrate, databases: cabc.Iterable[Database]) -> None:
    for database in databases:
        key = database.key or ""
        name, _ = migrate.name_database(key)

        with contextlib.suppress(DatabaseNotFound):
            migrate.drop(key, confirm=name)


@contextlib.contextmanager
def _waiting(migrate: Migrate) -> cabc.Iterator[None]:
    """Let one process of this machine after the other look for the templates."""
    from .databases.dialects.file_lock import waiting_for

    place = os.path.realpath(migrate.state.directory)
    name = hashlib.sha256(place.encode()).hexdigest()[:16]

    with waiting_for(pathlib.Path(tempfile.gettempdir(), f"whimbrel-{name}.lock")):
        yield
