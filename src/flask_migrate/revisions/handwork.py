"""What somebody has written into a revision file that no autogenerate writes."""

from __future__ import annotations

import ast
import collections.abc as cabc

from ..plan import Direction
from .source import Source
from .touches import OPERATIONS

_IDENTIFIERS = {"revision", "down_revision", "branch_labels", "depends_on"}
_FUNCTIONS = tuple(direction.value for direction in Direction)


def find_handwork(source: Source) -> tuple[str, ...]:
    """Return the statements of a file that no autogenerate writes, one line each.

    What was changed inside of an operation that autogenerate has written cannot be
    told from its own work.

    :return: ``line 12: op.execute(...)``.
    """
    return tuple(
        f"line {node.lineno}: {ast.unparse(node).splitlines()[0]}"
        for node in _walk(source.tree.body)
    )


def _walk(body: list[ast.stmt]) -> cabc.Iterator[ast.stmt]:
    for node in body:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]) if name in _IDENTIFIERS:
                pass
            case ast.AnnAssign(target=ast.Name(id=name)) if name in _IDENTIFIERS:
                pass
            case ast.FunctionDef(name=name) if name.startswith(_FUNCTIONS):
                yield from _walk_function(node.body)
            case _:
                yield node


def _walk_function(body: list[ast.stmt]) -> cabc.Iterator[ast.stmt]:
    for node in body:
        match node:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr(value=ast.Call() as call) if _is_written(call):
                pass
            case ast.With(items=[ast.withitem(context_expr=ast.Call() as call)]) if (
                _find_method(call) == "batch_alter_table"
            ):
                yield from _walk_function(node.body)
            case _:
                yield node


def _is_written(call: ast.Call) -> bool:
    """Tell whether autogenerate writes such a call, or the template does."""
    # The template of several databases looks up a function, and calls it.
    is_dispatch = isinstance(call.func, (ast.Call, ast.Subscript)) and not call.args
    return is_dispatch or _find_method(call) in OPERATIONS


def _find_method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
