"""Kill a process at an exact moment: before or after its n-th word to the database.

What a driver sends is counted below SQLAlchemy, so that each BEGIN and COMMIT is a
moment too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import typing as t
from unittest import mock

import psycopg
import pymysql.connections
import sqlalchemy as sa


@contextlib.contextmanager
def listening(
    before: t.Callable[[], object], sent: t.Callable[[], object]
) -> t.Iterator[None]:
    """Call functions around everything that the drivers send.

    :param before: called in front of it.
    :param sent: called when the server has it, before its answer is read; with
        drivers that show no such moment, when the answer is there.
    """

    def around(original: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def call(*args: t.Any, **options: t.Any) -> t.Any:
            before()
            found = original(*args, **options)
            sent()
            return found

        return call

    mysql, postgresql = pymysql.connections.Connection, psycopg.Connection
    send = "_execute_command"
    with (
        mock.patch.object(mysql, send, around(getattr(mysql, send))),
        mock.patch.object(postgresql, "wait", around(postgresql.wait)),
        _listening_to_sqlite(before, sent),
    ):
        yield


@contextlib.contextmanager
def _listening_to_sqlite(
    before: t.Callable[[], object], sent: t.Callable[[], object]
) -> t.Iterator[None]:
    # Its driver is written in C: what SQLAlchemy gives to it is counted.
    def on_before(connection: sa.Connection, *rest: t.Any) -> None:
        if connection.dialect.name == "sqlite":
            before()

    def on_after(connection: sa.Connection, *rest: t.Any) -> None:
        if connection.dialect.name == "sqlite":
            sent()

    names = {
        "before_cursor_execute": on_before,
        "after_cursor_execute": on_after,
        "commit": on_before,
        "rollback": on_before,
    }
    for name, listener in names.items():
        sa.event.listen(sa.Engine, name, listener)

    try:
        yield
    finally:
        for name, listener in names.items():
            sa.event.remove(sa.Engine, name, listener)


def count_sent(work: t.Callable[[], object]) -> int:
    """Return how many words some work sends to databases."""
    count = 0

    def note() -> None:
        nonlocal count
        count += 1

    with listening(note, lambda: None):
        work()

    return count


def kill_at(
    number: int, *, after_sending: bool = False, delay: float = 0.0
) -> t.Callable[[], None]:
    """Return what a child calls first, to be killed at a moment of its life.

    :param number: which word, from 1.
    :param after_sending: when the server has it already, and works.
    :param delay: seconds after that moment.
    """
    count = 0

    def note() -> None:
        nonlocal count
        count += 1
        if count == number and not after_sending:
            strike()

    def note_sent() -> None:
        if after_sending and count >= number:
            strike()

    def strike() -> None:
        if delay == 0:
            kill()

        threading.Timer(delay, kill).start()

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def prepare() -> None:
        _FOREVER.append(listening(note, note_sent))
        _FOREVER[-1].__enter__()

    return prepare


_FOREVER: list[t.ContextManager[None]] = []
"""What a child never leaves; forgotten, it would be left by the garbage collector."""
