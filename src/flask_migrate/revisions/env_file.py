"""Run a repository's ``env.py``, old or new, without its side effects."""

from __future__ import annotations

import ast
import importlib.util
import pathlib
import traceback
import typing as t

from alembic import util

from ..databases.dialects.base import hide_secrets
from ..errors import find_line
from ..errors import MigrationError
from ..errors import RevisionFileError


def run_env_file(path: pathlib.Path) -> None:
    """Run an ``env.py`` as Alembic does, as a module that nobody can import.

    The file stays as it is. Three calls in it are answered by us while it runs:

    - ``logging.config.fileConfig`` would disable and close the application's loggers;
    - ``_sync_connection()`` is gone since SQLAlchemy 2: Flask-Migrate 4.1's template
      for several asynchronous databases calls it;
    - ``get_engine(app, bind)`` is gone since Flask-SQLAlchemy 3: Flask-Migrate's
      templates for several databases call it until 3.0.

    :raises RevisionFileError: the file is missing, or is not valid Python.
    """
    if not path.exists():
        _run_without_source(path)
        return

    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
        code = compile(_Rewriter().rewrite(tree), str(path), "exec")
    except (SyntaxError, ValueError, OSError) as error:
        line = getattr(error, "lineno", None)
        raise RevisionFileError(
            f"{path}{f', line {line},' if line else ''} cannot be run: {error}.",
            path=str(path),
            line=line,
            hint="Correct the file.",
        ) from error

    spec = importlib.util.spec_from_file_location("env_py", path)
    assert spec is not None  # a path that ends in .py has a loader
    module = importlib.util.module_from_spec(spec)
    exec(code, module.__dict__)  # the repository's own file


def _run_without_source(path: pathlib.Path) -> None:
    try:
        util.load_python_file(path.parent, path.name)
    except ImportError as error:
        raise RevisionFileError(
            f"{path} does not exist.",
            path=str(path),
            hint="Restore it from version control, or copy it from a new repository,"
            " made by `flask db init -d elsewhere`.",
        ) from error


def fileConfig(*args: t.Any, **kwargs: t.Any) -> None:  # logging's name
    """Stand in for ``logging.config.fileConfig``: the application owns its logging."""


class _Rewriter(ast.NodeTransformer):
    """Redirects two names of an ``env.py``; see :func:`run_env_file`."""

    def rewrite(self, tree: ast.Module) -> ast.Module:
        return t.cast("ast.Module", ast.fix_missing_locations(self.visit(tree)))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.ImportFrom]:
        if node.module != "logging.config":
            return node

        ours = [alias for alias in node.names if alias.name == "fileConfig"]
        others = [alias for alias in node.names if alias.name != "fileConfig"]
        pairs = ((__name__, ours), ("logging.config", others))
        return [
            ast.copy_location(ast.ImportFrom(module, names, 0), node)
            for module, names in pairs
            if names
        ]

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if ast.unparse(node) == "logging.config.fileConfig":
            return ast.parse(
                f"__import__({__name__!r}, fromlist=['fileConfig']).fileConfig",
                mode="eval",
            ).body

        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = node.func

        if isinstance(called, ast.Attribute) and called.attr == "_sync_connection":
            called.attr = "sync_connection"
            return called

        if (
            isinstance(called, ast.Attribute)
            and called.attr == "get_engine"
            and len(node.args) == 2
        ):
            called.attr = "engines"
            return ast.Subscript(called, node.args[1], ast.Load())

        return node


def explain_env_error(error: Exception, path: pathlib.Path) -> MigrationError:
    """Say which line of an ``env.py`` raised, for an error of no other kind."""
    frames = traceback.extract_tb(error.__traceback__)
    line = find_line(error, str(path))
    last = frames[-1]
    inside = (
        ""
        if last.filename == str(path)
        else f" (in {last.filename}, line {last.lineno})"
    )
    return RevisionFileError(
        f"{path}{f', line {line},' if line else ''} raised {type(error).__name__}:"
        f" {hide_secrets(str(error))}{inside}",
        path=str(path),
        line=line,
        hint="Correct the file; `flask --debug db ...` shows the traceback.",
    )
