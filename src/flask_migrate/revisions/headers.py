"""What a revision file says of itself, read without running it.

Only what cannot mean anything else is read: four names with literal values, and the
docstring. Every file that is written in another way is imported instead.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import typing as t

Idents = str | tuple[str, ...] | None
"""Ids of other revisions, or labels, as Alembic takes them."""

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")

_RESERVED = frozenset({*NAMES, "__doc__"})
# With one of the others, code can set a name without naming it.
_SUSPECT = _RESERVED | frozenset(
    {"globals", "locals", "vars", "exec", "eval", "setattr", "sys", "__import__"}
)
_MARKER = re.compile(rb"^(<<<<<<<|=======|>>>>>>>)", re.MULTILINE)
_BEGINS = re.compile(r"(?:def|async|class)\b|@")
_NAMED = re.compile(rf"\s*({'|'.join(NAMES)}|__doc__)\b")
_FORBIDDEN = frozenset("+-:@'\\\r\n\0")


class Header(t.NamedTuple):
    """The facts of one file. A tuple, as thousands of them are made at a start.

    :param revision: its id.
    :param down: what it follows.
    :param labels: the names of its branch.
    :param needs: what else it depends on.
    :param doc: its docstring.
    :param is_broken: the file is no valid Python, below these lines.
    """

    revision: str
    down: Idents
    labels: Idents
    needs: Idents
    doc: str | None
    is_broken: bool


Stamp = tuple[int, int, int]
"""Size, time of the last change, and time when anything about a file changed last."""


class Entry(t.NamedTuple):
    """One revision file.

    :param path: of the file, absolute and without symbolic links.
    :param stamp: by which it is known again.
    :param checksum: of its content; empty where it cannot be read.
    :param header: what it says; ``None`` if only importing it can tell.
    """

    path: str
    stamp: Stamp
    checksum: str
    header: Header | None


def read_header(content: bytes) -> Header | None:
    """Return the facts of a file; ``None`` if only importing it can tell.

    :param content: of the file.
    """
    try:
        tree = ast.parse(content)
    except SyntaxError as error:
        return _read_above(content, error)
    except (ValueError, RecursionError, MemoryError):
        return None

    return _read_tree(tree, is_broken=False)


def _read_above(content: bytes, error: SyntaxError) -> Header | None:
    """Read what stands above the function that is no valid Python."""
    try:
        lines = content.decode("utf-8").splitlines(keepends=True)
    except UnicodeDecodeError:
        return None

    if _MARKER.search(content) or not error.lineno:
        return None

    begins = [number for number, line in enumerate(lines) if _BEGINS.match(line)]
    above = [number for number in begins if number < error.lineno]

    if not above or any(map(_NAMED.match, lines[above[0] :])):
        return None

    try:
        tree = ast.parse("".join(lines[: above[0]]))
    except (SyntaxError, ValueError):
        return None

    is_whole = all(f"\n{name}" in "".join(lines[: above[0]]) for name in NAMES)
    return _read_tree(tree, is_broken=True) if is_whole else None


def _read_tree(tree: ast.Module, *, is_broken: bool) -> Header | None:
    values: dict[str, t.Any] = {}

    for node in tree.body:
        if not _is_plain(node):
            return None

        if name := _find_target(node):
            try:
                values[name] = ast.literal_eval(t.cast("ast.Assign", node).value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                return None

    if not {"revision", "down_revision"} <= values.keys() or not _are_usable(values):
        return None

    doc = ast.get_docstring(tree, clean=False)

    # Python strips the indentation itself since 3.13.
    if doc is not None and sys.version_info >= (3, 13):
        doc = inspect.cleandoc(doc)

    return Header(
        revision=values["revision"],
        down=_to_idents(values["down_revision"]),
        labels=_to_idents(values.get("branch_labels")),
        needs=_to_idents(values.get("depends_on")),
        doc=doc,
        is_broken=is_broken,
    )


def _find_target(node: ast.stmt) -> str | None:
    """Return which of the names a statement sets."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target = node.target
    else:
        return None

    is_ours = isinstance(target, ast.Name) and target.id in NAMES
    return t.cast("ast.Name", target).id if is_ours else None


def _is_plain(node: ast.stmt) -> bool:
    """Tell whether a statement sets none of the names, or one in the usual way."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        bound = {(one.asname or one.name).partition(".")[0] for one in node.names}
        return not bound & {*_RESERVED, "*"}

    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        # Its body runs later, and can set a name of the module only by `global`.
        now = (*node.decorator_list, node.args, *filter(None, [node.returns]))
        later = (one for one in ast.walk(node) if isinstance(one, ast.Global))
        return node.name not in _RESERVED and _is_harmless(*now, *later)

    if isinstance(node, ast.ClassDef):
        return node.name not in _RESERVED and _is_harmless(node)

    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return _find_target(node) is not None or _is_harmless(node)

    # A docstring, or a text that comments something out.
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_harmless(*nodes: ast.AST) -> bool:
    """Tell whether code mentions none of the names, and nothing that could set one."""
    found = {
        name
        for node in nodes
        for one in ast.walk(node)
        for name in (
            one.names
            if isinstance(one, ast.Global)
            else [getattr(one, "id", None), getattr(one, "attr", None)]
        )
    }
    return not found & _SUSPECT


def _are_usable(values: dict[str, t.Any]) -> bool:
    """Tell whether the values are what Alembic takes, and what we let through."""
    revision = values["revision"]
    return (
        isinstance(revision, str)
        and bool(revision)
        and not set(revision) & _FORBIDDEN
        and all(
            value is None
            or isinstance(value, str)
            or (
                isinstance(value, (tuple, list))
                and all(isinstance(one, str) for one in value)
            )
            for value in values.values()
        )
    )


def _to_idents(value: t.Any) -> Idents:
    return tuple(value) if isinstance(value, list) else value
