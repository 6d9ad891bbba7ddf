"""What to do about applied scripts that have changed since they ran."""

from __future__ import annotations

import logging
import typing as t

from ..errors import ChangedScripts

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun

_log = logging.getLogger("flask_migrate")


def check_scripts(run: DatabaseRun) -> None:
    """Report applied scripts that have changed since, by the policy that is set.

    :raises ChangedScripts: where the policy is ``fail``.
    """
    policy = run.settings.changed_scripts
    changed = run.read_changed() if policy != "ignore" else []

    if not changed:
        return

    names = ", ".join(script.revision for script in changed)
    sentence = (
        f"Applied scripts have changed since they ran: {names}. The database is as"
        " the old text made it."
    )

    if policy == "fail":
        raise ChangedScripts(
            sentence,
            hint="Put the old text back and write a new revision, or set"
            " MIGRATE_CHANGED_SCRIPTS = 'warn'.",
        )

    _log.warning("%s", sentence)
