"""Run the `flask` program in a child of this process: a real process, in no time.

A child has its own current folder, environment, user, limits and signals. Nothing has
to be imported again, so a command takes about as long as in this process.
"""

from __future__ import annotations

import dataclasses
import fcntl
import io
import logging
import os
import pathlib
import signal
import sys
import time
import traceback
import typing as t
import warnings

from flask import Flask
from flask.cli import FlaskGroup

NOBODY = 65534
"""The user and the group `nobody`."""

PATIENCE = 20.0
"""Seconds after which a child is given up."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a child has said.

    :param exit_code: negative for a signal that ended it.
    """

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both, one after the other."""
        return self.stdout + self.stderr


class Child:
    """A fork of this process that does some work and ends.

    :param work: its exit code is what this returns, raises as ``SystemExit``, or 0.
    """

    def __init__(self, work: t.Callable[[], object]) -> None:
        # Pipes, because a limit of the child's may forbid it to write files.
        pipes = [os.pipe() for _ in range(2)]
        self.pid = os.fork()
        if self.pid == 0:
            _live(work, [write for _, write in pipes])

        self._pipes = [read for read, _ in pipes]
        for read, write in pipes:
            os.close(write)
            fcntl.fcntl(read, fcntl.F_SETPIPE_SZ, 2**20)
            os.set_blocking(read, False)

    def send(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def wait(self) -> Outcome:
        """Wait for the end; a child that never ends fails the test."""
        deadline = time.monotonic() + PATIENCE
        while not (found := os.waitpid(self.pid, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                self.send(signal.SIGKILL)
                found = os.waitpid(self.pid, 0)
                break

            time.sleep(0.005)

        texts = [_read_all(pipe) for pipe in self._pipes]
        code = os.waitstatus_to_exitcode(found[1])
        return Outcome(exit_code=code, stdout=texts[0], stderr=texts[1])


def _read_all(pipe: int) -> str:
    with open(pipe, "rb", buffering=0) as file:
        # Nothing, rather than the end, where a child of the child still holds it.
        return (file.readall() or b"").decode()


def run_flask(
    *words: str,
    app: Flask | None = None,
    folder: pathlib.Path | None = None,
    environment: t.Mapping[str, str] | None = None,
    prepare: t.Callable[[], object] | None = None,
) -> Outcome:
    """Run ``flask`` with some words, and wait for it."""
    return start_flask(
        *words, app=app, folder=folder, environment=environment, prepare=prepare
    ).wait()


def start_flask(
    *words: str,
    app: Flask | None = None,
    folder: pathlib.Path | None = None,
    environment: t.Mapping[str, str] | None = None,
    prepare: t.Callable[[], object] | None = None,
) -> Child:
    """Start ``flask`` with some words.

    :param app: the application; found by the program itself otherwise.
    :param folder: its current folder.
    :param environment: what to set in its environment.
    :param prepare: called in the child before the program.
    """

    def work() -> None:
        for name in ("FLASK_APP", "FLASK_DEBUG", "MIGRATE_TRACEBACK"):
            os.environ.pop(name, None)

        os.environ.update(environment or {})
        if folder is not None:
            os.chdir(folder)
            sys.path.insert(0, str(folder))

        if prepare is not None:
            prepare()

        group = FlaskGroup(
            create_app=None if app is None else lambda: app, set_debug_flag=False
        )
        group.main([*words], prog_name="flask")

    return Child(work)


def become_nobody() -> None:
    """Lose every right of root, where this process has them."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def _make_stream(mode: str, number: int) -> io.TextIOWrapper:
    raw = io.FileIO(number, mode, closefd=False)
    buffered = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    return io.TextIOWrapper(buffered, encoding="utf-8", line_buffering=True)


def _live(work: t.Callable[[], object], pipes: list[int]) -> t.NoReturn:
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, pipe in enumerate(pipes, start=1):
            os.dup2(pipe, number)
            os.close(pipe)

        sys.stdin, sys.stdout, sys.stderr = map(_make_stream, "rww", range(3))
        sys.dont_write_bytecode = True
        # What a new process has: no log handler, no filter that makes warnings fail.
        logging.getLogger().handlers.clear()
        warnings.resetwarnings()
        warnings.simplefilter("default")
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = _leave(work)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Without the exit handlers, which belong to the parent.
        os._exit(code)


def _leave(work: t.Callable[[], object]) -> int:
    """Do the work; return what the process would exit with."""
    try:
        returned = work()
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            sys.stderr.write(f"{leaving.code}\n")

        return leaving.code if isinstance(leaving.code, int) else bool(leaving.code)
    except BaseException:
        traceback.print_exc()
        return 1

    return returned if isinstance(returned, int) else 0
