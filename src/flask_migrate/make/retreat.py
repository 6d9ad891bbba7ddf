"""Find the way back: which revisions to revert, in which order."""

from __future__ import annotations

import collections.abc as cabc
import datetime
import typing as t

from ..errors import HistoryError
from ..errors import MultipleHeads
from ..results import HistoryEntry

if t.TYPE_CHECKING:
    from ..revisions.history import History


class Retreat:
    """The way back of one database, in the reverse order of its history.

    Where the history does not know which of several revisions came last, the files
    decide: they do while only one revision can be the next.

    :param history: the revision files.
    :param heads: the ids in the version table.
    :param entries: of the database's history, the oldest first.
    :param title: of the database, for messages.
    """

    def __init__(
        self,
        history: History,
        heads: tuple[str, ...],
        *,
        entries: tuple[HistoryEntry, ...],
        title: str,
    ) -> None:
        from ..revisions.applied import list_applied
        from ..revisions.applied import list_followers
        from ..revisions.applied import replay

        history.require_known(heads)
        self._history = history
        self._title = title
        self._entries = entries
        self._followers = {
            script.revision: list_followers(script)
            for script in list_applied(history, heads)
        }
        self._left = set(self._followers)
        # A stamp says where the database stood, and not what came after what.
        self._known = {
            revision: entry
            for revision, entry in replay(entries).items()
            if entry.kind == "upgrade"
        }

    def by_number(self, count: int) -> list[str]:
        """Return the last few revisions."""
        if count > len(self._left):
            raise HistoryError(
                f"{self._title} has {len(self._left)} revisions applied, so"
                f" {count} cannot be rolled back.",
                hint="`flask db status` shows them.",
            )

        return [self._take() for _ in range(count)]

    def to_revision(self, ident: str) -> list[str]:
        """Return what was applied after a revision.

        :param ident: its id, the first letters of it, or ``base``.
        """
        targets = {script.revision for script in self._history.find(ident)}
        self._require_applied(targets, named=ident)

        if not targets:
            return self._take_all(self._left)

        whole = frozenset(self._left)

        try:
            return list(self._take_until(lambda newest: newest in targets))
        except MultipleHeads:
            # Without a history: what stands on it.
            self._left = set(whole)
            return self._take_all(whole - self._keep_without_followers(targets))

    def to_heads(self, heads: tuple[str, ...], *, named: str) -> list[str]:
        """Return what has to go for a database to stand at these ids again."""
        from ..revisions.applied import list_applied

        self._require_applied(set(heads), named=named)
        kept = {one.revision for one in list_applied(self._history, heads)}
        return self._take_all(self._left - kept)

    def to_date(self, moment: datetime.datetime) -> list[str]:
        """Return what was applied after a moment."""

        def is_older(revision: str) -> bool:
            if revision not in self._known:
                raise HistoryError(
                    f"The history of {self._title} does not say when {revision} was"
                    " applied.",
                    hint="Name a revision: `flask db rollback --to REVISION`.",
                )

            return self._known[revision].started <= moment

        return list(self._take_until(is_older))

    def of_run(self, run: str) -> list[str]:
        """Return what one run has applied, where nothing later stands on it."""
        wanted = {
            revision
            for revision, entry in self._known.items()
            if entry.run == run and revision in self._left
        }
        later = sorted(
            follower
            for revision in wanted
            for follower in self._followers[revision] & self._left - wanted
        )

        if later:
            raise HistoryError(
                f"{', '.join(later)} stands on what the run {run[:8]} has applied to"
                f" {self._title}.",
                hint="Roll that back first, or name a revision with --to.",
            )

        return self._take_all(wanted)

    # -- inside ----------------------------------------------------------------

    def _require_applied(self, targets: set[str], *, named: str) -> None:
        if missing := sorted(targets - self._left):
            raise HistoryError(
                f"{named!r} is not behind {self._title}: {', '.join(missing)} is not"
                " applied.",
                hint="`flask db upgrade` goes forward; `flask db status` shows where"
                " the database stands.",
            )

    def _keep_without_followers(self, targets: set[str]) -> set[str]:
        gone: set[str] = set()
        found = set(targets)

        while found:
            found = {
                follower
                for revision in found
                for follower in self._followers[revision] & self._left
            }
            gone |= found

        return self._left - gone

    def _take_until(self, is_end: cabc.Callable[[str], bool]) -> cabc.Iterator[str]:
        while self._left:
            newest = self._find_newest()

            if is_end(newest):
                return

            self._left.remove(newest)
            yield newest

    def _take(self) -> str:
        newest = self._find_newest()
        self._left.remove(newest)
        return newest

    def _take_all(self, wanted: cabc.Set[str]) -> list[str]:
        """Return revisions in an order that is possible, the newest first."""
        rest = set(wanted)
        found = []

        while rest:
            free = [one for one in self._list_free() if one in rest]
            newest = max(free, key=self._find_place)
            self._left.remove(newest)
            rest.remove(newest)
            found.append(newest)

        return found

    def _find_newest(self) -> str:
        free = self._list_free()

        if len(free) > 1 and not self._known.keys() >= set(free):
            raise MultipleHeads(
                f"{self._title} stands at {len(free)} heads ({', '.join(free)}), and"
                " its history does not say which of them came last.",
                heads=tuple(free),
                hint="Name where to go: `flask db rollback --to REVISION`.",
            )

        return max(free, key=self._find_place)

    def _find_place(self, revision: str) -> int:
        entry = self._known.get(revision)
        return -1 if entry is None else entry.number

    def _list_free(self) -> list[str]:
        return sorted(
            one for one in self._left if not self._followers[one] & self._left
        )
