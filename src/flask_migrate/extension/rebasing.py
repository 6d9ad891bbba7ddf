"""The verb that puts revisions after another head: rebase."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import pathlib
import typing as t

from ..errors import ConsentMissing
from ..errors import HistoryError
from ..errors import RepositoryError
from ..plan import Revision
from .base import Directory
from .base import Verbs
from .opened import Opened

if t.TYPE_CHECKING:
    from ..make.rebase import Move
    from ..revisions.sides import Published


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rebased:
    """What ``rebase`` has done.

    :param revisions: those that follow another head now, the oldest first; nothing
        where there was one head already.
    :param before: the id that the first of them has followed, ``None`` for the base.
    :param onto: the id that it follows now.
    :param path: the only file that has changed, but for ``HEAD``.
    """

    revisions: tuple[Revision, ...] = ()
    before: str | None = None
    onto: str = ""
    path: str = ""

    def to_dict(self) -> dict[str, t.Any]:
        """Return the result as plain values, for JSON."""
        return dataclasses.asdict(self)


class Rebasing(Verbs):
    """How a ``Migrate`` makes one head of two."""

    def rebase(
        self,
        directory: Directory = None,
        *,
        revision: str | None = None,
        onto: str | None = None,
        base: str | None = None,
        confirm: cabc.Iterable[str] = (),
    ) -> Rebased:
        """Put the revisions of one head after another head.

        Only the ``down_revision`` of the first of them is written anew, and the line
        ``Revises:`` of its docstring.

        :param revision: the head of those that move; otherwise the one that git finds
            in this branch of the code only.
        :param onto: the head that they follow then; otherwise the other one.
        :param base: where git looks for what others have: a branch or a commit.
        :param confirm: the id of the head, if it may move although others may have it,
            or although no database can be asked whether it is applied.
        :raises HistoryError: a database has applied one of them, or they are no chain.
        :raises ConsentMissing: see ``confirm``.
        """
        from ..make.rebase import find_move
        from ..revisions.sides import read_published

        opened = self._open(directory)
        published = read_published(opened.history, base=base)[:1]
        move = find_move(
            opened.history,
            local=revision,
            onto=onto,
            published=published[0].revisions if published else frozenset(),
        )

        if move is None:
            return Rebased()

        _require_free(opened, move, published=published, confirm=confirm)
        return _rewrite(opened, move)


def _rewrite(opened: Opened, move: Move) -> Rebased:
    """Write the file of the first revision, and see that it was the right thing."""
    from ..revisions.head_file import HeadFile
    from ..revisions.history import History
    from ..revisions.source import rewriting

    path = move.chain[0].path

    with rewriting(pathlib.Path(path), parent=move.onto):
        history = History.open(opened.config)
        heads = {script.revision for script in history.list_heads()}

        if move.onto in heads or move.local not in heads:
            raise RepositoryError(
                f"{path} was written, and {move.local} is still not the only head after"
                f" {move.onto}. The file is as it was.",
                hint="`flask db history` shows what follows what.",
            )

    HeadFile(history).update()
    scripts = (history.get_revision(one.revision) for one in move.chain)
    return Rebased(
        revisions=tuple(map(history.describe, scripts)),
        before=move.before,
        onto=move.onto,
        path=path,
    )


def _require_free(
    opened: Opened,
    move: Move,
    *,
    published: tuple[Published, ...],
    confirm: cabc.Iterable[str],
) -> None:
    """Refuse to move revisions that somebody has.

    :raises HistoryError: one of them is applied.
    :raises ConsentMissing: it cannot be known, or others have them.
    """
    ids = [script.revision for script in move.chain]
    doubts = [
        f"{', '.join(found)} is in {one.ref}: who has applied it would never get"
        f" {move.onto}."
        for one in published
        if (found := [ident for ident in ids if ident in one.revisions])
    ]

    if not _was_asked(opened, move):
        doubts.append(
            "No database could be asked whether these revisions are applied:"
            f" {', '.join(ids)}."
        )

    if doubts and move.local not in set(confirm):
        raise ConsentMissing(
            "\n".join([*doubts, "Nothing was changed."]),
            names=(move.local,),
            hint=f"Add --confirm {move.local} if it is yours and applied nowhere.",
        )


def _was_asked(opened: Opened, move: Move) -> bool:
    """Refuse to move what a database has.

    :return: whether the databases could be asked.
    """
    from ..revisions.applied import list_applied

    places = opened.read_heads()

    for name, heads in places.items():
        opened.history.require_known(heads)
        applied = {one.revision for one in list_applied(opened.history, heads)}

        if found := [one.revision for one in move.chain if one.revision in applied]:
            raise HistoryError(
                f"{f'The database {name}' if name else 'The database'} has applied"
                f" {', '.join(found)}. After a rebase it would count as having applied"
                f" {move.onto} too, and never get it. Nothing was changed.",
                hint=f"`flask db downgrade {move.before or 'base'}` first, and upgrade"
                " after the rebase; or join the heads with `flask db merge heads`.",
            )

    return bool(places)
