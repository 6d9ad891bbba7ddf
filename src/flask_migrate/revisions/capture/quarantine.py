"""Keep revisions off the connections that a plan or a dry run cannot undo."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import threading
import typing as t

import sqlalchemy as sa
from sqlalchemy import event

from ...databases.server import OURS


@contextlib.contextmanager
def quarantine(
    refuse: cabc.Callable[[], t.Any], *known: sa.Connection
) -> cabc.Iterator[None]:
    """Refuse what revisions send through connections of their own.

    ``db.session`` has one, and so has an engine that a revision makes: what is written
    there is committed, whatever happens to the step.

    :param refuse: raises; called before anything is sent.
    :param known: the connections of the run, which may go on.
    """
    own = {id(one.connection.dbapi_connection) for one in known}
    thread = threading.get_ident()

    def check(connection: sa.Connection, *rest: t.Any) -> None:
        is_ours = (
            id(connection.connection.dbapi_connection) in own
            or OURS.keys() <= connection.get_execution_options().keys()
        )

        if not is_ours and threading.get_ident() == thread:
            refuse()

    event.listen(sa.Engine, "before_cursor_execute", check)

    try:
        yield
    finally:
        event.remove(sa.Engine, "before_cursor_execute", check)
