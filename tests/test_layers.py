"""The house is built as it is drawn."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "flask_migrate"
NO_ROOM = {"__init__", "templates"}
"""What is in the package's folder and in no layer."""


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Hold the package that is below a folder against the contracts."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_contracts_are_kept() -> None:
    """No import of the package points up, or out of the one door to the world."""
    result = lint_imports(ROOT / "src")

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("settings.py", "from . import commands", "Imports point down"),
        ("settings.py", "import alembic", "Only the revisions and autogenerate"),
        ("settings.py", "import flask", "Only the faces"),
        ("run/executor.py", "from .. import make", "Imports point down"),
        ("errors.py", "import sqlalchemy", "What everything speaks"),
    ],
)
def test_a_wrong_import_breaks_a_contract(
    tmp_path: Path, module: str, statement: str, contract: str
) -> None:
    """One import too many, in a copy of the package, is found and named."""
    copy = tmp_path / "flask_migrate"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / module).open("a") as file:
        file.write(f"\n{statement}\n")

    result = lint_imports(tmp_path)

    broken = [line for line in result.stdout.splitlines() if "BROKEN" in line]
    assert result.returncode == 1, result.stdout + result.stderr
    assert len(broken) == 1
    assert broken[0].startswith(contract)


def test_every_module_lives_in_a_layer() -> None:
    """A room that no contract knows could be imported from anywhere."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["id"] == "layers")
    known = {name.strip(" ()") for line in layers for name in split_layer(line)}
    rooms = {path.stem for path in SOURCE.iterdir() if is_room(path)}

    assert rooms - known == set()


def split_layer(line: str) -> list[str]:
    """Return the names of one layer."""
    return line.replace("|", ":").split(":")


def is_room(path: Path) -> bool:
    """Return whether a path is a module or a package that must have a layer."""
    if path.stem in NO_ROOM:
        return False

    return path.suffix == ".py" or (path / "__init__.py").is_file()


def test_backends_differ_in_one_place() -> None:
    """Nobody outside of `databases/dialects` asks what the dialect is called."""
    questions = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in SOURCE.rglob("*.py")
        if not path.is_relative_to(SOURCE / "databases" / "dialects")
        for line in lines_that_ask_for_the_dialect(path.read_text())
    ]

    assert questions == []


@pytest.mark.parametrize(
    "code",
    [
        "if connection.dialect.name == 'sqlite': pass",
        "x = 1 if 'mysql' != dialect_name else 2",
        "while engine.dialect.name in ('mysql', 'mariadb'): pass",
        "match engine.dialect.name:\n    case 'sqlite': pass",
        "if engine.name.startswith('postgres') and dialect.startswith('p'): pass",
    ],
)
def test_a_question_for_the_dialect_is_seen(code: str) -> None:
    """The search above finds each way of asking."""
    assert len(list(lines_that_ask_for_the_dialect(code))) == 1


def lines_that_ask_for_the_dialect(code: str) -> t.Iterator[int]:
    """Yield the lines that hold a dialect's name against a word."""
    for node in ast.walk(ast.parse(code)):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Compare) and any(map(has_word, ast.walk(node))):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Match):
            asked = [node.subject]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_prefix = node.func.attr in {"startswith", "endswith"}
            asked = [node.func.value] if is_prefix else []

        if any(ast.unparse(each).endswith(NAMES) for each in asked):
            yield node.lineno


def has_word(node: ast.AST) -> bool:
    """Return whether a node is a text."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


NAMES = ("dialect", "dialect.name", "dialect_name", "get_backend_name()")
"""How an expression ends whose value is the name of a dialect."""
