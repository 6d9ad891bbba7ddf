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


def list_files(folder: pathlib.Path, *, recursive: bool) -> cabc.Iterator[pathlib.Path]:
    """Yield the files that Alembic takes for revisions, in a stable order."""
    found = folder.rglob("*.py") if recursive else folder.glob("*.py")

    for path in sorted(found):
        if is_revision_name(path):
            yield path.resolve()


def is_revision_name(path: pathlib.PurePath) -> bool:
    """Tell whether Alembic takes a Python file of this name for a revision."""
    hidden = path.name.startswith((".#", "__init__"))
    return not hidden and "__pycache__" not in path.parts


def load_script(path: pathlib.Path) -> Script:
    """Import one file; every way in which that can fail becomes one error.

    :raises RevisionFileError: with the file, and the line where one is known.
    """
    with _file_errors(path):
        module = util.load_python_file(path.parent, path.name)

    _check_identifiers(module, path)

    with crossing():
        return Script(module, module.revision, path)


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
            known = needed in labels or any(one.startswith(needed) for one in paths)

            if not known:
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
    if inspect.iscoroutine(result) or inspect.isgenerator(result):
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
