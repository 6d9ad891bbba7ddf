"""The ids in one database's version table, as the steps of a run change them."""

from __future__ import annotations

from alembic.runtime.migration import HeadMaintainer


class Heads(HeadMaintainer):
    """The ids in the version table, as the steps change them.

    Alembic 1.20 fails for ever (``KeyError``) at a merge that names an ancestor of
    another of its parents: the ancestor has no row of its own any more.
    """

    def _delete_version(self, version: str) -> None:
        if version in self.heads:
            super()._delete_version(version)

    def _update_version(self, from_: str, to_: str) -> None:
        if from_ in self.heads:
            super()._update_version(from_, to_)
        else:
            self._insert_version(to_)
