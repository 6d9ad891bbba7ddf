"""Read revision files: load each, and see that they fit together and can run."""

from __future__ import annotations

import collections
import collections.abc as cabc
import contextlib
import inspect
import pathlib
import types
import typing as t

from alembic import util
from alembic.script import Script

from ..errors import find_line
from ..errors import HistoryError
from ..errors import RevisionFileError
from ..plan import Direction
from .border import crossing
from .checksums import checksum

if t.TYPE_CHECKING:
    from .headers import Entry
    from .headers import Header


class FileScript(Script):
    """A revision file that is imported when its functions are needed, and not before.

    Alembic 1.20 has no door between reading a file and importing it: ``module`` is an
    ordinary attribute there.

    :param entry: where the file is.
    :param header: what it says.
    """

    def __init__(self, entry: Entry, header: Header) -> None:
        self.checksum: str = entry.checksum
        self._header = header
        self._loaded: types.ModuleType | None = None
        stand_in = types.SimpleNamespace(
            down_revision=header.down,
            branch_labels=header.labels,
            depends_on=header.needs,
        )

        with crossing():
            super().__init__(
                t.cast("types.ModuleType", stand_in), header.revision, entry.path
            )

    @property
    def module(self) -> types.ModuleType:
        """The module itself.

        :raises RevisionFileError: it cannot be loaded, or has become another one.
        """
        if self._loaded is None:
            self._loaded = _import_file(pathlib.Path(self.path))

            if self._loaded.revision != self.revision:
                raise RevisionFileError(
                    f"{self.path} has changed while this command ran.",
                    path=self.path,
                    hint="Run the command again.",
                )

        return self._loaded

    @module.setter
    def module(self, module: types.ModuleType) -> None:
        # Alembic's constructor sets it, to what only has the names.
        self._loaded = None

    @property
    def longdoc(self) -> str:
        """The docstring."""
        return (self._header.doc or "").strip()


def read_checksum(script: Script) -> str:
    """Return the checksum of a script, from the index where it is known there.

    :raises OSError: its file cannot be read.
    """
    known = script.checksum if isinstance(script, FileScript) else ""
    return known or checksum(script.path)


def make_scripts(entries: cabc.Sequence[Entry]) -> list[Script]:
    """Return the scripts of some files; only what cannot be read is imported.

    A file that is no valid Python below its first lines is in nobody's way once others
    follow it: it is refused when it would run.

    :raises RevisionFileError: naming the file.
    """
    followed = {
        parent
        for one in entries
        if one.header is not None
        for parent in util.to_tuple(one.header.down, default=())
    }
    return [_make_script(entry, followed) for entry in entries]


def _make_script(entry: Entry, followed: set[str]) -> Script:
    header = entry.header

    if header is None or (header.is_broken and header.revision not in followed):
        return load_script(pathlib.Path(entry.path))

    return FileScript(entry, header)


def is_revision_name(path: pathlib.PurePath) -> bool:
    """Tell whether Alembic takes a Python file of this name for a revision."""
    hidden = path.name.startswith((".#", "__init__"))
    return not hidden and "__pycache__" not in path.parts


def load_script(path: pathlib.Path) -> Script:
    """Import one file; every way in which that can fail becomes one error.

    :raises RevisionFileError: with the file, and the line where one is known.
    """
    module = _import_file(path)

    with crossing():
        return Script(module, module.revision, path)


def _import_file(path: pathlib.Path) -> types.ModuleType:
    with _file_errors(path):
        module = util.load_python_file(path.parent, path.name)

    _check_identifiers(module, path)
    return module


@contextlib.contextmanager
def _file_errors(path: pathlib.Path) -> cabc.Iterator[None]:
    hint = "Correct the file, or take it out of the folder."

    try:
        yield
    except SyntaxError as error:
        conflict = "<<<<<<<" in (error.text or "") or "=======" in (error.text or "")
        raise RevisionFileError(
            f"{path}, line {error.lineno or 1}, is not valid Python: {error.msg}"
            f"{' (a git conflict marker)' if conflict else ''}.",
            path=str(path),
            line=error.lineno,
            hint="Resolve the conflict." if conflict else hint,
        ) from error
    except (Exception, SystemExit) as error:
        line = find_line(error, str(path))
        place = f"{path}, line {line}," if line else f"{path}"
        reason = getattr(error, "strerror", None) or error
        raise RevisionFileError(
            f"{place} cannot be loaded: {type(error).__name__}: {reason}.",
            path=str(path),
            line=line,
            hint=hint,
        ) from error


