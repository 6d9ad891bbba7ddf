"""One bad input as a row of a table, and what every row has to prove.

The numbers are those of the list of bad inputs that the first measurements of
Flask-Migrate 4.1 left us; `test_rows.py` counts them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from click.testing import Result

from tests.support.forks import Outcome
from tests.support.projects import Project
from tests.support.tables import list_tables

PASSWORD = "sekret"
"""Stands in every URL of these tests; no output may ever hold it."""


def nothing(project: Project) -> None:
    """Leave everything as it is."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bad input, and the answer to it.

    :param number: of the row; rows of our own have none.
    :param what: in a few words.
    :param damage: makes the input bad.
    :param words: what is typed after ``flask db``.
    :param exit_code: of the program.
    :param says: what must be in the output, among it the next thing to type.
    :param hides: what must not be in it.
    :param before: words to run before the damage, and those of another command.
    :param changes: it is right that files or the database are changed.
    :param connects: the database has to be asked first, for which SQLite makes an
        empty file.
    """

    number: int | None = None
    what: str
    damage: t.Callable[[Project], object] = nothing
    words: tuple[str, ...] = ("upgrade",)
    exit_code: int = 1
    says: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    changes: bool = False
    connects: bool = False


def row_params(rows: t.Iterable[Row]) -> list[t.Any]:
    """Return rows for `pytest.mark.parametrize`, each marked with its number."""
    return [
        pytest.param(
            row,
            id=f"{row.number or ''}-{row.what}".replace(" ", "-"),
            marks=[pytest.mark.row(row.number)] if row.number else [],
        )
        for row in rows
    ]


def check_row(row: Row, project: Project) -> Result:
    """Do what a row says, and expect its answer."""
    for words in row.before:
        project.run_well(*words)

    row.damage(project)
    before = observe(project)
    with bare_logging():
        result = project.run(*row.words)

    assert result.exit_code == row.exit_code, explain(result)
    check_answer(result, says=row.says, hides=row.hides)

    after = observe(project)
    if row.connects and after.get("shop.db") == b"":
        del after["shop.db"]

    assert row.changes or after == before

    return result


def check_answer(
    result: Result | Outcome,
    *,
    exit_code: int | None = None,
    says: t.Iterable[str] = (),
    hides: t.Iterable[str] = (),
) -> None:
    """Expect an answer in words: no traceback, no password, all that it must say.

    :param says: white space counts as one blank, so that a line may break anywhere.
    """
    if isinstance(result, Result):
        # What the runner caught would have been a traceback.
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            explain(result)
        )

    if exit_code is not None:
        assert result.exit_code == exit_code, explain(result)

    text = " ".join(result.output.split())
    for phrase in says:
        assert phrase in text, explain(result)

    for phrase in (
        *hides,
        "Traceback (most recent call last)",
        PASSWORD,
        "sqlalche.me",
    ):
        assert phrase not in text, explain(result)

    if result.exit_code:
        assert "Error: " in text, explain(result)


def explain(result: Result | Outcome) -> str:
    """Return everything that is known of a run that went wrong."""
    error = getattr(result, "exception", None)
    return f"exit code {result.exit_code}, {error!r}:\n{result.output}"


@contextlib.contextmanager
def bare_logging() -> t.Iterator[None]:
    """Take pytest's handlers away: where there is one, the program adds none."""
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        yield
    finally:
        root.handlers = handlers


def observe(project: Project) -> dict[str, object]:
    """Return every file around a repository, and what is in its SQLite databases."""
    root = project.folder.parent
    return {
        str(path.relative_to(root)): _read(path)
        for path in sorted(root.rglob("*"))
        if path.is_file() and not _is_ignored(path)
    }


def _is_ignored(path: pathlib.Path) -> bool:
    # The file that keeps two runs apart on SQLite stays: to remove it is a race.
    return "__pycache__" in path.parts or path.name.endswith("-migrate.lock")


def _read(path: pathlib.Path) -> object:
    content = path.read_bytes()
    if content.startswith(b"SQLite format 3"):
        return read_database(f"sqlite:///{path}")

    return content


def read_database(url: str | sa.URL) -> dict[str, list[tuple[t.Any, ...]]]:
    """Return the tables of a database with all their rows.

    An empty version table counts as none: Alembic makes it before the first step.
    """
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        quote = engine.dialect.identifier_preparer.quote
        tables = {
            name: sorted(
                tuple(row)
                for row in connection.exec_driver_sql(f"SELECT * FROM {quote(name)}")
            )
            for name in list_tables(connection)
        }

    if tables.get("alembic_version") == []:
        del tables["alembic_version"]

    return tables
