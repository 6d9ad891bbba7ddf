"""Whether the way back of a revision is written; its functions are not called."""

from __future__ import annotations

import ast
import pathlib

from ...plan import Direction


def is_reversible(path: str, direction: Direction, *, name: str = "") -> bool | None:
    """Tell whether the way back from a step does something.

    :param path: of the revision file.
    :param direction: of the step.
    :param name: of the database, where a revision has one function for each.
    :return: ``None`` where the file does not say.
    """
    try:
        tree = ast.parse(pathlib.Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None

    functions = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)
    }
    is_upgrade = direction is Direction.UPGRADE
    there = _find(functions, "upgrade" if is_upgrade else "downgrade", name)
    back = _find(functions, "downgrade" if is_upgrade else "upgrade", name)

    if there is None or back is None:
        return None

    return not (_refuses(back) or (_is_empty(back) and not _is_empty(there)))


def _find(
    functions: dict[str, ast.FunctionDef], word: str, name: str
) -> ast.FunctionDef | None:
    """Return the function that runs for a database."""
    function = functions.get(word)
    own = functions.get(f"{word}_{name}")
    names = () if function is None else ast.walk(function)
    dispatches = any(getattr(node, "id", "") == "globals" for node in names)
    return own if dispatches and own is not None else function


def _list_body(function: ast.FunctionDef) -> list[ast.stmt]:
    """Return its statements, without those that do nothing."""
    return [
        node
        for node in function.body
        if not isinstance(node, ast.Pass)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and not (isinstance(node, ast.Return) and node.value is None)
    ]


def _is_empty(function: ast.FunctionDef) -> bool:
    return not _list_body(function)


def _refuses(function: ast.FunctionDef) -> bool:
    body = _list_body(function)
    return bool(body) and isinstance(body[0], ast.Raise)
