"""Write files of the repository: whole or not at all, and never with foreign code."""

from __future__ import annotations

import ast
import os
import pathlib
import re
import sys
import tempfile
import typing as t

from alembic import util
from mako import exceptions as mako_exceptions
from mako.template import Template

from ..errors import BadOption
from ..errors import HistoryError
from ..errors import MigrationError
from ..errors import RevisionFileError
from .border import crossing

VERSION_LENGTH = 32
"""How long a revision id may be: Alembic's version column is ``VARCHAR(32)``."""

_RESERVED = frozenset({"head", "heads", "base", "current"})
_IDENTIFIER = re.compile(r"(?!\.)[\w.]+")
_PLACEHOLDER = "the_text_of_a_message"


def check_revision_id(revision: str) -> None:
    """Refuse an id that Alembic, a database or a file system would misread.

    :raises BadOption: it is reserved, too long, or not made of letters, digits, ``_``
        and ``.``.
    """
    _check_name(revision, "revision id")

    if len(revision) > VERSION_LENGTH:
        raise BadOption(
            f"The revision id {revision!r} has {len(revision)} characters; the version"
            f" table holds {VERSION_LENGTH}.",
            hint="Choose a shorter --rev-id, or leave it out.",
        )


def check_branch_label(label: str) -> None:
    """Refuse a branch label that could be taken for something else.

    :raises BadOption: it is reserved, or not made of letters, digits, ``_``, ``-`` and
        ``.``.
    """
    _check_name(label.replace("-", "_"), "branch label")


def _check_name(name: str, kind: str) -> None:
    if name in _RESERVED:
        raise BadOption(
            f"{name!r} cannot be a {kind}: the word has a meaning of its own.",
            hint=f"Choose another {kind}.",
        )

    if not _IDENTIFIER.fullmatch(name):
        # Alembic's own sentence, which scripts may look for.
        reserved = ", ".join(sorted(set(name) & set("+-:@")))
        if reserved:
            raise HistoryError(
                f"Character(s) '{reserved}' not allowed in revision identifier"
                f" '{name}'.",
                hint=f"Choose another {kind}.",
            )

        raise BadOption(
            f"{name!r} cannot be a {kind}: only letters, digits, '_' and '.' are"
            " allowed.",
            hint=f"Choose another {kind}.",
        )


def check_text(text: str, option: str) -> None:
    """Refuse a text that cannot be written to a file as UTF-8.

    :raises BadOption: it holds lone surrogates or NUL characters.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadOption(
            f"The text given to {option} is not valid Unicode.",
            hint="Type it again, in a terminal that speaks UTF-8.",
        ) from None

    if "\0" in text:
        raise BadOption(f"The text given to {option} holds a NUL character.")


def quote_for_docstring(text: str) -> str:
    r"""Return a text that reads back unchanged between triple quotes.

    ``\`` and ``"`` are escaped where they would mean something there.
    """
    escaped = text.replace("\\", "\\\\").replace("\r", "\\r")

    if '"""' in text or text.endswith('"'):
        escaped = escaped.replace('"', '\\"')

    return escaped


def render(template: pathlib.Path, values: dict[str, t.Any]) -> str:
    """Render a Mako template of the repository.

    :raises RevisionFileError: the template is missing or fails.
    """
    try:
        return str(Template(filename=str(template)).render_unicode(**values))
    except FileNotFoundError as error:
        raise RevisionFileError(
            f"{template} does not exist, and new files are made from it.",
            path=str(template),
            hint="Restore it from version control, or copy it from a new repository"
            " made by `flask db init -d elsewhere`.",
        ) from error
    except Exception as error:
        lines = mako_exceptions.text_error_template().render().splitlines()
        reason = _name_undefined(template, values) or lines[-1].strip()
        raise RevisionFileError(
            f"Template rendering failed: {template}: {reason}",
            path=str(template),
            hint="Correct the template; nothing was written.",
        ) from error


def _name_undefined(template: pathlib.Path, values: dict[str, t.Any]) -> str | None:
    """Return which name a template uses that nobody gives it: Mako does not say."""
    try:
        Template(filename=str(template), strict_undefined=True).render(**values)
    except NameError as error:
        return str(error)
    except Exception:
        return None

    return None


