"""Keep revisions off the connections that a plan or a dry run cannot undo."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import threading
import typing as t

import sqlalchemy as sa
from sqlalchemy import event


@contextlib.contextmanager
def quarantine(
    engines: cabc.Iterable[sa.Engine | type[sa.Engine]],
    live: sa.Connection,
    refuse: cabc.Callable[[], t.Any],
    *others: sa.Connection,
) -> cabc.Iterator[None]:
    """Refuse what revisions send through connections of their own.

    ``db.session`` is one: what it writes is committed, whatever happens to the step.

    :param engines: of the application; the class of all of them for any engine.
    :param live: the connection of the run, which may go on.
    :param refuse: raises; called before anything is sent.
    :param others: what may go on too.
    """
    own = {id(one.connection.dbapi_connection) for one in (live, *others)}
    thread = threading.get_ident()

    def check(connection: sa.Connection, *rest: t.Any) -> None:
        is_ours = id(connection.connection.dbapi_connection) in own

        if not is_ours and threading.get_ident() == thread:
            refuse()

    watched = {id(engine): engine for engine in (*engines, live.engine)}.values()

    for engine in watched:
        event.listen(engine, "before_cursor_execute", check)

    try:
        yield
    finally:
        for engine in watched:
            event.remove(engine, "before_cursor_execute", check)
