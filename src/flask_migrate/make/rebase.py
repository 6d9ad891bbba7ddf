"""Rebase: which revisions are put after another head, and after which one."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

from ..errors import BadOption
from ..errors import HistoryError
from ..plan import Revision
from ..revisions.applied import list_ancestors
from .forks import find_forks
from .forks import Fork

if t.TYPE_CHECKING:
    from ..revisions.history import History


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a rebase does.

    :param chain: the revisions that only one head has, the oldest first.
    :param onto: the id of the other head, which the first of them follows then.
    """

    chain: tuple[Revision, ...]
    onto: str

    @property
    def local(self) -> str:
        """The id of the head that moves."""
        return self.chain[-1].revision

    @property
    def before(self) -> str | None:
        """The id that the first revision follows until then, ``None`` for the base."""
        parents = self.chain[0].down_revisions
        return parents[0] if parents else None


def find_move(
    history: History,
    *,
    local: str | None = None,
    onto: str | None = None,
    published: cabc.Set[str] = frozenset(),
) -> Move | None:
    """Return what a rebase is to do; no file is changed.

    :param history: the revision files.
    :param local: the head that moves; otherwise the only one that is not published.
    :param onto: the head that it moves to; otherwise the other one.
    :param published: the ids that others have; empty where that is not known.
    :return: ``None`` where there is one head, and so nothing to do.
    :raises BadOption: it is not clear which heads are meant.
    :raises HistoryError: what would move is no simple chain.
    """
    local = None if local is None else _find_head(history, local)
    onto = None if onto is None else _find_head(history, onto)
    forks = find_forks(map(history.describe, history.list_heads()))
    fork = next((one for one in forks if _holds(one, local, onto)), None)

    if fork is not None:
        heads = [head.revision for head in fork.heads]
        local = local or _choose_local([h for h in heads if h != onto], published)
        onto = onto or _choose_target([h for h in heads if h != local], published)
    elif not forks and not (local and onto):
        return None

    if not local or not onto or local == onto:
        raise BadOption(
            f"{local or onto} has no other head beside it to be moved to or from.",
            hint="Name both: `flask db rebase REVISION --onto REVISION`.",
        )

    return Move(chain=find_chain(history, local, onto=onto), onto=onto)


def _find_head(history: History, ident: str) -> str:
    found = history.find(ident)

    if len(found) != 1 or found[0].nextrev:
        raise BadOption(
            f"{ident!r} is not one head of the history.",
            hint="`flask db heads` lists them.",
        )

    return found[0].revision


def _holds(fork: Fork, *heads: str | None) -> bool:
    known = {head.revision for head in fork.heads}
    return all(head is None or head in known for head in heads)


def _choose_local(heads: list[str], published: cabc.Set[str]) -> str:
    local = [head for head in heads if published and head not in published]

    if len(local) != 1:
        raise BadOption(
            f"There are the heads {', '.join(heads)}, and git does not tell which one"
            " is only yours.",
            hint="Name the head that moves, `flask db rebase REVISION`, or the branch"
            " that has the other one, `--base origin/main`.",
        )

    return local[0]


def _choose_target(heads: list[str], published: cabc.Set[str]) -> str:
    theirs = [head for head in heads if head in published]

    for choice in (heads, theirs):
        if len(choice) == 1:
            return choice[0]

    raise BadOption(
        f"There are several heads to move to: {', '.join(heads)}.",
        hint="Name one of them: `flask db rebase --onto REVISION`.",
    )


def find_chain(history: History, local: str, *, onto: str) -> tuple[Revision, ...]:
    """Return the revisions that only one of two heads has, the oldest first.

    :param local: the head whose revisions they are.
    :param onto: the other head.
    :raises HistoryError: they are no simple chain: one follows several revisions, or
        several follow one, or the other head depends on one.
    """
    kept = {script.revision for script in list_ancestors(history, onto)}
    needed = {script.revision for script in history.walk(None, onto)}
    chain: list[Revision] = []
    wanted: str | None = local

    while wanted is not None and wanted not in kept:
        one = history.describe(history.get_revision(wanted))
        parents = one.down_revisions
        others = set(one.next_revisions) - {later.revision for later in chain[-1:]}

        if len(parents) > 1:
            raise _no_chain(f"{one.revision} joins {' and '.join(parents)}", local)

        if others:
            names = ", ".join(sorted(others))
            raise _no_chain(f"{names} follows {one.revision} too", local)

        if one.revision in needed:
            raise _no_chain(f"{onto} depends on {one.revision}", local)

        chain.append(one)
        wanted = parents[0] if parents else None

    return tuple(reversed(chain))


def _no_chain(reason: str, local: str) -> HistoryError:
    return HistoryError(
        f"{reason}, so the revisions up to {local} cannot be moved. Nothing was"
        " changed.",
        hint="`flask db merge heads` joins the heads as they are.",
    )