def render_python(
    template: pathlib.Path, values: dict[str, t.Any], *, encoding: str = "utf-8"
) -> bytes:
    """Render a template of Python code in which the message is nothing but text.

    The file is rendered twice, with the message and with a plain word in its place:
    both must be the same program. So no template, old or custom, can let a message
    through as code. The bytes are read as Python will: a comment can name an encoding.

    :param values: with ``message``, as the user wrote it.
    :param encoding: of the file.
    :raises RevisionFileError: the result does not compile.
    :raises BadOption: the message would change the program.
    """
    message = str(values.get("message", ""))
    text = render(template, {**values, "message": quote_for_docstring(message)})
    plain = render(template, {**values, "message": _PLACEHOLDER})
    program = _parse(plain.encode(encoding, "replace"), template)
    _require_names(program, template)

    try:
        content = text.encode(encoding)
        expected = ast.dump(_Message(message).visit(_without_docstring(program)))
        found = ast.dump(_without_docstring(_parse(content, template)))
    except (RevisionFileError, UnicodeEncodeError):
        pass
    else:
        if found == expected:
            return content

    raise BadOption(
        f"The message cannot be written into {template.name}: there it would be read as"
        " code, or as no text at all.",
        hint="Use a message of one line, without quotes and backslashes, that"
        f" {encoding} can hold.",
    )


class _Message(ast.NodeTransformer):
    """Puts a message where a program has the plain word, inside of texts only."""

    def __init__(self, message: str) -> None:
        self._message = message

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if not isinstance(node.value, str):
            return node

        return ast.Constant(node.value.replace(_PLACEHOLDER, self._message), node.kind)


def _require_names(program: ast.Module, template: pathlib.Path) -> None:
    """Refuse a template whose files Alembic could not read back."""
    targets = [
        target
        for node in program.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    names = {target.id for target in targets if isinstance(target, ast.Name)}

    for name in ("revision", "down_revision"):
        if name not in names:
            raise RevisionFileError(
                f"The file that {template} makes has no line `{name} =`.",
                path=str(template),
                hint="Nothing was written. Copy script.py.mako from a new repository,"
                " made by `flask db init -d elsewhere`.",
            )


def _parse(content: bytes, template: pathlib.Path) -> ast.Module:
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        lines = content.decode("utf-8", "replace").split("\n")
        found = lines[line - 1].strip() if line and line <= len(lines) else ""
        raise RevisionFileError(
            f"The file that {template} makes is not valid Python: {error}"
            f"{f': {found}' if found else ''}",
            path=str(template),
            line=line,
            hint="Nothing was written. A bind key that is no Python name breaks the"
            " template of older repositories: copy script.py.mako from a new one, made"
            " by `flask db init --multidb -d elsewhere`.",
        ) from error


def _without_docstring(module: ast.Module) -> ast.Module:
    if module.body and ast.get_docstring(module, clean=False) is not None:
        module.body = module.body[1:]

    return module


def write_atomically(
    path: pathlib.Path, content: bytes, *, mode: int | None = None
) -> None:
    """Write a whole file, or leave none.

    :param mode: who may read it; as the umask says otherwise.
    :raises RevisionFileError: the folder cannot be written, or the disk is full.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    except OSError as error:
        raise _cannot_write(path, error) from error

    temporary = pathlib.Path(name)

    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

        # mkstemp lets only its owner read; a new file is as the umask says.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask if mode is None else mode)
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def make_directory(path: pathlib.Path) -> bool:
    """Make a folder and its parents.

    :return: whether it was not there before.
    :raises RevisionFileError: it cannot be made.
    """
    if path.is_dir():
        return False

    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise _cannot_write(path, error) from error

    return True


def _cannot_write(path: pathlib.Path, error: OSError) -> RevisionFileError:
    return RevisionFileError(
        f"{path} cannot be written: {error.strerror or error}.",
        path=str(path),
        hint="Make room, or give the user of this process write permission; nothing"
        " was left behind.",
    )


def open_in_editor(path: str) -> None:
    """Open a file in the user's editor and wait for it.

    :raises MigrationError: there is no editor, or nobody at a terminal to use one.
    """
    named = os.environ.get("EDITOR") or os.environ.get("VISUAL")

    if not named and not sys.stdin.isatty():
        raise MigrationError(
            f"{path} cannot be edited: EDITOR is not set, and there is no terminal.",
            hint="Set the EDITOR variable to your editor's command.",
        )

    with crossing():
        util.open_in_editor(path)
