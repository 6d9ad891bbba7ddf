"""A folder in which the blocks of one walk happen, and what is seen there.

``pip`` is not run: ``pip install whimbrel`` and ``pip install Flask-Migrate`` change to
a Python that has the one or the other, and everything else is installed already.
"""

from __future__ import annotations

import ast
import dataclasses
import itertools
import os
import re
import shlex
import subprocess
import sys
import typing as t
from pathlib import Path

from tests.compat.environments import ENVIRONMENT
from tests.compat.environments import Result
from tests.compat.environments import Worker

from .blocks import Block

HOME = "/home/you/shop"
"""What the pages call the folder."""

MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?"), "<date>"),
    (re.compile(r"\d{4}_\d\d_\d\d_\d{6}(?=_)"), "<date>"),
    (re.compile(r"(?<![0-9a-z])[0-9a-f]{12}(?![0-9a-z])"), "<id>"),
    (re.compile(r"\brun [0-9a-f]{8}\b"), "<run>"),
    (re.compile(r"\b\d+\.\d\d ?s\b"), "<time>"),
    (re.compile(r"\bby [^\s@]+@[^\s,.]+"), "<who>"),
)
"""What is different every time: dates, times, people, and ids that are made up."""

DOCTEST = """
import doctest
runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
test = doctest.DocTestParser().get_doctest({text!r}, {{}}, "page", None, {line})
raise SystemExit(1 if runner.run(test).failed else 0)
"""


NOTHING = Result(exit_code=0, stdout="", stderr="")


class Terminal:
    """One folder, with what a reader types in it.

    :param folder: empty.
    :param find_worker: returns the Python that has a distribution.
    :param replace: what the pages write, and what stands for it here: a server's URL.
    """

    def __init__(
        self,
        folder: Path,
        find_worker: t.Callable[[str], Worker],
        replace: dict[str, str],
    ) -> None:
        self.folder = self.here = folder
        self.variables: dict[str, str] = {}
        self._find_worker = find_worker
        self._worker = find_worker("whimbrel")
        self._replace = replace
        self._last = NOTHING

    def run(self, block: Block) -> None:
        """Do what a block shows; it must show what happens."""
        if block.file is not None:
            self._write(*block.file, self._localise(block.text))
        elif block.language == "console":
            self._type(block)
        elif block.language == "pycon":
            self._try(block, DOCTEST.format(text=block.text, line=block.line))
        else:
            self._try(block, block.text)

    def _write(self, path: str, is_part: bool, text: str) -> None:
        if path.endswith(".py"):
            compile(text, path, "exec")

        file = self.here / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if is_part:
            text = merge(file.read_text("utf-8"), text)

        file.write_text(text, "utf-8")

    def _try(self, block: Block, code: str) -> None:
        result = self._ask({"code": self._localise(code)})
        assert result.exit_code == 0, f"line {block.line}: {result.output}"

    def _type(self, block: Block) -> None:
        for command, shown, asks_code in read_commands(block.text):
            result = self._last = self._run(self._localise(command))
            seen = self._mask(result.stderr + result.stdout)
            wanted = self._mask(shown)
            where = f"line {block.line}: $ {command}\n{seen}"
            fails = asks_code or re.search(r"^(Error|Usage): ?", shown, re.MULTILINE)
            assert bool(result.exit_code) == bool(fails) or asks_code, where
            assert not wanted or is_shown(wanted, seen), f"{where}\nshown:\n{wanted}"

    def _run(self, command: str) -> Result:
        words = shlex.split(command)
        given = list(itertools.takewhile(lambda word: "=" in word, words))
        variables = dict(word.split("=", 1) for word in given)
        words = words[len(given) :]
        if words[0] == "export":
            self.variables |= dict(word.split("=", 1) for word in words[1:])
            return NOTHING

        if words[0] == "cd":
            self.here = (self.here / words[1]).resolve()
            return NOTHING

        if words[0] == "pip":
            for name in set(words) & {"whimbrel", "Flask-Migrate"}:
                if "install" in words:
                    self._worker = self._find_worker(name)

            return NOTHING

        if words == ["echo", "$?"]:
            return dataclasses.replace(NOTHING, stdout=f"{self._last.exit_code}\n")

        if words[0] != "flask":
            return self._run_program(command)

        command, _, rest = command.partition(" | ")
        arguments = shlex.split(command)[len(given) + 1 :]
        result = self._ask({"arguments": arguments}, variables)
        return self._run_program(rest, result.stdout) if rest else result

    def _ask(
        self, request: dict[str, object], variables: dict[str, str] | None = None
    ) -> Result:
        world = {**ENVIRONMENT, **self.variables, **(variables or {})}
        place = {"folder": str(self.here), "environment": world}
        return self._worker.ask({**place, **request})

    def _run_program(self, command: str, text: str = "") -> Result:
        # As in a virtual environment that is active.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            command,
            shell=True,
            input=text,
            cwd=self.here,
            env={**os.environ, "PATH": path, **self.variables},
            capture_output=True,
            text=True,
        )
        return Result(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def _localise(self, text: str) -> str:
        for shown, real in self._replace.items():
            text = text.replace(shown, real)

        return text.replace(HOME, str(self.folder))

    def _mask(self, text: str) -> str:
        for shown, real in self._replace.items():
            text = text.replace(real, shown)

        text = text.replace(str(self.folder), HOME)
        for pattern, word in MASKS:
            text = pattern.sub(word, text)

        return text


def read_commands(text: str) -> list[tuple[str, str, bool]]:
    """Return the commands of a console block.

    :return: each command, the output shown, and whether its exit code is asked next.
    """
    parts = re.split(r"^\$ ", text.replace("\\\n", ""), flags=re.MULTILINE)[1:]
    pairs = [part.split("\n", 1) for part in parts]
    following = [command for command, _ in pairs[1:]] + [""]
    return [
        (command, shown.strip("\n"), after == "echo $?")
        for (command, shown), after in zip(pairs, following, strict=True)
    ]


def is_shown(shown: str, seen: str) -> bool:
    """Tell whether a page shows what is seen; a line of dots stands for any lines."""
    lines = [
        r"(.*\n)*?" if line == "..." else re.escape(line.rstrip()) + "\n"
        for line in shown.splitlines()
    ]
    stripped = "".join(f"{line.rstrip()}\n" for line in seen.strip("\n").splitlines())
    return re.fullmatch("".join(lines), stripped) is not None


def merge(text: str, part: str) -> str:
    """Return a module with some of its statements replaced, and others added.

    :param part: statements; a class, a function, an import or an assignment replaces
        the one of its name.
    """
    lines = text.splitlines()
    known = {_name(node): node for node in ast.parse(text).body}
    added = []
    replaced = []
    for node in ast.parse(part).body:
        first = _first_line(node) - 1
        source = "\n".join(part.splitlines()[first : node.end_lineno])
        old = known.get(_name(node))
        if old is None:
            added.append(source)
        else:
            replaced.append((old, source))

    for old, source in sorted(replaced, key=lambda pair: -pair[0].lineno):
        lines[_first_line(old) - 1 : old.end_lineno] = source.splitlines()

    return "\n".join([*lines, *added, ""])


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(int(one.lineno) for one in decorators)])


def _name(node: ast.stmt) -> str:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return node.name

    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0])

    return ast.unparse(node)
