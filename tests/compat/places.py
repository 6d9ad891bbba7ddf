"""A folder with an application, where one of the two packages is at work.

A `Place` is one folder and one package; a `Pair` is the same folder twice, and asks
both packages the same things. What the original answers is looked at first, so that
a wrong expectation is seen as one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import shlex
import shutil
import sqlite3
import typing as t
from pathlib import Path

from .apps import BLOG
from .environments import ENVIRONMENT
from .environments import Result
from .environments import Worker
from .histories import History
from .histories import make_schema

Value = t.TypeVar("Value")

CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?"), "<date>"),
    (re.compile(r"\b[0-9a-f]{12}(?=\b|_)"), "<id>"),
    (re.compile(r"^ +# destructive: .*\n", re.MULTILINE), ""),
)
"""What is different every time: dates, and the ids that Alembic makes up.

And the comments that only our revisions have.
"""

TIMED_NAMES = re.compile(r"^file_template = .*\n", re.MULTILINE)
"""How only our new repositories name their files; existing ones keep their way."""


class Place:
    """One folder, and one package that works in it.

    :param name: ``original`` or ``ours``.
    :param folder: an empty folder.
    :param worker: the Python that has the package.
    :param seeds: where to keep repositories to copy, for all places of this package.
    """

    def __init__(self, name: str, folder: Path, worker: Worker, seeds: Path) -> None:
        self.name = name
        self.folder = folder
        self._worker = worker
        self._seeds = seeds

    def write(self, path: str, text: str) -> Path:
        """Write a file, and the folders above it."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def read(self, path: str) -> str:
        """Return the text of a file, with what changes made stable."""
        return self.stable((self.folder / path).read_text())

    def flask(self, command: str | list[str], **variables: str) -> Result:
        """Run ``flask`` as a new process would.

        :param command: what is typed after ``flask``.
        :param variables: of the environment.
        """
        return self.begin(command, **variables)()

    def begin(
        self, command: str | list[str], **variables: str
    ) -> t.Callable[[], Result]:
        """Start what `flask` does, and return what waits for its result."""
        arguments = shlex.split(command) if isinstance(command, str) else command
        return self._begin({"arguments": arguments}, variables)

    def python(self, code: str, **variables: str) -> Result:
        """Run a small program, whose ``value`` is the value of the result."""
        return self._begin({"code": code}, variables)()

    def _begin(
        self, request: dict[str, t.Any], variables: dict[str, str]
    ) -> t.Callable[[], Result]:
        world = {"environment": {**ENVIRONMENT, **variables}}
        receive = self._worker.begin({"folder": str(self.folder), **world, **request})

        def wait() -> Result:
            result = receive()
            return dataclasses.replace(
                result,
                stdout=self.stable(result.stdout),
                stderr=self.stable(result.stderr),
            )

        return wait

    def stable(self, text: str) -> str:
        """Return a text with stable words for what is different every time."""
        text = text.replace(str(self.folder), "<folder>")
        for pattern, word in CHANGING:
            text = pattern.sub(word, text)

        return text

    def init(self, *, app: str = BLOG, template: str = "flask") -> None:
        """Put an application and a new repository there, made by this package."""
        self.write("app.py", app)
        seed = self._seeds / template
        if not seed.exists():
            result = self.flask(f"db init -d migrations -t {template}")
            assert result.exit_code == 0, result.output
            ini = self.folder / "migrations" / "alembic.ini"
            ini.write_text(TIMED_NAMES.sub("", ini.read_text()))
            shutil.copytree(self.folder / "migrations", seed)
        else:
            shutil.copytree(seed, self.folder / "migrations")

    def add(self, history: History, *, directory: str = "migrations") -> None:
        """Put revisions into a repository."""
        for revision in history:
            path = f"{directory}/versions/{revision.filename}"
            self.write(path, revision.render())

    def set_database(
        self, history: History, versions: t.Sequence[str], *, bind: str = ""
    ) -> None:
        """Make the database as it is when these revisions are its versions."""
        with self._connect(f"{bind or 'blog'}.db") as connection:
            connection.executescript(make_schema(history, versions, bind=bind))

    def execute(self, sql: str, *, database: str = "blog.db") -> list[t.Any]:
        """Run a statement; return its rows, each of one column as that column."""
        with self._connect(database) as connection:
            rows = connection.execute(sql).fetchall()
            connection.commit()

        return [row[0] if len(row) == 1 else row for row in rows]

    def tables(self, database: str = "blog.db") -> list[str] | None:
        """Return the tables of Alembic and the application, ``None`` without a file.

        The history and the journal that we keep beside them are left out.
        """
        if not (self.folder / database).exists():
            return None

        return self.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND name NOT LIKE '%~_history' ESCAPE '~'"
            " AND name NOT LIKE '%~_journal' ESCAPE '~' ORDER BY name",
            database=database,
        )

    def versions(self, database: str = "blog.db") -> list[str]:
        """Return what the version table holds."""
        sql = "SELECT version_num FROM alembic_version ORDER BY version_num"
        return self.execute(sql, database=database)

    def files(self, folder: str = ".") -> list[str]:
        """Return all files in a folder, with what changes made stable.

        The file HEAD, which we keep beside the revisions, is left out.
        """
        top = self.folder / folder
        return sorted(
            self.stable(str(file.relative_to(top)))
            for file in top.rglob("*")
            if file.is_file()
            and "__pycache__" not in file.parts
            and file.name != "HEAD"
        )

    @contextlib.contextmanager
    def _connect(self, database: str) -> t.Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.folder / database)
        try:
            yield connection
        finally:
            connection.close()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The same scenario in two places, one per package."""

    original: Place
    ours: Place

    @property
    def both(self) -> tuple[Place, Place]:
        """The two places, the original first."""
        return (self.original, self.ours)

    def write(self, path: str, text: str) -> None:
        """Write a file in both places."""
        for place in self.both:
            place.write(path, text)

    def init(
        self,
        history: History = (),
        *,
        at: t.Sequence[str] | None = None,
        app: str = BLOG,
        template: str = "flask",
    ) -> None:
        """Put an application, a repository and perhaps a database in both places.

        :param history: the revisions of the repository.
        :param at: what the version table of the database holds; ``None``: there is
            no database yet.
        """
        for place in self.both:
            place.init(app=app, template=template)
            place.add(history)
            if at is not None:
                place.set_database(history, at)

    def flask(
        self,
        command: str | list[str],
        *,
        code: int = 0,
        stdout: str | None = None,
        says: str | t.Sequence[str] = (),
        ordered: bool = True,
        variables: t.Mapping[str, str] | None = None,
    ) -> Result:
        """Run a command in both places; both must do what is expected.

        What a command that succeeds writes to stdout must be equal, byte for byte.

        :param code: the exit code of both.
        :param ordered: whether the lines come in an order. `current` and `init` of the
            original print them as a set or a folder happens to give them.
        :param stdout: what both print.
        :param says: what both say, to stdout or stderr.
        :param variables: of the environment.
        :returns: the result of the original.
        """
        # Both at the same time; but what the original says is looked at first.
        waits = [place.begin(command, **variables or {}) for place in self.both]
        arrange = str if ordered else _sort_lines
        theirs, ours = (wait() for wait in waits)
        for place, result in zip(self.both, (theirs, ours), strict=True):
            shown = f"{place.name}: {command}\n{result.stdout}--\n{result.stderr}"
            assert result.exit_code == code, shown
            for text in [says] if isinstance(says, str) else says:
                assert text in result.output, shown

            if stdout is not None:
                assert arrange(result.stdout) == stdout, shown

        if code == 0:
            assert arrange(ours.stdout) == arrange(theirs.stdout)

        return theirs

    def same(self, look: t.Callable[[Place], Value]) -> Value:
        """Return what is to be seen in both places, which must be equal."""
        seen, ours = (look(place) for place in self.both)
        assert ours == seen
        return seen

    def python(self, code: str, **variables: str) -> t.Any:
        """Run a small program in both places, to the same end.

        :returns: the value.
        """
        results = [place.python(code, **variables) for place in self.both]
        for result in results:
            assert result.exit_code == 0, result.output

        assert results[1].value == results[0].value
        return results[0].value


def _sort_lines(text: str) -> str:
    return "".join(sorted(text.splitlines(keepends=True)))
