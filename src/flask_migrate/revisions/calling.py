"""How the function of a revision is called: for one database of perhaps several."""

from __future__ import annotations

import inspect
import logging
import typing as t

from .loading import check_result
from .operations import silence_carried

if t.TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep
    from alembic.script import Script

_log = logging.getLogger("alembic.runtime.migration")


def call_function(
    step: RevisionStep, script: Script, *, name: str, arguments: dict[str, t.Any]
) -> None:
    """Call ``upgrade()`` or ``downgrade()`` with the arguments that it can take.

    :param step: which function.
    :param name: of the database; empty for the default one.
    :param arguments: what ``env.py`` gives to it.
    """
    if name or "engine_name" in arguments:
        if _lacks_function(script, step.migration_fn.__name__, name):
            _log.info("Nothing to do for database %s", name or "<default>")
            return

        if not _accepts(step.migration_fn, arguments):
            # Written before the repository had several databases.
            if name:
                return

            arguments = {}

    with silence_carried():
        result = step.migration_fn(**arguments)

    check_result(script, result)


def says_rebuild(script: bytes) -> bool:
    """Tell whether a file says that it rebuilds tables; SQLite must know before."""
    return b"batch_alter_table" in script


def _lacks_function(script: Script, direction: str, name: str) -> bool:
    """Tell whether a revision of several databases was written before this one.

    Flask-Migrate's template looks up ``upgrade_<name>``, which is not there where a
    bind was added later.
    """
    names = vars(script.module)
    dispatches = any(one.startswith(f"{direction}_") for one in names)
    code = getattr(getattr(script.module, direction), "__code__", None)
    uses_names = code is not None and "globals" in code.co_names
    return dispatches and uses_names and f"{direction}_{name}" not in names


def _accepts(function: t.Any, arguments: dict[str, t.Any]) -> bool:
    try:
        inspect.signature(function).bind(**arguments)
    except TypeError:
        return False

    return True
