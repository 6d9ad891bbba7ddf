"""Make a new repository from a template."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import pathlib
import typing as t

from ..errors import BadOption
from ..errors import RepositoryError
from . import files
from . import head_file

if t.TYPE_CHECKING:
    from .config import Config


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryTemplate:
    """One kind of repository that ``flask db init`` can make.

    :param name: what ``--template`` takes.
    :param synopsis: the first line of its README.
    """

    name: str
    synopsis: str

    def to_dict(self) -> dict[str, t.Any]:
        """Return the template as plain values, for JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InitResult:
    """What ``flask db init`` has made.

    :param directory: the folder of the repository.
    :param config_file: its ``alembic.ini``.
    :param actions: what was made, in order: a verb and a path.
    """

    directory: str
    config_file: str
    actions: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, t.Any]:
        """Return the result as plain values, for JSON."""
        return dataclasses.asdict(self)


def list_repository_templates(config: Config) -> tuple[RepositoryTemplate, ...]:
    """Return the templates of a configuration, by name."""
    folder = pathlib.Path(config.get_template_directory())
    return tuple(
        RepositoryTemplate(name=one.name, synopsis=_read_synopsis(one))
        for one in sorted(folder.iterdir())
        if (one / "README").is_file()
    )


def _read_synopsis(folder: pathlib.Path) -> str:
    lines = (folder / "README").read_text("utf-8").splitlines()
    return lines[0].strip() if lines else ""


def make_repository(
    config: Config, directory: str, *, template: str, package: bool
) -> InitResult:
    """Make a folder with everything that a repository needs.

    :param config: knows the templates and the place of ``alembic.ini``.
    :param directory: the folder; may exist if it is empty.
    :param template: the name of one of the templates.
    :param package: make it an importable package.
    :raises RepositoryError: the folder has something in it.
    :raises BadOption: there is no such template.
    """
    folder = pathlib.Path(directory)
    source = pathlib.Path(config.get_template_directory()) / template
    _check_source(source, config)
    _check_target(folder)
    ini = pathlib.Path(config.config_file_name or folder / "alembic.ini")
    actions: list[tuple[str, pathlib.Path]] = []

    try:
        for action in _make_files(folder, source, ini=ini, package=package):
            actions.append(action)  # known also when the next one fails

        # Said to nobody: what `init` prints is Flask-Migrate's, to the letter.
        head_file.write_new(folder)
    except BaseException:
        _remove(path for _, path in reversed(actions))
        raise

    return InitResult(
        directory=directory,
        config_file=str(ini.absolute()),
        actions=tuple((verb, str(path.absolute())) for verb, path in actions),
    )


def _make_files(
    folder: pathlib.Path, source: pathlib.Path, *, ini: pathlib.Path, package: bool
) -> cabc.Iterator[tuple[str, pathlib.Path]]:
    """Make one file or folder after the other; yield what was made."""
    versions = folder / "versions"

    for made in (folder, versions):
        if files.make_directory(made):
            yield "Creating directory", made

    for file in sorted(source.iterdir()):
        if file.name == "alembic.ini.mako":
            # Rendered by Alembic's rule for this one name; ours has nothing to fill in
            # but the escaped percent signs.
            text = files.render(
                file, {"script_location": _name_location(folder)}
            ).encode()
            files.write_atomically(ini, text)
            yield "Generating", ini
        elif file.is_file():
            files.write_atomically(folder / file.name, file.read_bytes())
            yield "Generating", folder / file.name

    for made in (folder, versions) if package else ():
        files.write_atomically(made / "__init__.py", b"")
        yield "Adding", made / "__init__.py"


def _remove(paths: cabc.Iterable[pathlib.Path]) -> None:
    """Remove what was made, so that the command can be typed again."""
    for path in paths:
        with contextlib.suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()


def _check_source(source: pathlib.Path, config: Config) -> None:
    if not (source / "env.py").is_file():
        known = ", ".join(one.name for one in list_repository_templates(config))
        raise RepositoryError(
            f"No such template {source}.",
            hint=f"Choose one of {known}, or give the path of a folder with an env.py."
            if known
            else "Give the path of a folder with an env.py.",
        )


def _name_location(folder: pathlib.Path) -> str:
    """Return what templates of Alembic's own form write as ``script_location``."""
    return folder.as_posix() if folder.is_absolute() else "%(here)s"


def _check_target(folder: pathlib.Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadOption(
            f"{folder} is a file.", hint="Name another folder with -d FOLDER."
        )

    if folder.is_dir() and any(folder.iterdir()):
        raise RepositoryError(
            f"Directory {folder} already exists and is not empty",
            hint="A repository is made once; `flask db migrate` writes the next"
            " revision. Name another folder with -d FOLDER to make a second one.",
        )
