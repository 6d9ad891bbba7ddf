"""The two packages, each with processes and repositories of its own."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import pathlib
import shutil
import tempfile
import typing as t

from tests.compat.environments import ENVIRONMENT
from tests.compat.environments import ORIGINAL_PYTHON
from tests.compat.environments import OUR_PYTHON
from tests.compat.environments import Result
from tests.compat.environments import ROOT
from tests.compat.environments import Worker
from tests.support.apps import RevisionFile

RUN = "import sys; sys.modules['pygments'] = None; from flask.cli import main; main()"
"""What runs ``flask``: without Pygments, which Mako loads where it is. Our environment
has it for the documentation, the others do not."""
APPLICATION = pathlib.Path(__file__).with_name("application.py")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """One package, with as many processes as may run at once.

    :param name: of the package.
    :param workers: each runs one command at a time.
    :param folder: where its repositories are.
    """

    name: str
    workers: list[Worker]
    folder: pathlib.Path

    @property
    def is_ours(self) -> bool:
        """Whether it is the package of this project."""
        return self.name == "Whimbrel"

    def write_repository(self, revisions: cabc.Iterable[RevisionFile]) -> pathlib.Path:
        """Make a repository with the package's own `init`, and write revisions."""
        repository = self.folder / "migrations"
        shutil.rmtree(repository, ignore_errors=True)
        made = self.run("db", "init", url="sqlite://", repository=repository)
        assert made.exit_code == 0, made.output
        (repository / "versions").mkdir(exist_ok=True)
        for one in revisions:
            path = repository / "versions" / f"{one.revision}_.py"
            path.write_text(one.text, "utf-8")

        return repository

    def begin(
        self,
        *words: str,
        url: str,
        repository: pathlib.Path,
        worker: int = 0,
        **environment: str,
    ) -> t.Callable[[], Result]:
        """Start ``flask`` with some words; return what waits for its end."""
        request = {
            "folder": str(self.folder),
            "arguments": list(words),
            "environment": {
                **ENVIRONMENT,
                "FLASK_APP": str(APPLICATION),
                "DATABASE_URL": url,
                "REPOSITORY": str(repository),
                **environment,
            },
        }
        return self.workers[worker].begin(request)

    def run(self, *words: str, **options: t.Any) -> Result:
        """Run ``flask`` with some words, and wait for its end."""
        return self.begin(*words, **options)()


@contextlib.contextmanager
def both(processes: int = 1) -> cabc.Iterator[tuple[Rival, ...]]:
    """Start the processes of both packages, ours last.

    :param processes: how many commands of one package may run at once.
    """
    ours = {"PYTHONPATH": str(ROOT / "src")}
    kinds = [("Flask-Migrate", ORIGINAL_PYTHON, {}), ("Whimbrel", OUR_PYTHON, ours)]
    with contextlib.ExitStack() as stack:
        rivals: list[Rival] = []
        for name, python, environment in kinds:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
            workers = [
                Worker(python, environment=environment) for _ in range(processes)
            ]
            for worker in workers:
                stack.callback(worker.close)

            rivals.append(
                Rival(name=name, workers=workers, folder=pathlib.Path(folder))
            )

        yield tuple(rivals)
