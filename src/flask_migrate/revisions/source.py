"""The text of one revision file: read without running it, changed to the letter."""

from __future__ import annotations

import ast
import collections.abc as cabc
import contextlib
import functools
import glob
import importlib.util
import io
import pathlib
import re
import tokenize
import typing as t

from ..errors import RevisionFileError
from . import files

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_REVISES = re.compile(r"(?<=[\r\n])(?P<word>[ \t]*Revises:)(?P<rest>[^\r\n]*)")


class Source:
    """The text of one revision file.

    :param content: of the file.
    :param path: of the file, for messages.
    :raises RevisionFileError: it is no Python.
    """

    def __init__(self, content: bytes, path: str) -> None:
        self.path = path

        try:
            self._encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
            self._text = content.decode(self._encoding)
            self.tree: ast.Module = ast.parse(content)
        except (SyntaxError, ValueError) as error:
            raise RevisionFileError(
                f"{path} is not valid Python: {error}.",
                path=path,
                line=getattr(error, "lineno", None),
                hint="Correct the file.",
            ) from error

        self._lines = _LINES.findall(self._text)

    @property
    def revision(self) -> str | None:
        """Its id, ``None`` where that is not written as a text."""
        value = self._find_value("revision")
        found = value.value if isinstance(value, ast.Constant) else None
        return found if isinstance(found, str) else None

    def with_parent(self, parent: str) -> bytes:
        """Return the file as it is when it follows another revision.

        Only the value of ``down_revision`` is replaced, and the ``Revises:`` of the
        docstring where it has named the old one.

        :raises RevisionFileError: the value is computed, or names several revisions.
        """
        value = self._find_value("down_revision")
        before, is_known = _read_parent(value)

        if value is None or not is_known:
            raise RevisionFileError(
                f"{self.path}: `down_revision` is not written as one text or None, so"
                " it cannot be replaced.",
                path=self.path,
                line=None if value is None else value.lineno,
                hint=f"Write `down_revision = {parent!r}` by hand.",
            )

        start, end = self._find_span(value)
        old = self._text[start:end]
        text = f"{self._text[:start]}{_quote(parent, like=old)}{self._text[end:]}"
        return self._replace_note(text, before or "", parent).encode(self._encoding)

    def _replace_note(self, text: str, before: str, parent: str) -> str:
        first = self.tree.body[0] if self.tree.body else None
        is_docstring = ast.get_docstring(self.tree, clean=False) is not None

        if not is_docstring or first is None:
            return text

        start, end = self._find_span(first)
        note = _REVISES.search(self._text, start, end)

        if note is None or note["rest"].strip() != before or '"' in parent:
            return text

        # The docstring comes before the assignment, so its places still hold.
        return f"{text[: note.end('word')]} {parent}{text[note.end('rest') :]}"

    def _find_value(self, name: str) -> ast.expr | None:
        """Return the last value that a name is given at the top of the file."""
        found = None

        for node in self.tree.body:
            targets: list[t.Any] = []

            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AnnAssign):
                targets = [node.target]

            if any(isinstance(one, ast.Name) and one.id == name for one in targets):
                found = t.cast("ast.Assign | ast.AnnAssign", node).value

        return found

    def _find_span(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        """Return where a node begins and ends in the text."""
        assert node.end_lineno is not None  # of a parsed node
        assert node.end_col_offset is not None
        return (
            self._find_place(node.lineno, node.col_offset),
            self._find_place(node.end_lineno, node.end_col_offset),
        )

    def _find_place(self, line: int, column: int) -> int:
        # Python counts columns in bytes of UTF-8, whatever the file is written in.
        before = sum(map(len, self._lines[: line - 1]))
        return before + len(self._lines[line - 1].encode()[:column].decode())


def _read_parent(value: ast.expr | None) -> tuple[str | None, bool]:
    """Return the one parent that a value names, and whether it can be known."""
    if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == 1:
        value = value.elts[0]

    if isinstance(value, ast.Constant) and isinstance(value.value, (str, type(None))):
        return value.value, True

    return None, False


def _quote(text: str, *, like: str) -> str:
    """Return a text as Python, between the quotes that another one has."""
    plain = repr(text)
    is_double = like[-1:] == '"' and '"' not in text
    return f'"{plain[1:-1]}"' if is_double else plain


# Two branches have most of their files in common.
@functools.lru_cache(maxsize=4096)
def read_revision(content: bytes) -> str | None:
    """Return the id in the text of a file, ``None`` where it cannot be known."""
    try:
        return Source(content, "").revision
    except RevisionFileError:
        return None


@contextlib.contextmanager
def rewriting(path: pathlib.Path, *, parent: str) -> cabc.Iterator[None]:
    """Let a file follow another revision, and put it back if what comes then fails.

    :raises RevisionFileError: its text cannot be changed, or not be written.
    """
    before = path.read_bytes()
    write_again(path, Source(before, str(path)).with_parent(parent))

    try:
        yield
    except BaseException:
        write_again(path, before)
        raise


def write_again(path: pathlib.Path, content: bytes) -> None:
    """Write a file that is there, whole or not at all; who may read it stays.

    :raises RevisionFileError: it cannot be written.
    """
    files.write_atomically(path, content, mode=path.stat().st_mode & 0o7777)
    forget_compiled(path)


def forget_compiled(path: pathlib.Path) -> None:
    """Delete what Python has compiled of a file that is written anew.

    It compares the size and the second of the last change; both can be the same.
    """
    folder = pathlib.Path(importlib.util.cache_from_source(path)).parent

    for one in folder.glob(f"{glob.escape(path.stem)}.*.pyc"):
        one.unlink(missing_ok=True)
