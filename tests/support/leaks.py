"""Every test leaves the process and the repository as it found them."""

from __future__ import annotations

import logging
import os
import subprocess
import typing as t
from pathlib import Path

import flask
import flask.globals
import pytest

from tests.support.servers import is_ci

ROOT = Path(__file__).parents[2]

MANY = 10
"""As many files are named, at most."""

UNTRACKED: pytest.StashKey[set[str]] = pytest.StashKey()
LEFT_BEHIND: pytest.StashKey[set[str]] = pytest.StashKey()


@pytest.fixture(autouse=True)
def leak_detector() -> t.Iterator[None]:
    """Fail the test that leaves a context, a changed logger or a file behind."""
    folder = os.getcwd()
    before = _observe()
    yield
    contexts = _pop_contexts()
    went_to = os.getcwd()
    os.chdir(folder)
    after = _observe()
    assert not contexts, f"The test left application contexts pushed: {contexts}."
    assert went_to == folder, f"The test stayed in {went_to}."
    for what, value in before.items():
        assert after[what] == value, f"The test changed {what}."


def _observe() -> dict[str, object]:
    """Return what no test may change, by the words for it."""
    root = logging.getLogger()
    # Pytest's own handlers come and go with the phases of a test.
    own = "_pytest"
    handlers = [each for each in root.handlers if own not in type(each).__module__]
    return {
        "the handlers of the root logger": handlers,
        "the level of the root logger": root.level,
        "the loggers that are disabled": _disabled_loggers(),
        "the files in the current folder": _files_here(),
    }


def _disabled_loggers() -> set[str]:
    known = logging.Logger.manager.loggerDict.items()
    disabled = {name for name, each in known if getattr(each, "disabled", False)}
    if logging.getLogger().disabled:
        disabled.add("root")

    if logging.Logger.manager.disable:
        disabled.add(f"all up to level {logging.Logger.manager.disable}")

    return disabled


def _files_here() -> set[str]:
    # Tools keep their notes in dotted folders, each of them ignored by git.
    return {name for name in os.listdir() if name[0] != "." and name != "__pycache__"}


def _pop_contexts() -> list[str]:
    left = []
    while flask.has_app_context():
        # The proxy's object is the one door that every Flask since 2.2 has.
        context = flask.globals.app_ctx._get_current_object()  # type: ignore[attr-defined]
        left.append(context.app.name)
        context.pop()

    return left


def pytest_sessionstart(session: pytest.Session) -> None:
    """Note which files git does not know before the first test."""
    session.config.stash[UNTRACKED] = _untracked_files()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Look for files that the tests left in the repository.

    On a developer's machine somebody may have written them meanwhile, so only a
    judge (``CI=true``) fails the run for them.
    """
    before = session.config.stash[UNTRACKED]
    new = _untracked_files() - before
    session.config.stash[LEFT_BEHIND] = new
    if new and is_ci():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the files that appeared in the repository."""
    left = terminalreporter.config.stash[LEFT_BEHIND]
    for name in sorted(left)[:MANY]:
        terminalreporter.write_line(f"appeared in the repository: {name}")

    if len(left) > MANY:
        terminalreporter.write_line(f"and {len(left) - MANY} files more")


def _untracked_files() -> set[str]:
    command = ["git", "ls-files", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return set()

    return set(answer.stdout.splitlines())