def _check_identifiers(module: types.ModuleType, path: pathlib.Path) -> None:
    for name in ("revision", "down_revision"):
        if not hasattr(module, name):
            empty = path.stat().st_size == 0
            raise RevisionFileError(
                f"{path} is {'empty' if empty else f'no revision: no `{name} =` in it'}"
                f". Could not determine revision id from filename {path.name}.",
                path=str(path),
                hint="Restore the file from version control, or take it out of the"
                " folder if it is no revision.",
            )

    if not isinstance(module.revision, str) or not module.revision:
        raise RevisionFileError(
            f"{path}: `revision` must be a text, not {module.revision!r}.",
            path=str(path),
            hint="Write `revision = '...'`, as `flask db revision` does.",
        )

    # Alembic reserves four; it puts the id into its SQL as it is, between quotes.
    if found := sorted(set(module.revision) & set("+-:@'\\\r\n\0")):
        raise RevisionFileError(
            f"{path}: Character(s) {', '.join(map(repr, found))} not allowed in"
            f" revision identifier {module.revision!r}.",
            path=str(path),
            hint="Give the revision another id, here and in the files that follow it.",
        )

    for name in ("down_revision", "depends_on"):
        for ident in util.to_tuple(getattr(module, name, None), default=()):
            if not isinstance(ident, str):
                raise RevisionFileError(
                    f"{path}: `{name}` must be a text or a tuple of texts, not"
                    f" {getattr(module, name)!r}.",
                    path=str(path),
                    hint=f"Write `{name} = '...'`, or None.",
                )


def check_graph(scripts: list[Script]) -> None:
    """Refuse files that do not fit together, before Alembic meets them.

    :raises HistoryError: an id or a label stands in two files, or a file follows a
        missing one.
    """
    paths: dict[str, list[str]] = collections.defaultdict(list)

    for script in scripts:
        paths[script.revision].append(script.path)

    for revision, found in paths.items():
        if len(found) > 1:
            raise HistoryError(
                f"Revision {revision} is present more than once:"
                f" {' and '.join(found)}.",
                hint="Delete the copy, or give it an id of its own.",
            )

    labels = _collect_labels(scripts)

    for script in scripts:
        for parent in util.to_tuple(script.down_revision, default=()):
            if parent not in paths:
                raise _missing(script, parent, "follows")

        for needed in util.to_tuple(script.dependencies, default=()):
            known = needed in paths or needed in labels

            if not known and not any(one.startswith(needed) for one in paths):
                raise _missing(script, needed, "depends on")


def _collect_labels(scripts: list[Script]) -> dict[str, Script]:
    """Return the file that gives each branch label."""
    labels: dict[str, Script] = {}

    for script in scripts:
        for label in script._orig_branch_labels:
            first = labels.setdefault(label, script)

            if first is not script:
                raise HistoryError(
                    f"Branch name '{label}' in revision {script.revision} already used"
                    f" by revision {first.revision}: {script.path} and {first.path}.",
                    hint="Give one of the two branches another label.",
                )

    return labels


def _missing(script: Script, ident: str, verb: str) -> HistoryError:
    return HistoryError(
        f"{script.path} {verb} revision {ident}, and no file has that id.",
        hint=f"Restore the file of {ident} from version control, or correct the line in"
        f" {pathlib.Path(script.path).name}.",
    )


def check_function(script: Script, direction: Direction) -> None:
    """Refuse a file whose function would not run, or not now.

    ``async def`` and a stray ``yield`` make a call do nothing: the version would
    move on and the schema would not.

    :raises RevisionFileError: the function is missing or is not an ordinary one.
    """
    name = direction.value
    function = getattr(script.module, name, None)

    if function is None:
        raise RevisionFileError(
            f"{script.path} has no function {name}().",
            path=script.path,
            hint=f"Write `def {name}():` in it; `pass` is enough where there is"
            " nothing to do.",
        )

    kind = next((kind for test, kind in _STRANGE if test(function)), None)

    if kind is not None:
        code = getattr(inspect.unwrap(function), "__code__", None)
        line = None if code is None else code.co_firstlineno
        raise RevisionFileError(
            f"{name}() in {script.path}{f', line {line},' if line else ''} is"
            f" {kind}: calling it would change nothing.",
            path=script.path,
            line=line,
            hint="Write an ordinary function; op.run_async() runs a coroutine.",
        )


def check_result(script: Script, result: object) -> None:
    """Refuse a function that has returned its work instead of doing it.

    :param result: what ``upgrade()`` or ``downgrade()`` returned.
    :raises RevisionFileError: a coroutine or a generator, hidden by a decorator.
    """
    if isinstance(result, (types.CoroutineType, types.GeneratorType)):
        result.close()
        raise RevisionFileError(
            f"{script.path} returned a {type(result).__name__}, which nobody runs:"
            " nothing was changed.",
            path=script.path,
            hint="Write an ordinary function; op.run_async() runs a coroutine.",
        )


_STRANGE: tuple[tuple[cabc.Callable[[t.Any], bool], str], ...] = (
    (inspect.iscoroutinefunction, "a coroutine (`async def`)"),
    (inspect.isasyncgenfunction, "a coroutine (`async def`)"),
    (inspect.isgeneratorfunction, "a generator (it has a `yield`)"),
    (lambda function: not callable(function), "no function"),
)
