"""Verbs for what stands beside the version table: log, tag, leave."""

from __future__ import annotations

import collections.abc as cabc
import datetime
import typing as t

import sqlalchemy as sa

from ..errors import BadOption
from ..errors import ConsentMissing
from ..errors import HistoryError
from ..errors import MigrationError
from ..errors import NotConfigured
from ..results import HistoryEntry
from ..run.lock import holding
from ..views import DatabaseLog
from ..views import Left
from .base import Directory
from .base import Verbs
from .journey import DATE
from .journey import read_date
from .losses import reading
from .standing import read_books

if t.TYPE_CHECKING:
    from ..revisions.database_run import DatabaseRun


class Bookkeeping(Verbs):
    """What a ``Migrate`` remembers."""

    def log(
        self,
        directory: Directory = None,
        *,
        limit: int | None = None,
        since: datetime.datetime | str | None = None,
        revision: str | None = None,
    ) -> tuple[DatabaseLog, ...]:
        """Return the history of each database, the newest first.

        :param limit: so many entries of each database.
        :param since: only what has happened since this moment: a date and time, or
            a text such as ``2026-11-20``.
        :param revision: only this one: its id, or the first letters of it.
        """
        moment = read_date(since) if isinstance(since, str) else since
        opened = self._open(directory)
        found: list[DatabaseLog] = []

        def work(run: DatabaseRun) -> None:
            entries = [
                entry
                for entry in reversed(read_books(run)[0])
                if _is_wanted(entry, moment, revision)
            ]
            found.append(
                DatabaseLog(
                    database=run.key, url=run.safe_url, entries=tuple(entries[:limit])
                )
            )

        opened.run(work)
        return tuple(found)

    def tag(self, name: str, directory: Directory = None) -> tuple[str, ...]:
        """Give a name to where each database stands now, for :meth:`rollback`.

        A name that is given again moves.

        :return: where it is, a text for each database: ids, or ``base``.
        :raises BadOption: the name could be taken for a date or a revision.
        """
        opened = self._open(directory)
        _check_tag(
            name, taken={one.revision for one in opened.history.walk(None, None)}
        )
        found: list[str] = []

        def work(run: DatabaseRun) -> None:
            place = ", ".join(run.heads) or "base"
            _write_tag(run, name, place)
            found.append(place)

        opened.run(work, writes=True)
        return tuple(found)

    def leave(
        self, directory: Directory = None, *, confirm: cabc.Iterable[str] = ()
    ) -> tuple[Left, ...]:
        """Drop the tables that stand beside the version table, which stays.

        For walking back out to Flask-Migrate or plain Alembic.

        :param confirm: the names of the databases, as a consent.
        :raises HistoryError: a revision is half done.
        :raises ConsentMissing: a name is missing.
        """
        opened = self._open(directory)
        before: list[Left] = []
        opened.run(lambda run: before.append(_find_own(run)))
        given = set(confirm)
        asked = [one for one in before if one.tables and one.name not in given]

        if asked:
            lines = [
                f"leave drops {', '.join(one.tables)} of {one.name}, and nobody has"
                " agreed to it; nothing was done."
                for one in asked
            ]
            raise ConsentMissing(
                "\n".join(lines),
                names=tuple(one.name for one in asked),
                hint="Add " + " ".join(f"--confirm {one.name}" for one in asked),
            )

        seconds = opened.state.read_settings().lock_timeout
        found: list[Left] = []

        def work(run: DatabaseRun) -> None:
            with holding(run, timeout=seconds):
                found.append(_drop_own(run))

        if any(one.tables for one in before):
            opened.run(work, writes=True)

        return tuple(found or before)


def _is_wanted(
    entry: HistoryEntry, since: datetime.datetime | None, revision: str | None
) -> bool:
    is_new = since is None or entry.started >= since.astimezone()
    revisions = entry.revision.split(", ")
    return is_new and (
        revision is None or any(one.startswith(revision) for one in revisions)
    )


def _check_tag(name: str, *, taken: cabc.Container[str]) -> None:
    reserved = name in ("base", "head", "heads", "current", "last")

    if reserved or name in taken or not name.strip() or DATE.match(name):
        raise BadOption(
            f"{name!r} cannot be a tag: it could be taken for a revision or a date.",
            hint="Begin it with a letter: `flask db tag v1.4`.",
        )

    if len(name) > 200 or not name.isprintable():
        raise BadOption(
            "A tag is one line of at most 200 characters.",
            hint="Write a shorter one: `flask db tag v1.4`.",
        )


def _write_tag(run: DatabaseRun, name: str, place: str) -> None:
    ledger = run.ledger
    assert ledger is not None  # online

    if not run.settings.history:
        raise NotConfigured(
            "A tag is kept in the history, which is switched off.",
            hint="Remove MIGRATE_HISTORY = False.",
        )

    run.begin_writing()

    if not ledger.recorder.is_ready:
        raise MigrationError(
            "The tag cannot be written: there is no history table, and it cannot be"
            " made.",
            hint="Let the database's user create tables.",
        )

    ledger.record_tag(name, place)

    run.commit()


def _find_own(run: DatabaseRun) -> Left:
    """Return our tables in one database.

    :raises HistoryError: one of them is needed still.
    """
    from ..revisions.environment import OURS

    with reading(run) as connection:
        inspector = sa.inspect(connection)
        names = [f"{run.context.version_table}_{one}" for one in sorted(OURS)]
        schema = run.context.version_table_schema
        found = tuple(one for one in names if inspector.has_table(one, schema=schema))

    if stopped := read_books(run)[1]:
        direction = next(iter(stopped.values())).value
        raise HistoryError(
            f"{', '.join(stopped)} is half done in {run.database_name}, and only the"
            " journal knows how far it has come. Nothing was dropped.",
            hint=f"Run `flask db {direction}` first, which continues it.",
        )

    return Left(database=run.key, name=run.database_name, tables=found)


def _drop_own(run: DatabaseRun) -> Left:
    left = _find_own(run)
    connection = run.context.connection
    assert connection is not None  # online
    schema = run.context.version_table_schema

    for name in left.tables:
        sa.Table(name, sa.MetaData(), schema=schema).drop(connection)

    run.commit()

    return left
