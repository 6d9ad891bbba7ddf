"""Wait for the migration lock, and say for whom."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import contextvars
import logging
import random
import time
import types
import typing as t

from ..errors import LockNotAcquired

if t.TYPE_CHECKING:
    from ..databases.dialects.locks import MigrationLock
    from ..revisions.database_run import DatabaseRun

_log = logging.getLogger("flask_migrate")

_HELD: contextvars.ContextVar[cabc.Mapping[str, MigrationLock]] = (
    contextvars.ContextVar("flask_migrate_locks", default=types.MappingProxyType({}))
)

POLL_SECONDS = 0.2
"""How often a waiting run asks; a blocking wait deadlocks with an index build."""

REPORT_SECONDS = 30.0
"""How often a waiting run says that it waits."""


@contextlib.contextmanager
def holding(run: DatabaseRun, *, timeout: float | None) -> cabc.Iterator[None]:
    """Hold the migration lock of a database, and read again where it stands.

    Inside a transaction of ``env.py`` it is held until that one has ended.

    :param timeout: seconds to wait; ``None`` runs without the lock.
    :raises LockNotAcquired: another run held it for longer.
    """
    if timeout is None:
        yield
        return

    lock = run.make_lock()
    held = _HELD.get().get(lock.identity)

    if held is not None:
        # `with migrate.lock():` around the call.
        run.guard_commit = held.verify
        yield
        return

    release = contextlib.ExitStack()
    release.callback(lock.release)

    try:
        lock = lock.settle()
        release.callback(lock.release)
        acquire(lock, title=run.name or "the database", timeout=timeout)
        run.guard_commit = lock.verify
        run.read_version_table()
        yield
    finally:
        if run.is_foreign:
            run.call_at_end(release.close)
        else:
            run.guard_commit = None
            release.close()


def acquire(lock: MigrationLock, *, title: str, timeout: float) -> None:
    """Poll for a lock until it is ours.

    :param title: of the database, for messages.
    :param timeout: seconds to wait.
    :raises LockNotAcquired: naming who holds it.
    """
    began = time.monotonic()
    reported = None

    while not lock.try_acquire():
        now = time.monotonic()

        if now - began >= timeout:
            raise LockNotAcquired(
                f"Another run still holds the migration lock of {title} after"
                f" {timeout:g} s: {lock.describe_holder()}.",
                hint="Try again; `--lock-timeout SECONDS` waits longer.",
            )

        if reported is None or now - reported >= REPORT_SECONDS:
            reported = now
            _log.info(
                "Waiting for the migration lock of %s: held by %s",
                title,
                lock.describe_holder(),
            )

        time.sleep(POLL_SECONDS * random.uniform(0.5, 1.5))  # jitter


@contextlib.contextmanager
def holding_alone(
    lock: MigrationLock, *, title: str, timeout: float
) -> cabc.Iterator[None]:
    """Hold the migration lock around any code, runs included.

    :param title: of the database, for messages.
    :param timeout: seconds to wait.
    :raises LockNotAcquired: another run held it for longer.
    """
    identity = lock.identity

    if identity in _HELD.get():
        yield
        return

    try:
        lock = lock.settle()
        acquire(lock, title=title, timeout=timeout)
        token = _HELD.set({**_HELD.get(), identity: lock})

        try:
            yield
        finally:
            _HELD.reset(token)
    finally:
        lock.release()
