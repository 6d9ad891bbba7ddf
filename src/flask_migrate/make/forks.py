"""Forks: several heads where one command could mean only one."""

from __future__ import annotations

import collections
import collections.abc as cabc
import dataclasses

from ..diagnostic import Diagnostic
from ..plan import Revision


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Heads that nothing tells apart.

    :param labels: the branch labels that all of them have; empty for none.
    :param heads: two or more.
    """

    labels: tuple[str, ...]
    heads: tuple[Revision, ...]

    def to_diagnostic(self, *, where: str = "") -> Diagnostic:
        """Return the fork as a finding.

        :param where: the beginning of the sentence, if it is not about what is there.
        """
        what = f"the branch {' '.join(self.labels)}" if self.labels else "the history"
        listed = ", ".join(map(_describe, self.heads))
        text = f"{where}{what} has {len(self.heads)} heads: {listed}."
        return Diagnostic(
            code="several-heads",
            message=text[0].upper() + text[1:],
            hint="`flask db rebase` puts your revisions after the other ones; `flask db"
            " merge` joins heads that are applied already. Branches that shall stay"
            " apart have a label each.",
            path=self.heads[-1].path,
        )


def find_forks(heads: cabc.Iterable[Revision]) -> tuple[Fork, ...]:
    """Return the heads that share one name: the same branch labels, or none at all.

    A branch with a label of its own is meant to have its own head; ``label@head``
    names it, and it is no fork. One head without any label may stand beside them.
    """
    groups: dict[tuple[str, ...], list[Revision]] = collections.defaultdict(list)

    for head in heads:
        groups[head.branch_labels].append(head)

    return tuple(
        Fork(labels=labels, heads=tuple(found))
        for labels, found in groups.items()
        if len(found) > 1
    )


def _describe(head: Revision) -> str:
    return f"{head.revision} ({head.message})" if head.message else head.revision
