"""The ids in one database's version table, as the steps of a run change them."""

from __future__ import annotations

import functools
import typing as t

import sqlalchemy as sa
from alembic.runtime.migration import HeadMaintainer
from alembic.util import CommandError

from ..databases.dialects import get_dialect
from ..databases.together import Change
from ..databases.together import Together

if t.TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from alembic.runtime.migration import RevisionStep


class Heads(HeadMaintainer):
    """The ids in the version table, as the steps change them.

    Alembic 1.20 fails for ever (``KeyError``) at a merge that names an ancestor of
    another of its parents: the ancestor has no row of its own any more.

    :param context: Alembic's view of the database.
    :param heads: the ids, as a run finds them.
    :param is_noted: the statements are written down: their values stand in the text.
    """

    def __init__(
        self, context: MigrationContext, heads: t.Any, *, is_noted: bool = False
    ) -> None:
        super().__init__(context, heads)
        self._is_noted = is_noted or context.as_sql
        self._beside: tuple[Change, ...] = ()

    def move(self, step: RevisionStep, *, beside: tuple[Change, ...] = ()) -> None:
        """Change the ids as a step does, online.

        :param beside: what else belongs to it, and goes along.
        """
        self._beside = beside
        self.update_to_step(step)

        if self._beside:
            self._run()

    def _delete_version(self, version: str) -> None:
        if version in self.heads:
            super()._delete_version(version)

    def _update_version(self, from_: str, to_: str) -> None:
        if from_ not in self.heads:
            self._insert_version(to_)
        elif self._is_noted:
            super()._update_version(from_, to_)
        else:
            self._replace_version(from_, to_)

    @functools.cached_property
    def _replacement(self) -> sa.Update:
        table = self.context._version
        return (
            table.update()
            .values(version_num=sa.bindparam("new"))
            .where(table.c.version_num == sa.bindparam("old"))
        )

    def _replace_version(self, from_: str, to_: str) -> None:
        """Do what Alembic does, with parameters.

        Alembic 1.20 writes the ids into the text, so that SQLAlchemy compiles and keeps
        a statement for each of a thousand steps.
        """
        self.heads.remove(from_)
        self.heads.add(to_)
        values = {"old": from_, "new": to_}
        count = self._run(Change(statement=self._replacement, values=values))

        if self.context.dialect.supports_sane_rowcount and count != 1:
            raise CommandError(
                f"Online migration expected to match one row when updating '{from_}' to"
                f" '{to_}' in '{self.context.version_table}'; {count} found"
            )

    @functools.cached_property
    def _together(self) -> Together:
        assert self.context.connection is not None  # online
        return Together(self.context.connection, get_dialect(self.context.dialect.name))

    def _run(self, *last: Change) -> int:
        beside, self._beside = self._beside, ()
        return self._together.run((*beside, *last))
