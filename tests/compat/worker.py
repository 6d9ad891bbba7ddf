"""A Python that has imported everything once, and forks for each command.

The tests start one with the interpreter of Flask-Migrate and one with ours. It reads
one JSON object per line::

    {"folder": ..., "environment": {...}, "arguments": ["db", "upgrade"]}
    {"folder": ..., "environment": {...}, "code": "value = 1 + 1"}

and answers each with ``{"exit_code", "stdout", "stderr", "value"}``. The child does
what a new process would: its own current folder, its own environment, its own
modules of the application, and file descriptors 1 and 2 that lead to files, because
Alembic keeps the ``sys.stdout`` that it saw first.

It needs nothing of the test suite, so that any environment can run it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import sys
import tempfile
import traceback
import typing as t

MODULES = (
    "aiosqlite",
    "alembic.autogenerate",
    "alembic.command",
    "alembic.config",
    "alembic.ddl.sqlite",
    "flask.cli",
    "flask_sqlalchemy",
    "flask_sqlalchemy.cli",
    "logging.config",
    "mako.template",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "sqlalchemy.ext.asyncio",
    "flask_migrate",
    "flask_migrate.cli",
)
"""What a command of either package would import."""


def serve() -> None:
    """Answer requests until the standard input ends."""
    sys.dont_write_bytecode = True
    answers = os.fdopen(os.dup(1), "w")
    # What cannot be imported fails in the child, which says why.
    with contextlib.suppress(Exception):
        for module in (*MODULES, *find_modules()):
            importlib.import_module(module)

    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


def find_modules() -> list[str]:
    """Return every module of the package at work, which imports most of them late."""
    import flask_migrate

    path, prefix = flask_migrate.__path__, "flask_migrate."
    found = (module.name for module in pkgutil.walk_packages(path, prefix))
    return [name for name in found if ".templates" not in name]


def answer(request: dict[str, t.Any]) -> dict[str, t.Any]:
    """Do what is asked in a child, and tell what came of it."""
    with contextlib.ExitStack() as stack:
        files: dict[str, t.IO[str]] = {
            name: stack.enter_context(tempfile.TemporaryFile("w+"))
            for name in ("stdout", "stderr", "value")
        }
        process = os.fork()
        if process == 0:
            live(request, files)

        _, status = os.waitpid(process, 0)
        result = {name: read(file) for name, file in files.items()}

    value = json.loads(result["value"] or "null")
    return {**result, "value": value, "exit_code": os.waitstatus_to_exitcode(status)}


def read(file: t.IO[str]) -> str:
    """Return all that a child wrote to a file."""
    file.seek(0)
    return file.read()


def live(request: dict[str, t.Any], files: dict[str, t.IO[str]]) -> t.NoReturn:
    """Be the child: one life, one command."""
    exit_code = 1
    try:
        prepare(request, files)
        if "code" in request:
            exit_code = run_code(request["code"], files["value"])
        else:
            exit_code = run_flask(request["arguments"])
    except BaseException:
        traceback.print_exc()

    # Without the exit handlers, which belong to the parent.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def prepare(request: dict[str, t.Any], files: dict[str, t.IO[str]]) -> None:
    """Give the child its folder, its environment and its output."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(files["stdout"].fileno(), 1)
    os.dup2(files["stderr"].fileno(), 2)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path.insert(0, request["folder"])


def run_flask(arguments: list[str]) -> int:
    """Be the ``flask`` script.

    :returns: the exit code.
    """
    from flask.cli import main

    sys.argv = ["flask", *arguments]
    return leave(main)


def run_code(code: str, file: t.IO[str]) -> int:
    """Run a small program, and keep what it calls ``value``.

    :returns: the exit code.
    """
    names: dict[str, t.Any] = {"__name__": "__main__"}
    # The whole point of this function; the code comes from the tests.
    exit_code = leave(lambda: exec(compile(code, "<test>", "exec"), names))
    json.dump(names.get("value"), file)
    file.flush()
    return exit_code


def leave(program: t.Callable[[], object]) -> int:
    """Return what the process would exit with after this program."""
    try:
        program()
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            sys.stderr.write(f"{leaving.code}\n")
            return 1

        return leaving.code or 0

    return 0


if __name__ == "__main__":
    # The folder of this file is not for the applications to import from.
    del sys.path[0]
    serve()
