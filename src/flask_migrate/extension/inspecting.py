"""Verbs that only look: show, history, heads, branches, current, status, lock, wait."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..errors import ConnectionFailed
from ..errors import DatabaseNotFound
from ..errors import HistoryError
from ..errors import OutOfDate
from ..run_results import DatabaseState
from .base import Directory
from .base import Verbs

if t.TYPE_CHECKING:
    from ..plan import Revision
    from ..results import DatabaseStatus
    from ..results import LockState
    from ..revisions.database_run import DatabaseRun
    from .glance import Glance


WAIT_SECONDS = 1.0
"""How long `wait` sleeps between two looks."""


class Inspecting(Verbs):
    """What a ``Migrate`` can say."""

    def show(
        self, directory: Directory = None, *, revision: str = "head"
    ) -> tuple[Revision, ...]:
        """Return the revisions that a name means; ``current`` asks the databases."""
        opened = self._open(directory)

        if revision == "current":
            return self._find_current(opened)

        return tuple(
            opened.history.describe(script) for script in opened.history.find(revision)
        )

    def history(
        self,
        directory: Directory = None,
        *,
        rev_range: str | None = None,
        indicate_current: bool = False,
    ) -> tuple[Revision, ...]:
        """Return the revisions, the newest first.

        :param rev_range: ``start:end``; either may be left out or be ``current``.
        :param indicate_current: ask the databases where they stand.
        """
        base, head = _split_range(rev_range)
        outline = self._read_outline(directory)

        if outline is not None and rev_range is None and not indicate_current:
            return tuple(map(outline.describe, outline.walk()))

        opened = self._open(directory, outline=outline)
        walk, describe = opened.history.walk, opened.history.describe

        if "current" not in (base, head) and not indicate_current:
            return tuple(describe(script) for script in walk(base, head))

        found: list[Revision] = []

        def work(run: DatabaseRun) -> None:
            lower: t.Any = (
                run.heads if base == "current" and head != "current" else base
            )
            upper: t.Any = run.heads if head == "current" else head
            found.extend(
                describe(
                    script,
                    is_current=indicate_current and script.revision in run.heads,
                )
                for script in walk(lower, upper)
            )

        opened.run(work)
        return tuple(found)

    def heads(
        self, directory: Directory = None, *, resolve_dependencies: bool = False
    ) -> tuple[Revision, ...]:
        """Return the newest revision of each branch.

        :param resolve_dependencies: one that another depends on is none.
        """
        outline = self._read_outline(directory)

        if outline is not None:
            found = outline.effective_heads if resolve_dependencies else outline.heads
            return tuple(map(outline.describe, found))

        opened = self._open(directory)
        scripts = opened.history.list_heads(resolve_dependencies=resolve_dependencies)
        return tuple(opened.history.describe(script) for script in scripts)

    def branches(self, directory: Directory = None) -> tuple[Revision, ...]:
        """Return the revisions that several follow."""
        opened = self._open(directory)
        return tuple(
            opened.history.describe(script)
            for script in opened.history.walk(None, None)
            if script.is_branch_point
        )

    def current(
        self, directory: Directory = None, *, check_heads: bool = False
    ) -> tuple[DatabaseState, ...]:
        """Return where each database stands.

        :param check_heads: refuse one that is not at every head.
        :raises OutOfDate: with ``check_heads``.
        """
        glance = self._glance(directory)
        known = _read_current(glance, check_heads=check_heads) if glance else None

        if known is not None:
            return known

        opened = self._open(directory, outline=glance.outline if glance else None)
        history = opened.history
        found: list[DatabaseState] = []

        def work(run: DatabaseRun) -> None:
            if check_heads:
                history.check_heads(
                    run.heads, sentence="Database is not on all head revisions."
                )

            found.append(
                DatabaseState(
                    database=run.key,
                    url=run.safe_url,
                    heads=run.heads,
                    revisions=history.describe_current(run.heads),
                )
            )

        opened.run(work)
        return tuple(found)

    def status(self, directory: Directory = None) -> tuple[DatabaseStatus, ...]:
        """Return every revision as each database sees it; changes nothing."""
        from .standing import read_status

        opened = self._open(directory)
        found: list[DatabaseStatus] = []
        opened.run(lambda run: found.append(read_status(run)))
        return tuple(found)

    def read_locks(self, directory: Directory = None) -> tuple[LockState, ...]:
        """Return who holds the migration lock of each database; takes none."""
        from ..results import LockState

        opened = self._open(directory)
        found: list[LockState] = []

        def work(run: DatabaseRun) -> None:
            with contextlib.closing(run.make_lock()) as lock:
                found.append(
                    LockState(
                        database=run.key, url=run.safe_url, holder=lock.read_holder()
                    )
                )

        opened.run(work)
        return tuple(found)

    def wait(
        self,
        directory: Directory = None,
        *,
        until: t.Literal["connection", "head"] = "head",
        timeout: float = 120.0,
    ) -> None:
        """Wait until the databases can be reached, or are at the head.

        :param until: what to wait for.
        :param timeout: seconds.
        :raises OutOfDate: a database is not at the head in time.
        :raises DatabaseError: a database cannot be reached in time.
        """
        deadline = time.monotonic() + timeout

        while True:
            try:
                self.current(directory, check_heads=until == "head")
                return
            except (ConnectionFailed, DatabaseNotFound, OutOfDate):
                if time.monotonic() + WAIT_SECONDS > deadline:
                    raise

            time.sleep(WAIT_SECONDS)


def _read_current(
    glance: Glance, *, check_heads: bool
) -> tuple[DatabaseState, ...] | None:
    """Return where databases stand that all are at revisions, or ``None``."""
    from ..databases.dialects.base import hide_password

    outline = glance.outline
    found: list[DatabaseState] = []

    for key, heads in (glance.read_heads() or {}).items():
        current = outline.list_current(heads)

        if current is None or (check_heads and not outline.is_at_end(heads)):
            return None

        found.append(
            DatabaseState(
                database=key,
                url=hide_password(glance.databases[key].url),
                heads=heads,
                revisions=tuple(map(outline.describe, current)),
            )
        )

    return tuple(found) or None


def _split_range(rev_range: str | None) -> tuple[str | None, str | None]:
    if rev_range is None:
        return None, None

    if rev_range.count(":") != 1:
        raise HistoryError(
            "History range requires [start]:[end], [start]:, or :[end]; not"
            f" {rev_range!r}.",
            hint="Write `flask db history -r START:END`; either may be left out.",
        )

    base, _, head = rev_range.strip().partition(":")
    return base or None, head or None
