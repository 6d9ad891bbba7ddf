"""Indexes of MySQL and MariaDB, compared in the words of the server.

Alembic sees neither the length of a prefix nor ``FULLTEXT``, and takes ``DESC`` for a
change where the models write it as text. Nor does it know that a foreign key stands on
an index: the server refuses to drop that one.
"""

from __future__ import annotations

import re
import typing as t

from alembic.operations import ops
from alembic.util import DispatchPriority
from alembic.util import PriorityDispatchResult

from ....databases.dialects.mysql_ddl import quote_name
from .mysql_statements import ReversibleSQLOp
from .mysql_tables import find_pair
from .mysql_tables import list_columns
from .mysql_tables import Pair
from .mysql_tables import QUALIFIERS

if t.TYPE_CHECKING:
    import collections.abc as cabc

    import sqlalchemy as sa
    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.plugins import Plugin

_UNSAID = re.compile(r" (?:USING BTREE|COMMENT '(?:[^'\\]|''|\\.)*'|/\*.*\*/)")
"""What the models do not say: the default, and what SQLAlchemy has no word for."""
_DOWN = "` DESC"
"""SQLAlchemy 2.1 does not read in which direction MySQL has a column of an index."""


def setup(plugin: Plugin) -> None:
    """Register the comparators."""
    for dialect in QUALIFIERS:
        plugin.add_autogenerate_comparator(
            _compare,
            "table",
            "mysql_indexes",
            qualifier=dialect,
            # Behind Alembic's own, whose findings are corrected.
            priority=DispatchPriority.LAST,
        )


def _compare(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    schema: str | None,
    name: str,
    live: sa.Table | None,
    wanted: sa.Table | None,
) -> PriorityDispatchResult:
    if live is None or wanted is None:
        return PriorityDispatchResult.CONTINUE

    pair = find_pair(context, wanted, schema=schema)

    if pair is not None:
        assert context.dialect is not None  # it has a connection
        words = _spell_words(wanted, context.dialect.name)
        correction = _Correction(changes, live, wanted, pair=pair, words=words)
        correction.run(context.run_object_filters)

    return PriorityDispatchResult.CONTINUE


class _Correction:
    """What Alembic has found about the indexes of one table, made right.

    :param changes: of the table.
    :param live: as reflected.
    :param wanted: as in the models.
    :param pair: both in the words of the server.
    :param words: the wanted keys that a temporary table cannot have.
    """

    def __init__(
        self,
        changes: ops.ModifyTableOps,
        live: sa.Table,
        wanted: sa.Table,
        *,
        pair: Pair,
        words: dict[str, str],
    ) -> None:
        self._changes = changes
        self._live = {str(one.name): one for one in live.indexes}
        self._wanted = {str(one.name): one for one in wanted.indexes}
        self._before = _strip(pair.live.keys)
        self._after = _strip({**pair.wanted.keys, **words})
        self._links = [tuple(one.column_keys) for one in wanted.foreign_key_constraints]
        self._primary = tuple(one.name for one in wanted.primary_key.columns)

    def run(self, is_compared: cabc.Callable[..., bool]) -> None:
        """Correct the changes.

        :param is_compared: Alembic's ``run_object_filters()``.
        """
        dropped = self._list_names(ops.DropIndexOp)
        created = self._list_names(ops.CreateIndexOp)

        for name in sorted(self._live.keys() & self._wanted.keys()):
            place = (self._wanted[name], name, "index", False, self._live[name])

            if name in self._before and name in self._after and is_compared(*place):
                self._change(name, is_found=name in dropped)

        for name in sorted(dropped - created):
            self._drop(name)

        for name in sorted(created - dropped):
            self._take_over(name)

    def _list_names(self, kind: type[ops.DropIndexOp | ops.CreateIndexOp]) -> set[str]:
        return {
            str(one.index_name) for one in self._changes.ops if isinstance(one, kind)
        }

    def _change(self, name: str, *, is_found: bool) -> None:
        """Leave an index that is the same, replace one that is not."""
        before, after = self._before[name], self._after[name]

        if before == after:
            self._forget(name)
        elif self._is_needed(name) or _DOWN in before:
            self._forget(name)
            self._alter(
                f"DROP {_quote_key(name)}, ADD {after}",
                f"DROP {_quote_key(name)}, ADD {before}",
            )
        elif not is_found:
            self._changes.ops += [
                ops.DropIndexOp.from_index(self._live[name]),
                ops.CreateIndexOp.from_index(self._wanted[name]),
            ]

    def _drop(self, name: str) -> None:
        """Drop an index in such a way that it comes back as it is."""
        before = self._before.get(name, "")

        if _DOWN in before:
            self._forget(name)
            self._alter(f"DROP {_quote_key(name)}", f"ADD {before}")

    def _take_over(self, name: str) -> None:
        """Replace the index that the server made for a foreign key.

        It drops that one by itself when it gets a better one, but a downgrade must
        make it again first.
        """
        unknown = self._before.keys() - self._after.keys() - self._live_found()

        for own in sorted(unknown):
            columns = list_columns(self._before[own])

            if columns in self._links and self._leads(name, columns):
                before, after = self._before[own], self._after[name]
                self._forget(name)
                self._alter(
                    f"DROP {_quote_key(own)}, ADD {after}",
                    f"DROP {_quote_key(name)}, ADD {before}",
                )
                return

    def _live_found(self) -> set[str]:
        """Return what Alembic drops, which it does not do with the server's own."""
        constraints = {
            str(one.constraint_name)
            for one in self._changes.ops
            if isinstance(one, ops.DropConstraintOp)
        }
        return self._list_names(ops.DropIndexOp) | constraints

    def _alter(self, do: str, undo: str) -> None:
        """Write what Alembic cannot say, or not in one statement."""
        self._changes.ops.append(
            ReversibleSQLOp.alter_table(
                self._changes.table_name, schema=self._changes.schema, do=do, undo=undo
            )
        )

    def _forget(self, name: str) -> None:
        kinds = (ops.DropIndexOp, ops.CreateIndexOp)
        self._changes.ops[:] = [
            one
            for one in self._changes.ops
            if not (isinstance(one, kinds) and one.index_name == name)
        ]

    def _is_needed(self, name: str) -> bool:
        """Tell whether a foreign key that stays has only this index to stand on."""
        columns = list_columns(self._before.get(name, ""))
        others = (self._before.keys() & self._after.keys()) - {name}
        return any(
            columns[: len(link)] == link
            and self._primary[: len(link)] != link
            and not any(self._leads(other, link) for other in others)
            for link in self._links
        )

    def _leads(self, name: str, link: tuple[str, ...]) -> bool:
        return list_columns(self._after.get(name, ""))[: len(link)] == link


def _spell_words(table: sa.Table, dialect_name: str) -> dict[str, str]:
    """Return the ``FULLTEXT`` and ``SPATIAL`` keys of a table of the models."""
    kinds = (
        (one.dialect_options[dialect_name].get("prefix"), one) for one in table.indexes
    )
    return {str(one.name): _spell(kind, one) for kind, one in kinds if kind}


def _spell(kind: str, index: sa.Index) -> str:
    columns = ",".join(quote_name(one.name) for one in index.columns)
    return f"{kind.upper()} KEY {quote_name(str(index.name))} ({columns})"


def _quote_key(name: str) -> str:
    return f"KEY {quote_name(name)}"


def _strip(keys: cabc.Mapping[str, str]) -> dict[str, str]:
    return {name: _UNSAID.sub("", text) for name, text in keys.items()}
